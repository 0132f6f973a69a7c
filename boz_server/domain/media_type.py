"""Film or television: what the label and the layout of a disc say together."""

from collections.abc import Sequence
from enum import StrEnum
from statistics import median

from boz_server.domain.disc_label import DiscLabel
from boz_server.domain.title_layout import Layout, TitleFacts

# Episodes run up to 73 minutes (Band of Brothers' first), few feature films are shorter than 75.
_FILM_LENGTH_SECONDS = 75 * 60
_MIN_EPISODES = 2
_REGULARITY = 0.1
_REGULAR_SHARE = 2 / 3
# A play-all is as long as its episodes; allow for intros it leaves out.
_FILLED_SHARE = 0.95


class MediaType(StrEnum):
    """What a disc holds, in the words of the API."""

    MOVIE = "movie"
    TV_SHOW = "tv_show"
    UNKNOWN = "unknown"


def classify(label: DiscLabel, layout: Layout) -> MediaType:
    """Television when the label names a season or the titles form one; else a film when
    there is a main feature; UNKNOWN when no title is long enough for either.
    """
    if label.season_number is not None:
        return MediaType.TV_SHOW
    if layout.main_feature is None:
        return MediaType.UNKNOWN
    return MediaType.TV_SHOW if _is_season(layout, layout.main_feature) else MediaType.MOVIE


def _is_season(layout: Layout, longest: TitleFacts) -> bool:
    """Whether the episodes are more than a film's cuts, copies or featurettes."""
    lengths = [title.duration_seconds for title in layout.episodes]
    if sum(length < _FILM_LENGTH_SECONDS for length in lengths) < _MIN_EPISODES:
        return False
    if longest in layout.episodes:
        return True
    # The longest title is a play-all or a film. Beside a play-all stand episodes of one length
    # that fill it; featurettes beside a film do neither.
    return sum(lengths) >= longest.duration_seconds * _FILLED_SHARE and _are_regular(lengths)


def _are_regular(lengths: Sequence[int]) -> bool:
    typical = median(lengths)
    regular = sum(abs(length - typical) <= typical * _REGULARITY for length in lengths)
    return regular >= len(lengths) * _REGULAR_SHARE
