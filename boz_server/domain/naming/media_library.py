"""What a media server says of itself and of its libraries."""

from dataclasses import dataclass
from enum import StrEnum


class LibraryType(StrEnum):
    """What a folder of our library holds."""

    MOVIE = "movie"
    TV = "tv"


@dataclass(frozen=True, slots=True)
class ServerIdentity:
    """Which server it is; None where it does not say."""

    server_name: str | None
    version: str | None


@dataclass(frozen=True, slots=True)
class MediaLibrary:
    """One library of a media server; type: the server's own word, such as "movie" or "tvshows";
    locations: its folders, as the server sees them."""

    id: str
    title: str
    type: str
    locations: tuple[str, ...]
