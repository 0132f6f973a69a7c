"""The collection: every disc that was ever put in, to be searched and paged through."""

from collections.abc import Sequence
from typing import Any

from boz_server.database.connection import Database
from boz_server.database.models import ArchivedDisc, Disc
from boz_server.domain.identification.media_type import MediaType
from boz_server.domain.identification.search_words import key, words
from boz_server.errors import Invalid
from boz_server.repositories.disc_library_repository import DiscLibraryRepository, Wanted
from boz_server.repositories.paging import Page, PageRequest
from boz_server.services.seasons.records import numbers_of

MAX_WORDS = 16
#: What is shown of a disc as it is.
SHOWN = (
    "disc_id",
    "disc_name",
    "disc_type",
    "media_type",
    "movie_title",
    "movie_year",
    "tv_show_name",
    "tv_season_number",
    "tv_season_id",
    "detected_at",
    "status",
    "preview_status",
)


class DiscLibrary:
    """Answers with discs, whether live or in the archive."""

    def __init__(self, database: Database, rows: DiscLibraryRepository) -> None:
        self.database = database
        self.rows = rows

    def page(
        self,
        request: PageRequest,
        *,
        search: str | None,
        media_type: MediaType | None,
        show: str | None,
        sort: str,
    ) -> Page[dict[str, Any]]:
        """Return discs that have all words of `search`, or words that begin so.

        show: a show's name, however it is spelt. sort: see disc_library_repository.ORDERS. Raises
        Invalid for more words than can be searched for at once.
        """
        asked = None if search is None else _asked(search)
        if asked == []:
            return Page([], None)
        wanted = Wanted(asked, media_type, None if show is None else key(show), sort)
        with self.database.read():
            entries = self.rows.page(wanted, request)
            discs = self.rows.discs([entry.disc_id for entry in entries.items])
            ripped = self.rows.ripped([disc.fingerprint for disc in discs.values()])
        found = [discs[entry.disc_id] for entry in entries.items if entry.disc_id in discs]
        shown = [_shown(disc, len(ripped.get(disc.fingerprint, ()))) for disc in found]
        return Page(shown, entries.next_cursor)


def _asked(search: str) -> Sequence[str]:
    """The words of a search; none where it has only punctuation."""
    asked = list(dict.fromkeys(words(search)))
    if len(asked) > MAX_WORDS:
        raise Invalid("search", f"At most {MAX_WORDS} words: leave some out.")
    return asked


def _shown(disc: Disc | ArchivedDisc, ripped_titles: int) -> dict[str, Any]:
    if isinstance(disc, ArchivedDisc):
        archived_at, number = disc.archived_at, disc.record["disc"].get("disc_number")
    else:
        archived_at, number = None, disc.disc_number
    return {name: getattr(disc, name) for name in SHOWN} | {
        "archived": archived_at is not None,
        "archived_at": archived_at,
        "disc_number": number,
        "title_count": len(disc.titles),
        "ripped_titles": ripped_titles,
        "episodes": sorted(numbers_of([disc])),
    }
