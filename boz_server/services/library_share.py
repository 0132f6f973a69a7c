"""The network share that the library lies on."""

from pathlib import Path
from typing import Any

from boz_server.settings import Settings

MOUNTS = Path("/proc/self/mountinfo")
MOUNT_POINT_FIELD = 4


def describe(settings: Settings) -> dict[str, Any]:
    """Say what the settings and the kernel know of the share, without touching it: a dead
    share blocks whoever does."""
    return {
        "enabled": settings.nas_enabled,
        "mounted": is_mounted(settings.nas_mount),
        "mount_path": str(settings.nas_mount),
        "movie_path": settings.nas_movie_path,
        "tv_path": settings.nas_tv_path,
        "plex": {"enabled": settings.plex_enabled},
    }


def is_mounted(folder: Path, mounts: Path = MOUNTS) -> bool:
    """Whether something is mounted at the folder, by the kernel's own list.

    The list writes a blank as \\040 (man 5 proc, mountinfo). Without one (not Linux): False.
    """
    try:
        lines = mounts.read_text().splitlines()
    except OSError:
        return False
    wanted = str(folder).replace(" ", "\\040")
    return any(line.split(" ")[MOUNT_POINT_FIELD] == wanted for line in lines)
