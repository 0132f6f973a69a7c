"""Scores how well the shows and films that providers know fit a disc."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz import fuzz, utils

from boz_server.domain.metadata.answers import Film, Series

#: Names with at least this score differ only in spelling.
SAME_NAME = 0.85
#: A film with at least this score is the disc's, unless a person chooses another.
GOOD_FILM = 0.75

_NAME, _YEAR, _RUNTIME = 0.6, 0.15, 0.25
# "Return of the King" names "The Lord of the Rings: The Return of the King", and "Alien" does not
# name "Alien Resurrection": a part of a name is worth less than the whole.
_PART_OF_NAME = 0.88
# Of names that are alike but for their numbers: too little for a film, even of the same length.
_OTHER_NUMBER = 0.6
_ARTICLES = frozenset(
    ["the", "a", "an", "der", "die", "das", "le", "la", "les", "el", "los", "las", "il", "lo"]
)
_AND = frozenset(["and", "und", "et", "y", "e"])
_ROMAN = {
    roman: str(number)
    for number, roman in enumerate(
        ["ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii", "xiii"], 2
    )
}
_NUMBERS_IN_WORDS = "two three four five six seven eight nine ten eleven twelve"
_NUMBER_WORDS = {word: str(at) for at, word in enumerate(_NUMBERS_IN_WORDS.split(), 2)}
_YEAR_BEHIND = re.compile(r"\((?:19|20)[0-9]{2}\)\s*$")
_SECONDS_A_MINUTE = 60
_RUNTIME_NEAR_MINUTES = 3
_RUNTIME_FAR_MINUTES = 30
_YEARS_APART = 3


@dataclass(frozen=True, slots=True)
class ScoredFilm:
    """A film and how well it fits: 0–1, by name, year and running time."""

    film: Film
    score: float


@dataclass(frozen=True, slots=True)
class ScoredSeries:
    """A show and how well its name fits, 0–1."""

    series: Series
    score: float


def rank_films(
    films: Iterable[Film], name: str, year: int | None, seconds: int | None
) -> list[ScoredFilm]:
    """Score films against a disc's name and year and its main feature's length; best first.

    A fact that is unknown on either side counts neither for a film nor against it.
    """
    scored = [ScoredFilm(film, _film_score(film, name, year, seconds)) for film in films]
    return sorted(scored, key=lambda each: -each.score)


def rank_series(series: Iterable[Series], name: str, year: int | None) -> list[ScoredSeries]:
    """Score shows against a disc's name and year; best first, equals in the provider's order."""
    scored = [ScoredSeries(each, _series_score(each, name, year)) for each in series]
    return sorted(scored, key=lambda each: -each.score)


def runtime_fit(minutes: int | None, seconds: int | None) -> float | None:
    """Return 1 for a film as long as the feature, 0 for one half an hour off; None if unknown."""
    if not minutes or not seconds:
        return None
    apart = abs(minutes - seconds / _SECONDS_A_MINUTE)
    span = _RUNTIME_FAR_MINUTES - _RUNTIME_NEAR_MINUTES
    return max(0.0, 1 - max(0.0, apart - _RUNTIME_NEAR_MINUTES) / span)


def same_name(one: str, other: str) -> float:
    """Return 0–1: how similar two names are.

    Case, accents, punctuation, word order, articles, "&", a year in parentheses, Roman numbers, and
    numbers in words don't count against them. Names with other numbers are of other films: below
    SAME_NAME.
    """
    left, right = _words(one), _words(other)
    if not left or not right:
        return 0.0
    whole = max(fuzz.ratio(left, right), fuzz.token_sort_ratio(left, right))
    squeezed = fuzz.ratio(left.replace(" ", ""), right.replace(" ", ""))
    part = fuzz.token_set_ratio(left, right) * _PART_OF_NAME if " " in left else 0.0
    score = max(whole, squeezed, part) / 100
    return score if _numbers(left) == _numbers(right) else min(score, _OTHER_NUMBER)


@lru_cache(maxsize=1024)
def _words(name: str) -> str:
    """Return a name's words without what says nothing about it; in Latin letters where it can."""
    bare = _YEAR_BEHIND.sub("", unicodedata.normalize("NFKD", name))
    letters = "".join(each for each in bare if not unicodedata.combining(each))
    words = utils.default_process(re.sub(r"['\u2019]", "", letters)).split()
    words = [word for word in words if word not in _AND]
    first, last = (1 if words[:1] and words[0] in _ARTICLES else 0), len(words)
    if last - first > 1 and words[-1] in _ARTICLES:
        last -= 1
    words = words[first:last] or words
    words = [*words[:1], *(_ROMAN.get(word, word) for word in words[1:])]
    return " ".join(_NUMBER_WORDS.get(word, word) for word in words)


def _numbers(words: str) -> list[str]:
    return sorted(number.lstrip("0") for number in re.findall("[0-9]+", words))


def _film_score(film: Film, name: str, year: int | None, seconds: int | None) -> float:
    parts = [(_NAME, same_name(name, film.title))]
    if year is not None and film.year is not None:
        parts.append((_YEAR, max(0.0, 1 - abs(year - film.year) / _YEARS_APART)))
    runtime = runtime_fit(film.runtime_minutes, seconds)
    if runtime is not None:
        parts.append((_RUNTIME, runtime))
    return round(sum(w * v for w, v in parts) / sum(w for w, _ in parts), 3)


def _series_score(series: Series, name: str, year: int | None) -> float:
    best = max(same_name(name, each) for each in (series.name, *series.aliases))
    if year is not None and series.year is not None:
        best -= 0.1 * min(abs(year - series.year), _YEARS_APART)
    return round(max(0.0, best), 3)
