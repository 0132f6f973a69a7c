"""Seasons with the episodes that were seen on discs, and those that are missing."""

from collections.abc import Iterable, Sequence
from typing import Any

from boz_server.database.connection import Database
from boz_server.database.models import ArchivedDisc, Disc, TVSeason
from boz_server.domain.identification.search_words import key
from boz_server.repositories.paging import Page, PageRequest
from boz_server.repositories.season_overview_repository import SeasonOverviewRepository
from boz_server.services.seasons.records import held_numbers

#: What is shown of a season as it is.
SHOWN = ("season_id", "show_name", "season_number", "thetvdb_series_id", "last_disc_name")

Record = Disc | ArchivedDisc


class SeasonOverview:
    """Answers with seasons, whether their discs are live or in the archive."""

    def __init__(self, database: Database, rows: SeasonOverviewRepository) -> None:
        self.database = database
        self.rows = rows

    def page(self, request: PageRequest, show: str | None) -> Page[dict[str, Any]]:
        """Return seasons by their show and number. show: of one show only, however it is spelt."""
        with self.database.read():
            seasons = self.rows.page(None if show is None else key(show), request)
            ids = [season.season_id for season in seasons.items]
            listed, discs = self.rows.listed(ids), self.rows.discs(ids)
        shown = [
            _shown(season, listed.get(season.season_id, set()), discs.get(season.season_id, ()))
            for season in seasons.items
        ]
        return Page(shown, seasons.next_cursor)


def _shown(season: TVSeason, listed: set[int], records: Sequence[Record]) -> dict[str, Any]:
    seen: set[int] = set()
    ripped: set[int] = set()
    discs = 0
    for same in _by_disc(records):
        counting = [record for record in same if not record.is_outdated]
        discs += bool(counting)
        held = _held(counting)
        seen |= held
        # It has the same names when it comes again, and what was ripped of it is still there.
        ripped |= held & _held(same, ripped_only=True)
    gone = set(range(1, season.gone_last_episode + 1))
    seen |= gone & listed if listed else gone
    return {name: getattr(season, name) for name in SHOWN} | {
        "episode_count": len(listed) or None,
        "seen": sorted(seen),
        "ripped": sorted(ripped),
        "missing": sorted(listed - seen),
        "is_complete": bool(listed) and listed <= seen,
        "discs": discs,
    }


def _by_disc(records: Sequence[Record]) -> Iterable[list[Record]]:
    """All records of each disc."""
    found: dict[str, list[Record]] = {}
    for record in records:
        found.setdefault(record.fingerprint, []).append(record)
    return found.values()


def _held(records: Sequence[Record], *, ripped_only: bool = False) -> set[int]:
    """The numbers that records of a disc hold; ripped_only: by a title that was ripped."""
    return {
        number
        for record in records
        for title in record.titles
        if title.ripped_at is not None or not ripped_only
        for number in held_numbers(title)
    }
