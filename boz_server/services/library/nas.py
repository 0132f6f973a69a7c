"""The network share, or the folder, that the library is on."""

from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any

from boz_server.domain.naming.media_library import LibraryType
from boz_server.domain.naming.names import safe_relative_path
from boz_server.mounts import MOUNTS, mounts
from boz_server.settings import Settings


class LibraryShare:
    """Whether files can be organized now.

    Each process remembers what it last found, because a dead share blocks every thread that touches
    it.
    """

    def __init__(self, settings: Settings, mounts: Path = MOUNTS) -> None:
        self.settings = settings
        self.mounts = mounts
        self._obstacles: dict[str, str | None] = {}

    def describe(self) -> dict[str, Any]:
        """Return what the settings and the kernel know about the share, without touching it."""
        return {
            "enabled": self.settings.nas_enabled,
            # The library can also be a plain folder that is not a mount.
            "mounted": self._mount() is not None or None in self._obstacles.values(),
            "mount_path": str(self.settings.nas_mount),
            "movie_path": self.settings.nas_movie_path,
            "tv_path": self.settings.nas_tv_path,
            "plex": {"enabled": self.settings.plex_enabled},
        }

    def find_unavailable(self, paths: Iterable[str | None]) -> set[str]:
        """Return the paths in the library where no file can be moved now; `obstacle` says why.

        Touches each of the library's top folders once. The mount point of a share that is not
        mounted is an empty folder like any other, so the library's own folders for films and shows
        must exist. They are created only if a whole file system is mounted: a folder of the host,
        which a container also sees as a mount, could be such an empty mount point.
        """
        by_top: dict[str, set[str]] = {}
        for path in paths:
            if path is not None:
                by_top.setdefault(_top(path), set()).add(path)
        for top in by_top:
            self._obstacles[top] = self._find_obstacle(self.settings.nas_mount / top)
        return {path for top in by_top if self._obstacles[top] for path in by_top[top]}

    def obstacle(self, path: str | None) -> str | None:
        """Say why no file can be moved to a path in the library, as this process last found it."""
        if not self.settings.nas_enabled:
            return "This server has no library: set BOZ_NAS_ENABLED and mount the share."
        return self._obstacles.get(_top(path)) if path else None

    def _find_obstacle(self, folder: Path) -> str | None:
        root = self.settings.nas_mount
        try:
            if folder.is_dir():
                return None
            if self._mount() != "/":
                return (
                    f"The library is not there: {folder} is missing. Mount the share at {root}; if"
                    " it is, make that folder once."
                )
            root.stat()
        except OSError as error:
            return f"The library at {root} does not answer ({error.strerror}): see to the share."
        return None

    def _mount(self) -> str | None:
        """Return which folder of its file system is mounted as the library's root, or None."""
        roots = [each.root for each in mounts(self.mounts) if each.point == self.settings.nas_mount]
        return roots[-1] if roots else None


def is_in_library(settings: Settings, path: Path) -> bool:
    """Whether a path is in the library; the share is not touched."""
    return path.is_relative_to(settings.nas_mount)


def library_folder(settings: Settings, library_type: LibraryType) -> Path:
    """Return the library's folder for films or for shows."""
    paths = {LibraryType.MOVIE: settings.nas_movie_path, LibraryType.TV: settings.nas_tv_path}
    return settings.nas_mount / safe_relative_path(paths[library_type])


def _top(path: str) -> str:
    return PurePosixPath(path).parts[0]
