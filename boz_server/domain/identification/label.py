"""Reads volume labels: "BREAKING_BAD_S01_D2" is season 1, disc 2 of "Breaking Bad"."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from boz_server.domain.identification.title_facts import TitleFacts, common_name

#: Words that studios append to a title: picture, region, format.
NOISE = frozenset(
    [
        *("ws", "fs", "wide", "widescreen", "fullscreen", "full-screen", "16x9", "4x3", "16-9"),
        *("uhd", "4k", "hd", "hdr", "bd", "bd25", "bd50", "bdrom", "bluray", "blu-ray"),
        *("dvd", "dvd5", "dvd9", "dvd-rom", "ntsc", "pal", "disc", "disk", "rental", "retail"),
        *("r0", "r1", "r2", "r3", "r4", "r5", "r6", "na", "us", "usa", "uk", "eu", "des"),
        *("br", "lb", "ww", "intl", "nordic", "ger", "fra", "esp", "ita", "jpn", "aus"),
    ]
)

#: Words of noise that may be a whole title.
WORDS_OF_NOISE = frozenset(["us"])

#: Last words in labels of discs with only extras.
BONUS = frozenset(["bonus", "extras", "supplements", "supplemental", "special features"])

#: Editions in labels, and as Plex shows them (support.plex.tv, "Multiple Editions").
EDITIONS = {
    "ext": "Extended",
    "ee": "Extended",
    "extended": "Extended",
    "extended edition": "Extended",
    "extended cut": "Extended",
    "dc": "Director's Cut",
    "directors cut": "Director's Cut",
    "director cut": "Director's Cut",
    "se": "Special Edition",
    "special edition": "Special Edition",
    "ce": "Collector's Edition",
    "collectors edition": "Collector's Edition",
    "ue": "Ultimate Edition",
    "ultimate edition": "Ultimate Edition",
    "anniversary edition": "Anniversary Edition",
    "unrated": "Unrated",
    "uncut": "Uncut",
    "theatrical": "Theatrical",
    "theatrical cut": "Theatrical",
    "final cut": "Final Cut",
    "remastered": "Remastered",
}

NUMBER_WORDS = {
    word: number
    for number, words in enumerate(
        (
            ("one", "first"),
            ("two", "second"),
            ("three", "third"),
            ("four", "fourth"),
            ("five", "fifth"),
            ("six", "sixth"),
            ("seven", "seventh"),
            ("eight", "eighth"),
            ("nine", "ninth"),
            ("ten", "tenth"),
        ),
        start=1,
    )
    for word in words
}

#: Lower case inside a title.
SMALL_WORDS = frozenset(["of", "the", "and", "a", "an", "in", "on", "at", "to", "for", "vs"])

#: Words of labels that recorders and authoring software write by default: a label of nothing else
#: names nothing.
NAMELESS_WORDS = frozenset(
    [
        *("bd", "bdmv", "blu", "ray", "bluray", "cd", "cdrom", "disc", "disk", "dvd", "dvdrom"),
        *("dvdvideo", "dvdvolume", "hd", "rom", "ts", "uhd", "video", "vr", "vro"),
        *("id", "label", "logical", "name", "new", "title", "volume", "identified", "untitled"),
        *("empty", "my", "no", "none", "not", "unknown", "unnamed"),
        *("copy", "movie", "recorded", "recorder", "recording", "rec", "rw", "r"),
        *("aiwa", "funai", "hitachi", "jvc", "lg", "lite-on", "magnavox", "panasonic", "philips"),
        *("pioneer", "samsung", "sanyo", "sharp", "sony", "toshiba"),
    ]
)

MAX_NAME_LENGTH = 200
# Real labels have 32 characters (ISO 9660; UDF: 127).
_MAX_LABEL_LENGTH = 1000

_NUMBER = rf"([0-9]{{1,2}}|{'|'.join(NUMBER_WORDS)})"
_ENDS = r"(?![^\W_])"
# Not in the middle of a word: "OCEANS_8" has no season 8. But "S1" may touch its neighbours:
# "DS9S1D1".
_SEASON = re.compile(
    r"(?<![^\W\d_])(?:(?:season|series|staffel|saison|temporada)[ -]?|s|ssn ?)([0-9]{1,2})"
    r"(?=d(?:is[ck])? ?[0-9]|e[0-9]|[^a-z0-9]|$)"
    rf"|(?<![^\W_])(?:season|series) {_NUMBER}{_ENDS}"
    rf"|(?<![^\W_])(?:the )?(?:complete )?{_NUMBER}(?:st|nd|rd|th)? season{_ENDS}"
    # "24_SEASON_8" is season 8.
    rf"(?! ?{_NUMBER}{_ENDS})",
    re.IGNORECASE,
)
# "Book 1" is a season of "Avatar" and a part of a film's title in "THE_JUNGLE_BOOK_2".
_BOOK = re.compile(rf"(?<= )book {_NUMBER}{_ENDS}.*", re.IGNORECASE)
# The short form needs something before it: "D2_THE_MIGHTY_DUCKS" is a film.
_DISC = re.compile(
    r"(?:(?<![^\W_])(?:disc|disk|dvd|cd)[ -]?|(?<= )d ?)([0-9]{1,2})(?: ?(?:of|/) ?[0-9]{1,2})?"
    rf"{_ENDS}|(?<= )bd[ -]?([0-9]){_ENDS}|(?<![^\W_])dis[ck] {_NUMBER}{_ENDS}",
    re.IGNORECASE,
)  # fmt: skip
_VOLUME = re.compile(rf"(?<= )(?:volume|vol|v)[. ]{{0,2}}{_NUMBER}{_ENDS}", re.IGNORECASE)
_YEAR_IN_PARENTHESES = re.compile(r"(?<=[^ (]) ?\(((?:19|20)[0-9]{2})\)")
# A later year is a part of the title: "Blade Runner 2049".
_YEAR = re.compile(r"19[0-9]{2}|20[0-3][0-9]")
# Not a part of the name. The two sides of a disc share its number.
_ASIDE = re.compile(
    r"(?<= )(?:side ?[ab]|(?:the )?complete (?:series|collection))(?![^\W_])", re.IGNORECASE
)
# Half a season; in a film, the part belongs to the title.
_PART = re.compile(rf"(?<= )(?:part|pt|p) ?{_NUMBER}{_ENDS}", re.IGNORECASE)

_GLUED_NUMBER = re.compile(r"(?<![^\W_])([0-9]+)([^\W\d_]{3,})(?![^\W_])")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z][a-z0-9])")
_ROMAN_NUMBER = re.compile(r"[IVX]{2,}")
_WORD = re.compile(r"[^\W_]+")
_FIRST_LETTER = re.compile(r"[^\W_]")
_SHORT_CODE = 4
# What no title is: a hash, a date with or without a time, a number with leading zeros.
_HASH = re.compile(r"(?=[a-f]*[0-9])(?=[0-9]*[a-f])[0-9a-f]{8,}|#.*", re.IGNORECASE)
# Behind zeros a counter, in six digits or more a serial number or a date; "007" and "90210" are
# names.
_SERIAL = re.compile(r"00[0-9]{2,}|0[0-9]|[0-9]{6,}")
_DATE = re.compile(r"(?:19|20)[0-9]{2} (?:0[1-9]|1[0-2]) (?:0[1-9]|[12][0-9]|3[01])")
# How recorders number what they record: "MOVIE_1", and not "MOVIE_43".
_COUNTER = re.compile(r"0*[0-9]|0[0-9]+|(?:19|20)[0-9]{2}|[0-9]{3,}")
# An authoring house's number ("UPB75", "E1587"): of a few letters, which films' numbers follow too
# ("U571"), so it is one only beside a name, or with four digits.
_NUMBERED = re.compile(r"[A-Z]{1,4}-?[0-9]{2,}")
_LONG_NUMBERED = re.compile(r"[A-Z]{1,4}-?[0-9]{4,}")
# Few shows have a number behind their name, but many discs have.
_LAST_NUMBER = re.compile(r"(.+[^ ]) ([1-9][0-9]?)")
_BESIDE_THE_NAME = (
    "season_number",
    "disc_number",
    "year",
    "volume_number",
    "book_number",
    "edition",
)


@dataclass(frozen=True, slots=True)
class DiscLabel:
    """What a volume label says; None for what it doesn't say.

    name: a readable title of at most 200 characters ("Breaking Bad"), if it is a show.
    season_number: 0 stands for specials. disc_number: within its box or season.
    year: of release, 1900 to 2099. volume_number, book_number: of a show's discs or seasons;
    in a film they belong to the title, as in `film_name` ("Kill Bill Vol 1").
    edition: in Plex's words. is_bonus: the disc has only extras. last_number, bare_name: a number
    behind the name, which may be a show's disc's ("Oban Star Racers 2"), and the name without it.
    """

    name: str | None
    season_number: int | None = None
    disc_number: int | None = None
    year: int | None = None
    volume_number: int | None = None
    book_number: int | None = None
    edition: str | None = None
    film_name: str | None = None
    is_bonus: bool = False
    last_number: int | None = None
    bare_name: str | None = None

    @property
    def key(self) -> str:
        """The name's letters and digits: the same for the discs of one show; "" without a name."""
        text = unicodedata.normalize("NFKD", self.name or "").casefold()
        return "".join(c for c in text if c.isalnum())

    def resembles(self, title_key: str) -> bool:
        """Whether a disc of that name may be of the same show, with its label spelled differently.

        title_key: another disc's `key`.
        """
        return bool(title_key and self.key) and (title_key in self.key or self.key in title_key)

    def continues(self, title_key: str, disc_number: int | None) -> bool:
        """Whether this may be the next disc in a box whose labels are spelled differently."""
        return (
            self.disc_number is not None
            and disc_number == self.disc_number - 1
            and self.resembles(title_key)
        )

    @property
    def certainty(self) -> float:
        """0–1: how likely the name is what the disc is called."""
        if self.name is None:
            return 0.0
        words = _WORD.findall(self.name)
        if sum(_is_code(word) for word in words) * 2 > len(words):
            return 0.3
        return 0.95 if self.season_number is not None else 0.8


def parse_label(label: str) -> DiscLabel:
    """Read any volume label; never raises, and takes time linear in a bounded length."""
    text = _readable(label)
    text, season = _cut_number(_SEASON, text)
    text, disc = _cut_number(_DISC, text)
    text, year = _cut_number(_YEAR_IN_PARENTHESES, _without_codes(text))
    text = _ASIDE.sub(" ", text)
    if season is not None:
        text, _ = _cut_number(_PART, text)
    words, edition, late_year = _without_noise(text, year)
    year = year or late_year
    words, is_bonus = _without_bonus(words)
    title, _, _ = _without_noise(" ".join(words), year)
    text, volume = _cut_number(_VOLUME, " ".join(title))
    text, book = _cut_number(_BOOK, text)
    name = _name(_without_noise(text, year)[0])
    bare = _LAST_NUMBER.fullmatch(name or "")
    is_open = bare is not None and (season, disc, volume, book) == (None,) * 4
    return DiscLabel(
        name=name,
        last_number=int(bare[2]) if bare is not None and is_open else None,
        bare_name=bare[1] if bare is not None and is_open else None,
        season_number=season,
        disc_number=disc,
        year=year,
        volume_number=volume,
        book_number=book,
        edition=edition,
        film_name=_name(title),
        is_bonus=is_bonus,
    )


def better_name(label: DiscLabel, disc_name: DiscLabel) -> DiscLabel:
    """Add to a label what the disc's own name says.

    Discs may have a proper title ("Battlestar Galactica: Season 1 (Disc 1)") beside a label
    ("BSG_S1_D1"). If both have numbers, the label's count.
    """
    if disc_name.name is None:
        return label
    read = {
        name: getattr(label, name) if getattr(label, name) is not None else getattr(disc_name, name)
        for name in _BESIDE_THE_NAME
    }
    return DiscLabel(
        disc_name.name,
        last_number=disc_name.last_number,
        bare_name=disc_name.bare_name,
        film_name=disc_name.film_name,
        is_bonus=label.is_bonus or disc_name.is_bonus,
        **read,
    )


def read_label(label: str, titles: Sequence[TitleFacts]) -> DiscLabel:
    """Read a disc's label, and the name that its titles share, if they do."""
    read = parse_label(label)
    name = common_name(titles)
    if name is None or name.startswith("Title "):
        return read
    return better_name(read, parse_label(name))


def _readable(label: str) -> str:
    """Return the label with single spaces for underscores, dots and control characters."""
    text = unicodedata.normalize("NFC", label[:_MAX_LABEL_LENGTH])
    spaced = "".join(c if c.isprintable() and c not in "_." else " " for c in text)
    words = spaced.split()
    if len(words) == 1 and words[0] == label:
        # "BreakingBadS01D02" separates its words only by capitals.
        words = _HUMP.sub(" ", words[0]).split() if len(_HUMP.findall(words[0])) > 1 else words
    return " ".join(words)


def _cut_number(pattern: re.Pattern[str], text: str) -> tuple[str, int | None]:
    """Return the text without the pattern's first match, and the number in that match."""
    match = pattern.search(text)
    if match is None:
        return text, None
    number = next(group for group in match.groups() if group is not None).casefold()
    # Patterns that ignore case match a dotless i as an i.
    value = int(number) if number.isdigit() else NUMBER_WORDS[number.replace("\u0131", "i")]
    return f"{text[: match.start()]} {text[match.end() :]}", value


def _without_noise(text: str, year: int | None) -> tuple[list[str], str | None, int | None]:
    """Return the words without what studios append to a title, and its edition and year."""
    words = _GLUED_NUMBER.sub(r"\1 \2", text).split()
    edition: str | None = None
    late_year: int | None = None
    while words:
        tail = _edition(words)
        if tail:
            edition = EDITIONS[tail]
            del words[-len(tail.split()) :]
        elif _is_noise(words[-1]) and (len(words) > 1 or words[0].casefold() not in WORDS_OF_NOISE):
            words.pop()
        elif year is None and late_year is None and _ends_with_year(words):
            late_year = int(words.pop())
        else:
            break
    return words, edition, late_year


def _ends_with_year(words: list[str]) -> bool:
    """Whether the last word is a year of release; "1917" and "Class of 1984" are films."""
    if len(words) == 1 or not _YEAR.fullmatch(words[-1]):
        return False
    return words[-2].casefold() not in SMALL_WORDS


def _without_bonus(words: list[str]) -> tuple[list[str], bool]:
    """Return the words without those that mark a disc of extras, and whether there were any."""
    for length in (2, 1):
        tail = " ".join(words[-length:]).casefold()
        # "Extras" is a show, too.
        if tail in BONUS and (len(words) > length or tail != "extras"):
            return words[:-length], True
    return words, False


def _edition(words: list[str]) -> str | None:
    """Return the last words if they name an edition and are not the whole name."""
    for length in (3, 2, 1):
        tail = " ".join(words[-length:]).casefold().replace("'", "").strip("()[]- ")
        if len(words) > length and tail in EDITIONS:
            return tail
    return None


def _is_noise(word: str) -> bool:
    """Whether a last word is a format or a region, or only punctuation."""
    return word.casefold().strip("()[]") in NOISE or not any(c.isalnum() for c in word)


def _name(words: list[str]) -> str | None:
    """Return the words as a title; None if authoring software wrote them by default."""
    text = " ".join(words).strip(" -:,")
    if text.endswith("("):
        text = text[:-1].rstrip(" -:,")
    if not text or _is_nameless(text):
        return None
    if not (text.isupper() or text.islower()):
        return text[:MAX_NAME_LENGTH].rstrip()
    first, *rest = text.split()
    title = [_capitalised(first)]
    title += [w.lower() if w.lower() in SMALL_WORDS else _capitalised(w) for w in rest]
    return " ".join(title)[:MAX_NAME_LENGTH].rstrip()


def _is_nameless(text: str) -> bool:
    """Whether a label says nothing but what recorders and authoring software write by default.

    "24", "1917" and "90210" are names, "00001" and a date are not.
    """
    words = text.casefold().replace("-", " ").split()
    if _DATE.fullmatch(" ".join(words)):
        return True
    default = [word for word in words if word in NAMELESS_WORDS or _SERIAL.fullmatch(word)]
    return bool(default) and all(word in default or _COUNTER.fullmatch(word) for word in words)


def _without_codes(text: str) -> str:
    """Return a label without the codes of authoring houses, which are known by their form."""
    words = [word for word in text.split() if not _HASH.fullmatch(word)]
    if any(not _NUMBERED.fullmatch(word) for word in words[:1]):
        words = [word for word in words if not _NUMBERED.fullmatch(word)]
    return " ".join(word for word in words if not _LONG_NUMBERED.fullmatch(word))


def _capitalised(word: str) -> str:
    """Return "Spider-Man" for "SPIDER-MAN"; Roman numbers stay as they are."""
    if _ROMAN_NUMBER.fullmatch(word):
        return word
    return "-".join(
        _FIRST_LETTER.sub(lambda m: m[0].upper(), part.lower(), 1) for part in word.split("-")
    )


def _is_code(word: str) -> bool:
    """Whether a word is more likely an authoring house's code ("NW1", "CCS")."""
    if word.isdigit():
        return False
    mixed = any(c.isdigit() for c in word)
    vowelless = word.isascii() and not set(word.casefold()) & set("aeiouy")
    return len(word) <= _SHORT_CODE and (mixed or vowelless)
