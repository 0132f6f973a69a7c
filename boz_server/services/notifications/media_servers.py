"""Plex, Jellyfin and Emby: told of new files, and asked how they are."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path, PurePosixPath
from typing import Protocol, cast
from urllib.parse import urlsplit

from boz_server.domain.naming.media_library import LibraryType, MediaLibrary, ServerIdentity
from boz_server.domain.naming.path_map import PathMap, lies_in
from boz_server.errors import Invalid, NotFound, RecipientUnavailable, Refused
from boz_server.integrations.plex import Plex
from boz_server.services.library.nas import library_folder
from boz_server.services.notifications.outbox import Outbox
from boz_server.settings import Settings

#: The media servers, by the names that settings and addresses have for them.
NAMES = ("plex", "jellyfin", "emby")
#: The longest that a request waits for a media server.
ASK_SECONDS = 6.0


class MediaServer(Protocol):
    """A media server. Every method may raise RecipientUnavailable."""

    path_map: PathMap

    def identity(self, deadline: float) -> ServerIdentity:
        """Return which server it is."""

    def libraries(self, deadline: float) -> list[MediaLibrary]:
        """Return its libraries."""

    def scan(self, folder: str, library_type: LibraryType, deadline: float) -> None:
        """Have it look for changes in a folder of ours."""


@dataclass(frozen=True, slots=True)
class ServerStatus:
    """How a media server is; error: why it is not connected, or null where it is, or disabled."""

    enabled: bool
    connected: bool
    url: str
    server_name: str | None = None
    version: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class ServerReport:
    """What a media server that can be used says of itself; warnings: what to look after."""

    server: str
    server_name: str | None
    version: str | None
    libraries: list[MediaLibrary]
    warnings: list[str]


class MediaServers:
    """Speaks with the media servers that the settings enable."""

    def __init__(
        self, settings: Settings, outbox: Outbox, servers: Mapping[str, MediaServer]
    ) -> None:
        self.settings = settings
        self.outbox = outbox
        self.servers = servers

    def announce(self, folder: Path, media_type: LibraryType) -> None:
        """Have every enabled server scan a folder of the library that a file was filed in.

        Runs inside the `write()` of the caller, who has filed it; the servers are asked after
        BOZ_PLEX_SCAN_DELAY_SECONDS, once for all files that arrive until then.
        """
        delay = timedelta(seconds=self.settings.plex_scan_delay_seconds)
        payload = {"folder": str(folder), "media_type": media_type}
        for name in self.servers:
            self.outbox.enter(name, payload, key=f"{media_type}:{folder}", delay=delay)

    def status(self, name: str) -> ServerStatus:
        """Say whether a server can be used; asks it, and never fails."""
        url = _shown(getattr(self.settings, f"{name}_url"))
        server = self.servers.get(name)
        if server is None:
            return ServerStatus(enabled=False, connected=False, url=url)
        try:
            found = server.identity(_soon())
        except RecipientUnavailable as error:
            return ServerStatus(enabled=True, connected=False, url=url, error=error.detail)
        return ServerStatus(True, True, url, found.server_name, found.version)

    def libraries(self, name: str) -> list[MediaLibrary]:
        """Return a server's libraries; raises Refused when it is disabled."""
        return self._enabled(name).libraries(_soon())

    def test(self, name: str) -> ServerReport:
        """Try a server with its settings: address, key, and whether it has our folders.

        Raises NotFound when there is no such kind of server, Refused when it is disabled, and
        RecipientUnavailable, which says what is wrong.
        """
        server = self._enabled(name)
        deadline = _soon()
        identity, libraries = server.identity(deadline), server.libraries(deadline)
        warnings = []
        for library_type in LibraryType:
            folder = str(library_folder(self.settings, library_type))
            path = server.path_map.theirs(folder)
            places = [place for library in libraries for place in library.locations]
            if not any(lies_in(path, place) or lies_in(place, path) for place in places):
                warnings.append(
                    f"None of its libraries has our folder {folder!r}, which is {path!r} there: see"
                    f" BOZ_{name.upper()}_PATH_MAP."
                )
        return ServerReport(name, identity.server_name, identity.version, libraries, warnings)

    def scan_plex(self, media_type: str, path: str | None) -> None:
        """Have Plex scan a folder of the library of films ("movie") or shows ("tv") at once.

        path: absolute; None for the whole library. Raises Invalid for any other folder, Refused
        when Plex is disabled, and RecipientUnavailable.
        """
        plex = cast(Plex, self._enabled("plex"))
        if media_type not in list(LibraryType):
            raise Invalid("media_type", f"Must be one of {', '.join(LibraryType)}.")
        library_type = LibraryType(media_type)
        root = library_folder(self.settings, library_type)
        folder = str(root) if path is None else _folder_in(root, path)
        plex.scan(folder, library_type, _soon(), whole=path is None)

    def _enabled(self, name: str) -> MediaServer:
        if name not in NAMES:
            raise NotFound(f"There is no media server {name!r}: it is one of {', '.join(NAMES)}.")
        server = self.servers.get(name)
        if server is None:
            setting = f"BOZ_{name.upper()}_ENABLED"
            raise Refused(f"{name.capitalize()} is not enabled: set {setting}=true and restart.")
        return server


def _folder_in(root: Path, path: str) -> str:
    """Check a path by its words alone: a dead share would block whoever looks at it."""
    folder = PurePosixPath(path)
    # A backslash would be one more slash to a server on Windows.
    if not folder.is_relative_to(root) or ".." in folder.parts or "\\" in path:
        raise Invalid("path", f"Must be an absolute path of a folder in {str(root)!r}.")
    return str(folder)


def _soon() -> float:
    return time.monotonic() + ASK_SECONDS


def _shown(url: str) -> str:
    """Return an address without the password that may be in it."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
