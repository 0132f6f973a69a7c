"""Kinds of titles on a disc."""

from enum import StrEnum


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
