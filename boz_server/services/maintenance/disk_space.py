"""Warns people when a disk is filling up."""

import logging

from boz_server.context import Context
from boz_server.disk import shortage
from boz_server.services.notifications import discord

log = logging.getLogger(__name__)


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
