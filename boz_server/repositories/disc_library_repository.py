"""All discs in the database, those in the archive included."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from boz_server.database.connection import Database
from boz_server.database.models import ArchivedDisc, Disc, LibraryEntry, Title
from boz_server.domain.identification.media_type import MediaType
from boz_server.repositories.archive_repository import titles_of
from boz_server.repositories.disc_repository import load_titles
from boz_server.repositories.paging import Page, PageRequest, fetch_page

#: What says which numbers a title holds, and whether they were ripped.
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
#: {sort: columns, and whether they descend}.
ORDERS: dict[str, list[tuple[Any, bool]]] = {
    "-detected_at": [(column, True) for column in _BY_TIME],
    "detected_at": [(column, False) for column in _BY_TIME],
    "title": [(column, False) for column in _BY_TITLE],
    "-title": [(column, True) for column in _BY_TITLE],
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which discs are asked for; None asks for any.

    words: all of which a disc has, or words that begin so; none finds nothing. show_key: a show's
    name, folded. sort: see ORDERS.
    """

    words: Sequence[str] | None = None
    media_type: MediaType | None = None
    show_key: str | None = None
    sort: str = "-detected_at"


class DiscLibraryRepository:
    """Queries on discs, wherever they are."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def page(self, wanted: Wanted, request: PageRequest) -> Page[LibraryEntry]:
        """Return the entries of discs, without their words; inside a transaction."""
        query = LibraryEntry.select(
            LibraryEntry.disc_id, LibraryEntry.detected_at, LibraryEntry.sort_title
        )
        if wanted.show_key is not None:
            query = query.where(LibraryEntry.show_key == wanted.show_key)
        if wanted.media_type is not None:
            kind: Any = LibraryEntry.media_type
            # A show's discs are few and of one kind: no index of the kind is to be read instead.
            kind = kind if wanted.show_key is None else kind.concat("")
            query = query.where(kind == wanted.media_type)
        if wanted.words is not None:
            query = self.database.dialect.having_words(
                self.database.peewee, query, LibraryEntry, wanted.words
            )
        return fetch_page(query, ORDERS[wanted.sort], request)

    def discs(self, disc_ids: Sequence[str]) -> dict[str, Disc | ArchivedDisc]:
        """Return discs by their ids, with what names them and what their titles hold."""
        live = list(Disc.select(*_DISC).where(Disc.disc_id.in_(disc_ids)))
        load_titles(live, *HOLDING)
        archived = ArchivedDisc.select().where(ArchivedDisc.disc_id.in_(disc_ids))
        found: list[Disc | ArchivedDisc] = [*live, *with_titles(archived)]
        return {disc.disc_id: disc for disc in found}

    def ripped(self, fingerprints: Collection[str]) -> dict[str, set[int]]:
        """Return which titles of these discs were ripped, whenever they were put in: {fingerprint:
        numbers of titles}."""
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


def with_titles(discs: Iterable[ArchivedDisc]) -> list[ArchivedDisc]:
    """Hang what the titles hold onto discs of the archive."""
    found = list(discs)
    names = [column.name for column in HOLDING if column is not Title.disc]
    for disc in found:
        disc.titles = titles_of(disc, names)
    return found
