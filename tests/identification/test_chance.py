from random import Random

import pytest

from boz_server.domain.identification.chance import UNLIKELY, Chance
from boz_server.domain.identification.layout import Evidence, analyse
from boz_server.domain.identification.repeats import find_copies
from tests.identification.layouts import indexes, titles

LEAST = 600


def slot(random, count, deviation, usual=1350):
    """Lengths of episodes that are cut to a slot."""
    return [round(random.gauss(usual, deviation)) for _ in range(count)]


@pytest.mark.parametrize("count", [4, 6, 8, 12])
@pytest.mark.parametrize("deviation", [3, 8, 20])
def test_it_takes_equal_lengths_by_chance_for_no_copies(count, deviation):
    random = Random(count * 100 + deviation)  # noqa: S311 - the same discs each time
    discs = [titles(*slot(random, count, deviation)) for _ in range(200)]
    assert sum(bool(find_copies(disc, LEAST)) for disc in discs) <= 6


@pytest.mark.parametrize("deviation", [8, 20, 60])
def test_it_finds_a_whole_list_that_starts_over(deviation):
    random = Random(deviation)  # noqa: S311 - the same discs each time
    found = 0
    for _ in range(100):
        once = slot(random, 8, deviation)
        found += set(find_copies(titles(*once, *once), LEAST)) == set(range(8, 16))
    assert found >= 95


def test_it_asks_for_rarer_lengths_where_they_lie_close_together():
    close = titles(1350, 1351, 1350, 1352, 1351, 1350, 1352, 1356, 1351, 1350)
    far = titles(1350, 1451, 1250, 1552, 1151, 1650, 1752, 1051, 1250, 1552)
    assert Chance(close).of_lists(close[:8], close[8:]) > UNLIKELY
    assert Chance(far).of_lists(far[:8], far[8:]) < UNLIKELY


def test_it_counts_agreeing_chapters_as_evidence():
    lengths = (1350, 1351, 1349, 1352, 1351, 1350, 1349, 1356, 1351, 1356)
    alike = titles(*lengths, chapters=(5,) * 10)
    various = titles(*lengths, chapters=(4, 5, 6, 7, 8, 9, 10, 11, 5, 11))
    chances = [Chance(facts).of_lists(facts[:8], facts[8:]) for facts in (alike, various)]
    assert chances[1] < chances[0] / 10


@pytest.mark.parametrize(
    ("places", "chance"), [((1, 2, 3, 4), 1 / 24), ((2, 3, 4, 1), 16 / 24), ((4, 3, 2, 1), 1)]
)
def test_it_knows_how_rarely_chance_keeps_the_order(places, chance):
    assert Chance.of_order(places) == pytest.approx(chance)


@pytest.mark.parametrize(
    ("lengths", "again"),
    [
        # Two episodes of twelve have a commentary: their streams stand at the end.
        ((1363, 1337, 1332, 1334, 1332, 1346, 1332, 1361, 1333, 1333, 1332, 1332), (7, 10)),
        ((1290, 1312, 1275, 1301, 1322, 1297, 1308, 1284), (1, 4)),
        ((2530, 2600, 2515, 2568, 2581, 2553), (0, 2, 5)),
    ],
)
def test_it_leaves_out_the_repeats_of_a_few_episodes_and_keeps_all_others(lengths, again):
    facts = titles(*lengths, *(lengths[place] for place in again))
    layout = analyse(facts)
    assert indexes(layout.episodes) == list(range(len(lengths)))
    assert {copy.of for copy in layout.copies.values()} == set(again)
    assert layout.evidence is Evidence.LENGTHS


def test_it_keeps_all_episodes_where_the_streams_of_some_are_listed_again():
    lengths = (2530, 2600, 2515, 2568, 2600, 2515)
    maps = ("50", "51", "52", "53", "51", "52")
    files = ("1.mpls", "2.mpls", "3.mpls", "4.mpls", "51.m2ts", "52.m2ts")
    layout = analyse(titles(*lengths, maps=maps, files=files))
    assert indexes(layout.episodes) == [0, 1, 2, 3]


def test_it_takes_the_one_title_that_is_not_there_twice_for_an_extra():
    lengths = (2683, 2619, 2625, 2616, 2625)
    layout = analyse(titles(*lengths, 2908, *lengths))
    assert (layout.evidence, indexes(layout.episodes)) == (Evidence.COPIES, [0, 1, 2, 3, 4])


def test_it_finds_copies_that_stand_beside_each_title():
    once = (706, 664, 664, 393, 682, 675, 662, 685, 1322)
    twice = [length for each in (sum(once), *once) for length in (each, each)]
    layout = analyse(titles(*twice))
    assert dict(layout.play_alls) == {0: tuple(range(2, 20, 2))}
    assert indexes(layout.episodes) == list(range(2, 20, 2))
    # Of one length, they are what they seem.
    assert not analyse(titles(*[1423] * 8)).copies


def test_it_takes_the_angles_of_one_dvd_title_for_versions_of_it():
    facts = titles(
        1300, 1300, 1300, sizes=(900, 902, 880), files=("02", "02", "03"), maps=("1,2", "1,3", "1")
    )
    assert set(find_copies(facts, LEAST)) == {1}
