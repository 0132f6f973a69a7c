import pytest

from boz_server.domain.identification.identity import Identity, MediaType, as_json
from boz_server.domain.identification.label import read_label
from boz_server.domain.identification.signs import Judgement, Sign
from tests.identification.layouts import titles


def test_it_is_as_sure_of_a_disc_as_of_the_least_sure_answer():
    kind = Judgement(0.97, Sign.LIKE_EPISODES, ("3 titles are of about one length.",))
    named, chosen = Judgement(0.95, Sign.NAME_OF_LABEL), Judgement(0.93)
    identity = Identity(
        MediaType.TV_SHOW,
        "Firefly",
        kind=kind,
        named=named,
        season_is_guess=True,
        warnings=("TheTVDB has not answered.",),
    )
    stored = identity.stored(chosen, ["A show of this name is in the library already."])
    assert stored["season_is_guess"] is True
    numbers = Judgement(0.4, Sign.SEASON_GUESSED, ("Disc 1 is missing.",)).stored()
    shown = as_json("tv_show", stored | {"numbers": numbers, "numbering": ["Look at them."]})
    assert shown == {
        "media_type": "tv_show",
        "confidence": 0.4,
        "reasons": ["3 titles are of about one length.", "Disc 1 is missing."],
        "warnings": [
            "TheTVDB has not answered.",
            "A show of this name is in the library already.",
            "Look at them.",
        ],
        "questions": {
            "media_type": kind.stored(),
            "name": named.stored(),
            "titles": chosen.stored(),
            "numbers": numbers,
        },
    }
    assert as_json("tv_show", stored)["confidence"] == 0.93


def test_it_takes_an_older_versions_word_for_a_guess():
    stored = {"confidence": 0.95, "reasons": ["So it is."], "warnings": [], "numbering": []}
    assert as_json("tv_show", stored) == {
        "media_type": "tv_show",
        "confidence": 0.8,
        "reasons": ["So it is."],
        "warnings": [],
        "questions": {},
    }


def test_it_shows_a_disc_of_an_older_version():
    shown = as_json("movie", {})
    assert (shown["confidence"], shown["reasons"], shown["questions"]) == (0.0, [], {})


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
