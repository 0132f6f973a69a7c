"""The network share, or the folder, that the library lies on."""

from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any

from boz_server.domain.naming.media_library import LibraryType
from boz_server.domain.naming.names import safe_relative_path
from boz_server.mounts import MOUNTS, mounts
from boz_server.settings import Settings


class LibraryShare:
    """Says whether files can be filed; the answer is kept, as a dead share blocks whoever asks."""

    def __init__(self, settings: Settings, mounts: Path = MOUNTS) -> None:
        self.settings = settings
        self.mounts = mounts
        self._latest: dict[str, str | None] = {}

    def describe(self) -> dict[str, Any]:
        """Say what the settings and the kernel know of the share, without touching it."""
        return {
            "enabled": self.settings.nas_enabled,
            # A plain folder may be the library as well.
            "mounted": self._mount() is not None or None in self._latest.values(),
            "mount_path": str(self.settings.nas_mount),
            "movie_path": self.settings.nas_movie_path,
            "tv_path": self.settings.nas_tv_path,
            "plex": {"enabled": self.settings.plex_enabled},
        }

    def path(self, place: str | None) -> str | None:
        """Return where a place of the library is on this machine; None for none."""
        return None if place is None else str(self.settings.nas_mount / place)

    def has(self, path: str | None) -> bool:
        """Whether a path lies in the library, by its name alone."""
        return path is not None and Path(path).is_relative_to(self.settings.nas_mount)

    def away(self, places: Iterable[str | None]) -> set[str]:
        """Return at which of these places, below the root, nothing can be filed just now; `latest`
        says why. Each of the library's folders is looked at once.

        The mount point of a share that is not mounted is an empty folder like any other, so the
        library's own folders for films and shows have to be there. Only where a whole file system
        is mounted they are made; a folder of the host that a container sees as a mount may be
        such an empty mount point.
        """
        by_top: dict[str, set[str]] = {}
        for place in places:
            if place is not None:
                by_top.setdefault(_top(place), set()).add(place)
        for top in by_top:
            self._latest[top] = self._obstacle(self.settings.nas_mount / top)
        return {place for top in by_top if self._latest[top] for place in by_top[top]}

    def latest(self, place: str | None) -> str | None:
        """Say why nothing can be filed at a place, as `away` last found it in this process."""
        if not self.settings.nas_enabled:
            return "This server has no library: set BOZ_NAS_ENABLED and mount the share."
        return self._latest.get(_top(place)) if place else None

    def _obstacle(self, folder: Path) -> str | None:
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
        """Which folder of its file system is mounted as the library's root; None where none is."""
        roots = [each.root for each in mounts(self.mounts) if each.point == self.settings.nas_mount]
        return roots[-1] if roots else None


def _top(place: str) -> str:
    return PurePosixPath(place).parts[0]


def library_folder(settings: Settings, library_type: LibraryType) -> Path:
    """Return the folder of the share that films, or shows, are filed in."""
    paths = {LibraryType.MOVIE: settings.nas_movie_path, LibraryType.TV: settings.nas_tv_path}
    return settings.nas_mount / safe_relative_path(paths[library_type])
