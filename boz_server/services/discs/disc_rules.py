"""Rules on discs that reviewing and ripping share."""

from collections.abc import Iterable, Sequence

from boz_server.database.models import Disc, Title
from boz_server.domain.discs.disc_states import DiscStatus
from boz_server.domain.identification.title_facts import TitleFacts
from boz_server.errors import Conflict, DiscNotFound, Invalid


def found(disc: Disc | None, disc_id: str) -> Disc:
    """Return the disc; raises DiscNotFound where there is none."""
    if disc is None:
        raise DiscNotFound(disc_id)
    return disc


def facts_of(disc: Disc) -> list[TitleFacts]:
    """Return what was reported of a disc's titles."""
    return [
        TitleFacts(
            title.title_index,
            title.name,
            title.duration_seconds,
            title.size_bytes,
            title.chapters,
            title.source_file or "",
            title.segment_map or "",
            title.output_file or "",
        )
        for title in disc.titles
    ]


def require_undecided(disc: Disc) -> None:
    """Names can be changed until the first rip has gone out with them. Raises Conflict."""
    if disc.status != DiscStatus.DETECTED:
        raise Conflict(
            f"The disc is {disc.status}: names are decided while it is detected. Put it in again"
            " to start over."
        )


def require_known(disc: Disc, indices: Iterable[int]) -> None:
    """Raise Invalid unless the disc has a title of each index."""
    known = {title.title_index for title in disc.titles}
    for index in indices:
        if index not in known:
            raise Invalid("index", f"The disc has no title {index}; it has {sorted(known)}.")


def require_distinct_names(titles: Sequence[Title]) -> None:
    """Two files of one name in one folder would overwrite each other, on Windows in any case.

    Raises Invalid.
    """
    seen: set[tuple[str, str]] = set()
    for title in titles:
        if title.proposed_filename is None:
            continue
        place = ((title.proposed_path or "").lower(), title.proposed_filename.lower())
        if place in seen:
            raise Invalid(
                "proposed_filename",
                f"Two titles are called {title.proposed_filename!r}: rename one.",
            )
        seen.add(place)
