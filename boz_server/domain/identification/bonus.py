"""Whether a disc that is a film's has the film on it, or only extras."""

from collections.abc import Sequence
from typing import NamedTuple

from boz_server.domain.identification.label import DiscLabel
from boz_server.domain.identification.layout import Layout
from boz_server.domain.identification.title_facts import TitleFacts

# Films have a chapter every few minutes; a documentary's are longer, also than its film's.
_LONG_CHAPTER_SECONDS = 450
_MUCH_LONGER = 1.5
_LONG_EXTRA_SECONDS = 600
_MANY_LONG_EXTRAS = 3
# Another cut of a film, or the film in another country's speed, is not this much shorter.
_SHORTER = 0.75
_SHORT_FILM_SECONDS = 60 * 60
_EXTRA_SECONDS = 180
_MANY_EXTRAS = 4


class KnownFilm(NamedTuple):
    """The film on another disc of the same name; 0 chapters are unknown."""

    seconds: int
    chapters: int = 0


def why_no_film(read: DiscLabel, layout: Layout, known: KnownFilm | None) -> str | None:
    """Return why a disc has only extras; None if its main feature may be the film."""
    feature = layout.main_feature
    if feature is None:
        return None
    others = [title for title in layout.singles if title is not feature]
    long = _longer(others, _LONG_EXTRA_SECONDS)
    is_later = (read.disc_number or 1) > 1
    if is_later and has_long_chapters(feature, known):
        return "A later disc, whose longest title has as few chapters as a documentary."
    if is_later and len(long) >= _MANY_LONG_EXTRAS:
        return "A later disc with several long titles: extras."
    may_be_a_part = is_later and not long
    if known and feature.duration_seconds < known.seconds * _SHORTER and not may_be_a_part:
        return "The film is on another disc of this name, and much longer."
    is_short = feature.duration_seconds < _SHORT_FILM_SECONDS
    if is_short and len(_longer(others, _EXTRA_SECONDS)) >= _MANY_EXTRAS:
        return "Many titles, and none is as long as a film."
    return None


def has_long_chapters(feature: TitleFacts, known: KnownFilm | None = None) -> bool:
    """Whether a title has as few chapters as a documentary; False if they are unknown."""
    least = float(_LONG_CHAPTER_SECONDS)
    if known is not None and known.chapters:
        least = max(least, known.seconds / known.chapters * _MUCH_LONGER)
    return 0 < feature.chapters * least <= feature.duration_seconds


def _longer(titles: Sequence[TitleFacts], seconds: int) -> list[TitleFacts]:
    return [title for title in titles if title.duration_seconds >= seconds]
