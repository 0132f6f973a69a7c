"""Numbers the episodes of a season over all its discs, and says how sure that is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from statistics import median
from typing import NamedTuple

from boz_server.domain.identification.repeats import FILM_SECONDS
from boz_server.domain.identification.signs import BY_A_PERSON, Judgement, Sign
from boz_server.domain.seasons.matcher import (
    HIGH,
    LOW,
    VERY_LOW,
    Match,
    Part,
    fit,
    match_episodes,
    number_from,
)

#: Numbers by these signs are shown as guesses.
GUESSES = frozenset({Sign.ORDER_OF_TITLES, Sign.ORDER_DISPUTED, Sign.NO_DISC_NUMBER})
# Titles this many times longer than the season's others are films.
_MUCH_LONGER = 1.6


@dataclass(frozen=True, slots=True)
class SeasonDisc:
    """One disc of a season, numbered or not.

    key: the same for all records of one disc. disc_number: from its label; None without one.
    parts: its episodes in their order. order, order_reason: how that is known. sure: 0–1, of which
    titles they are. fixed: the numbers that a person has accepted; None if none
    has. chosen_first: the first episode by a person's word. accepted_elsewhere: the numbers that a
    person has accepted for other discs. season_is_guess: nothing names its season.
    season_on_label: its label does. listed: the first and last number of each part by a disc
    database; None where it doesn't say.
    """

    key: str
    detected_at: datetime
    disc_number: int | None = None
    parts: tuple[Part, ...] = ()
    order: Sign = Sign.ORDER_OF_TITLES
    order_reason: str = ""
    sure: float = 1.0
    fixed: frozenset[int] | None = None
    chosen_first: int | None = None
    accepted_elsewhere: frozenset[int] = frozenset()
    season_is_guess: bool = False
    season_on_label: bool = True
    listed: tuple[tuple[int, int], ...] | None = None


class Gone(NamedTuple):
    """What is known of a season's discs that the database doesn't have.

    last_episode: the highest number on them; all numbers below count as taken. last_disc: the
    highest number of such a disc.
    """

    last_episode: int = 0
    last_disc: int = 0


NOTHING_GONE = Gone()


@dataclass(frozen=True, slots=True)
class Numbering:
    """The numbers of a disc's episodes in their order, how sure they are, and warnings."""

    matches: tuple[Match, ...] = ()
    warnings: tuple[str, ...] = ()
    judgement: Judgement = BY_A_PERSON


@dataclass(slots=True)
class _Course:
    """The state of the numbering from disc to disc. sure: of the discs so far, as far as no person
    has accepted them."""

    next_number: int
    taken: set[int]
    last_disc: int = 0
    sure: float = 1.0
    in_doubt: bool = False
    usual_seconds: float = 0.0
    listed: set[str] = field(default_factory=set)
    sizes: list[int] = field(default_factory=list)


def plan(
    discs: Sequence[SeasonDisc],
    runtimes: Mapping[int, int | None],
    gone: Gone = NOTHING_GONE,
) -> dict[str, Numbering]:
    """Number the discs of a season, in order of their numbers, then of their arrival.

    runtimes: {episode: minutes} from a provider; empty without metadata. A number is given once;
    what a person has accepted or chosen stays. Returns {disc key: its numbers}, which are empty for
    a disc whose numbers are fixed.
    """
    begins = max(min(runtimes, default=1) or 1, gone.last_episode + 1)
    settled = _settled(discs) | set(range(1, gone.last_episode + 1))
    course = _Course(begins, settled, gone.last_disc)
    # Other discs number around these, whichever comes first.
    for disc in _ordered(discs):
        numbers = _numbers(_listed(disc))
        if numbers and course.taken.isdisjoint(numbers):
            course.listed.add(disc.key)
            course.taken |= numbers
    course.sizes = [_size(disc) for disc in discs if _size(disc)]
    lengths = [part.seconds for disc in discs for part in disc.parts]
    course.usual_seconds = median(lengths) if lengths else 0.0
    return {disc.key: _number(disc, course, runtimes) for disc in _ordered(discs)}


def _ordered(discs: Sequence[SeasonDisc]) -> list[SeasonDisc]:
    """Sort discs by the number on their label; those without a number come after all others.

    Where labels name the season, a disc whose season is a guess comes last: it may be of another.
    """
    by_arrival = sorted(discs, key=lambda disc: (disc.detected_at, disc.key))
    numbered = sorted(
        (disc for disc in by_arrival if disc.disc_number is not None),
        key=lambda disc: disc.disc_number or 0,
    )
    ordered = numbered + [disc for disc in by_arrival if disc.disc_number is None]
    if not any(disc.season_on_label for disc in discs):
        return ordered
    return sorted(ordered, key=lambda disc: disc.season_is_guess and disc.fixed is None)


def _settled(discs: Sequence[SeasonDisc]) -> set[int]:
    """Return the numbers that a person has accepted or chosen."""
    numbers: set[int] = set()
    for disc in discs:
        numbers |= disc.fixed or set()
        if disc.fixed is None and disc.chosen_first is not None:
            numbers |= _numbers(_as_chosen(disc, disc.chosen_first, {}))
    return numbers


def _listed(disc: SeasonDisc) -> list[Match]:
    """Return the numbers that a disc database says, unless a person has accepted or chosen others;
    empty without any."""
    if disc.listed is None or disc.fixed is not None or disc.chosen_first is not None:
        return []
    return [Match(first, last, HIGH) for first, last in disc.listed]


def _as_chosen(disc: SeasonDisc, first: int, runtimes: Mapping[int, int | None]) -> list[Match]:
    """Number a disc from a person's choice on, around what was accepted: no proposal of a number
    that another disc has could be approved."""
    return number_from(disc.parts, first, runtimes, disc.accepted_elsewhere)


def _number(disc: SeasonDisc, course: _Course, runtimes: Mapping[int, int | None]) -> Numbering:
    warnings: list[str] = []
    matches: list[Match] = []
    judgement = BY_A_PERSON
    if disc.fixed is not None:
        course.in_doubt, course.sure = False, 1.0
    elif disc.chosen_first is not None:
        matches = _as_chosen(disc, disc.chosen_first, runtimes)
        judgement = _judge(disc, disc.order)
        course.in_doubt, course.sure = False, judgement.confidence
    elif disc.listed is not None:
        matches, judgement = _listed(disc), Judgement.by(Sign.KNOWN_DISC)
        if disc.key not in course.listed:
            # Another release of the same episodes, or one of the two was numbered wrongly.
            warnings.append("Another disc has the numbers that TheDiscDb says: check both.")
            matches = [replace(match, confidence=LOW) for match in matches]
            judgement = Judgement.by(Sign.LISTED_IN_PART)
        course.in_doubt, course.sure = False, judgement.confidence
    else:
        if course.in_doubt and disc.parts and not disc.season_is_guess:
            warnings.append("An earlier disc's numbers are a guess, and so are these.")
        expected = course.next_number + _room_for_missing(disc, course, warnings)
        matches = match_episodes(disc.parts, runtimes, expected, course.taken)
        doubts = _doubts(disc, course, matches, bool(runtimes))
        sign = _sign(disc, course, matches, runtimes, is_doubtful=bool(doubts))
        judgement = _judge(disc, sign)
        warnings += doubts + _doubts_of_order(judgement)
        matches = [_doubted(match, disc, course, judgement) for match in matches]
        judgement = judgement.at_most(course.sure, "An earlier disc is not sure.")
        if matches:
            course.sure = min(judgement.confidence, disc.sure)
    numbers = disc.fixed if disc.fixed is not None else _numbers(matches)
    course.taken |= numbers
    course.next_number = max([course.next_number - 1, *numbers]) + 1
    course.last_disc = max(course.last_disc, disc.disc_number or 0)
    return Numbering(tuple(matches), tuple(dict.fromkeys(warnings)), judgement)


def _judge(disc: SeasonDisc, sign: Sign) -> Judgement:
    """Judge a disc's numbers by a sign; its order has a reason of its own."""
    return Judgement.by(sign, reasons=[disc.order_reason] if sign is disc.order else ())


def _sign(
    disc: SeasonDisc,
    course: _Course,
    matches: Sequence[Match],
    runtimes: Mapping[int, int | None],
    *,
    is_doubtful: bool,
) -> Sign:
    """Return the sign by which a disc has its numbers: the weakest of what they rest on."""
    only_fits = bool(matches) and all(match.is_only_fit for match in matches)
    several = len(matches) > 1
    is_known = several and disc.disc_number is not None and disc.order is Sign.ORDER_WITNESSED
    is_whole = len(_numbers(matches)) == len(runtimes)
    return next(
        sign
        for sign, holds in (
            (Sign.DISC_MISSING, course.in_doubt),
            (Sign.NUMBERS_BY_LENGTHS, only_fits),
            (Sign.NUMBERS_ALIGNED, _is_only_place(disc.parts, matches, runtimes)),
            (Sign.SEASON_ASSUMED, disc.season_is_guess and is_known),
            (Sign.SEASON_GUESSED, disc.season_is_guess),
            (Sign.NUMBERS_DOUBTFUL, is_doubtful),
            (Sign.NO_DISC_NUMBER, disc.disc_number is None and not is_whole),
            (disc.order, True),
        )
        if holds
    )


def _is_only_place(
    parts: Sequence[Part], matches: Sequence[Match], runtimes: Mapping[int, int | None]
) -> bool:
    """Whether titles are as long as the episodes with their numbers, and as no other run of them.

    Of a season whose episodes are of one length, any place would do.
    """
    if not matches or any(match.confidence < HIGH for match in matches):
        return False
    spans = [(match.first - matches[0].first, match.last - matches[0].first) for match in matches]

    def fits(start: int) -> bool:
        return all(
            fit(part.seconds, sum(runtimes.get(start + n) or 0 for n in range(first, last + 1)))
            >= HIGH
            for part, (first, last) in zip(parts, spans, strict=True)
        )

    return [start for start in runtimes if fits(start)] == [matches[0].first]


def _doubts_of_order(judgement: Judgement) -> list[str]:
    """Say that MakeMKV's order is a guess, where the numbers rest on nothing else."""
    if judgement.sign is Sign.ORDER_OF_TITLES:
        return ["The titles are in MakeMKV's order, which on Blu-rays is often not the episodes'."]
    if judgement.sign is Sign.NO_DISC_NUMBER:
        return ["The label does not say which of the season's discs this is: check the numbers."]
    if judgement.sign is Sign.ORDER_DISPUTED:
        return ["Playlists and segments give the episodes different orders: check the numbers."]
    return []


def _room_for_missing(disc: SeasonDisc, course: _Course, warnings: list[str]) -> int:
    """Guess how many numbers the discs that have not been seen will take."""
    missing = (disc.disc_number or 0) - course.last_disc - 1
    if missing <= 0 or not disc.parts:
        return 0
    course.in_doubt = True
    first, last = course.last_disc + 1, course.last_disc + missing
    unseen = f"Disc {first} has" if missing == 1 else f"Discs {first} to {last} have"
    warnings.append(f"{unseen} not been seen: the episode numbers are a guess until then.")
    return missing * round(median(course.sizes))


def _doubts(
    disc: SeasonDisc, course: _Course, matches: Sequence[Match], has_metadata: bool
) -> list[str]:
    doubts: list[str] = []
    if not matches:
        return doubts
    if _is_of_films(disc, course) and not has_metadata:
        course.in_doubt = True
        doubts.append("The titles are as long as films: a pilot film, or specials of the show?")
    if disc.season_is_guess and not all(match.is_only_fit for match in matches):
        doubts.append("The label names no season: season and episode numbers are a guess.")
    numbers = sorted(_numbers(matches))
    if numbers[-1] - numbers[0] >= len(numbers):
        doubts.append("The episode numbers leave gaps: check them.")
    if has_metadata and any(match.confidence <= VERY_LOW for match in matches):
        doubts.append("Some titles are not as long as the episodes they are taken for.")
    return doubts


def _is_of_films(disc: SeasonDisc, course: _Course) -> bool:
    """Whether the disc's titles are as long as films, unlike those of the other discs."""
    usual = median(part.seconds for part in disc.parts)
    return usual >= FILM_SECONDS and course.usual_seconds * _MUCH_LONGER <= usual


def _doubted(match: Match, disc: SeasonDisc, course: _Course, judgement: Judgement) -> Match:
    """Lower the confidence of a number in a guessed season or order, or after an unseen disc."""
    if match.is_only_fit and not course.in_doubt:
        return match
    if course.in_doubt or disc.season_is_guess:
        least = LOW if match.confidence > LOW else VERY_LOW
        return replace(match, confidence=least)
    if judgement.sign in GUESSES:
        return replace(match, confidence=min(match.confidence, LOW))
    return match


def _size(disc: SeasonDisc) -> int:
    return sum(2 if part.looks_double else 1 for part in disc.parts)


def _numbers(matches: Sequence[Match]) -> set[int]:
    return {n for match in matches for n in range(match.first, match.last + 1)}
