"""Shows as TheTVDB knows them: which is taken for a disc, and how sure that is."""

from dataclasses import replace

import pytest

from boz_server.domain.metadata.answers import Episode, Series
from boz_server.settings import Settings
from tests.provider_server import Show

pytestmark = pytest.mark.usefixtures("pc")


def show(series_id, name, year, **seasons):
    """A show; seasons: lists of its episodes' minutes."""
    return Show(
        Series(series_id, name, year, ()),
        [
            Episode(int(season[1:]), number, f"Part {number}", minutes, None)
            for season, lengths in seasons.items()
            for number, minutes in enumerate(lengths, 1)
        ],
    )


SHOWS = [
    show(1, "Lost in Space", 1965, s1=[51] * 29),
    show(2, "Lost in Space (2018)", 2018, s1=[47, 60, 52, 56, 61]),
    # Two shows of one name whose episodes are as long as each other's.
    show(3, "Dynasty", 1981, s1=[48] * 15),
    show(4, "Dynasty (2017)", 2017, s1=[42] * 22),
    # One has seasons of other lengths: the label's counts.
    show(5, "The Flash", 1990, s1=[25] * 22, s2=[47] * 22),
    show(6, "The Flash (2014)", 2014, s1=[43] * 23, s2=[25] * 23),
    show(7, "The Wire", 2002, s1=[58] * 13),
    show(8, "Babylon 5", 1994, s1=[44] * 22),
    show(9, "Star Racers", 2006, s1=[26] * 26),
]


@pytest.fixture
def settings(settings, providers) -> Settings:
    return replace(settings, **providers.settings())


@pytest.mark.parametrize(
    ("label", "minutes", "series_id", "sign"),
    [
        # Which of several has episodes of these lengths decides, or the year does.
        ("LOST_IN_SPACE_S1_D1", (62, 60.5, 61), 2, "name_of_provider"),
        ("THE_FLASH_S1_D1", (43, 43.5, 42.8), 6, "name_of_provider"),
        ("THE_FLASH_S2_D1", (47, 46.5, 47.8), 5, "name_of_provider"),
        ("DYNASTY_(2017)_S1_D1", (45, 45.5, 44.8), 4, "name_of_provider"),
        ("DYNASTY_S1_D1", (45, 45.5, 44.8), None, "name_of_several"),
        # Articles and codes don't matter.
        ("WIRE_S1_D1_HBO12", (58, 57.5, 59), 7, "name_of_provider"),
        ("BABYLON_5_S1_D1", (43, 43.5, 44), 8, "name_of_provider"),
        # A number behind the name is the show's if TheTVDB has it, else the disc's.
        ("BABYLON_5", (43, 43.5, 44), 8, "name_of_provider"),
        ("STAR_RACERS_1", (25, 25.5, 26), 9, "name_of_provider"),
        # Nobody knows it.
        ("QUITE_UNKNOWN_S1_D1", (43, 43.5, 44), None, "name_unknown"),
    ],
)
def test_it_says_which_of_the_shows_it_is(client, label, minutes, series_id, sign):
    disc = client.detect(label, minutes)
    named = disc["identification"]["questions"]["name"]
    assert named["sign"] == sign
    assert named["reasons"] != []
    if series_id is not None:
        assert disc["thetvdb_series_id"] == series_id
    else:
        assert disc["identification"]["confidence"] < 0.9


def test_it_names_the_others_that_it_may_be(client):
    (warning,) = [
        each
        for each in client.detect("DYNASTY_S1_D1", (45, 45.5, 44.8))["identification"]["warnings"]
        if "may also be" in each
    ]
    assert "Dynasty" in warning


def test_it_takes_the_show_that_a_person_chose_for_the_disc_before(client):
    first = client.detect("DYNASTY_S1_D1", (45, 45.5, 44.8))
    client.edit(first["disc_id"], "identify", provider="thetvdb", external_id="4")
    client.approve(first["disc_id"])
    second = client.detect("DYNASTY_S1_D2", (45, 45.2, 44.9), drive="E:")
    assert second["thetvdb_series_id"] == 4
    assert second["identification"]["questions"]["name"]["sign"] != "name_of_several"


@pytest.mark.parametrize("label", ["PANASONIC_DVD_RECORDER", "20190324_2015", "My Disc", "000123"])
def test_it_asks_nobody_about_a_nameless_disc(client, providers, settings, label):
    client.detect(label, (100,))
    assert providers.count("omdb") + providers.count("tmdb") + providers.count("thetvdb") == 0
