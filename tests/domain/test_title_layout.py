import pytest
from hypothesis import given
from hypothesis import strategies as st

from boz_server.domain.title_layout import TitleFacts, analyse, fingerprint

MIB = 1024 * 1024
VAMPIRE = "INTERVIEW_WITH_THE_VAMPIRE"


def titles(*lengths, sizes=(), chapters=(), names=()):
    """Titles numbered from 0; whatever is not given is unknown, as many agents have it."""
    return [
        TitleFacts(
            index=index,
            name=names[index] if names else f"Title {index}",
            duration_seconds=length,
            size_bytes=sizes[index] * MIB if sizes else 0,
            chapters=chapters[index] if chapters else 0,
        )
        for index, length in enumerate(lengths)
    ]


def episodes(facts, **options):
    return [title.index for title in analyse(facts, **options).episodes]


def test_it_takes_titles_of_one_length_for_episodes():
    layout = analyse(titles(2508, 2564, 145, 2558, 2564))
    assert [title.index for title in layout.episodes] == [0, 1, 3, 4]
    assert [title.index for title in layout.extras] == [2]


def test_it_answers_in_disc_order():
    facts = titles(1300, 145, 1310, 150, 1305)
    assert analyse(facts[::-1]) == analyse(facts)


def test_it_finds_nothing_on_an_empty_disc():
    layout = analyse([])
    assert (layout.episodes, layout.extras, layout.main_feature) == ((), (), None)


def test_it_finds_no_main_feature_among_short_titles():
    layout = analyse(titles(599, 300))
    assert layout.main_feature is None
    assert layout.episodes == ()
    assert len(layout.extras) == 2


def test_it_leaves_out_titles_that_are_extras_by_name():
    facts = titles(1300, 1310, 1305, names=("One", "Gag Reel", "Two"))
    assert episodes(facts) == [0, 2]


def test_it_takes_no_name_for_a_hint_that_several_titles_share_with_the_longest():
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
    "facts",
    [
        # Firefly, disc 1: the pilot is as long as the other two together, within 5 seconds.
        titles(5186, 2554, 2627),
        titles(5186, 2554, 2627, sizes=(3787, 1866, 1835), chapters=(21, 13, 13)),
        # Deep Space Nine, disc 1, with chapters alone.
        titles(5429, 2718, 2715, chapters=(18, 8, 8)),
        # Frasier 8, disc 4.
        titles(1348, 1283, 2595, 1247, 1353),
    ],
)
def test_it_keeps_a_double_length_episode(facts):
    assert episodes(facts) == [title.index for title in facts]


@pytest.mark.parametrize(
    "facts",
    [
        titles(2600, 1300, 1300, sizes=(2000, 1001, 998)),
        titles(2600, 1300, 1300, chapters=(8, 4, 4)),
        # Bakugan, volume 1.
        titles(6640, 1328, 1328, 1328, 1328, 1328, sizes=(4305, 859, 860, 861, 862, 863)),
        # Three parts need no more than their length.
        titles(9276, 2593, 2617, 4066),
    ],
)
def test_it_leaves_out_a_play_all(facts):
    assert episodes(facts) == [title.index for title in facts[1:]]


def test_it_leaves_out_what_is_longer_than_any_double_episode():
    # SpongeBob, disc 3, has a play-all that leaves out the bonus titles.
    facts = titles(708, 664, 665, 671, 664, 679, 705, 864, 5620, 607)
    assert 8 not in episodes(facts)


def test_it_leaves_out_copies_of_one_size():
    # Arcane, disc 1.
    facts = titles(2498, 2314, 2559, 2498, 2314, 2559, sizes=(30, 28, 31, 30, 28, 31))
    assert episodes(facts) == [0, 1, 2]


def test_it_leaves_out_copies_of_unknown_size_when_the_lengths_start_over():
    # Band of Brothers, disc 3: the short title stands among the episodes.
    assert episodes(titles(3342, 620, 4040, 3342, 4040)) == [0, 2]


@pytest.mark.parametrize(
    "facts",
    [
        titles(1328, 1328, 1328, 1328, 1328),
        titles(1328, 1328, 1328, sizes=(860, 861, 862)),
        # 24, disc 2: two episodes of 2564 seconds.
        titles(2508, 2564, 2558, 2564),
    ],
)
def test_it_takes_episodes_of_equal_length_for_no_copies(facts):
    assert episodes(facts) == [title.index for title in facts]


@given(st.lists(st.tuples(st.integers(0, 40_000), st.integers(0, 3), st.integers(0, 3))))
def test_it_puts_every_title_on_exactly_one_side(rows):
    facts = [TitleFacts(i, f"Title {i}", *row) for i, row in enumerate(rows)]
    layout = analyse(facts)
    sides = [*layout.episodes, *layout.extras]
    assert sorted(title.index for title in sides) == list(range(len(rows)))


FACTS = titles(2508, 2564)


@pytest.mark.parametrize(
    ("label", "facts"),
    [
        ("breaking bad.S01 D2", FACTS),
        ("BREAKING_BAD_S01_D2", FACTS[::-1]),
        ("BREAKING_BAD_S01_D2", titles(2508, 2564, sizes=(1, 2), chapters=(3, 4))),
        ("BREAKING_BAD_S01_D2", titles(2508, 2564, names=("One", "Two"))),
    ],
)
def test_it_gives_one_disc_one_fingerprint(label, facts):
    assert fingerprint(label, facts) == fingerprint("BREAKING_BAD_S01_D2", FACTS)


@pytest.mark.parametrize(
    ("label", "facts"),
    [
        ("BREAKING_BAD_S01_D3", FACTS),
        ("BREAKING_BAD_S01_D2", titles(2508, 2565)),
        ("BREAKING_BAD_S01_D2", titles(2508)),
        ("BREAKING_BAD_S01_D2", []),
        ("", FACTS),
    ],
)
def test_it_gives_another_disc_another_fingerprint(label, facts):
    assert fingerprint(label, facts) != fingerprint("BREAKING_BAD_S01_D2", FACTS)


def test_it_fingerprints_composed_and_decomposed_letters_alike():
    assert fingerprint("Ame\u0301lie", FACTS) == fingerprint("AM\u00c9LIE", FACTS)


@given(st.text(st.characters()))
def test_it_fingerprints_any_label(label):
    digest = fingerprint(label, FACTS)
    assert len(digest) == 64
    assert int(digest, 16) >= 0


def test_it_keeps_the_fingerprints_it_has_given():
    # Stored with every disc: another value for the same disc would forget the known ones.
    assert (
        fingerprint("FIREFLY_D1", titles(5186, 2554))
        == "451826c42914097b15b36aef03d81dd4383f5a1b932577e8780d54a947c3aa18"
    )
