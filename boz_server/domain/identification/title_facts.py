"""What an agent reports of a disc's titles, and the kinds of titles."""

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any, Self

# Real labels have 32 characters; composing accents in a hostile one takes quadratic time.
_MAX_LABEL_LENGTH = 1000
# Segment maps of real discs have up to a few hundred; hostile ones could ask for millions.
_MAX_SEGMENTS = 2000
_MAX_RANGE = 500
_RANGE = re.compile(r"([0-9]{1,6})(?:-([0-9]{1,6}))?")
_EXTRA_WORDS = (
    r"trailers?",
    r"teasers?",
    r"promos?",
    r"deleted scenes?",
    r"extended scenes?",
    r"alternate endings?",
    r"featurettes?",
    r"making of",
    r"behind the scenes",
    r"interviews?",
    r"gag reels?",
    r"bloopers?",
    r"outtakes?",
    r"commentar(?:y|ies)",
    r"screen tests?",
    r"storyboards?",
    r"photo galler(?:y|ies)",
    r"music videos?",
    r"bonus",
    r"special features?",
    r"extras?",
)
_EXTRA = re.compile(rf"\b(?:{'|'.join(_EXTRA_WORDS)})\b")
_SEPARATORS = re.compile(r"[\W_]+")


class TitleKind(StrEnum):
    """What a title is, in the words of the API."""

    EPISODE = "episode"
    #: Two episodes in one title.
    DOUBLE_EPISODE = "double_episode"
    #: The film.
    FEATURE = "feature"
    #: As long as the film: another cut of it, or another film on the disc.
    OTHER_CUT = "other_cut"
    EXTRA = "extra"
    #: Plays other titles one after another.
    PLAY_ALL = "play_all"
    #: Repeats another title exactly.
    COPY = "copy"
    #: Repeats another title, with or without its opening.
    VERSION = "version"


#: Kinds of titles that have an episode number.
EPISODES = frozenset({TitleKind.EPISODE, TitleKind.DOUBLE_EPISODE})


@dataclass(frozen=True, slots=True)
class TitleFacts:
    """One title as an agent reports it.

    index: MakeMKV's number. name: often the disc's own name, or "Title 3".
    size_bytes and chapters: 0 when the agent does not know them.
    source_file, segment_map: what MakeMKV says the title is made of ("00800.mpls" and "1,5-7");
    "" when the agent does not send them. output_file: the name MakeMKV gives the file.
    """

    index: int
    name: str
    duration_seconds: int
    size_bytes: int = 0
    chapters: int = 0
    source_file: str = ""
    segment_map: str = ""
    output_file: str = ""

    @classmethod
    def of(cls, title: Any) -> Self:
        """Return what was reported of a stored title."""
        return cls(
            title.title_index,
            title.name or "",
            title.duration_seconds,
            title.size_bytes or 0,
            title.chapters or 0,
            title.source_file or "",
            title.segment_map or "",
            title.output_file or "",
        )

    @property
    def is_playlist(self) -> bool:
        """Whether the title is a Blu-ray's playlist, not one of its streams."""
        return ".mpls" in self.source_file

    @property
    def streams(self) -> tuple[int, ...]:
        """The Blu-ray streams the title is made of, in order; empty if unknown.

        A DVD's map counts cells within the title, which say nothing about other titles.
        """
        if ".mpls" not in self.source_file and ".m2ts" not in self.source_file:
            return ()
        return segments(self.segment_map)


# Cached: titles are compared with each other, so each map is read many times.
@lru_cache(maxsize=4096)
def segments(segment_map: str) -> tuple[int, ...]:
    """Read MakeMKV's map: "1,5-7" is 1, 5, 6, 7. Anything else is read as empty."""
    numbers: list[int] = []
    for part in segment_map.split(","):
        match = _RANGE.fullmatch(part.strip())
        if match is None:
            return ()
        first, last = int(match[1]), int(match[2] or match[1])
        if not first <= last <= first + _MAX_RANGE or len(numbers) > _MAX_SEGMENTS:
            return ()
        numbers.extend(range(first, last + 1))
    return tuple(numbers)


def common_name(titles: Sequence[TitleFacts]) -> str | None:
    """Return the name that several titles share with the longest; None if there is none.

    MakeMKV names titles after their disc, so on "Interview with the Vampire" the name says nothing
    about a single title.
    """
    names = [title.name for title in titles]
    longest = max(titles, key=lambda title: title.duration_seconds, default=None)
    return longest.name if longest and names.count(longest.name) > 1 else None


def is_extra_by_name(name: str) -> bool:
    """Say whether a title's name marks it as bonus material.

    Whole words in any case, with any separators: "Deleted Scenes" and "GAG_REEL" are
    extras, "Trailerpark" is not. False for an empty name.
    """
    return _EXTRA.search(_SEPARATORS.sub(" ", name.casefold())) is not None


def fingerprint(label: str, titles: Sequence[TitleFacts]) -> str:
    """Return a hex SHA-256 that is the same for the same disc in any drive of any agent.

    It covers the label's letters and digits, and each title's index and duration. Names, sizes and
    chapters don't count, because not all agents report them alike.
    """
    text = unicodedata.normalize("NFC", label[:_MAX_LABEL_LENGTH]).casefold()
    words = re.findall(r"[^\W_]+", text)
    pairs = sorted((title.index, title.duration_seconds) for title in titles)
    lines = [" ".join(words), *(f"{index}:{seconds}" for index, seconds in pairs)]
    return hashlib.sha256("\n".join(lines).encode("utf-8")).hexdigest()
