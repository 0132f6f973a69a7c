"""Reads volume labels: "BREAKING_BAD_S01_D2" is season 1, disc 2 of "Breaking Bad"."""

import re
import unicodedata
from dataclasses import dataclass

MAX_NAME_LENGTH = 200
# Real labels have 32 characters (ISO 9660, UDF: 127); whatever is longer is no label.
_MAX_LABEL_LENGTH = 1000

# Never at the start of a word's middle: "OCEANS_8" holds no season 8. "S1" may be glued to
# what stands around it: "DS9S1D1".
_SEASON = re.compile(
    r"(?<![^\W\d_])(?:(?:season|series) ?|s)([0-9]{1,2})(?=d(?:is[ck])? ?[0-9]|[^a-z0-9]|$)",
    re.IGNORECASE,
)
# The short form needs something before it: "D2_THE_MIGHTY_DUCKS" is a film.
_DISC = re.compile(
    r"(?:(?<![^\W_])(?:disc|disk|dvd) ?|(?<= )d)([0-9]{1,2})(?![^\W_])", re.IGNORECASE
)
_YEAR_IN_PARENTHESES = re.compile(r"(?<=[^ (]) ?\(((?:19|20)[0-9]{2})\)")
_YEAR = re.compile(r"(?:19|20)[0-9]{2}")

_GLUED_NUMBER = re.compile(r"(?<![^\W_])([0-9]+)([^\W\d_]{3,})(?![^\W_])")
_ROMAN_NUMBER = re.compile(r"[IVX]{2,}")
_NOISE = frozenset(
    ["ws", "fs", "16x9", "4x3", "se", "uhd", "bd", "dvd", "ntsc", "pal", "r1", "na", "ext"]
)
_SMALL_WORDS = frozenset(["of", "the", "and", "a", "an", "in", "on", "at", "to", "for", "vs"])
_MEANINGLESS = frozenset(
    {
        "blu ray",
        "bluray",
        "cdrom",
        "dvd rom",
        "dvd video",
        "dvd volume",
        "dvdrom",
        "dvdvideo",
        "dvdvolume",
        "logical volume id",
        "no label",
        "unknown",
        "untitled",
        "video",
        "volume id",
    }
)


@dataclass(frozen=True, slots=True)
class DiscLabel:
    """What a volume label says; None wherever it says nothing.

    name: a readable title of at most 200 characters ("Breaking Bad").
    season_number: 0 stands for specials. disc_number: within its box or season.
    year: of release, 1900 to 2099.
    """

    name: str | None
    season_number: int | None
    disc_number: int | None
    year: int | None


def parse_label(label: str) -> DiscLabel:
    """Read any volume label; never raises, and takes time linear in a bounded length."""
    text = _readable(label)
    text, season = _cut_number(_SEASON, text)
    text, disc = _cut_number(_DISC, text)
    text, year = _cut_number(_YEAR_IN_PARENTHESES, text)
    words = _GLUED_NUMBER.sub(r"\1 \2", text).split()
    while words:
        if _is_noise(words[-1]):
            words.pop()
        # Not the whole name: "1917" is a film.
        elif year is None and len(words) > 1 and _YEAR.fullmatch(words[-1]):
            year = int(words.pop())
        else:
            break
    return DiscLabel(_name(words), season, disc, year)


def _readable(label: str) -> str:
    """Single spaces instead of underscores, dots, control characters and the like."""
    text = unicodedata.normalize("NFC", label[:_MAX_LABEL_LENGTH])
    spaced = (c if c.isprintable() and c not in "_." else " " for c in text)
    return " ".join("".join(spaced).split())


def _cut_number(pattern: re.Pattern[str], text: str) -> tuple[str, int | None]:
    """The text without the pattern's first match, and the number in that match."""
    match = pattern.search(text)
    if match is None:
        return text, None
    return f"{text[: match.start()]} {text[match.end() :]}", int(match[1])


def _is_noise(word: str) -> bool:
    """Whether a last word tells of the edition or the region, or is mere punctuation."""
    return word.casefold() in _NOISE or not any(c.isalnum() for c in word)


def _name(words: list[str]) -> str | None:
    """The words as a title; None when they are what authoring software writes by itself."""
    text = " ".join(words).lstrip(" -")
    if not text or text.casefold().replace("-", " ") in _MEANINGLESS:
        return None
    if not (text.isupper() or text.islower()):
        return text[:MAX_NAME_LENGTH].rstrip()
    first, *rest = text.split()
    title = [_capitalised(first)]
    title += [w.lower() if w.lower() in _SMALL_WORDS else _capitalised(w) for w in rest]
    return " ".join(title)[:MAX_NAME_LENGTH].rstrip()


def _capitalised(word: str) -> str:
    """As in "Spider-Man" for "SPIDER-MAN"; Roman numbers stay as they are."""
    if _ROMAN_NUMBER.fullmatch(word):
        return word
    return "-".join(part[:1].upper() + part[1:].lower() for part in word.split("-"))
