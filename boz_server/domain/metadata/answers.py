"""What is known elsewhere of shows, episodes and films; where it comes from is in integrations/."""

from dataclasses import dataclass
from enum import StrEnum


class TVOrder(StrEnum):
    """In which order a show's episodes are numbered."""

    AIRED = "aired"
    DVD = "dvd"


@dataclass(frozen=True, slots=True)
class Series:
    """A show, as TheTVDB knows it."""

    series_id: int
    name: str
    #: Of its first episode; None where it is not known.
    year: int | None
    #: Other names, translations among them; never its own.
    aliases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Episode:
    """One episode of a show; None stands for what is not known."""

    #: 0 is the specials.
    season_number: int
    #: From 1.
    number: int
    name: str | None
    runtime_minutes: int | None
    overview: str | None


@dataclass(frozen=True, slots=True)
class Film:
    """A film; None stands for what is not known, or was not asked for."""

    #: "omdb" or "tmdb".
    provider: str
    #: The provider's own id: an IMDb id at OMDb, a number at TMDb.
    external_id: str
    title: str
    year: int | None
    runtime_minutes: int | None
    imdb_id: str | None
