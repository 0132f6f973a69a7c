"""What media servers say about themselves and their sections."""

from dataclasses import dataclass
from enum import StrEnum


class LibraryType(StrEnum):
    """What a folder of our library holds."""

    MOVIE = "movie"
    TV = "tv"


@dataclass(frozen=True, slots=True)
class ServerIdentity:
    """A media server's name and version; None when it doesn't say."""

    server_name: str | None
    version: str | None


@dataclass(frozen=True, slots=True)
class Section:
    """One of the libraries that a media server defines.

    type: the server's own word, such as "movie" or "tvshows". locations: its folders, as the
    server sees them.
    """

    id: str
    title: str
    type: str
    locations: tuple[str, ...]
