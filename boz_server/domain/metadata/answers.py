"""Shows, episodes and films as providers describe them; the clients are in integrations/."""

from dataclasses import dataclass
from enum import StrEnum


class TVOrder(StrEnum):
    """The order in which a show's episodes are numbered."""

    AIRED = "aired"
    DVD = "dvd"


@dataclass(frozen=True, slots=True)
class Series:
    """A show of TheTVDB."""

    series_id: int
    name: str
    #: Of its first episode; None when unknown.
    year: int | None
    #: Other names, translations among them; never its own.
    aliases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Episode:
    """One episode of a show; None: unknown."""

    #: 0 is the specials.
    season_number: int
    #: From 1.
    number: int
    name: str | None
    runtime_minutes: int | None
    overview: str | None


@dataclass(frozen=True, slots=True)
class Film:
    """A film; None: unknown, or not looked up."""

    #: "omdb" or "tmdb".
    provider: str
    #: The provider's own id: an IMDb id at OMDb, a number at TMDb.
    external_id: str
    title: str
    year: int | None
    runtime_minutes: int | None
    imdb_id: str | None
