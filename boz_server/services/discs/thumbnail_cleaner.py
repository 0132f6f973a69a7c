"""Drops thumbnails that no one has to look at any more, and keeps rows and files in line."""

import logging
from datetime import timedelta

from boz_server.clock import Clock
from boz_server.database.connection import Database
from boz_server.repositories.thumbnail_repository import ThumbnailRepository
from boz_server.services.discs.thumbnails import ThumbnailStore, file_name

log = logging.getLogger(__name__)

#: So long a thumbnail is kept where no one decides on its disc, or its job never ends.
MAX_AGE = timedelta(hours=24)


class ThumbnailCleaner:
    """Drops thumbnails: what rows say of them first, files once that is committed.

    Wherever it is interrupted, no row names a file that is gone; files that no row names go at
    the next run. An owner is a disc or a job, by its id.
    """

    def __init__(
        self,
        clock: Clock,
        database: Database,
        rows: ThumbnailRepository,
        store: ThumbnailStore,
    ) -> None:
        self.clock = clock
        self.database = database
        self.rows = rows
        self.store = store

    def run(self) -> int:
        """A maintenance step: drop the thumbnails of approved and ejected discs, of jobs that are
        over, of owners that are gone, and old ones; returns how many.

        Its cost grows with the folders that are kept, not with the rows of any table.
        """
        dropped = 0
        for owner_id in self.store.owners():
            try:
                self._clear_rows(owner_id)
                dropped += self._sweep(owner_id)
            except OSError:
                # One folder that can't be cleared keeps no other one.
                log.exception("Thumbnails could not be dropped", extra={"owner_id": owner_id})
        if dropped:
            log.info("Thumbnails dropped", extra={"thumbnails": dropped})
        return dropped

    def drop(self, owner_id: str) -> int:
        """Drop the thumbnails of a disc or job, where there is one; returns how many there were.

        Raises NotFound for what can be the id of neither.
        """
        self.store.require_id(owner_id)
        with self.database.write_queue():
            self.rows.clear(owner_id)
        return self._sweep(owner_id)

    def _clear_rows(self, owner_id: str) -> None:
        """Let rows name only thumbnails that are there, young, and still of use."""
        with self.database.write_queue():
            shown = self.rows.shown(owner_id)
            if not shown:
                self.rows.clear(owner_id)
            young = self.store.saved_since(self.clock.now() - MAX_AGE, owner_id)
            for one in shown:
                left = [
                    second for second in one.seconds if file_name(one.title_index, second) in young
                ]
                if left != one.seconds:
                    self.rows.set_seconds(one, left)

    def _sweep(self, owner_id: str) -> int:
        """Drop the files that no row names; returns how many thumbnails that were."""
        with self.database.write_queue():
            named = {
                file_name(one.title_index, second)
                for one in self.rows.shown(owner_id)
                for second in one.seconds
            }
            return self.store.keep_only(owner_id, named)
