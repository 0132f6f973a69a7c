import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boz_server.domain.identification.repeats import are_regular, find_play_alls
from tests.identification import layouts
from tests.identification.layouts import any_titles, titles

LEAST = 600


def play_alls(facts):
    return find_play_alls(facts, LEAST)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (layouts.BAKUGAN_1, {0: (1, 2, 3, 4, 5)}),
        # Previews lie between the episodes.
        (layouts.FRASIER_1, {7: (0, 1, 2, 3, 6)}),
        # The double episode is as long as two of the others, and plays none.
        (layouts.FRASIER_4, {5: (0, 1, 2, 3, 4)}),
        # It leaves the extras out.
        (layouts.SPONGEBOB_3, {8: (0, 1, 2, 3, 4, 5, 6, 7)}),
        # One part is short.
        (layouts.SPONGEBOB_1, {16: tuple(range(16))}),
        (layouts.GALACTICA_25_1, {4: (0, 1, 2, 3)}),
        # Three parts need no more than their length.
        (layouts.GALACTICA_25_3, {3: (0, 1, 2)}),
        (layouts.RETURN_OF_THE_KING_3, {1: (2, 3, 4, 5, 6, 7, 8), 14: (15, 16, 17, 18, 19, 20)}),
        (layouts.BAND_OF_BROTHERS_6, {2: tuple(range(5, 17))}),
    ],
)
def test_it_finds_what_a_play_all_plays(facts, expected):
    assert play_alls(facts) == expected


@pytest.mark.parametrize(
    "facts",
    [
        # As long as the two others together, within 5 seconds, but of other size and chapters.
        layouts.FIREFLY_1,
        titles(5186, 2554, 2627, chapters=(21, 13, 13)),
        titles(5186, 2554, 2627),
        layouts.DEEP_SPACE_NINE_1,
        # Without what it plays.
        titles(11232),
        [],
    ],
)
def test_it_does_not_take_a_long_episode_for_a_play_all(facts):
    assert play_alls(facts) == {}


@pytest.mark.parametrize(
    "facts",
    [
        titles(2600, 1300, 1300, sizes=(2000, 1001, 998)),
        titles(2600, 1300, 1300, chapters=(8, 4, 4)),
    ],
)
def test_it_takes_two_parts_where_more_than_their_length_shows_it(facts):
    assert play_alls(facts) == {0: (1, 2)}


@pytest.mark.parametrize(
    "facts",
    [
        # Sizes count for more than chapters.
        titles(2600, 1300, 1300, sizes=(2000, 1300, 998), chapters=(8, 4, 4)),
        titles(2600, 1300, 1300, chapters=(7, 4, 4)),
        # A third long title is left out.
        titles(2600, 1300, 1300, 1400, chapters=(8, 4, 4, 4)),
        # One part is most of it.
        titles(5255, 4739, 516, chapters=(16, 14, 2)),
    ],
)
def test_it_takes_no_other_two_parts_for_a_play_all(facts):
    assert play_alls(facts) == {}


def test_it_takes_openings_of_its_own_into_account():
    # Avatar plays each of its episodes with an opening, 4 % more than all of them together.
    found = play_alls(layouts.AVATAR_1[:10])
    assert found == {8: (0, 1, 2, 3, 4, 5, 6, 7)}


@pytest.mark.parametrize(
    "facts",
    [
        # Sizes say that it is a film as long as its featurettes.
        titles(4000, 1350, 1300, 1320, sizes=(9000, 900, 900, 900)),
        titles(3970, 1350, 1300, 1320, sizes=(9000, 900, 900, 900)),
        # Featurettes of all lengths add up to about its length.
        titles(5402, 2400, 700, 1300, 1000),
    ],
)
def test_it_does_not_take_a_film_as_long_as_its_featurettes_for_a_play_all(facts):
    assert play_alls(facts) == {}


def test_it_takes_parts_of_all_lengths_where_they_add_up_to_the_second():
    assert play_alls(titles(5400, 2400, 700, 1300, 1000)) == {0: (1, 2, 3, 4)}


def streams(*rows):
    lengths, files, maps = zip(*rows, strict=True)
    return titles(*lengths, files=files, maps=maps)


def test_it_proves_a_play_all_by_its_streams():
    facts = streams(
        (2600, "3.mpls", "1,2"), (1300, "1.mpls", "1"), (1300, "2.mpls", "2"), (900, "4.mpls", "9")
    )
    assert play_alls(facts) == {0: (1, 2)}


@pytest.mark.parametrize(
    "facts",
    [
        # Streams are against it, whatever the lengths say.
        streams(
            (3900, "9.mpls", "7"),
            (1300, "1.mpls", "1"),
            (1300, "2.mpls", "2"),
            (1300, "3.mpls", "3"),
        ),
        # Half of it lies in no other title.
        streams((5200, "9.mpls", "1,2,7"), (1300, "1.mpls", "1"), (1300, "2.mpls", "2")),
        # A film that branches, and its streams.
        streams((5800, "9.mpls", "1,2"), (2900, "1.m2ts", "1"), (2900, "2.m2ts", "2")),
        # A film with an ending of its own.
        layouts.CLUE,
    ],
)
def test_it_does_not_take_a_film_of_several_streams_for_a_play_all(facts):
    assert play_alls(facts) == {}


def test_it_takes_a_row_of_streams_beside_something_longer_for_a_play_all():
    facts = streams((3365, "40.mpls", "27,28"), (1700, "27.m2ts", "27"), (1665, "28.m2ts", "28"))
    longer = titles(4653, indexes=(9,), files=("5.mpls",), maps=("0",))
    assert play_alls([*facts, *longer]) == {0: (1, 2)}


@pytest.mark.parametrize(
    ("lengths", "expected"),
    [((), False), ((1300,), True), ((1300, 1310, 900), True), ((1300, 800), False)],
)
def test_it_knows_titles_of_about_one_length(lengths, expected):
    assert are_regular(titles(*lengths)) is expected


LENGTHS = st.sampled_from([0, 1, 3, 600, 1200, 1300, 2600, 3900, 10**12]) | st.integers(0, 5000)


@given(any_titles(LENGTHS, maps=["", "1", "1,2", "2,3", "1-3"], most=30), st.integers(0, 600))
def test_it_finds_play_alls_only_of_shorter_titles_that_play_no_others(facts, least):
    lengths = [title.duration_seconds for title in facts]
    found = find_play_alls(facts, least)
    for whole, parts in found.items():
        assert len(parts) >= 2
        assert not set(parts) & found.keys()
        assert all(lengths[part] < lengths[whole] for part in parts)


@pytest.mark.parametrize(
    "facts",
    [
        titles(*(1000 + n * n % 3000 for n in range(2000))),
        titles(*(10,) * 200, *range(1000, 1200), sizes=(1,) * 400),
        titles(*(100,) * 350, *range(10_000, 10_050), sizes=(1,) * 400),
        titles(
            *(1300 + n for n in range(300)),
            files=["1.mpls"] * 300,
            maps=[",".join(str(n + k) for k in range(2000)) for n in range(300)],
        ),
    ],
    ids=["many", "many short", "many sums", "many streams"],
)
def test_it_takes_little_time_for_many_titles(facts):
    began = time.perf_counter()
    play_alls(facts)
    assert time.perf_counter() - began < 10
