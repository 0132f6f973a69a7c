"""Entries that discs are found by in the database."""

from collections.abc import Sequence
from typing import Any

from boz_server.database.models import Disc, LibraryEntry, Title
from boz_server.domain.collection.search import NAMES, TITLE_NAME, entry_of


class LibraryEntryRepository:
    """Keeps the entries in line with the discs that they are of."""

    def renew(self, disc_ids: Sequence[str]) -> None:
        """Enter discs, or what has changed of them; those in the archive stay as they are."""
        discs: Any = Disc.select(*[getattr(Disc, name) for name in NAMES]).where(
            Disc.disc_id.in_(disc_ids)
        )
        names = _episode_titles(disc_ids)
        for disc in discs.dicts():
            entry = entry_of(disc, names.get(disc["disc_id"], ()))
            columns = [LibraryEntry._meta.fields[name] for name in entry if name != "disc_id"]
            (
                LibraryEntry.insert(entry)
                .on_conflict(conflict_target=[LibraryEntry.disc_id], preserve=columns)
                .execute()
            )


def _episode_titles(disc_ids: Sequence[str]) -> dict[str, list[str]]:
    """What the episodes of each disc are called, in the disc's order."""
    column = getattr(Title, TITLE_NAME)
    query: Any = (
        Title.select(Title.disc, column)
        .where(Title.disc.in_(disc_ids), column.is_null(False))
        .order_by(Title.disc, Title.title_index)
    )
    names: dict[str, list[str]] = {}
    for disc_id, name in query.tuples():
        names.setdefault(disc_id, []).append(name)
    return names
