"""Watches the disks, and keeps SQLite quick: its query plans and its write-ahead log."""

import logging

from boz_server.context import Context
from boz_server.database import upkeep
from boz_server.database.dialects import WAL_LIMIT_BYTES
from boz_server.disk import shortage
from boz_server.services.notifications import discord

log = logging.getLogger(__name__)

#: From this size on SQLite plans its queries by statistics about the tables.
OPTIMIZED_BYTES = 16 * 1024 * 1024


def optimize(context: Context) -> None:
    """Update the statistics by which SQLite plans its queries; PostgreSQL does so by itself.

    A small database gets none, unless it has some: statistics on tables with a few rows favour
    reading whole tables, which becomes slow as the tables grow.
    """
    database = context.database
    if database.path is None:
        return
    if upkeep.size(database) >= OPTIMIZED_BYTES or upkeep.has_statistics(database):
        upkeep.optimize(database)


class LogWatch:
    """Keeps the write-ahead log short, and warns once each time it begins to grow too long."""

    def __init__(self) -> None:
        self._has_warned = False

    def run(self, context: Context) -> None:
        """Fold the log into the database, so that no request has to do it."""
        size = upkeep.fold_in_log(context.database)
        is_large = size > WAL_LIMIT_BYTES
        if is_large and not self._has_warned:
            log.warning(
                "The write-ahead log does not shrink: something keeps a transaction open",
                extra={"bytes": size},
            )
        self._has_warned = is_large


class SpaceWatch:
    """The maintenance step: warns once each time a disk begins to run short."""

    def __init__(self) -> None:
        self._has_warned = False

    def run(self, context: Context) -> None:
        """Check the disks, and warn if a shortage is new."""
        found = shortage(context.settings)
        if found is not None and not self._has_warned:
            log.warning("A disk is filling up: %s", found)
            with context.database.write():
                discord.storage_low(context, f"No new rip begins: {found}")
        self._has_warned = found is not None
