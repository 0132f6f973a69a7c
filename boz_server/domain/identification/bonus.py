"""Whether a disc that is a film's has the film on it, or only extras."""

from collections.abc import Sequence

from boz_server.domain.identification.label import DiscLabel
from boz_server.domain.identification.layout import Layout
from boz_server.domain.identification.title_facts import TitleFacts

# Films have a chapter every few minutes; a documentary's are longer.
_LONG_CHAPTER_SECONDS = 450
_LONG_EXTRA_SECONDS = 600
_MANY_LONG_EXTRAS = 3
# Another cut of a film, or the film in another country's speed, is not this much shorter.
_SHORTER = 0.75
_SHORT_FILM_SECONDS = 60 * 60
_EXTRA_SECONDS = 180
_MANY_EXTRAS = 4


def why_no_film(read: DiscLabel, layout: Layout, film_seconds: int | None) -> str | None:
    """Return why a disc has only extras; None if its main feature may be the film.

    film_seconds: the length of the film on another disc of this name; None without one.
    """
    feature = layout.main_feature
    if feature is None:
        return None
    others = [title for title in layout.singles if title is not feature]
    long = _longer(others, _LONG_EXTRA_SECONDS)
    is_later = (read.disc_number or 1) > 1
    has_long_chapters = feature.chapters and (
        feature.duration_seconds >= feature.chapters * _LONG_CHAPTER_SECONDS
    )
    if is_later and has_long_chapters:
        return "A later disc, whose longest title has as few chapters as a documentary."
    if is_later and len(long) >= _MANY_LONG_EXTRAS:
        return "A later disc with several long titles: extras."
    may_be_a_part = is_later and not long
    if film_seconds and feature.duration_seconds < film_seconds * _SHORTER and not may_be_a_part:
        return "The film is on another disc of this name, and much longer."
    is_short = feature.duration_seconds < _SHORT_FILM_SECONDS
    if is_short and len(_longer(others, _EXTRA_SECONDS)) >= _MANY_EXTRAS:
        return "Many titles, and none is as long as a film."
    return None


def _longer(titles: Sequence[TitleFacts], seconds: int) -> list[TitleFacts]:
    return [title for title in titles if title.duration_seconds >= seconds]
