"""Where a finished file goes in the library."""

from dataclasses import dataclass
from pathlib import PurePosixPath

from boz_server.domain.naming.media_library import LibraryType
from boz_server.domain.naming.names import (
    episode_filename,
    movie_filename,
    movie_folder,
    parse_media_filename,
    safe_component,
    safe_relative_path,
    season_folder,
    split_extension,
)


@dataclass(frozen=True, slots=True)
class Roots:
    """The library's folders for films and for shows, below its root."""

    movies: str
    shows: str


@dataclass(frozen=True, slots=True)
class Proposed:
    """What the preview of a disc says of a title: its folder and file name, and whether it is an
    extra."""

    path: str
    filename: str
    is_extra: bool


@dataclass(frozen=True, slots=True)
class Described:
    """What a person says that a file is; None where only its name speaks."""

    media_type: LibraryType | None = None
    year: int | None = None
    season: int | None = None
    episode: int | None = None


def proposed_place(proposed: Proposed, name: str | None, extension: str, roots: Roots) -> str:
    """Where a title's file goes that the preview has named; with the extension of the file itself.

    name: what a person called it after that, without an extension; None where no one did. A name
    that reads as an episode or as a film with its year is filed as one, but not an extra's.
    """
    filename = safe_component((name or split_extension(proposed.filename)[0]) + extension)
    if name is not None and not proposed.is_extra:
        said = parse_media_filename(filename)
        if said["media_type"] == "tv" or said["year"] is not None:
            return named_place(filename, roots)
    # Safe already where this version wrote it; a database of an earlier one may hold any text.
    folder = safe_relative_path(proposed.path)
    return f"{folder}/{filename}" if folder else named_place(filename, roots)


def named_place(filename: str, roots: Roots) -> str:
    """Where a file goes of which only its name is known."""
    said = parse_media_filename(filename)
    if said["media_type"] == "tv":
        folder = season_folder(roots.shows, said["show_name"], said["season"])
    else:
        folder = movie_folder(roots.movies, said["movie_name"], said["year"])
    return f"{folder}/{safe_component(filename)}"


def described_place(name: str, extension: str, said: Described, roots: Roots) -> str:
    """Where a file goes that a person has described; raises ValueError for an episode without its
    season and number.

    name: of the show or film, or a whole file name without its extension, of which what is said
    beside it takes the place.
    """
    name = safe_component(name + extension).removesuffix(extension)
    known = parse_media_filename(name + extension)
    media_type = said.media_type or LibraryType(known["media_type"])
    if media_type == known["media_type"] and said == Described(said.media_type):
        return named_place(name + extension, roots)
    if media_type is LibraryType.MOVIE:
        title = known["movie_name"] if known["media_type"] == "movie" else name
        year = said.year or (known["year"] if known["media_type"] == "movie" else None)
        folder = movie_folder(roots.movies, title, year)
        return f"{folder}/{movie_filename(title, year, extension)}"
    show, season, episode = name, said.season, said.episode
    episode_title: str | None = None
    if known["media_type"] == "tv":
        show, episode_title = known["show_name"], known["episode_title"]
        season = known["season"] if season is None else season
        episode = known["episode"] if episode is None else episode
    if season is None or episode is None:
        raise ValueError("an episode needs its season and its number")
    filename = episode_filename(show, season, episode, episode_title, extension)
    return f"{season_folder(roots.shows, show, season)}/{filename}"


def media_of(place: str, roots: Roots) -> LibraryType:
    """Whether a path of the library is a show's or a film's."""
    shows = PurePosixPath(safe_relative_path(roots.shows))
    is_show = PurePosixPath(place).is_relative_to(shows)
    return LibraryType.TV if is_show else LibraryType.MOVIE
