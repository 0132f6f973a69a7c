"""The collection in the database: every disc, live or archived, and the seasons they are of."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from boz_server.database.connection import Database
from boz_server.database.models import ArchivedDisc, Disc, LibraryEntry, Title, TVEpisode, TVSeason
from boz_server.domain.discs.disc_states import PreviewStatus
from boz_server.domain.identification.identity import MediaType
from boz_server.repositories.archive_repository import titles_of
from boz_server.repositories.disc_repository import load_titles
from boz_server.repositories.paging import Page, PageRequest, fetch_page
from boz_server.repositories.tv_season_repository import is_outdated

#: The columns that say which numbers a title holds, and whether it was ripped.
HOLDING = (
    Title.disc,
    Title.selected,
    Title.is_extra,
    Title.episode_number,
    Title.last_episode_number,
    Title.ripped_at,
)
_DISC = (
    Disc.disc_id,
    Disc.disc_name,
    Disc.fingerprint,
    Disc.disc_type,
    Disc.detected_at,
    Disc.status,
    Disc.media_type,
    Disc.preview_status,
    Disc.tv_show_name,
    Disc.tv_season_number,
    Disc.tv_season,
    Disc.disc_number,
    Disc.movie_title,
    Disc.movie_year,
)
_BY_TITLE = (LibraryEntry.sort_title, LibraryEntry.disc_id)
_BY_TIME = (LibraryEntry.detected_at, LibraryEntry.disc_id)
#: {sort: [(column, whether it descends)]}.
ORDERS: dict[str, list[tuple[Any, bool]]] = {
    "-detected_at": [(column, True) for column in _BY_TIME],
    "detected_at": [(column, False) for column in _BY_TIME],
    "title": [(column, False) for column in _BY_TITLE],
    "-title": [(column, True) for column in _BY_TITLE],
}
_SEASON_ORDER = [
    (TVSeason.show_key, False),
    (TVSeason.season_number, False),
    (TVSeason.season_id, False),
]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which discs are asked for; None asks for any.

    words: a disc must have all of them, or words that begin so; an empty list finds nothing.
    show_key: a show's folded name. sort: see ORDERS.
    """

    words: Sequence[str] | None = None
    media_type: MediaType | None = None
    show_key: str | None = None
    sort: str = "-detected_at"


class CollectionRepository:
    """Queries on discs and seasons that include the archive."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def page(self, wanted: Wanted, request: PageRequest) -> Page[LibraryEntry]:
        """Return the entries of discs, without their words. Runs inside a transaction."""
        query = LibraryEntry.select(
            LibraryEntry.disc_id, LibraryEntry.detected_at, LibraryEntry.sort_title
        )
        if wanted.show_key is not None:
            query = query.where(LibraryEntry.show_key == wanted.show_key)
        if wanted.media_type is not None:
            kind: Any = LibraryEntry.media_type
            # A show has few discs, all of one kind: keep the index of the kind out of the plan.
            kind = kind if wanted.show_key is None else kind.concat("")
            query = query.where(kind == wanted.media_type)
        if wanted.words is not None:
            query = self.database.dialect.having_words(
                self.database.peewee, query, LibraryEntry, wanted.words
            )
        return fetch_page(query, ORDERS[wanted.sort], request)

    def discs(self, disc_ids: Sequence[str]) -> dict[str, Disc | ArchivedDisc]:
        """Return discs by their ids, with their names and the numbers their titles hold."""
        live = list(Disc.select(*_DISC).where(Disc.disc_id.in_(disc_ids)))
        load_titles(live, *HOLDING)
        archived = ArchivedDisc.select().where(ArchivedDisc.disc_id.in_(disc_ids))
        found: list[Disc | ArchivedDisc] = [*live, *_with_titles(archived)]
        return {disc.disc_id: disc for disc in found}

    def ripped(self, fingerprints: Collection[str]) -> dict[str, set[int]]:
        """Return which titles of these discs were ever ripped: {fingerprint: title indexes}."""
        found: dict[str, set[int]] = {}
        live: Any = Title.select(Disc.fingerprint, Title.title_index).join(Disc)
        live = live.where(Disc.fingerprint.in_(fingerprints), Title.ripped_at.is_null(False))
        for fingerprint, number in live.tuples():
            found.setdefault(fingerprint, set()).add(number)
        archived = ArchivedDisc.select(ArchivedDisc.fingerprint, ArchivedDisc.record)
        for disc in archived.where(ArchivedDisc.fingerprint.in_(fingerprints)):
            numbers = {each["title_index"] for each in disc.record["titles"] if "ripped_at" in each}
            found.setdefault(disc.fingerprint, set()).update(numbers)
        return found

    def seasons(self, show_key: str | None, request: PageRequest) -> Page[TVSeason]:
        """Return the seasons that have, or once had, discs, by show and number.

        show_key: a show's folded name; None for all shows.
        """
        query = TVSeason.select().where(
            TVSeason.last_disc_name.is_null(False) | (TVSeason.gone_last_episode > 0)
        )
        if show_key is not None:
            query = query.where(TVSeason.show_key == show_key)
        return fetch_page(query, _SEASON_ORDER, request)

    def listed_episodes(self, season_ids: Sequence[str]) -> dict[str, set[int]]:
        """Return the episodes that a provider lists: {season id: numbers}."""
        query: Any = TVEpisode.select(TVEpisode.season, TVEpisode.episode_number).where(
            TVEpisode.season.in_(season_ids), TVEpisode.is_listed
        )
        numbers: dict[str, set[int]] = {}
        for season_id, number in query.tuples():
            numbers.setdefault(season_id, set()).add(number)
        return numbers

    def discs_of_seasons(self, season_ids: Sequence[str]) -> dict[str, list[Disc | ArchivedDisc]]:
        """Return the records of discs by season, with the numbers their titles hold.

        Leaves rejected records out. Each record's `is_outdated` says whether what was accepted
        later counts instead.
        """
        live = list(_records(Disc, season_ids, Disc.disc_id, Disc.fingerprint, Disc.tv_season))
        load_titles(live, *HOLDING)
        found: dict[str, list[Disc | ArchivedDisc]] = {}
        for disc in (*live, *_with_titles(_records(ArchivedDisc, season_ids, ArchivedDisc))):
            found.setdefault(str(disc.tv_season_id), []).append(disc)
        return found


def _records(model: Any, season_ids: Sequence[str], *columns: Any) -> Any:
    return model.select(*columns, is_outdated(model).alias("is_outdated")).where(
        model.tv_season.in_(season_ids), model.preview_status != PreviewStatus.REJECTED
    )


def _with_titles(discs: Iterable[ArchivedDisc]) -> list[ArchivedDisc]:
    """Attach the titles of archived discs, with the columns in HOLDING."""
    found = list(discs)
    names = [column.name for column in HOLDING if column is not Title.disc]
    for disc in found:
        disc.titles = titles_of(disc, names)
    return found
