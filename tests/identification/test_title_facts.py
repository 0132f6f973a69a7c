import pytest
from hypothesis import given
from hypothesis import strategies as st

from boz_server.domain.identification.title_facts import (
    TitleFacts,
    common_name,
    fingerprint,
    is_extra_by_name,
    segments,
)
from tests.identification.layouts import titles

FACTS = titles(2508, 2564)


@pytest.mark.parametrize(
    ("segment_map", "expected"),
    [
        ("357,353", (357, 353)),
        ("1,5-7", (1, 5, 6, 7)),
        (" 1 , 2-2 ", (1, 2)),
        ("", ()),
        ("1,,2", ()),
        ("7-5", ()),
        ("1-", ()),
        ("-1", ()),
        ("one", ()),
        ("1-999999", ()),
        ("\u0661", ()),
        (",".join(["1-400"] * 100), ()),
    ],
)
def test_it_reads_a_segment_map(segment_map, expected):
    assert segments(segment_map) == expected


@pytest.mark.parametrize("segment_map", ["1," * 5000, "1-500," * 1600 + "1", "9" * 10_000])
def test_it_reads_a_hostile_segment_map_within_bounds(segment_map):
    assert len(segments(segment_map)) <= 2600


@given(st.text(max_size=50) | st.from_regex(r"[0-9,-]{1,40}", fullmatch=True))
def test_it_reads_any_segment_map(segment_map):
    assert all(number >= 0 for number in segments(segment_map))


def test_it_knows_the_streams_of_a_blu_ray_alone():
    playlist = TitleFacts(0, "", 5255, source_file="00002.mpls", segment_map="357,353")
    stream = TitleFacts(1, "", 515, source_file="00353.m2ts", segment_map="353")
    cells = TitleFacts(2, "", 2556, source_file="01", segment_map="1-11,12")
    assert (playlist.streams, playlist.is_playlist) == ((357, 353), True)
    assert (stream.streams, stream.is_playlist) == ((353,), False)
    assert (cells.streams, cells.is_playlist) == ((), False)
    assert TitleFacts(3, "", 2556, segment_map="1").streams == ()


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("VAMPIRE", "VAMPIRE", "Trailers"), "VAMPIRE"),
        (("Film", "Trailer", "Trailer"), None),
        (("One", "Two", "Three"), None),
        (("", "", ""), ""),
    ],
)
def test_it_finds_the_name_that_titles_share_with_the_longest(names, expected):
    assert common_name(titles(7000, 800, 900, names=names)) == expected


def test_it_finds_no_common_name_on_an_empty_disc():
    assert common_name([]) is None


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
    # Fingerprints are stored with every disc: with other values we would not recognise any.
    assert (
        fingerprint("FIREFLY_D1", titles(5186, 2554))
        == "451826c42914097b15b36aef03d81dd4383f5a1b932577e8780d54a947c3aa18"
    )


@pytest.mark.parametrize(
    "name",
    [
        "Trailer",
        "Theatrical Trailers",
        "TEASER",
        "Deleted Scene: The Bridge",
        "deleted_scenes",
        "Behind-the-Scenes",
        "The Making Of Avatar",
        "Featurette",
        "Interview with the director",
        "Gag Reel",
        "Bloopers",
        "Audio Commentary",
        "Bonus disc",
        "Extra 3",
        "Extras",
    ],
)
def test_it_knows_an_extra_by_its_name(name):
    assert is_extra_by_name(name)


@pytest.mark.parametrize(
    "name",
    ["", "Title 3", "Pilot", "Trailerpark", "Extraordinary", "Scenes", "The Making", "Bonuses"],
)
def test_it_looks_for_whole_words_only(name):
    assert not is_extra_by_name(name)
