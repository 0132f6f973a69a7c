"""Old discs go into the archive, and come back when a related disc is put in."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from boz_server.context import Context
from boz_server.domain.collection.related import LinkedDisc, is_archivable, related_groups
from boz_server.repositories.retention_repository import Cutoffs

#: A group with more links than this is compared with all discs, not only with those that share one.
MAX_LINKS = 500


def archivable(context: Context, cutoffs: Cutoffs) -> list[list[LinkedDisc]]:
    """Return the groups of related discs that may be archived.

    A group is archived as a whole: it numbers the episodes of its show's next disc, and recognises
    a disc that is put in again (see ArchiveRepository.bring_back).
    """
    groups = related_groups(context.stores.archive.linked(cutoffs))
    return [group for group in groups if is_archivable(group)]


def put_away(context: Context, cutoffs: Cutoffs, now: datetime) -> Iterator[int]:
    """Archive group after group, each in a transaction; yields how many discs each had."""
    for group in archivable(context, cutoffs):
        with context.database.write_queue():
            # A related disc may have come since we looked.
            is_unchanged = _is_archivable_still(context, group, cutoffs)
            if is_unchanged:
                context.stores.archive.put_away([disc.disc_id for disc in group], now)
        yield len(group) if is_unchanged else 0


def _is_archivable_still(context: Context, group: Sequence[LinkedDisc], cutoffs: Cutoffs) -> bool:
    links = {link for disc in group for link in disc.links}
    live = context.stores.archive.linked(cutoffs, links if len(links) <= MAX_LINKS else None)
    ids = {disc.disc_id for disc in group}
    return any(
        ids == {disc.disc_id for disc in each} and is_archivable(each)
        for each in related_groups(live)
    )
