"""Plex, Jellyfin and Emby: asked to scan new files, and to say how they are."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path, PurePosixPath
from typing import Protocol
from urllib.parse import urlsplit

from boz_server.context import Context
from boz_server.domain.naming.media_library import LibraryType, Section, ServerIdentity
from boz_server.domain.naming.path_map import PathMap, lies_in
from boz_server.errors import Invalid, NotFound, RecipientUnavailable, Refused
from boz_server.integrations.jellyfin import emby, jellyfin
from boz_server.integrations.plex import Plex
from boz_server.services.library.nas import library_folder
from boz_server.services.notifications.outbox import Sender
from boz_server.settings import Settings

#: The longest that a request waits for a media server.
ASK_SECONDS = 6.0


class MediaServer(Protocol):
    """A media server. Every method may raise RecipientUnavailable."""

    path_map: PathMap

    def identity(self, deadline: float) -> ServerIdentity:
        """Return its name and version."""

    def sections(self, deadline: float) -> list[Section]:
        """Return its sections."""

    def scan(self, folder: str, library_type: LibraryType, deadline: float) -> None:
        """Have it look for changes in a folder of our library."""


#: Builds the client of each media server, by the name that settings and URLs have for it.
CLIENTS: Mapping[str, Callable[[Settings], MediaServer]] = {
    "plex": Plex,
    "jellyfin": jellyfin,
    "emby": emby,
}


@dataclass(frozen=True, slots=True)
class ServerStatus:
    """How a media server is; error: why it is not connected, None when it is, or is disabled."""

    enabled: bool
    connected: bool
    url: str
    server_name: str | None = None
    version: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class ServerReport:
    """What a media server says about itself; warnings: what its settings get wrong."""

    server: str
    server_name: str | None
    version: str | None
    libraries: list[Section]
    warnings: list[str]


def announce(context: Context, folder: Path, media_type: LibraryType) -> None:
    """Have every enabled server scan a folder of the library that got a new file.

    Runs inside the `write()` that organizes the file. The servers are asked after
    BOZ_PLEX_SCAN_DELAY_SECONDS, once for all the files that arrive until then.
    """
    delay = timedelta(seconds=context.settings.plex_scan_delay_seconds)
    payload = {"folder": str(folder), "media_type": media_type}
    for name in enabled(context.settings):
        context.stores.outbox.enter(
            name, payload, context.clock.now(), key=f"{media_type}:{folder}", delay=delay
        )


def enabled(settings: Settings) -> list[str]:
    """Return the names of the servers that the settings enable."""
    flags = {
        "plex": settings.plex_enabled,
        "jellyfin": settings.jellyfin_enabled,
        "emby": settings.emby_enabled,
    }
    return [name for name in CLIENTS if flags[name]]


def senders(settings: Settings) -> Mapping[str, Sender]:
    """Build what asks the enabled servers for scans: {kind in the outbox: sender}."""
    return {name: _scans(CLIENTS[name](settings)) for name in enabled(settings)}


def status(context: Context, name: str) -> ServerStatus:
    """Ask a server whether it can be used; never fails."""
    context.database.refuse_transaction()
    settings = context.settings
    url = _without_password(getattr(settings, f"{name}_url"))
    if name not in enabled(settings):
        return ServerStatus(enabled=False, connected=False, url=url)
    try:
        found = CLIENTS[name](settings).identity(_deadline())
    except RecipientUnavailable as error:
        return ServerStatus(enabled=True, connected=False, url=url, error=error.detail)
    return ServerStatus(True, True, url, found.server_name, found.version)


def sections(context: Context, name: str) -> list[Section]:
    """Ask a server for its sections; raises Refused when it is disabled."""
    context.database.refuse_transaction()
    return _client(context.settings, name).sections(_deadline())


def check(context: Context, name: str) -> ServerReport:
    """Try a server with its settings: address, key, and whether its sections have our folders.

    Raises NotFound for an unknown kind of server, Refused when it is disabled, and
    RecipientUnavailable, which says what is wrong.
    """
    context.database.refuse_transaction()
    server = _client(context.settings, name)
    deadline = _deadline()
    identity, found = server.identity(deadline), server.sections(deadline)
    places = [place for section in found for place in section.locations]
    warnings = []
    for library_type in LibraryType:
        folder = str(library_folder(context.settings, library_type))
        path = server.path_map.theirs(folder)
        if not any(lies_in(path, place) or lies_in(place, path) for place in places):
            warnings.append(
                f"None of its libraries has our folder {folder!r}, which is {path!r} there: see"
                f" BOZ_{name.upper()}_PATH_MAP."
            )
    return ServerReport(name, identity.server_name, identity.version, found, warnings)


def scan_plex(context: Context, media_type: str, path: str | None) -> None:
    """Have Plex scan a folder of the library of films ("movie") or shows ("tv") now.

    path: absolute; None for the whole library. Raises Invalid for any other folder, Refused
    when Plex is disabled, and RecipientUnavailable.
    """
    context.database.refuse_transaction()
    _require_enabled(context.settings, "plex")
    if media_type not in list(LibraryType):
        raise Invalid("media_type", f"Must be one of {', '.join(LibraryType)}.")
    library_type = LibraryType(media_type)
    root = library_folder(context.settings, library_type)
    folder = str(root) if path is None else _folder_in(root, path)
    plex = Plex(context.settings)
    plex.scan(folder, library_type, _deadline(), whole=path is None)


def _scans(server: MediaServer) -> Sender:
    return lambda payload, deadline: server.scan(
        payload["folder"], LibraryType(payload["media_type"]), deadline
    )


def _client(settings: Settings, name: str) -> MediaServer:
    _require_enabled(settings, name)
    return CLIENTS[name](settings)


def _require_enabled(settings: Settings, name: str) -> None:
    if name not in CLIENTS:
        raise NotFound(f"There is no media server {name!r}: it is one of {', '.join(CLIENTS)}.")
    if name not in enabled(settings):
        setting = f"BOZ_{name.upper()}_ENABLED"
        raise Refused(f"{name.capitalize()} is not enabled: set {setting}=true and restart.")


def _folder_in(root: Path, path: str) -> str:
    """Check a path by its text alone: looking at it would block when the share is dead."""
    folder = PurePosixPath(path)
    # A server on Windows reads a backslash as a slash.
    if not folder.is_relative_to(root) or ".." in folder.parts or "\\" in path:
        raise Invalid("path", f"Must be an absolute path of a folder in {str(root)!r}.")
    return str(folder)


def _deadline() -> float:
    return time.monotonic() + ASK_SECONDS


def _without_password(url: str) -> str:
    """Return a URL without its user and password."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
