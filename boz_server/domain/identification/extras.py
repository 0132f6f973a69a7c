"""Which titles of a disc are extras: by what they are called, or by being short."""

import re

_WORDS = (
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
_EXTRA = re.compile(rf"\b(?:{'|'.join(_WORDS)})\b")
_SEPARATORS = re.compile(r"[\W_]+")


def is_extra_by_name(name: str) -> bool:
    """Whether a title's name says that it is bonus material.

    Whole words in any case, with any separators: "Deleted Scenes" and "GAG_REEL" are
    extras, "Trailerpark" is not. An empty name says nothing: False.
    """
    return _EXTRA.search(_SEPARATORS.sub(" ", name.casefold())) is not None


def is_extra_by_duration(duration_seconds: int, min_duration_seconds: int) -> bool:
    """Whether a title is too short to be a film or an episode; the bound itself is not."""
    return duration_seconds < min_duration_seconds
