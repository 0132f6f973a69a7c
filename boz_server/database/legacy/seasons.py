"""Seasons and episodes, as the old database had them.

The old ids are of any case and punctuation; ours are "{show_name}:s{season_number}", and whoever
looks for a season of a show expects it under that one.
"""

import re
from typing import Any

from boz_server.database.legacy.row import LegacyRow
from boz_server.database.legacy.tables import Row, Tables
from boz_server.domain.discs.disc_states import PreviewStatus
from boz_server.domain.identification import search_words
from boz_server.domain.identification.label import parse_label

#: The longest name of a show that requests may have, too: PostgreSQL can't index any length.
NAME_LENGTH = 255
MAX_EPISODE = 99_999
_ID = re.compile(r"(.*?)[\W_]*(?:s|season)[\W_]*([0-9]{1,4})", re.IGNORECASE | re.DOTALL)


class SeasonIds:
    """Which of our seasons an id of the old database means, however it is written there."""

    def __init__(self) -> None:
        self._exact: dict[str, str] = {}
        self._alike: dict[str, set[str]] = {}

    def learn(self, legacy_id: str, season_id: str) -> None:
        """Remember one."""
        self._exact[legacy_id] = season_id
        for name in (legacy_id, season_id):
            self._alike.setdefault(_letters(name), set()).add(season_id)

    def find(self, legacy_id: str) -> str | None:
        """Return our id; None where none, or more than one, is meant."""
        letters = _letters(legacy_id)
        alike = self._alike.get(letters, set()) if letters else set()
        return self._exact.get(legacy_id) or (next(iter(alike)) if len(alike) == 1 else None)


def adopt_seasons(tables: Tables) -> SeasonIds:
    """Make our seasons; of those that come to the same one, one is kept and the others merged."""
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
    number = row.count("season_number", number)
    updated_at = row.instant("updated_at")
    created_at = row.time("created_at", updated_at, tables.now)
    return new_season(show or name, number) | {
        "thetvdb_series_id": row.whole("thetvdb_series_id"),
        "last_episode_assigned": row.count("last_episode_assigned", high=MAX_EPISODE),
        "disc_ids": [str(disc_id) for disc_id in row.listing("disc_ids")],
        "last_disc_name": row.text("last_disc_name"),
        "created_at": created_at,
        "updated_at": updated_at or created_at,
    }


def new_season(name: str, number: int) -> Row:
    """Return a season of which nothing more is known."""
    return {
        "season_id": f"{name}:s{number}",
        "show_name": name,
        "show_key": search_words.key(name),
        "season_number": number,
        "thetvdb_series_id": None,
        "last_episode_assigned": 0,
        "gone_last_episode": 0,
        "gone_last_disc": 0,
        "disc_ids": [],
        "last_disc_name": None,
    }


def named_in(season_id: str) -> tuple[str, int]:
    """Read a show's name and a season's number from an id; season 1 where it says none."""
    match = _ID.fullmatch(season_id.strip())
    if match is None or not match[1]:
        return season_id[:NAME_LENGTH], 1
    return match[1][:NAME_LENGTH], int(match[2])


def _merge(kept: Row, other: Row) -> None:
    later = max(kept, other, key=lambda season: season["updated_at"])
    kept["thetvdb_series_id"] = later["thetvdb_series_id"] or kept["thetvdb_series_id"]
    kept["last_disc_name"] = later["last_disc_name"] or kept["last_disc_name"]
    kept["last_episode_assigned"] = max(
        kept["last_episode_assigned"], other["last_episode_assigned"]
    )
    kept["disc_ids"] += other["disc_ids"]
    kept["created_at"] = min(kept["created_at"], other["created_at"])
    kept["updated_at"] = later["updated_at"]


def adopt_episodes(tables: Tables, ids: SeasonIds) -> None:
    """Make our episodes; of two with one number the one that says more is kept, else the later."""
    kept: dict[tuple[str, int], Row] = {}
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
            "episode_name": row.words("episode_name", f"Episode {number}"),
            "season_number": tables.seasons[season_id]["season_number"],
            "runtime": row.whole("runtime"),
            "overview": row.text("overview"),
        }
        other = kept.get((season_id, number))
        if other is not None:
            less, more = sorted((other, episode), key=_knowledge)
            why = "as the season has that episode with as much said of it, or more"
            tables.report.merge("tv_episodes", less["id"], more["id"], why)
            episode = more
        kept[season_id, number] = episode
    tables.episodes = list(kept.values())


def _knowledge(episode: Row) -> int:
    """How much is said of an episode; the sort keeps the order of those that say the same."""
    is_named = episode["episode_name"] != f"Episode {episode['episode_number']}"
    return is_named + (episode["runtime"] is not None) + (episode["overview"] is not None)


def settle_seasons(tables: Tables) -> None:
    """Set what seasons say of their discs, and remember the numbers of discs that are gone."""
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
        # Other discs had them: the next one goes on behind those.
        tables.report.repair("tv_seasons", "numbered on behind discs that are gone")
        season["gone_last_episode"] = season["last_episode_assigned"]
        season["gone_last_disc"] = parse_label(season["last_disc_name"] or "").disc_number or 0
    season["last_episode_assigned"] = max(
        [season["gone_last_episode"]]
        + [
            _highest(tables, disc)
            for disc in discs
            if disc["preview_status"] != PreviewStatus.REJECTED
        ]
    )


def _highest(tables: Tables, disc: Row) -> int:
    """The highest number of an episode on a disc that is to be ripped; 0 without any."""
    numbers: list[Any] = [
        title["episode_number"] or 0
        for title in tables.titles[disc["disc_id"]].values()
        if title["selected"] and not title["is_extra"]
    ]
    return max(numbers, default=0)


def _letters(name: str) -> str:
    return "".join(character for character in name.casefold() if character.isalnum())
