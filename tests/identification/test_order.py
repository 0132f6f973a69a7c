"""In which order episodes are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boz_server.domain.identification.order import in_order
from boz_server.domain.identification.signs import Sign
from boz_server.domain.identification.title_facts import TitleFacts


def title(index, source_file="", segment_map="", name="", output_file=""):
    return TitleFacts(index, name, 2600, 0, 0, source_file, segment_map, output_file)


def order(episodes, *others, disc_type=""):
    found = in_order(episodes, [*episodes, *others], disc_type)
    assert found.reason.endswith(".")
    return [each.index for each in found.episodes], found.sign


#: Episodes whose titles, playlists and segments are in the order of MakeMKV's numbers, and others.
IN_ORDER = [title(n, f"{800 + n:05}.mpls", f"{10 + n}") for n in range(3)]
REVERSED = [title(n, f"{800 - n:05}.mpls", f"{10 - n}") for n in range(3)]
DISPUTED = [title(n, f"{800 + n:05}.mpls", f"{10 - n}") for n in range(3)]
PLAY_ALL = title(9, "00900.mpls", "9,10,8")


@pytest.mark.parametrize(
    ("episodes", "others", "expected"),
    [
        ([title(4)], (), ([4], Sign.ORDER_WITNESSED)),
        ([], (), ([], Sign.ORDER_WITNESSED)),
        (IN_ORDER, (), ([0, 1, 2], Sign.ORDER_WITNESSED)),
        (REVERSED, (), ([2, 1, 0], Sign.ORDER_WITNESSED)),
        # The play-all is the best witness, and not if it leaves one out.
        (REVERSED, (PLAY_ALL,), ([1, 0, 2], Sign.ORDER_WITNESSED)),
        (REVERSED, (title(9, "00900.mpls", "10,8"),), ([2, 1, 0], Sign.ORDER_WITNESSED)),
        # Segments are right more often than playlists.
        (DISPUTED, (), ([2, 1, 0], Sign.ORDER_DISPUTED)),
        # An opening that all share says nothing, and neither does one segment of them all.
        (
            [title(n, f"{n:05}.mpls", f"1,{20 - n}") for n in range(3)],
            (title(9, "00009.mpls", "1,19,18,20"),),
            ([1, 2, 0], Sign.ORDER_WITNESSED),
        ),
        ([title(n, f"{n:05}.mpls", "7") for n in range(2)], (), ([0, 1], Sign.ORDER_DISPUTED)),
        # Their own names say it.
        (
            [title(0, name="Episode 2"), title(1, name="Episode 1")],
            (),
            ([1, 0], Sign.ORDER_WITNESSED),
        ),
        (
            [title(0, output_file="Show-E03.mkv"), title(1, output_file="Show-E02-3.mkv")],
            (),
            ([1, 0], Sign.ORDER_WITNESSED),
        ),
        ([title(0, name="Pilot"), title(1, name="Episode 1")], (), ([0, 1], Sign.ORDER_OF_TITLES)),
        # A DVD's segments are cells of a title.
        ([title(0, "03", "1-5"), title(1, "02", "1-4")], (), ([0, 1], Sign.ORDER_OF_DVD)),
        ([title(0), title(1)], (), ([0, 1], Sign.ORDER_OF_TITLES)),
    ],
)
def test_it_knows_the_order_by_the_best_witness(episodes, others, expected):
    assert order(episodes, *others) == expected
    assert order(episodes[::-1], *others) == expected


@pytest.mark.parametrize(
    ("disc_type", "sign"),
    [
        ("DVD disc", Sign.ORDER_OF_DVD),
        ("dvd", Sign.ORDER_OF_DVD),
        ("Blu-ray disc", Sign.ORDER_OF_TITLES),
        ("Unknown", Sign.ORDER_OF_TITLES),
    ],
)
def test_it_trusts_makemkvs_order_on_dvds(disc_type, sign):
    assert order([title(1), title(0)], disc_type=disc_type) == ([0, 1], sign)


TEXTS = st.sampled_from(["", "00001.mpls", "00002.m2ts", "03", "1", "1,2", "2-1", "E02", "ep 99"])


@given(st.lists(st.tuples(TEXTS, TEXTS, TEXTS, TEXTS), max_size=12), st.integers(0, 12))
def test_it_keeps_every_episode(rows, count):
    facts = [title(index, *row) for index, row in enumerate(rows)]
    found, _ = order(facts[:count], *facts[count:])
    assert sorted(found) == list(range(len(facts[:count])))
