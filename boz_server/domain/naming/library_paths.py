"""Paths of finished files in the library, relative to its root, and what to do if one is taken."""

from dataclasses import dataclass
from enum import StrEnum
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


class CollisionPolicy(StrEnum):
    """What to do when a different file has the name; the same file is never stored twice."""

    #: The new file gets a number: "Film (2001) (2).mkv".
    KEEP_BOTH = "keep_both"
    #: The new file stays in the output folder.
    SKIP = "skip"
    #: The old file moves to the library's trash folder.
    REPLACE = "replace"


@dataclass(frozen=True, slots=True)
class Roots:
    """The library's folders for films and for shows, relative to its root."""

    movies: str
    shows: str


@dataclass(frozen=True, slots=True)
class Proposed:
    """What a disc's preview proposes for a title; path: the folder."""

    path: str
    filename: str
    is_extra: bool


@dataclass(frozen=True, slots=True)
class Described:
    """What a user says a file is; None where the file's name says it."""

    media_type: LibraryType | None = None
    year: int | None = None
    season: int | None = None
    episode: int | None = None


def proposed_path(proposed: Proposed, name: str | None, extension: str, roots: Roots) -> str:
    """Return the path of a title's file by the disc's preview, with the file's own extension.

    name: what a user renamed the file to later, without an extension; None when no one did. If it
    reads as an episode or as a film with its year, it decides the folder as well, except for an
    extra.
    """
    filename = safe_component((name or split_extension(proposed.filename)[0]) + extension)
    if name is not None and not proposed.is_extra:
        parsed = parse_media_filename(filename)
        if parsed["media_type"] == "tv" or parsed["year"] is not None:
            return named_path(filename, roots)
    # Safe already when this version wrote it, but an older database may contain any text.
    folder = safe_relative_path(proposed.path)
    return f"{folder}/{filename}" if folder else named_path(filename, roots)


def named_path(filename: str, roots: Roots) -> str:
    """Return the path of a file of which only the name is known."""
    parsed = parse_media_filename(filename)
    if parsed["media_type"] == "tv":
        folder = season_folder(roots.shows, parsed["show_name"], parsed["season"])
    else:
        folder = movie_folder(roots.movies, parsed["movie_name"], parsed["year"])
    return f"{folder}/{safe_component(filename)}"


def described_path(name: str, extension: str, described: Described, roots: Roots) -> str:
    """Return the path of a file that a user described.

    name: of the show or film, or a whole file name without its extension; the description overrides
    what the name says. Raises ValueError for an episode without its season and number.
    """
    name = safe_component(name + extension).removesuffix(extension)
    parsed = parse_media_filename(name + extension)
    media_type = described.media_type or LibraryType(parsed["media_type"])
    if media_type == parsed["media_type"] and described == Described(described.media_type):
        return named_path(name + extension, roots)
    if media_type is LibraryType.MOVIE:
        title = parsed["movie_name"] if parsed["media_type"] == "movie" else name
        year = described.year or (parsed["year"] if parsed["media_type"] == "movie" else None)
        folder = movie_folder(roots.movies, title, year)
        return f"{folder}/{movie_filename(title, year, extension)}"
    show, season, episode = name, described.season, described.episode
    episode_title: str | None = None
    if parsed["media_type"] == "tv":
        show, episode_title = parsed["show_name"], parsed["episode_title"]
        season = parsed["season"] if season is None else season
        episode = parsed["episode"] if episode is None else episode
    if season is None or episode is None:
        raise ValueError("an episode needs its season and its number")
    filename = episode_filename(show, season, episode, episode_title, extension)
    return f"{season_folder(roots.shows, show, season)}/{filename}"


def library_type_of(path: str, roots: Roots) -> LibraryType:
    """Return whether a path in the library is a show's or a film's."""
    shows = PurePosixPath(safe_relative_path(roots.shows))
    is_show = PurePosixPath(path).is_relative_to(shows)
    return LibraryType.TV if is_show else LibraryType.MOVIE
