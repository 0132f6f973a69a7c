"""The collection: every disc that was ever put in, searched and paged."""

from collections.abc import Sequence
from typing import Any

from boz_server.context import Context
from boz_server.database.models import ArchivedDisc, Disc
from boz_server.domain.collection.search import key, words
from boz_server.domain.identification.identity import MediaType
from boz_server.errors import Invalid
from boz_server.repositories.collection_repository import Wanted
from boz_server.repositories.paging import Page, PageRequest
from boz_server.services.seasons.tracker import numbers_of

MAX_WORDS = 16
#: Fields of a disc that the answer has unchanged.
FIELDS = (
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


def page(
    context: Context,
    request: PageRequest,
    *,
    search: str | None,
    media_type: MediaType | None,
    show: str | None,
    sort: str,
) -> Page[dict[str, Any]]:
    """Return discs that have all words of `search`, or words that begin so.

    show: a show's name, in any spelling. sort: see collection_repository.ORDERS. Raises Invalid
    for more than MAX_WORDS words.
    """
    asked = None if search is None else _search_words(search)
    if asked == []:
        return Page([], None)
    collection = context.stores.collection
    wanted = Wanted(asked, media_type, None if show is None else key(show), sort)
    with context.database.read():
        entries = collection.page(wanted, request)
        discs = collection.discs([entry.disc_id for entry in entries.items])
        ripped = collection.ripped([disc.fingerprint for disc in discs.values()])
    found = [discs[entry.disc_id] for entry in entries.items if entry.disc_id in discs]
    items = [_as_json(disc, len(ripped.get(disc.fingerprint, ()))) for disc in found]
    return Page(items, entries.next_cursor)


def _search_words(search: str) -> Sequence[str]:
    """Return the words of a search; none when it has only punctuation."""
    found = list(dict.fromkeys(words(search)))
    if len(found) > MAX_WORDS:
        raise Invalid("search", f"At most {MAX_WORDS} words: leave some out.")
    return found


def _as_json(disc: Disc | ArchivedDisc, ripped_titles: int) -> dict[str, Any]:
    if isinstance(disc, ArchivedDisc):
        archived_at, number = disc.archived_at, disc.record["disc"].get("disc_number")
    else:
        archived_at, number = None, disc.disc_number
    return {name: getattr(disc, name) for name in FIELDS} | {
        "archived": archived_at is not None,
        "archived_at": archived_at,
        "disc_number": number,
        "title_count": len(disc.titles),
        "ripped_titles": ripped_titles,
        "episodes": sorted(numbers_of([disc])),
    }
