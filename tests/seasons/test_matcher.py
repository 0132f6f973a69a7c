"""Which episodes the titles of a disc are, by their lengths."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boz_server.domain.seasons.matcher import (
    HIGH,
    LOW,
    MEDIUM,
    VERY_LOW,
    Match,
    Part,
    fit,
    match_episodes,
    number_from,
)

# Deep Space Nine, season 1: the pilot is of twice the length.
PILOT = [Part(5429, looks_double=True), Part(2718), Part(2715)]


def parts(*lengths):
    return [Part(length) for length in lengths]


def spans(matches):
    return [(match.first, match.last) for match in matches]


def firsts(matches):
    return [match.first for match in matches]


@pytest.mark.parametrize(
    ("seconds", "minutes", "expected"),
    [
        (2700, 45, HIGH),
        (2700 + 270, 45, HIGH),
        (2700 - 271, 45, MEDIUM),
        (300 + 120, 5, HIGH),
        (300 + 300, 5, MEDIUM),
        (2700 + 540, 45, MEDIUM),
        (2700 + 541, 45, LOW),
        (2700 + 1350, 45, LOW),
        (2700 + 1351, 45, VERY_LOW),
        (0, 45, VERY_LOW),
        (2700, None, LOW),
        (2700, 0, LOW),
    ],
)
def test_it_says_how_well_a_length_fits_a_running_time(seconds, minutes, expected):
    assert fit(seconds, minutes) == expected


def test_it_numbers_in_disc_order_without_metadata():
    matches = match_episodes(PILOT, {}, 1)
    assert spans(matches) == [(1, 2), (3, 3), (4, 4)]
    assert {match.confidence for match in matches} == {LOW}


def test_it_passes_over_numbers_that_are_taken():
    assert firsts(match_episodes(parts(1300, 1300, 1300), {}, 4, {5, 6})) == [4, 7, 8]
    assert firsts(match_episodes(parts(1300, 1300), dict.fromkeys(range(1, 9), 22), 1, {1, 3})) == [
        2,
        4,
    ]


def test_it_gives_two_in_one_numbers_that_follow_each_other():
    assert spans(match_episodes(PILOT, {}, 4, {5, 8})) == [(6, 7), (9, 9), (10, 10)]
    runtimes = dict.fromkeys(range(1, 9), 45)
    assert spans(match_episodes(PILOT, runtimes, 1, {2})) == [(3, 4), (5, 5), (6, 6)]


def test_it_is_sure_where_the_running_times_fit():
    matches = match_episodes(PILOT, dict.fromkeys(range(1, 20), 45), 1)
    assert spans(matches) == [(1, 2), (3, 3), (4, 4)]
    assert [match.confidence for match in matches] == [HIGH] * 3


def test_it_takes_a_double_of_which_each_half_is_given_the_whole_length():
    runtimes = {1: 90, 2: 90, **dict.fromkeys(range(3, 20), 45)}
    matches = match_episodes(PILOT, runtimes, 1)
    assert spans(matches) == [(1, 2), (3, 3), (4, 4)]
    assert matches[0].confidence == HIGH


def test_it_takes_a_title_that_looks_double_for_one_long_episode():
    # Firefly's pilot, were its chapters unknown: the season has it as one.
    runtimes = {1: 87, **dict.fromkeys(range(2, 15), 44)}
    found = match_episodes([Part(5186, looks_double=True), *parts(2554, 2627)], runtimes, 1)
    assert spans(found) == [(1, 1), (2, 2), (3, 3)]


def test_it_finds_doubles_that_do_not_look_so():
    runtimes = dict.fromkeys(range(1, 13), 22)
    found = match_episodes(parts(1291, 1290, 2644), runtimes, 8)
    assert spans(found) == [(8, 8), (9, 9), (10, 11)]


def test_it_begins_elsewhere_where_the_lengths_say_so():
    # 24 minutes all but for the fourth, of 60.
    runtimes = {**dict.fromkeys(range(1, 11), 24), 4: 60}
    found = match_episodes(parts(3600, 1440, 1440), runtimes, 1)
    assert firsts(found) == [4, 5, 6]
    assert [match.is_only_fit for match in found] == [True, False, False]


def test_it_takes_another_order_where_the_lengths_leave_no_doubt():
    runtimes = {1: 24, 2: 50, 3: 90, **dict.fromkeys(range(4, 30), 70)}
    assert firsts(match_episodes(parts(3000, 5400), runtimes, 1)) == [2, 3]
    assert firsts(match_episodes(parts(5400, 1440, 3000), runtimes, 1)) == [3, 1, 2]
    # Not for a little.
    assert firsts(match_episodes(parts(1300, 1200), {1: 20, 2: 22}, 1)) == [1, 2]


def test_it_keeps_disc_order_for_episodes_without_a_running_time():
    runtimes = {1: None, 2: 45, 3: None, 4: 45}
    matches = match_episodes(parts(2700, 2700, 2700), runtimes, 1)
    assert firsts(matches) == [1, 2, 3]
    assert [match.confidence for match in matches] == [LOW, HIGH, LOW]


@pytest.mark.parametrize("runtimes", [{1: 10, 2: -10}, {1: 0, 2: 0}, {1: -5, 2: 5}])
def test_it_takes_absurd_running_times_for_unknown(runtimes):
    assert firsts(match_episodes([Part(1300, looks_double=True)], runtimes, 1)) == [1]


def test_it_numbers_on_behind_the_last_episode():
    matches = match_episodes(parts(1300, 1300, 1300), {1: 22, 2: 22}, 2, {1})
    assert firsts(matches) == [2, 3, 4]
    assert matches[-1].confidence == VERY_LOW
    assert firsts(match_episodes(parts(1300), {1: 22}, 50)) == [1]
    assert spans(match_episodes([Part(2600, looks_double=True)], {1: 22}, 1))[0][0] == 1
    assert firsts(match_episodes(parts(9000), {1: 42}, 1)) == [2]


def test_it_numbers_no_titles():
    assert match_episodes([], {}, 1) == match_episodes([], {1: 22}, 1) == []


def test_it_numbers_from_where_a_person_says():
    assert number_from(PILOT, 5, {}) == [Match(5, 6, LOW), Match(7, 7, LOW), Match(8, 8, LOW)]
    told = number_from(parts(2700, 1300), 5, dict.fromkeys(range(1, 7), 45))
    assert firsts(told) == [5, 6]
    assert [match.confidence for match in told] == [HIGH, VERY_LOW]
    assert number_from(parts(2700), 99, {1: 45}) == [Match(99, 99, VERY_LOW)]


PARTS = st.lists(st.builds(Part, st.integers(0, 20_000), st.booleans()), max_size=12)
RUNTIMES = st.dictionaries(st.integers(0, 40), st.none() | st.integers(-5, 500), max_size=30)


@given(PARTS, RUNTIMES, st.integers(0, 60), st.frozensets(st.integers(0, 60), max_size=20))
def test_it_gives_no_number_twice_and_none_that_is_taken(some, runtimes, first, taken):
    matches = match_episodes(some, runtimes, first, taken)
    numbers = [n for match in matches for n in range(match.first, match.last + 1)]
    assert len(matches) == len(some)
    assert len(set(numbers)) == len(numbers)
    assert not set(numbers) & taken
    assert all(match.first <= match.last <= match.first + 1 for match in matches)
    assert all(0 <= match.confidence <= 1 for match in matches)
    assert matches == match_episodes(some, runtimes, first, taken)


@pytest.mark.parametrize("count", [200, 2000])
def test_it_takes_little_time_for_many_titles(count):
    began = time.perf_counter()
    matches = match_episodes(parts(*[1300] * count), dict.fromkeys(range(1, 500), 22), 1)
    assert len(matches) == count
    assert time.perf_counter() - began < 5


def test_it_takes_another_order_before_doubles_and_numbers_behind_the_season():
    runtimes = {1: 61, 2: 52, 3: 44, 4: 37, 5: 31, 6: 26}
    matches = match_episodes([Part(44 * 60), Part(61 * 60), Part(52 * 60)], runtimes, 1)
    assert [(match.first, match.last) for match in matches] == [(3, 3), (1, 1), (2, 2)]
