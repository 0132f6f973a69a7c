import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boz_server.domain.identification.repeats import Copy, find_copies
from tests.identification import layouts
from tests.identification.layouts import any_titles, titles

LEAST = 600


def copies(facts):
    return find_copies(facts, LEAST)


def exact(**of):
    return {int(index[1:]): Copy(first, exact=True) for index, first in of.items()}


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (layouts.BAND_OF_BROTHERS_1, exact(_4=0, _5=1)),
        # A logo stands among the episodes.
        (layouts.BAND_OF_BROTHERS_3, exact(_4=0, _5=3)),
        (layouts.GALACTICA_1_2, exact(_19=3, _20=4, _21=5, _22=6, _23=7)),
    ],
)
def test_it_finds_copies_where_the_lengths_start_over(facts, expected):
    assert copies(facts) == expected


@pytest.mark.parametrize(
    "facts",
    [
        layouts.BAKUGAN_1,
        titles(1328, 1328, 1328, sizes=(860, 861, 862)),
        layouts.FRASIER_1,
        layouts.SPONGEBOB_1,
        # 24, disc 2: two episodes of 2564 seconds.
        titles(2508, 2564, 2558, 2564, chapters=(2, 2, 2, 2)),
        # Lengths that start over, but lie within 5 seconds: sitcoms do.
        titles(1299, 1300, 1299, 1300),
        # The same lengths with other chapters.
        titles(2508, 2564, 2508, 2564, chapters=(4, 5, 6, 7)),
        # One title again is no list that starts over.
        titles(2508, 2564, 2600, 2508),
        # Copies of one length under a film's.
        titles(3000, 3000),
    ],
)
def test_it_does_not_take_episodes_of_equal_length_for_copies(facts):
    assert copies(facts) == {}


def test_it_proves_copies_by_their_sizes():
    assert copies(layouts.ARCANE_1) == exact(_11=0, _12=1, _13=2)


def test_it_leaves_titles_of_known_size_to_their_sizes():
    facts = titles(4394, 3121, 4394, 3121, sizes=(17554, 12348, 17500, 12300))
    assert copies(facts) == {}


def test_it_proves_copies_of_any_length_by_their_streams():
    facts = titles(135, 135, 134, files=("1.mpls", "2.mpls", "7.m2ts"), maps=("7", "7", "7"))
    assert copies(facts) == exact(_1=0, _2=0)


def test_it_keeps_the_playlist_and_not_its_stream():
    facts = titles(5261, 5261, files=("00305.m2ts", "00001.mpls"), maps=("305", "305"))
    assert copies(facts) == exact(_0=1)


def test_it_does_not_take_other_endings_for_copies():
    # The logos before the film are there twice; its four endings are not.
    assert copies(layouts.CLUE) == exact(_10=9)


@pytest.mark.parametrize(
    ("lengths", "maps", "expected"),
    [
        # Avatar: an episode of stream 1087, and it with its opening and what lies between.
        ((1300, 1348), ("1087", "1100,1086,1087"), {1: Copy(0, exact=False)}),
        ((1348, 1300), ("1100,1086,1087", "1087"), {1: Copy(0, exact=False)}),
        # A play-all is no version of an episode.
        ((1300, 11232), ("1087", "1100,1087,1094"), {}),
        ((1300, 1300), ("1087", "1088"), {}),
    ],
)
def test_it_proves_versions_by_the_streams_they_share(lengths, maps, expected):
    assert copies(titles(*lengths, files=("1.mpls", "2.mpls"), maps=maps)) == expected


def test_it_finds_versions_by_the_length_of_their_opening():
    found = copies(layouts.AVATAR_1)
    pairs = {index: copy.of for index, copy in found.items()}
    assert pairs == {10: 1, 11: 2, 12: 3, 13: 4, 14: 5, 15: 6, 16: 7, 17: 0}
    assert not any(copy.exact for copy in found.values())


@pytest.mark.parametrize(
    "facts",
    [
        # Three, each longer than an earlier one by 48, but all as long as each other.
        titles(1300, 1301, 1302, 1348, 1349, 1350),
        # By more than any opening takes.
        titles(1300, 1356, 1341, 1500, 1556, 1541),
        # One of them has no match; two want the same.
        titles(1300, 1356, 1341, 1348, 1404, 1900),
        titles(1300, 1356, 1341, 1348, 1404, 1404),
    ],
)
def test_it_finds_no_versions_where_the_openings_do_not_fit(facts):
    assert copies(facts) == {}


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        # 300 has its film once for each track of voices.
        (layouts.THREE_HUNDRED, exact(_7=0)),
        (titles(6670, 1325, 6670, chapters=(16, 4, 0)), exact(_2=0)),
        (titles(6670, 6670, chapters=(16, 20)), {}),
        (titles(4499, 4499), {}),
        # Against copying: one film in many lists.
        (titles(*(5900,) * 80), {n: Copy(0, exact=True) for n in range(1, 80)}),
    ],
)
def test_it_takes_a_film_that_is_listed_twice_for_one(facts, expected):
    assert copies(facts) == expected


def test_it_takes_one_films_streams_in_another_order_for_the_film():
    # Against copying: many lists of the same streams, of which one plays them in order.
    maps = ("1,2,3,4", "2,1,4,3", "4,3,2,1")
    facts = titles(5900, 5900, 5900, files=("1.mpls", "2.mpls", "3.mpls"), maps=maps)
    assert {index: copy.of for index, copy in copies(facts).items()} == {1: 0, 2: 0}


def test_it_leaves_short_titles_without_proof_alone():
    assert copies(titles(300, 400, 300, 400)) == {}


LENGTHS = st.integers(0, 30) | st.integers(0, 10_000) | st.just(10**12)


@given(any_titles(LENGTHS, maps=["", "1", "1,2", "2,3", "x"]), st.integers(0, 600))
def test_it_points_from_copies_to_titles_that_are_kept(facts, least):
    found = find_copies(facts, least)
    kept = {title.index for title in facts} - found.keys()
    assert {copy.of for copy in found.values()} <= kept


@pytest.mark.parametrize("spread", [1, 6, 100, 3000])
def test_it_takes_little_time_for_many_titles(spread):
    facts = titles(*(1000 + n * n % spread for n in range(2000)), chapters=range(1, 2001))
    began = time.perf_counter()
    copies(facts)
    assert time.perf_counter() - began < 10


def test_it_takes_little_time_for_many_streams():
    tail = ",".join(str(number) for number in range(2000, 3900))
    maps = [f"{number},{tail}" for number in range(1000)]
    facts = titles(*(1300,) * 1000, files=["1.mpls"] * 1000, maps=maps)
    began = time.perf_counter()
    copies(facts)
    assert time.perf_counter() - began < 10
