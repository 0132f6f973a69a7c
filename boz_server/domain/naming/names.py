"""File and folder names that every disk accepts and that Plex and Jellyfin understand.

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
# Composing accents takes quadratic time in a hostile text: longer ones lose their middle.
_MAX_TEXT_LENGTH = 1000
# Leaves room for an episode's number and title after a very long show name.
_MAX_NAME_BYTES = 120
_MAX_EDITION_BYTES = 40

_SEPARATORS = re.compile(r"[/\\]")
_FORBIDDEN = re.compile(r'[<>"|?*]')
# Control characters and line separators; characters that reverse the writing direction, which show
# "exe.jpg" as "gpj.exe"; halves of surrogate pairs, which no file system accepts.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_MAX_EXTENSION_LENGTH = 6  # with its dot
_ANY_EXTENSION = ".mkv"
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
_EXTRA = " - Extra "
_AFTER_EXTRA = re.compile(
    r"(?P<number>[0-9]{2,6})(?: - (?P<detail>.+))?\.(?P<extension>[A-Za-z0-9]{1,5})", re.DOTALL
)
_YEAR_SUFFIX = re.compile(
    r"(?<=\S) \(((?:19|20)[0-9]{2})\)(?: \{edition-[^{}]*\})?(?: - pt[0-9]{1,2})?\Z"
)


class TvFile(TypedDict):
    """An episode's file name, parsed; for a double episode ("S01E01-E02") the first number.

    episode_title: None when the name has none. extension: with its dot, or "".
    """

    media_type: Literal["tv"]
    show_name: str
    season: int
    episode: int
    episode_title: str | None
    extension: str


class MovieFile(TypedDict):
    """A film's file name, parsed; any name that isn't an episode's counts as a film's.

    year: None when the name has none. extension: with its dot, or "".
    """

    media_type: Literal["movie"]
    movie_name: str
    year: int | None
    extension: str


def safe_component(text: str, fallback: str = "Unnamed") -> str:
    """Return a file or folder name that Windows, macOS, Linux and SMB shares all accept.

    At most 200 bytes of UTF-8; keeps an extension of up to five characters. Idempotent. fallback:
    used when nothing of the text is left.
    """
    return _safe(text) or _safe(fallback) or "Unnamed"


def safe_relative_path(text: str) -> str:
    """Return a path with each part made safe, joined by "/"; "" when nothing is left.

    Accepts either slash. Drops "..", drive letters and a leading slash, so that the path never
    leads out of the folder that it is put in.
    """
    parts = (_safe(part) for part in _SEPARATORS.split(text) if not _DRIVE.fullmatch(part))
    return "/".join(part for part in parts if part)


def file_name(name: str, sent_as: str) -> str:
    """Return a safe name for a file, with the extension of the sender's own name for it."""
    extension = PurePosixPath(sent_as).suffix
    if not name.lower().endswith(extension.lower()):
        name += extension
    return safe_component(name)


def file_stem(name: str, number: int = 1) -> str:
    """Return a safe name for a file, without the extension that its writer will add. Idempotent.

    number: from 2 on, added to tell it from others of that name: "Film (2001) (2)".
    """
    suffix = f" ({number})" if number > 1 else ""
    most = MAX_COMPONENT_BYTES - _MAX_EXTENSION_LENGTH - len(suffix)
    return safe_component(_cut(safe_component(name), most) + suffix + _ANY_EXTENSION).removesuffix(
        _ANY_EXTENSION
    )


def file_key(stem: str) -> str:
    """Return what two names have in common that are one file where case doesn't count."""
    return file_stem(stem).casefold()


def episode_filename(
    show: str,
    season: int,
    episode: int,
    title: str | None = None,
    extension: str = "mkv",
    *,
    last: int | None = None,
) -> str:
    """Return "Show - S01E02 - Title.mkv", or "Show - S01E02.mkv" without a title.

    last: the second number of a double episode, "Show - S01E01-E02.mkv", as Plex ("Naming and
    organizing your TV show files") and Jellyfin write it.
    """
    number = f" - S{season:02d}E{episode:02d}"
    if last is not None and last > episode:
        number += f"-E{last:02d}"
    return _filename(show, number, title, extension)


def movie_filename(
    title: str,
    year: int | None = None,
    extension: str = "mkv",
    *,
    edition: str | None = None,
    part: int | None = None,
) -> str:
    """Return "Movie (2008).mkv", or "Movie.mkv" without a year.

    edition: "Movie (2008) {edition-Director's Cut}.mkv" (support.plex.tv, "Multiple Editions").
    part: of a film on several discs, "Movie (2008) - pt1.mkv", as Plex and Jellyfin write it.
    """
    tag = ""
    if edition:
        safe = _cut(_safe(edition.replace("{", "").replace("}", "")), _MAX_EDITION_BYTES)
        tag = f" {{edition-{safe}}}" if safe else ""
    detail = None if part is None else f"pt{part}"
    return _filename(title, _year_suffix(year) + tag, detail, extension)


def extra_filename(
    name: str, number: int, title_name: str | None = None, extension: str = "mkv"
) -> str:
    """Return "The Princess Bride - Extra 03.mkv", with " - Bloopers" when the extra has a name.

    name: of the movie or show. number: tells its extras apart.
    """
    return _filename(name, f"{_EXTRA}{number:02d}", title_name, extension)


def extra_number(name: str, filename: str) -> int | None:
    """Return the number in an extra's file name; None for any other file name.

    name: of the movie or show.
    """
    match = _extra_of(name, filename)
    return int(match["number"]) if match else None


def with_extra_number(name: str, filename: str, number: int) -> str:
    """Return an extra's file name with another number; any other file name as it is."""
    match = _extra_of(name, filename)
    if match is None or int(match["number"]) == number:
        return filename
    return extra_filename(name, number, match["detail"], match["extension"])


def season_folder(tv_path: str, show: str, season: int) -> str:
    """Return "TV Shows/Show/Season 01"; season 0 is "Season 00", which Plex shows as Specials."""
    return _joined(tv_path, _shortened(show), f"Season {season:02d}")


def movie_folder(movie_path: str, title: str, year: int | None = None) -> str:
    """Return "Movies/Movie (2008)", or "Movies/Movie" without a year."""
    return _joined(movie_path, _shortened(title) + _year_suffix(year))


def extras_folder(parent: str, title_name: str = "") -> str:
    """Return the folder for an extra, inside that of its film, show or season.

    The title's name decides between the folders of Plex ("Local Files for Trailers and Extras") and
    Jellyfin (its page "movies", section "Extras Folders", since 10.9); "Other" fits any extra.
    """
    words = " ".join(re.findall(r"[^\W_]+", title_name.casefold()))
    for folder, pattern in _EXTRAS_FOLDERS:
        if pattern.search(words):
            return _joined(parent, folder)
    return _joined(parent, "Other")


def split_extension(filename: str) -> tuple[str, str]:
    """Split a file's name from its extension with the dot, "" unless it has 1 to 5 letters and
    digits."""
    extension = match[0] if (match := _EXTENSION.search(filename)) else ""
    return filename.removesuffix(extension), extension


def parse_media_filename(filename: str) -> TvFile | MovieFile:
    """Parse a file's name into the API's `metadata`; never raises.

    Understands the names that this module writes. Ignores folders.
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
    """Return the safe form of one component, "" when nothing is left.

    The order makes it idempotent: composing comes after the removals, which can bring a letter and
    its accent together, and cutting comes last.
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
    """Cut to at most `max_bytes` of UTF-8: whole characters, no dot or space at the end."""
    return text.encode()[:max_bytes].decode(errors="ignore").rstrip(" .")


def _shortened(name: str) -> str:
    """Return a safe name that leaves room for what follows it in the same component."""
    return _cut(safe_component(name), _MAX_NAME_BYTES)


def _filename(name: str, tag: str, detail: str | None, extension: str) -> str:
    """Return name, tag and detail as one file name; only a long detail may be cut off."""
    safe_detail = _safe(detail or "")
    suffix = f" - {safe_detail}" if safe_detail else ""
    return safe_component(f"{_shortened(name)}{tag}{suffix}.{extension.lstrip('.')}")


def _extra_of(name: str, filename: str) -> re.Match[str] | None:
    prefix = f"{_shortened(name)}{_EXTRA}"
    rest = filename.removeprefix(prefix)
    return None if rest == filename else _AFTER_EXTRA.fullmatch(rest)


def _year_suffix(year: int | None) -> str:
    return "" if year is None else f" ({year})"


def _joined(*parts: str) -> str:
    return safe_relative_path("/".join(parts))
