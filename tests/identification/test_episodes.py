import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boz_server.domain.identification.episodes import Lengths, find_episodes
from tests.identification import layouts
from tests.identification.layouts import indexes, titles

LEAST = 600


def long(facts):
    return [title for title in facts if title.duration_seconds >= LEAST]


def found(facts, season=(), variance=0.4, *, proven=False):
    episodes, doubles = find_episodes(long(facts), Lengths(variance, tuple(season)), proven=proven)
    return indexes(episodes), sorted(doubles)


@pytest.mark.parametrize(
    ("facts", "episodes", "doubles"),
    [
        # A long pilot is one episode by its chapters, or two.
        (layouts.FIREFLY_1, [0, 1, 2], []),
        (layouts.DEEP_SPACE_NINE_1, [0, 1, 2], [0]),
        # The making-of stands apart and has no chapters.
        (layouts.FIREFLY_4, [0, 1, 2], []),
        # Extras as long as episodes, without chapters; the finale is two.
        (layouts.THIRTY_ROCK_6, [0, 1, 2, 3, 4], []),
        (layouts.THIRTY_ROCK_20, [0, 1, 2, 3, 4], [4]),
        # A long episode before, or among, the others.
        (titles(3526, 2617, 2619, 2621, chapters=(4, 4, 4, 4)), [0, 1, 2, 3], []),
        (titles(2593, 4066, 2617, chapters=(4, 5, 4)), [0, 1, 2], []),
        # A film and its featurettes: `media_type` tells them apart.
        (layouts.DRESSES, [0], []),
        ([], [], []),
    ],
)
def test_it_finds_episodes_by_lengths_order_and_chapters(facts, episodes, doubles):
    assert found(facts) == (episodes, doubles)


def test_it_takes_twice_the_length_for_two_where_no_chapters_are_known():
    assert found(titles(2644, 1291, 1290, 1292)) == ([0, 1, 2, 3], [0])


@pytest.mark.parametrize(("variance", "expected"), [(0.4, [0, 1, 2]), (0.2, [0, 1])])
def test_it_takes_the_variance_it_is_given(variance, expected):
    assert found(titles(1300, 1310, 900), variance=variance)[0] == expected


def test_it_leaves_out_an_odd_title_without_chapters_that_stands_by_itself():
    facts = titles(1300, 1310, 1305, 1450, indexes=(0, 1, 2, 5), chapters=(4, 4, 4, 0))
    assert found(facts)[0] == [0, 1, 2]
    beside = titles(1300, 1310, 1305, 1450, chapters=(4, 4, 4, 0))
    assert found(beside)[0] == [0, 1, 2, 3]


def test_it_keeps_an_episode_before_the_others_only_where_it_stands_beside_them():
    apart = titles(3526, 2617, 2619, 2621, indexes=(0, 4, 5, 6), chapters=(4, 4, 4, 4))
    assert found(apart)[0] == [0, 4, 5, 6]
    assert found(titles(4300, 2617, 2619, 2621, indexes=(0, 4, 5, 6)))[0] == [4, 5, 6]


def test_it_takes_the_longer_of_two_lengths_that_are_as_common():
    assert found(titles(800, 810, 2600, 2610))[0] == [2, 3]


@pytest.mark.parametrize(
    ("facts", "season", "expected"),
    [
        # Of the season's length, though the extras are more.
        (titles(2600, 2610, 1300, 1310, 1320), [2590, 2620], [0, 1]),
        # Twice as long as the season's.
        (titles(5200, 2600, 2610), [2590, 2620], [0, 1, 2]),
        # None is: a bonus disc.
        (titles(1700, 900), [2590, 2620], []),
        # None is, but there is a run of one length: a season goes on otherwise.
        (titles(1300, 1310, 1320), [2590, 2620], [0, 1, 2]),
        (titles(1300, 900, 700, 600, 2000), [9000], []),
    ],
)
def test_it_believes_the_lengths_of_the_season(facts, season, expected):
    assert found(facts, season)[0] == expected


def test_it_keeps_what_is_proven_and_looks_for_doubles():
    parts = layouts.FRASIER_1[:6]
    assert found(parts, proven=True) == ([0, 1, 2, 3, 6], [0])
    assert found(layouts.FRASIER_4[:5], proven=True) == ([0, 1, 2, 3, 4], [2])


@given(
    st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 30)), max_size=40),
    st.lists(st.integers(0, 4000), max_size=3),
    st.floats(0, 2),
    st.booleans(),
)
def test_it_answers_titles_it_was_given_in_their_order(rows, season, variance, proven):
    facts = titles(*(row[0] for row in rows), chapters=[row[1] for row in rows])
    episodes, doubles = find_episodes(facts, Lengths(variance, tuple(season)), proven=proven)
    assert indexes(episodes) == sorted(indexes(episodes))
    assert doubles <= set(indexes(episodes)) <= set(indexes(facts))
    if proven:
        assert episodes == facts


@pytest.mark.parametrize("season", [(), (1300, 2600)])
def test_it_takes_little_time_for_many_titles(season):
    lengths = [1300 + n * n % 2000 for n in range(2000)]
    facts = titles(*lengths, chapters=[n % 7 for n in range(2000)])
    began = time.perf_counter()
    find_episodes(facts, Lengths(season=season), proven=False)
    assert time.perf_counter() - began < 10
