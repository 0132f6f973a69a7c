import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boz_server.domain.identification.layout import Evidence, analyse
from tests.identification import layouts
from tests.identification.layouts import any_titles, indexes, titles

VAMPIRE = "INTERVIEW_WITH_THE_VAMPIRE"


def episodes(facts, **options):
    return [title.index for title in analyse(facts, **options).episodes]


def test_it_takes_titles_of_one_length_for_episodes():
    layout = analyse(titles(2508, 2564, 145, 2558, 2564))
    assert [title.index for title in layout.episodes] == [0, 1, 3, 4]


def test_it_answers_in_disc_order():
    facts = titles(1300, 145, 1310, 150, 1305)
    assert analyse(facts[::-1]) == analyse(facts)


def test_it_finds_nothing_on_an_empty_disc():
    layout = analyse([])
    assert (layout.titles, layout.episodes, layout.main_feature) == ((), (), None)


def test_it_finds_no_main_feature_among_short_titles():
    layout = analyse(titles(599, 300))
    assert layout.main_feature is None
    assert layout.episodes == ()
    assert indexes(layout.singles) == [0, 1]


def test_it_leaves_out_titles_that_are_extras_by_name():
    facts = titles(1300, 1310, 1305, names=("One", "Gag Reel", "Two"))
    assert episodes(facts) == [0, 2]


def test_it_ignores_a_name_that_several_titles_share_with_the_longest():
    facts = titles(7000, 800, 900, names=(VAMPIRE, VAMPIRE, "Trailers"))
    assert analyse(facts).main_feature == facts[0]


def test_it_picks_the_longest_title_that_is_no_extra_as_main_feature():
    facts = titles(7000, 9000, 800, names=("Film", "The Making of Film", "Title 3"))
    assert analyse(facts).main_feature == facts[0]


def test_it_picks_the_first_of_equal_titles_as_main_feature():
    facts = titles(800, 6998, 6998)
    assert analyse(facts).main_feature == facts[1]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [0, 1, 2]),
        ({"min_duration_seconds": 1000}, [0, 1]),
        ({"duration_variance": 0.2}, [0, 1]),
    ],
)
def test_it_takes_the_bounds_it_is_given(options, expected):
    assert episodes(titles(1300, 1310, 900), **options) == expected


@pytest.mark.parametrize(
    ("facts", "evidence", "expected"),
    [
        (layouts.FIREFLY_1, Evidence.LENGTHS, [0, 1, 2]),
        (layouts.FIREFLY_4, Evidence.LENGTHS, [0, 1, 2]),
        (layouts.DEEP_SPACE_NINE_1, Evidence.LENGTHS, [0, 1, 2]),
        (layouts.FRASIER_1, Evidence.PLAY_ALL, [0, 1, 2, 3, 6]),
        (layouts.FRASIER_4, Evidence.PLAY_ALL, [0, 1, 2, 3, 4]),
        (layouts.BAND_OF_BROTHERS_1, Evidence.COPIES, [0, 1]),
        (layouts.BAND_OF_BROTHERS_3, Evidence.COPIES, [0, 3]),
        (layouts.AVATAR_1, Evidence.PLAY_ALL, [0, 1, 2, 3, 4, 5, 6, 7]),
        (layouts.BAKUGAN_1, Evidence.PLAY_ALL, [1, 2, 3, 4, 5]),
        (layouts.SPONGEBOB_1, Evidence.PLAY_ALL, list(range(16))),
        (layouts.SPONGEBOB_3, Evidence.PLAY_ALL, list(range(8))),
        (layouts.THIRTY_ROCK_6, Evidence.LENGTHS, [0, 1, 2, 3, 4]),
        (layouts.THIRTY_ROCK_20, Evidence.LENGTHS, [0, 1, 2, 3, 4]),
        (layouts.GALACTICA_1_2, Evidence.COPIES, [3, 4, 5, 6, 7]),
        (layouts.GALACTICA_25_1, Evidence.PLAY_ALL, [0, 1, 2, 3]),
        (layouts.GALACTICA_25_3, Evidence.PLAY_ALL, [0, 1, 2]),
        (layouts.ARCANE_1, Evidence.COPIES, [0, 1, 2]),
        (layouts.SHERLOCK_1, Evidence.LENGTHS, [0, 1]),
        # Only the season's other discs can tell that these are extras.
        (layouts.DEEP_SPACE_NINE_6, Evidence.LENGTHS, [0, 1]),
        (layouts.RETURN_OF_THE_KING_3, Evidence.LENGTHS, []),
    ],
)
def test_it_finds_the_episodes_of_real_discs(facts, evidence, expected):
    layout = analyse(facts)
    assert (layout.evidence, indexes(layout.episodes)) == (evidence, expected)


def test_it_tells_a_long_pilot_from_two_episodes():
    assert analyse(layouts.FIREFLY_1).doubles == frozenset()
    assert analyse(layouts.DEEP_SPACE_NINE_1).doubles == {0}
    assert analyse(layouts.FRASIER_4).doubles == {2}


def test_it_knows_the_extras_of_a_season_by_its_other_discs():
    season = (5429, 2718, 2715, 2714)
    assert analyse(layouts.DEEP_SPACE_NINE_6, season_lengths=season).episodes == ()
    seen = (4394, 3121, 3921, 3583, 3342, 4040, 4370, 3539)
    assert analyse(layouts.BAND_OF_BROTHERS_6, season_lengths=seen).episodes == ()
    assert indexes(analyse(titles(3400), season_lengths=seen).episodes) == [0]


def test_it_takes_a_sum_of_all_titles_for_proof_that_none_is_a_copy():
    # The lengths start over, but one title plays all six.
    facts = titles(7800, 1290, 1310, 1300, 1290, 1310, 1300)
    layout = analyse(facts)
    assert (indexes(layout.episodes), dict(layout.copies)) == ([1, 2, 3, 4, 5, 6], {})


def test_it_takes_no_play_all_of_short_extras_for_a_hint_of_episodes():
    facts = titles(2600, 2620, 2610, 250, 260, 270, 780, chapters=(8, 8, 8, 0, 0, 0, 3))
    layout = analyse(facts)
    assert indexes(layout.episodes) == [0, 1, 2]
    assert dict(layout.play_alls) == {6: (3, 4, 5)}


def test_it_finds_cartoons_of_a_few_minutes():
    shorts = [430 + n * 7 % 40 for n in range(12)]
    assert len(analyse(titles(*shorts)).episodes) == 12
    # All of them in a row; a short documentary, a double-length one.
    assert len(analyse(titles(*shorts, sum(shorts))).episodes) == 12
    assert indexes(analyse(titles(*shorts, 900, 1250)).episodes)[:12] == list(range(12))


@pytest.mark.parametrize(
    "facts",
    [
        titles(430, 440, 450, 435),
        titles(430, 200, 560, 300, 240, 590, 400),
        titles(120, 125, 130, 120, 125, 130),
    ],
)
def test_it_takes_few_or_uneven_short_titles_for_extras(facts):
    assert analyse(facts).episodes == ()


def test_it_keeps_a_film_with_many_short_extras():
    facts = titles(6000, *(430,) * 12)
    assert indexes(analyse(facts).features) == [0]
    assert indexes(analyse(facts).episodes) == [0]


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (layouts.TWELVE_MONKEYS, [1]),
        (layouts.ROUND_MIDNIGHT, [0]),
        (layouts.DRESSES, [0]),
        (layouts.THREE_HUNDRED, [0]),
        # The longest cut is the film, the others its cuts, endings apart.
        (layouts.CLUE, [3, 0, 1, 2, 29]),
        # A documentary that is longer than its film: by chapters, by bytes.
        (titles(7000, 6200, chapters=(8, 24)), [1, 0]),
        (titles(7000, 6200, sizes=(3000, 24000)), [1, 0]),
        # In three languages: the first, whichever is the longest.
        (titles(6103, 6105, 6104), [0, 1, 2]),
        (titles(6103, 6105, 6104, sizes=(5000, 5002, 5001)), [0, 1, 2]),
        # Against copying: one film in many lists.
        (titles(*(5900,) * 80, 700), [0]),
        # Titles of a play-all are no films.
        (layouts.BAKUGAN_1, []),
        (layouts.RETURN_OF_THE_KING_3, []),
    ],
)
def test_it_finds_the_main_feature_and_its_cuts(facts, expected):
    assert indexes(analyse(facts).features) == expected


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        # Two films; two cuts; a documentary of few chapters, or of few bytes.
        (titles(6600, 5400, chapters=(24, 20)), {1}),
        (titles(6600, 5400, sizes=(6000, 4800)), {1}),
        (titles(6600, 6300, chapters=(24, 24)), set()),
        (titles(6600, 5400, chapters=(24, 6)), set()),
        (titles(6600, 5400, sizes=(6000, 1500)), set()),
        (
            titles(
                *(6600, 5400),
                chapters=(24, 20),
                files=("1.mpls", "2.mpls"),
                maps=("1,2,3", "1,4"),
            ),
            set(),
        ),
    ],
)
def test_it_tells_another_film_from_another_cut(facts, expected):
    assert analyse(facts).further_films == expected


LENGTHS = st.integers(0, 6000) | st.sampled_from([0, 3, 1300, 1310, 2600, 3900, 40_000, 10**12])


@given(
    any_titles(LENGTHS, chapters=30, files=["", "1.mpls", "1.m2ts"],
               maps=["", "1", "1,2", "2,3", "1-3"]),
    st.integers(0, 1000),
    st.floats(0, 5),
    st.lists(st.integers(0, 6000), max_size=3),
)  # fmt: skip
def test_it_puts_every_title_on_exactly_one_side(facts, least, variance, season):
    options = {"min_duration_seconds": least, "duration_variance": variance}
    layout = analyse(facts, season_lengths=season, **options)
    assert layout == analyse(facts[::-1], season_lengths=season, **options)
    singles = set(indexes(layout.singles))
    sides = [*singles, *layout.copies, *layout.play_alls]
    assert sorted(sides) == indexes(facts)
    assert singles.issuperset(indexes(layout.episodes))
    assert singles.issuperset(indexes(layout.features))
    assert layout.doubles <= set(indexes(layout.episodes))
    assert layout.further_films <= set(indexes(layout.features[1:]))


@pytest.mark.parametrize("spread", [1, 7, 100, 3000])
def test_it_takes_little_time_for_many_titles(spread):
    lengths = [1300 + n * n % spread for n in range(2000)]
    facts = titles(*lengths, chapters=[n % 7 for n in range(2000)])
    began = time.perf_counter()
    analyse(facts)
    assert time.perf_counter() - began < 10
