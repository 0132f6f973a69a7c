"""Seasons with the episodes seen on discs, live or archived, and the ones still missing."""

from collections.abc import Iterable, Sequence
from typing import Any

from boz_server.context import Context
from boz_server.database.models import ArchivedDisc, Disc, TVSeason
from boz_server.domain.collection.search import key
from boz_server.repositories.paging import Page, PageRequest
from boz_server.services.seasons.tracker import held_numbers

#: Fields of a season that the answer has unchanged.
FIELDS = ("season_id", "show_name", "season_number", "thetvdb_series_id", "last_disc_name")

Record = Disc | ArchivedDisc


def page(context: Context, request: PageRequest, show: str | None) -> Page[dict[str, Any]]:
    """Return seasons by show and number. show: one show's name, in any spelling; None for all."""
    collection = context.stores.collection
    with context.database.read():
        seasons = collection.seasons(None if show is None else key(show), request)
        ids = [season.season_id for season in seasons.items]
        listed, discs = collection.listed_episodes(ids), collection.discs_of_seasons(ids)
    items = [
        _as_json(season, listed.get(season.season_id, set()), discs.get(season.season_id, ()))
        for season in seasons.items
    ]
    return Page(items, seasons.next_cursor)


def _as_json(season: TVSeason, listed: set[int], records: Sequence[Record]) -> dict[str, Any]:
    seen: set[int] = set()
    ripped: set[int] = set()
    discs = 0
    for same in _by_disc(records):
        counting = [record for record in same if not record.is_outdated]
        discs += bool(counting)
        held = _held(counting)
        seen |= held
        # A disc keeps its names when it comes again, and what was ripped of it is still there.
        ripped |= held & _held(same, ripped_only=True)
    gone = set(range(1, season.gone_last_episode + 1))
    seen |= gone & listed if listed else gone
    return {name: getattr(season, name) for name in FIELDS} | {
        "episode_count": len(listed) or None,
        "seen": sorted(seen),
        "ripped": sorted(ripped),
        "missing": sorted(listed - seen),
        "is_complete": bool(listed) and listed <= seen,
        "discs": discs,
    }


def _by_disc(records: Sequence[Record]) -> Iterable[list[Record]]:
    """Group records by the disc they are of."""
    found: dict[str, list[Record]] = {}
    for record in records:
        found.setdefault(record.fingerprint, []).append(record)
    return found.values()


def _held(records: Sequence[Record], *, ripped_only: bool = False) -> set[int]:
    """Return the numbers that records of a disc hold; ripped_only: by ripped titles only."""
    return {
        number
        for record in records
        for title in record.titles
        if title.ripped_at is not None or not ripped_only
        for number in held_numbers(title)
    }
