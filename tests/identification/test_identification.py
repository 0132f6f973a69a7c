import pytest

from boz_server.domain.identification.identity import GUESSED_NUMBERS, Identity, MediaType, as_json
from boz_server.domain.identification.label import read_label
from tests.identification.layouts import titles


def test_it_keeps_what_the_api_shows():
    identity = Identity(
        MediaType.TV_SHOW,
        "Firefly",
        confidence=0.953,
        season_is_guess=True,
        reasons=("3 titles are of about one length.",),
        warnings=("TheTVDB has not answered.",),
    )
    stored = identity.stored(["A show of this name is in the library already."])
    assert stored["season_is_guess"] is True
    assert as_json("tv_show", stored) == {
        "media_type": "tv_show",
        "confidence": 0.953,
        "reasons": ["3 titles are of about one length."],
        "warnings": [
            "TheTVDB has not answered.",
            "A show of this name is in the library already.",
        ],
    }


def test_it_is_no_surer_of_a_disc_than_of_its_numbers():
    stored = Identity(MediaType.TV_SHOW, "Firefly", confidence=0.95).stored()
    doubtful = as_json("tv_show", stored | {"numbering": ["Disc 1 has not been seen."]})
    assert doubtful["confidence"] == GUESSED_NUMBERS
    assert doubtful["warnings"] == ["Disc 1 has not been seen."]


def test_it_shows_a_disc_of_an_older_version():
    expected = {"media_type": "movie", "confidence": 0.0, "reasons": [], "warnings": []}
    assert as_json("movie", {}) == expected


GALACTICA = "Battlestar Galactica: Season 1 (Disc 1)"


@pytest.mark.parametrize(
    ("label", "names", "expected"),
    [
        ("BSG_S1_D1", (GALACTICA, GALACTICA), ("Battlestar Galactica", 1, 1)),
        ("BSG_D2", (GALACTICA, GALACTICA), ("Battlestar Galactica", 1, 2)),
        ("BSG_S1_D1", ("", ""), ("Bsg", 1, 1)),
        ("BSG_S1_D1", ("Title 1", "Title 1"), ("Bsg", 1, 1)),
        ("BSG_S1_D1", ("DVD_VIDEO", "DVD_VIDEO"), ("Bsg", 1, 1)),
        ("BSG_S1_D1", ("Water", "Bastille Day"), ("Bsg", 1, 1)),
        ("", (GALACTICA, GALACTICA), ("Battlestar Galactica", 1, 1)),
    ],
)
def test_it_reads_the_name_that_a_disc_gives_itself(label, names, expected):
    read = read_label(label, titles(2683, 2619, names=names))
    assert (read.name, read.season_number, read.disc_number) == expected


def test_it_reads_a_label_without_titles():
    assert read_label("FIREFLY_D1", []).name == "Firefly"
