"""File and folder names that every disk takes and that Plex and Jellyfin understand.

Folder names follow Plex ("Local Files for Trailers and Extras" and "Naming and organizing your
TV show files", support.plex.tv) and Jellyfin (jellyfin.org/docs/general/server/media, the pages
"movies" and "shows").
"""

import re
import unicodedata
from pathlib import PurePosixPath
from typing import Literal, TypedDict

#: Of a name as a client sends it, before it is made safe.
MAX_NAME_LENGTH = 255
MAX_COMPONENT_BYTES = 200
# Composing accents takes time quadratic in a hostile text's length: longer ones lose their middle.
_MAX_TEXT_LENGTH = 1000
# Leaves an episode's number and its title their room after a very long show's name.
_MAX_NAME_BYTES = 120
_MAX_EDITION_BYTES = 40

_SEPARATORS = re.compile(r"[/\\]")
_FORBIDDEN = re.compile(r'[<>"|?*]')
# Control characters and line separators; those that turn the direction of writing, which make
# "gpj.exe" out of "exe.jpg"; halves of surrogate pairs, which no file system takes.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_MAX_EXTENSION_LENGTH = 6  # with its dot
_EXTENSION = re.compile(r"\.[A-Za-z0-9]{1,5}\Z")
_DRIVE = re.compile(r"[A-Za-z]:")
# "Naming Files, Paths, and Namespaces", learn.microsoft.com.
_RESERVED = frozenset(
    ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"]
    + [f"{port}{number}" for port in ("COM", "LPT") for number in "0123456789¹²³"]
)

_EXTRAS_FOLDERS = tuple(
    (folder, re.compile(rf"\b(?:{words})\b"))
    for folder, words in (
        ("Deleted Scenes", "(?:deleted|extended|alternate) (?:scenes?|endings?)"),
        ("Trailers", "trailers?|teasers?|promos?"),
        ("Behind The Scenes", "behind the scenes|making of|storyboards?|screen tests?"),
        ("Interviews", "interviews?"),
        ("Featurettes", "featurettes?|documentar(?:y|ies)"),
    )
)

_TV_NAME = re.compile(
    r"(?P<show>.+?) - S(?P<season>[0-9]{1,4})E(?P<episode>[0-9]{1,4})(?:-?E[0-9]{1,4})?"
    r"(?: - (?P<title>.+))?",
    re.IGNORECASE | re.DOTALL,
)
_YEAR_SUFFIX = re.compile(r"(?<=\S) \(((?:19|20)[0-9]{2})\)(?: \{edition-[^{}]*\})?\Z")


class TvFile(TypedDict):
    """What an episode's file name says; the first episode of a double one ("S01E01-E02").

    episode_title: None when the name has none. extension: with its dot, "" when there is none.
    """

    media_type: Literal["tv"]
    show_name: str
    season: int
    episode: int
    episode_title: str | None
    extension: str


class MovieFile(TypedDict):
    """What a film's file name says; any name that is no episode's is a film's.

    year: None when the name has none. extension: with its dot, "" when there is none.
    """

    media_type: Literal["movie"]
    movie_name: str
    year: int | None
    extension: str


def safe_component(text: str, fallback: str = "Unnamed") -> str:
    """One file or folder name that Windows, macOS, Linux and SMB shares all accept.

    At most 200 bytes of UTF-8, an extension of up to five characters kept; the same again
    when given its own answer. The fallback stands in when nothing of the text is left.
    """
    return _safe(text) or _safe(fallback) or "Unnamed"


def safe_relative_path(text: str) -> str:
    """A path with each part made safe, joined by "/"; "" when nothing is left.

    Takes either slash. "..", drive letters and a leading slash are dropped, so that the
    answer never leads out of the folder it is put under.
    """
    parts = (_safe(part) for part in _SEPARATORS.split(text) if not _DRIVE.fullmatch(part))
    return "/".join(part for part in parts if part)


def file_name(name: str, sent_as: str) -> str:
    """A safe name for a file, with the extension of the sender's own name for it."""
    extension = PurePosixPath(sent_as).suffix
    if not name.lower().endswith(extension.lower()):
        name += extension
    return safe_component(name)


def episode_filename(
    show: str,
    season: int,
    episode: int,
    title: str | None = None,
    extension: str = "mkv",
    *,
    last: int | None = None,
) -> str:
    """As in "Show - S01E02 - Title.mkv", or "Show - S01E02.mkv" without a title.

    last: the second number of two episodes in one, "Show - S01E01-E02.mkv", which is the form of
    Plex ("Naming and organizing your TV show files") and Jellyfin.
    """
    number = f" - S{season:02d}E{episode:02d}"
    if last is not None and last > episode:
        number += f"-E{last:02d}"
    return _filename(show, number, title, extension)


def movie_filename(
    title: str, year: int | None = None, extension: str = "mkv", *, edition: str | None = None
) -> str:
    """As in "Movie (2008).mkv", or "Movie.mkv" without a year.

    edition: "Movie (2008) {edition-Director's Cut}.mkv" (support.plex.tv, "Multiple Editions").
    """
    tag = ""
    if edition:
        safe = _cut(_safe(edition.replace("{", "").replace("}", "")), _MAX_EDITION_BYTES)
        tag = f" {{edition-{safe}}}" if safe else ""
    return _filename(title, _year_suffix(year) + tag, None, extension)


def extra_filename(
    name: str, number: int, title_name: str | None = None, extension: str = "mkv"
) -> str:
    """As in "The Princess Bride - Extra 03.mkv", with " - Bloopers" when the extra has a name.

    name: of the movie or show. number: tells the extras of a disc apart.
    """
    return _filename(name, f" - Extra {number:02d}", title_name, extension)


def season_folder(tv_path: str, show: str, season: int) -> str:
    """As in "TV Shows/Show/Season 01"; season 0 is "Season 00", which Plex shows as Specials."""
    return _joined(tv_path, _shortened(show), f"Season {season:02d}")


def movie_folder(movie_path: str, title: str, year: int | None = None) -> str:
    """As in "Movies/Movie (2008)", or "Movies/Movie" without a year."""
    return _joined(movie_path, _shortened(title) + _year_suffix(year))


def extras_folder(parent: str, title_name: str = "") -> str:
    """The folder for an extra of a film, show or season, inside its own.

    By what the title's name says, as Plex ("Local Files for Trailers and Extras") and Jellyfin
    (its page "movies", section "Extras Folders", since 10.9) name such folders; else "Other",
    the one without a claim to a kind of extra.
    """
    words = " ".join(re.findall(r"[^\W_]+", title_name.casefold()))
    for folder, pattern in _EXTRAS_FOLDERS:
        if pattern.search(words):
            return _joined(parent, folder)
    return _joined(parent, "Other")


def split_extension(filename: str) -> tuple[str, str]:
    """A file's name and its extension with the dot; "" where it has none of 1 to 5 letters and
    digits."""
    extension = match[0] if (match := _EXTENSION.search(filename)) else ""
    return filename.removesuffix(extension), extension


def parse_media_filename(filename: str) -> TvFile | MovieFile:
    """The `metadata` of the API for a file's name; reads what this module writes, never raises.

    A path's folders are ignored.
    """
    stem, extension = split_extension(_SEPARATORS.split(filename)[-1])
    if match := _TV_NAME.fullmatch(stem):
        return TvFile(
            media_type="tv",
            show_name=match["show"],
            season=int(match["season"]),
            episode=int(match["episode"]),
            episode_title=match["title"],
            extension=extension,
        )
    match = _YEAR_SUFFIX.search(stem)
    return MovieFile(
        media_type="movie",
        movie_name=stem[: match.start()] if match else stem,
        year=int(match[1]) if match else None,
        extension=extension,
    )


def _safe(text: str) -> str:
    """The safe form of one component, "" when nothing is left.

    The order matters for idempotence: composing comes after the removals that bring a letter
    and its accent together, cutting comes last.
    """
    if len(text) > _MAX_TEXT_LENGTH:
        text = text[:_MAX_TEXT_LENGTH] + text[-_MAX_EXTENSION_LENGTH:]
    text = _SEPARATORS.sub("-", _FORBIDDEN.sub("", text.replace(":", " -")))
    text = unicodedata.normalize("NFC", _CONTROL.sub(" ", text))
    text = " ".join(text.split()).lstrip(" .").rstrip(" .")
    stem, dot, rest = text.partition(".")
    if stem.rstrip().upper() in _RESERVED:
        text = f"{stem.rstrip()}_{dot}{rest}"
    if len(text.encode()) <= MAX_COMPONENT_BYTES:
        return text
    stem, extension = split_extension(text)
    return _cut(stem, MAX_COMPONENT_BYTES - len(extension)) + extension


def _cut(text: str, max_bytes: int) -> str:
    """At most so many bytes of UTF-8, no character in halves, no dot or space at the end."""
    return text.encode()[:max_bytes].decode(errors="ignore").rstrip(" .")


def _shortened(name: str) -> str:
    """A safe name with room for what follows it in the same component."""
    return _cut(safe_component(name), _MAX_NAME_BYTES)


def _filename(name: str, tag: str, detail: str | None, extension: str) -> str:
    """Name, tag and detail as one file name; a tag is never cut off, a long detail is."""
    safe_detail = _safe(detail or "")
    suffix = f" - {safe_detail}" if safe_detail else ""
    return safe_component(f"{_shortened(name)}{tag}{suffix}.{extension.lstrip('.')}")


def _year_suffix(year: int | None) -> str:
    return "" if year is None else f" ({year})"


def _joined(*parts: str) -> str:
    return safe_relative_path("/".join(parts))
