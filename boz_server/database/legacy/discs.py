"""Discs and titles of the old database."""

from datetime import datetime

from boz_server.database.legacy.machines import AGENT_ID, UNKNOWN_AGENT
from boz_server.database.legacy.row import INT64, LegacyRow
from boz_server.database.legacy.seasons import (
    MAX_EPISODE,
    NAME_LENGTH,
    SeasonIds,
    named_in,
    new_season,
)
from boz_server.database.legacy.tables import Row, Tables
from boz_server.domain.discs.disc_states import DiscStatus, PreviewStatus
from boz_server.domain.identification.identity import MediaType
from boz_server.domain.identification.label import parse_label, read_label
from boz_server.domain.identification.title_facts import TitleFacts, TitleKind, fingerprint

IMDB_ID = 20


def adopt_discs(tables: Tables, ids: SeasonIds) -> None:
    """Make our discs, and the agents and seasons that only they name."""
    for row, disc_id in tables.read_keyed("discs", "disc_id", tables.discs):
        tables.discs[disc_id] = _disc(tables, row, disc_id, ids)
        tables.titles[disc_id] = {}


def _disc(tables: Tables, row: LegacyRow, disc_id: str, ids: SeasonIds) -> Row:
    detected_at = row.instant_or("detected_at", tables.now)
    agent_id = row.id("agent_id", AGENT_ID) or UNKNOWN_AGENT
    disc: Row = {
        "disc_id": disc_id,
        "agent": tables.ensure_agent(agent_id, detected_at, "discs"),
        "drive": row.text_or("drive", "", NAME_LENGTH),
        "disc_name": row.text_or("disc_name", ""),
        "disc_type": row.text_or("disc_type", "Unknown"),
        "detected_at": detected_at,
        "status": row.state_or("status", DiscStatus, DiscStatus.EJECTED),
        "media_type": row.state_or("media_type", MediaType, MediaType.UNKNOWN),
        "preview_status": row.state_or("preview_status", PreviewStatus, PreviewStatus.PENDING),
        "tv_show_name": row.text("tv_show_name", NAME_LENGTH),
        "tv_season_number": row.whole("tv_season_number"),
        "thetvdb_series_id": row.whole("thetvdb_series_id"),
        "starting_episode_number": row.whole("starting_episode_number", high=MAX_EPISODE),
        "movie_title": row.text("movie_title"),
        "movie_year": row.whole("movie_year"),
        "omdb_imdb_id": row.text("omdb_imdb_id", IMDB_ID),
        "movie_confidence": row.number("movie_confidence", 0, 1) or 0.0,
    }
    disc["tv_season"] = _season_of(tables, row, disc, ids)
    return disc


def _season_of(tables: Tables, row: LegacyRow, disc: Row, ids: SeasonIds) -> str | None:
    """Return the id of a disc's season, added again if it is gone; None for other discs."""
    legacy_id = row.text("tv_season_id")
    found = ids.find(legacy_id) if legacy_id else None
    if found is not None:
        return found
    is_numbered = bool(disc["tv_show_name"]) and disc["tv_season_number"] is not None
    if is_numbered and (legacy_id or disc["media_type"] is MediaType.TV_SHOW):
        season = new_season(disc["tv_show_name"], disc["tv_season_number"])
    elif legacy_id:
        season = new_season(*named_in(legacy_id))
    else:
        return None
    season_id = str(season["season_id"])
    row.repair("tv_season_id: named no season that is there, found by show and number")
    if season_id not in tables.seasons:
        tables.report.add("tv_seasons", "entered, as discs name it")
        season["thetvdb_series_id"] = disc["thetvdb_series_id"]
        season["last_disc_name"] = disc["disc_name"]
        tables.seasons[season_id] = season
        ids.learn(legacy_id or season_id, season_id)
    return season_id


def adopt_titles(tables: Tables) -> None:
    """Make our titles. Of two with one number the later one stays: another disc was put in, and the
    first one's removal was never reported."""
    for row in tables.read("titles"):
        disc_id, key = row.id("disc_id"), row.values.get("id")
        index = row.whole("title_index")
        titles = None if disc_id is None else tables.titles.get(disc_id)
        if titles is None or index is None:
            why = "as its disc is gone" if titles is None else "as it has no number"
            tables.report.drop("titles", key, why)
            continue
        if index in titles:
            why = "as the disc has that title again, reported later"
            tables.report.merge("titles", titles[index]["id"], key, why)
        titles[index] = _title(row, disc_id, index)


def _title(row: LegacyRow, disc_id: str | None, index: int) -> Row:
    is_extra = row.flag("is_extra", default=False)
    number = row.whole("episode_number", high=MAX_EPISODE)
    filename = row.text("proposed_filename")
    kind = TitleKind.FEATURE if number is None else TitleKind.EPISODE
    return {
        "id": row.values.get("id"),
        "disc": disc_id,
        "title_index": index,
        "name": row.text_or("name", f"Title {index + 1}"),
        "duration_seconds": row.whole_or("duration_seconds"),
        "size_bytes": row.whole_or("size_bytes", high=INT64),
        "chapters": row.whole_or("chapters"),
        "selected": row.flag("selected", default=False),
        "is_extra": is_extra,
        "proposed_filename": filename,
        "proposed_path": row.text("proposed_path"),
        # Like the migration 004_identification does for older titles.
        "kind": None if filename is None else TitleKind.EXTRA if is_extra else kind,
        "episode_number": number,
        "episode_title": row.text("episode_title"),
        "confidence_score": row.number("confidence_score", 0, 1) or 0.0,
    }


def settle_discs(tables: Tables) -> None:
    """Set the columns that follow from label and titles, and leave one disc in each drive."""
    live: dict[tuple[str, str], Row] = {}
    for disc in sorted(tables.discs.values(), key=_detected_at):
        _recognise(disc, list(tables.titles[disc["disc_id"]].values()), tables.now)
        if disc["status"] is DiscStatus.EJECTED:
            continue
        drive = (disc["agent"], disc["drive"])
        if drive in live:
            live[drive]["status"] = DiscStatus.EJECTED
            tables.report.repair("discs", "ejected, as a later one lies in its drive")
        live[drive] = disc


def _detected_at(disc: Row) -> tuple[datetime, str]:
    return disc["detected_at"], disc["disc_id"]


def _recognise(disc: Row, titles: list[Row], now: datetime) -> None:
    """Set what a returning disc, or another one of its show, is recognised by."""
    label = disc["disc_name"]
    facts = [
        TitleFacts(title["title_index"], title["name"], title["duration_seconds"])
        for title in sorted(titles, key=lambda title: title["title_index"])
    ]
    read = read_label(label, facts)
    numbers = [title["episode_number"] for title in titles if title["kind"] is TitleKind.EPISODE]
    is_open = disc["preview_status"] is PreviewStatus.PENDING and bool(numbers)
    disc |= {
        "fingerprint": fingerprint(label, facts),
        "title_key": parse_label(label).key,
        "adopted_at": now,
        "disc_number": read.disc_number or read.volume_number,
        # Else the season's next disc would renumber those that no one has accepted yet.
        "told_first_episode": min(numbers) if is_open and disc["tv_season"] else None,
    }
