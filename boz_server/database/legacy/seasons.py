"""Seasons and episodes of the old database.

Its season ids use any case and punctuation. Ours are "{show_name}:s{season_number}", and the
services look seasons up by that.
"""

import re
from typing import Any

from boz_server.database.legacy.row import LegacyRow
from boz_server.database.legacy.tables import Row, Tables
from boz_server.domain.collection.search import key
from boz_server.domain.discs.disc_states import PreviewStatus
from boz_server.domain.identification.label import parse_label

#: The longest show name that requests accept, too: PostgreSQL's indexes have a limit.
NAME_LENGTH = 255
MAX_EPISODE = 99_999
_ID = re.compile(r"(.*?)[\W_]*(?:s|season)[\W_]*([0-9]{1,4})", re.IGNORECASE | re.DOTALL)


class SeasonIds:
    """Finds our season for an id of the old database, in any spelling."""

    def __init__(self) -> None:
        self._exact: dict[str, str] = {}
        self._alike: dict[str, set[str]] = {}

    def learn(self, legacy_id: str, season_id: str) -> None:
        """Remember which season an old id means."""
        self._exact[legacy_id] = season_id
        for name in (legacy_id, season_id):
            self._alike.setdefault(_letters(name), set()).add(season_id)

    def find(self, legacy_id: str) -> str | None:
        """Return our id; None if no season fits, or several do."""
        letters = _letters(legacy_id)
        alike = self._alike.get(letters, set()) if letters else set()
        return self._exact.get(legacy_id) or (next(iter(alike)) if len(alike) == 1 else None)


def adopt_seasons(tables: Tables) -> SeasonIds:
    """Make our seasons, and merge those that turn out to be the same."""
    ids = SeasonIds()
    for row in tables.read("tv_seasons"):
        legacy_id = row.text("season_id")
        if not legacy_id:
            tables.report.drop("tv_seasons", "null", "as it has no id")
            continue
        season = _season(tables, row, legacy_id)
        season_id = season["season_id"]
        ids.learn(legacy_id, season_id)
        if season_id != legacy_id:
            row.repair("season_id: written as {show_name}:s{season_number}")
        if season_id in tables.seasons:
            _merge(tables.seasons[season_id], season)
            why = "as it is the same season of the same show"
            tables.report.merge("tv_seasons", legacy_id, season_id, why)
        else:
            tables.seasons[season_id] = season
    return ids


def _season(tables: Tables, row: LegacyRow, legacy_id: str) -> Row:
    name, number = named_in(legacy_id)
    show = row.text("show_name", NAME_LENGTH)
    if not show:
        row.repair("show_name: was missing, read from the id")
    number = row.whole_or("season_number", number)
    updated_at = row.instant("updated_at")
    created_at = row.instant_or("created_at", updated_at, tables.now)
    return new_season(show or name, number) | {
        "thetvdb_series_id": row.whole("thetvdb_series_id"),
        "last_episode_assigned": row.whole_or("last_episode_assigned", high=MAX_EPISODE),
        "disc_ids": [str(disc_id) for disc_id in row.listing("disc_ids")],
        "last_disc_name": row.text("last_disc_name"),
        "created_at": created_at,
        "updated_at": updated_at or created_at,
    }


def new_season(name: str, number: int) -> Row:
    """Return a season with only its name and number."""
    return {
        "season_id": f"{name}:s{number}",
        "show_name": name,
        "show_key": key(name),
        "season_number": number,
        "thetvdb_series_id": None,
        "last_episode_assigned": 0,
        "gone_last_episode": 0,
        "gone_last_disc": 0,
        "disc_ids": [],
        "last_disc_name": None,
    }


def named_in(season_id: str) -> tuple[str, int]:
    """Read a show's name and a season's number from an id; season 1 if it names none."""
    match = _ID.fullmatch(season_id.strip())
    if match is None or not match[1]:
        return season_id[:NAME_LENGTH], 1
    return match[1][:NAME_LENGTH], int(match[2])


def _merge(season: Row, other: Row) -> None:
    """Add to a season what another row for it says; the later row's facts win."""
    later = max(season, other, key=lambda row: row["updated_at"])
    season |= {
        "thetvdb_series_id": later["thetvdb_series_id"] or season["thetvdb_series_id"],
        "last_disc_name": later["last_disc_name"] or season["last_disc_name"],
        "last_episode_assigned": max(each["last_episode_assigned"] for each in (season, other)),
        "disc_ids": season["disc_ids"] + other["disc_ids"],
        "created_at": min(season["created_at"], other["created_at"]),
        "updated_at": later["updated_at"],
    }


def adopt_episodes(tables: Tables, ids: SeasonIds) -> None:
    """Make our episodes; of two with one number the fuller one stays, else the later."""
    found: dict[tuple[str, int], Row] = {}
    for row in tables.read("tv_episodes"):
        season_id = ids.find(row.text("season_id") or "")
        number = row.whole("episode_number", high=MAX_EPISODE)
        key = row.values.get("id")
        if season_id is None or number is None:
            why = "as it has no number" if season_id else "as its season is gone"
            tables.report.drop("tv_episodes", key, why)
            continue
        episode = {
            "id": key,
            "season": season_id,
            "episode_number": number,
            "episode_name": row.text_or("episode_name", f"Episode {number}"),
            "season_number": tables.seasons[season_id]["season_number"],
            "runtime": row.whole("runtime"),
            "overview": row.text("overview"),
        }
        other = found.get((season_id, number))
        if other is not None:
            less, more = sorted((other, episode), key=_knowledge)
            why = "as the season has that episode with as much known about it, or more"
            tables.report.merge("tv_episodes", less["id"], more["id"], why)
            episode = more
        found[season_id, number] = episode
    tables.episodes = list(found.values())


def _knowledge(episode: Row) -> int:
    """Count the known facts of an episode, to sort by."""
    is_named = episode["episode_name"] != f"Episode {episode['episode_number']}"
    return is_named + (episode["runtime"] is not None) + (episode["overview"] is not None)


def settle_seasons(tables: Tables) -> None:
    """Set what follows from a season's discs, and remember the numbers of discs that are gone."""
    by_season: dict[str, list[Row]] = {season_id: [] for season_id in tables.seasons}
    for disc in sorted(tables.discs.values(), key=lambda disc: disc["detected_at"]):
        if disc["tv_season"] is not None:
            by_season[disc["tv_season"]].append(disc)
    for season_id, discs in by_season.items():
        _settle(tables, tables.seasons[season_id], discs)


def _settle(tables: Tables, season: Row, discs: list[Row]) -> None:
    present = [disc["disc_id"] for disc in discs]
    listed = [disc_id for disc_id in dict.fromkeys(season["disc_ids"]) if disc_id in present]
    whole = listed + [disc_id for disc_id in present if disc_id not in listed]
    if whole != season["disc_ids"]:
        tables.report.repair("tv_seasons", "disc_ids: set from the discs")
    season["disc_ids"] = whole
    season.setdefault("created_at", discs[0]["detected_at"] if discs else tables.now)
    season.setdefault("updated_at", season["created_at"])
    highest = max((_highest(tables, disc) for disc in discs), default=0)
    if season["last_episode_assigned"] > highest:
        # Discs that are gone had the higher numbers: the next disc continues after them.
        tables.report.repair("tv_seasons", "numbered on behind discs that are gone")
        season["gone_last_episode"] = season["last_episode_assigned"]
        season["gone_last_disc"] = parse_label(season["last_disc_name"] or "").disc_number or 0
    accepted = [disc for disc in discs if disc["preview_status"] != PreviewStatus.REJECTED]
    season["last_episode_assigned"] = max(
        [season["gone_last_episode"], *(_highest(tables, disc) for disc in accepted)]
    )


def _highest(tables: Tables, disc: Row) -> int:
    """Return the highest episode number among the selected titles of a disc; 0 without one."""
    numbers: list[Any] = [
        title["episode_number"] or 0
        for title in tables.titles[disc["disc_id"]].values()
        if title["selected"] and not title["is_extra"]
    ]
    return max(numbers, default=0)


def _letters(name: str) -> str:
    return "".join(character for character in name.casefold() if character.isalnum())
