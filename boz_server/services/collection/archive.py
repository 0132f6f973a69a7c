"""Old discs go into the archive, and come back when a related disc is put in."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from boz_server.context import Context
from boz_server.domain.collection.related import (
    LinkedDisc,
    LinkKind,
    is_archivable,
    links_of,
    related_groups,
)
from boz_server.domain.identification.layout import DiscFacts
from boz_server.repositories.retention_repository import Cutoffs

#: A group with more links than this is compared with all discs, not only with those that share one.
MAX_LINKS = 500
#: How many of the latest discs are searched for a show whose labels are spelled differently.
LATEST_DISCS = 50


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


def restore_related(context: Context, disc: DiscFacts) -> bool:
    """Restore the archived discs that bear on what a disc is; returns whether any came back.

    They are the records of the same disc, the discs of its name, and the one before it in a box
    whose labels are spelled differently.
    """
    context.database.require_queue()
    archived = context.stores.archive
    keys = {disc.title_key, disc.read.key} - {""}
    for disc_id, key in archived.latest_shows(LATEST_DISCS) if disc.read.disc_number else ():
        if disc.read.resembles(key):
            other = archived.get(disc_id)
            if other is not None and disc.read.continues(key, other.disc_number):
                keys.add(key)
    links = {(LinkKind.TITLE_KEY, key) for key in keys}
    return archived.bring_back(links_of(disc.fingerprint, "", None) | links)


def restore_show(context: Context, show_name: str) -> None:
    """Restore the archived discs of a show."""
    context.stores.archive.bring_back([(LinkKind.SHOW_NAME, show_name)])
