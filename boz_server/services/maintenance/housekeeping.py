"""Maintenance steps that keep the database quick."""

import logging

from boz_server.database import upkeep
from boz_server.database.connection import Database
from boz_server.database.dialects import WAL_LIMIT_BYTES

log = logging.getLogger(__name__)

#: The size from which on a database's plans are made by statistics.
OPTIMIZED_BYTES = 16 * 1024 * 1024


class Upkeep:
    """Does in time what requests would wait for, and watches the log's size."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._is_told = False

    def optimize(self) -> None:
        """Keep SQLite's plans in line with its tables; PostgreSQL does so by itself.

        Not those of a small database that has no statistics yet: of tables with a few rows they
        favour reading them as a whole, which is no gain now, and a loss as the tables grow.
        """
        if self.database.path is None:
            return
        if upkeep.size(self.database) >= OPTIMIZED_BYTES or upkeep.has_statistics(self.database):
            upkeep.optimize(self.database)

    def fold_in_log(self) -> None:
        """Keep the log short, so that no request has to do it; say once when it grows all the
        same, and again when it does so anew."""
        size = upkeep.fold_in_log(self.database)
        is_large = size > WAL_LIMIT_BYTES
        if is_large and not self._is_told:
            log.warning(
                "The write-ahead log does not shrink: something keeps a transaction open",
                extra={"bytes": size},
            )
        self._is_told = is_large
