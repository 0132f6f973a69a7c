"""Recognises extras by their names."""

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
    """Say whether a title's name marks it as bonus material.

    Whole words in any case, with any separators: "Deleted Scenes" and "GAG_REEL" are
    extras, "Trailerpark" is not. False for an empty name.
    """
    return _EXTRA.search(_SEPARATORS.sub(" ", name.casefold())) is not None
