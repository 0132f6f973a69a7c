"""Room on the disks that files arrive on."""

import logging
from pathlib import Path

from boz_server.context import Context
from boz_server.disk import free_bytes
from boz_server.errors import StorageFull
from boz_server.services.notifications import discord
from boz_server.settings import Settings

log = logging.getLogger(__name__)

GIB = 1024**3
MAX_BYTES = 2**63


class DiskSpace:
    """Says whether there is room, so that no disk fills that the database may lie on too."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def require(self, folder: Path, size_bytes: int, *, promised: int = 0) -> None:
        """Raise StorageFull unless a folder has room for a file beside what is to stay free.

        promised: bytes that other files still need there, which are on their way.
        """
        free = free_bytes(folder) - promised
        wanted = size_bytes + self.settings.min_free_bytes
        if wanted > free:
            raise StorageFull(
                f"The file needs {_gib(size_bytes)}, but {folder} has {_gib(max(0, free))} to give"
                f" and keeps {_gib(self.settings.min_free_bytes)} of that free"
                " (BOZ_MIN_FREE_BYTES): make room and send it again."
            )

    def shortage(self) -> str | None:
        """Say on which disk less is free than is to stay free; None where there is enough."""
        for folder in (self.settings.output_dir, self.settings.temp_dir):
            free = free_bytes(folder)
            if free < self.settings.min_free_bytes:
                return (
                    f"{folder} has {_gib(free)} left, and {_gib(self.settings.min_free_bytes)} are"
                    " to stay free (BOZ_MIN_FREE_BYTES): make room."
                )
        return None

    def free(self) -> int:
        """Return the bytes that are free where finished files land."""
        return free_bytes(self.settings.output_dir)


class SpaceWatch:
    """A maintenance step: says once when a disk is filling up, and again when it does so anew."""

    def __init__(self, context: Context, space: DiskSpace) -> None:
        self.context = context
        self.space = space
        self._is_told = False

    def run(self) -> None:
        """Look, and tell of what is new."""
        shortage = self.space.shortage()
        if shortage is not None and not self._is_told:
            log.warning("A disk is filling up: %s", shortage)
            with self.context.database.write():
                discord.storage_low(self.context, f"No new rip begins: {shortage}")
        self._is_told = shortage is not None


def _gib(size_bytes: int) -> str:
    # A sender may say any number; no file has more.
    return f"{min(size_bytes, MAX_BYTES) / GIB:.2f} GiB"
