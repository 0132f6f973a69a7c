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


class ListedKind(StrEnum):
    """What a disc database says that a title is."""

    EPISODE = "episode"
    MAIN_MOVIE = "main_movie"
    EXTRA = "extra"
    TRAILER = "trailer"
    DELETED_SCENE = "deleted_scene"


@dataclass(frozen=True, slots=True)
class ListedTitle:
    """A title of a disc that a disc database lists, as MakeMKV reads it.

    kind: None if nobody has said what it is, and then nor are the four below known. first, last: an
    episode's numbers; of one episode they are the same, and a play-all may have many.
    """

    index: int
    seconds: int
    #: 0 if unknown, and "" in the two below.
    size_bytes: int = 0
    source_file: str = ""
    segment_map: str = ""
    kind: str | None = None
    name: str | None = None
    season: int | None = None
    first: int | None = None
    last: int | None = None


@dataclass(frozen=True, slots=True)
class ListedDisc:
    """A disc that a disc database lists, of one release of a show or film; None: unknown."""

    #: Of the show or the film.
    name: str
    is_show: bool
    year: int | None
    imdb_id: str | None
    #: TheTVDB's id.
    series_id: int | None
    #: MD5 over its files' sizes, in upper-case hex.
    content_hash: str | None
    titles: tuple[ListedTitle, ...]
