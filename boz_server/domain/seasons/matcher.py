"""Matches a disc's titles with the episodes of a season.

Titles are numbered in disc order. If a season's running times are known, the titles are aligned
with them: another order or start is taken if it fits the lengths enough better.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, islice
from math import inf
from typing import NamedTuple

#: How sure a number is, as existing dashboards show it.
HIGH, MEDIUM, LOW, VERY_LOW = 0.95, 0.70, 0.40, 0.30
#: (seconds, share of the running time, confidence) for a title within either of the two.
_STEPS = ((120, 0.10, HIGH), (300, 0.20, MEDIUM), (0, 0.50, LOW))
SECONDS_A_MINUTE = 60

# Costs of an alignment, in shares of a running time by which a title misses it.
_SKIPPED_EPISODE = 0.06
_AGAINST_THE_LAYOUT = 0.05
# Less than for skipping: an episode without a running time is not skipped.
_UNKNOWN_RUNTIME = 0.05
_BEHIND_THE_SEASON = 0.3
_OTHER_ORDER = 0.15
# How many episodes off its expected start a disc may begin.
_REACH = 60
# More titles are numbered in order: aligning them takes quadratic time.
_MAX_ALIGNED = 200


class Part(NamedTuple):
    """A title to be numbered. looks_double: its layout says that it has two episodes."""

    seconds: int
    looks_double: bool = False


@dataclass(frozen=True, slots=True)
class Match:
    """The numbers of a title: `last` is `first`, or the next number for two episodes.

    confidence: 0–1. is_only_fit: no other episode of the season is about as long, so
    the length alone proves the match.
    """

    first: int
    last: int
    confidence: float
    is_only_fit: bool = False


def fit(seconds: int, minutes: int | None) -> float:
    """Return how sure it is that a title of this length is an episode of this many minutes."""
    if not minutes:
        return LOW
    misfit = abs(seconds - minutes * SECONDS_A_MINUTE)
    for near_seconds, near_share, confidence in _STEPS:
        if misfit <= max(near_seconds, near_share * minutes * SECONDS_A_MINUTE):
            return confidence
    return VERY_LOW


def share_fitting(
    lengths: Sequence[int], minutes: Collection[int | None], least: float = MEDIUM
) -> float:
    """Return the share of titles' lengths, in seconds, that fit some episode's minutes as well as
    `least`; 0 without titles."""
    fitting = [
        seconds for seconds in lengths if any(fit(seconds, each) >= least for each in minutes)
    ]
    return len(fitting) / len(lengths) if lengths else 0.0


def match_episodes(
    parts: Sequence[Part],
    runtimes: Mapping[int, int | None],
    first: int,
    taken: Collection[int] = (),
) -> list[Match]:
    """Number a disc's titles in disc order from `first` on, without the numbers in `taken`.

    runtimes: {episode number: minutes, None if unknown} of the season; empty without metadata.
    Titles beyond its last episode get the numbers that follow, VERY_LOW. More titles than any disc
    has are numbered in order, as without metadata.
    """
    if not runtimes or len(parts) > _MAX_ALIGNED:
        return _numbered_through(parts, first, taken)
    known = [number for number in sorted(runtimes) if number not in taken]
    # Beyond the last: for more titles than known episodes.
    behind = (number for number in count(max(runtimes) + 1) if number not in taken)
    numbers = [*known, *islice(behind, 2 * len(parts))]
    start = next((i for i, number in enumerate(numbers) if number >= first), len(known))
    window = slice(max(0, start - _REACH), start + 2 * len(parts) + _REACH)
    spans, cost = _aligned(parts, numbers[window], runtimes, min(start, _REACH))
    other_order, other_cost = _by_length(parts, numbers[start : start + len(parts)], runtimes)
    spans = other_order if other_cost < cost else spans
    return [
        _match(part, first, last, runtimes)
        for part, (first, last) in zip(parts, spans, strict=True)
    ]


def number_from(
    parts: Sequence[Part],
    first: int,
    runtimes: Mapping[int, int | None],
    taken: Collection[int] = (),
) -> list[Match]:
    """Number titles in order from a person's choice, without the numbers in `taken`; runtimes only
    tell how sure that is."""
    spans = [(match.first, match.last) for match in _numbered_through(parts, first, taken)]
    if not runtimes:
        return [Match(start, end, LOW) for start, end in spans]
    return [
        _match(part, start, end, runtimes) for part, (start, end) in zip(parts, spans, strict=True)
    ]


def _numbered_through(parts: Sequence[Part], first: int, taken: Collection[int]) -> list[Match]:
    free = (number for number in count(first) if number not in taken)
    matches = []
    for part in parts:
        start = end = next(free)
        if part.looks_double:
            end = next(free)
            while end != start + 1:  # two in one have numbers that follow each other
                start, end = end, next(free)
        matches.append(Match(start, end, LOW))
    return matches


def _aligned(
    parts: Sequence[Part], numbers: Sequence[int], runtimes: Mapping[int, int | None], start: int
) -> tuple[list[tuple[int, int]], float]:
    """Return the cheapest spans of numbers for the titles, both in rising order, and the cost.

    numbers: the free ones; the disc is expected to begin with the one at `start`.
    """
    # costs[j]: the cost of the titles so far if the next number to give is the one at j.
    costs = {j: abs(j - start) * _SKIPPED_EPISODE for j in range(len(numbers))}
    trail: list[dict[int, tuple[int, tuple[int, int]]]] = []
    for part in parts:
        next_costs: dict[int, float] = {}
        origins: dict[int, tuple[int, tuple[int, int]]] = {}
        cheapest, origin = inf, 0
        for j, number in enumerate(numbers):
            cheapest += _SKIPPED_EPISODE
            if costs.get(j, inf) < cheapest:
                cheapest, origin = costs[j], j
            for end in (j, j + 1):
                if end == len(numbers) or not _may_be(
                    part, number, numbers[end], end - j, runtimes
                ):
                    continue
                cost = cheapest + _cost(part, number, numbers[end], runtimes)
                if cost < next_costs.get(end + 1, inf):
                    next_costs[end + 1] = cost
                    origins[end + 1] = (origin, (number, numbers[end]))
        costs = next_costs
        trail.append(origins)
    spans = []
    at = min(costs, key=lambda j: costs[j], default=0)
    cost = costs.get(at, 0.0)
    for origins in reversed(trail):
        at, span = origins[at]
        spans.append(span)
    return spans[::-1], cost


def _may_be(
    part: Part, first: int, last: int, apart: int, runtimes: Mapping[int, int | None]
) -> bool:
    """Whether a title may have these numbers, which are `apart` places from each other.

    Two episodes in one title have consecutive numbers; beyond the season's end, the title must
    look double.
    """
    return last - first == apart and (apart == 0 or part.looks_double or last in runtimes)


def _cost(part: Part, first: int, last: int, runtimes: Mapping[int, int | None]) -> float:
    """Return the cost of giving a title these numbers."""
    against = _AGAINST_THE_LAYOUT if part.looks_double != (last > first) else 0.0
    return against + _misfit(part, first, last, runtimes)


def _misfit(part: Part, first: int, last: int, runtimes: Mapping[int, int | None]) -> float:
    """Return the share of the running time by which a title misses it; 0 for a HIGH fit."""
    if last not in runtimes:
        return _BEHIND_THE_SEASON
    expected = _expected(part, first, last, runtimes)
    if not expected:
        return _UNKNOWN_RUNTIME
    return min(_beyond_tolerance(part.seconds, minutes * SECONDS_A_MINUTE) for minutes in expected)


def _expected(part: Part, first: int, last: int, runtimes: Mapping[int, int | None]) -> list[int]:
    """Return the minutes that a title with these numbers may have; empty if unknown."""
    minutes = [runtimes.get(number) or 0 for number in range(first, last + 1)]
    if min(minutes) <= 0:
        return []
    if last > first and part.looks_double and minutes[0] == minutes[1]:
        # Some providers give each half the length of both.
        return [sum(minutes), minutes[0]]
    return [sum(minutes)]


def _beyond_tolerance(seconds: int, expected: int) -> float:
    missed = abs(seconds - expected)
    near_seconds, near_share, _ = _STEPS[0]
    return 0.0 if missed <= max(near_seconds, near_share * expected) else missed / expected


def _by_length(
    parts: Sequence[Part], numbers: Sequence[int], runtimes: Mapping[int, int | None]
) -> tuple[list[tuple[int, int]], float]:
    """Return the numbers in order of length instead of disc order, and the cost."""
    if len(numbers) < len(parts) or any(number not in runtimes for number in numbers):
        return [], inf
    shortest_first = sorted(range(len(parts)), key=lambda i: parts[i].seconds)
    by_runtime = sorted(numbers, key=lambda number: runtimes[number] or 0)
    order = [n for _, n in sorted(zip(shortest_first, by_runtime, strict=True))]
    spans = [(number, number) for number in order]
    costs = [_cost(part, *span, runtimes) for part, span in zip(parts, spans, strict=True)]
    return spans, sum(costs) + _OTHER_ORDER * len(parts)


def _match(part: Part, first: int, last: int, runtimes: Mapping[int, int | None]) -> Match:
    if last not in runtimes:
        return Match(first, last, VERY_LOW)
    expected = _expected(part, first, last, runtimes) or [0]
    confidence = max(fit(part.seconds, minutes) for minutes in expected)
    rivals = [number for number, each in runtimes.items() if fit(part.seconds, each) >= MEDIUM]
    return Match(first, last, confidence, confidence >= HIGH and rivals in ([first], []))
