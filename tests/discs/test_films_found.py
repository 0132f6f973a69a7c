"""Films as OMDb and TMDb know them: which are found for a disc, and which is taken."""

from dataclasses import replace
from typing import Any

import pytest

from boz_server.settings import Settings
from tests.client import ok, titles
from tests.provider_server import Movie
from tests.support import file_names

pytestmark = pytest.mark.usefixtures("pc")

FILMS = [
    Movie("Heidi", 2001, 104, "tt0265161", 11),
    Movie("Heidi", 2015, 111, "tt3700392", 365045),
    Movie("Heidi", 1937, 88, "tt0028988"),
    Movie("Solaris", 1972, 167, "tt0069293", 593),
    Movie("Solaris", 2002, 99, "tt0307479", 2103),
    Movie("Twin", 1990, 100, "tt0000001"),
    Movie("Twin", 2010, 100, "tt0000002"),
    Movie("The Return of the King of Elsewhere", 2003, 201, "tt0000003"),
    Movie("Blade Runner", 1982, 117, "tt0083658", 78),
]


@pytest.fixture
def settings(settings, providers) -> Settings:
    return replace(settings, **providers.settings())


def film(disc: dict[str, Any]) -> tuple[Any, ...]:
    """Which film a disc is taken for."""
    return tuple(disc[key] for key in ("movie_title", "movie_year", "omdb_imdb_id"))


def test_it_takes_the_film_of_that_name_and_length(client):
    disc = client.detect("SOLARIS", (99, 12))
    assert film(disc) == ("Solaris", 2002, "tt0307479")
    assert file_names(disc) == ["Solaris (2002).mkv"]
    assert disc["movie_confidence"] > 0.95
    assert disc["titles"][0]["confidence_score"] == disc["movie_confidence"]
    assert disc["identification"]["confidence"] >= 0.9
    assert disc["identification"]["warnings"] == []
    assert "Solaris is a film of this name and length." in disc["identification"]["reasons"]


def test_it_lists_all_that_it_may_be_the_likeliest_first(client):
    candidates = client.detect("HEIDI", (110.5,))["candidates"]
    assert {each["imdb_id"] for each in candidates} == {"tt0265161", "tt3700392", "tt0028988"}
    assert candidates[0] == {
        "provider": "omdb",
        "external_id": "tt3700392",
        "title": "Heidi",
        "year": 2015,
        "runtime_minutes": 111,
        "imdb_id": "tt3700392",
        "score": 1.0,
    }
    scores = [each["score"] for each in candidates]
    assert scores == sorted(scores, reverse=True)
    assert scores[-1] < 1


def test_it_takes_the_film_of_the_year_on_the_label(client):
    assert film(client.detect("TWIN_(2010)", (100,))) == ("Twin", 2010, "tt0000002")


def test_it_warns_of_another_film_that_fits_as_well(client):
    disc = client.detect("TWIN", (100,))
    assert disc["movie_title"] == "Twin"
    assert disc["identification"]["confidence"] <= 0.6
    assert "It may also be Twin" in disc["identification"]["warnings"][0]


def test_it_keeps_to_the_label_where_no_film_fits(client):
    disc = client.detect("THE_KING_OF_ELSEWHERE_AND_OTHER_STORIES_OF_THE_SEA", (97,))
    assert disc["movie_title"] == "The King of Elsewhere and Other Stories of the Sea"
    assert (disc["movie_year"], disc["omdb_imdb_id"]) == (None, None)
    assert disc["movie_confidence"] == 0.4


def test_it_names_the_edition_and_keeps_the_film(client):
    disc = client.detect("BLADE_RUNNER_DIRECTORS_CUT", (116.5,))
    assert film(disc) == ("Blade Runner", 1982, "tt0083658")
    assert file_names(disc) == ["Blade Runner (1982) {edition-Director's Cut}.mkv"]


def test_it_proposes_one_of_several_cuts(client):
    disc = client.detect("BLADE_RUNNER", (112, 117, 9))
    assert file_names(disc) == ["Blade Runner (1982).mkv"]
    assert [title["kind"] for title in disc["titles"]] == ["other_cut", "feature", "extra"]
    names = [title["proposed_filename"] for title in disc["titles"]]
    assert names[0] == "Blade Runner (1982) {edition-Version 2}.mkv"


def test_it_rips_several_cuts_under_names_of_their_own(client):
    disc_id = client.detect("BLADE_RUNNER", (112, 117, 9))["disc_id"]
    disc = client.approve(disc_id, title_edits=[{"index": 0, "selected": True}])
    assert file_names(disc) == [
        "Blade Runner (1982) {edition-Version 2}.mkv", "Blade Runner (1982).mkv"
    ]  # fmt: skip


@pytest.mark.parametrize("written", [{}, {"proposed_filename": "BR.mkv"}])
def test_it_calls_the_only_cut_that_is_wanted_the_film(client, written):
    disc = client.detect("BLADE_RUNNER", (112, 117, 9))
    edits = disc["titles"]
    edits[0] |= {"selected": True, **written}
    edits[1]["selected"] = False
    approved = client.approve(disc["disc_id"], title_edits=edits)
    assert file_names(approved) == [written.get("proposed_filename", "Blade Runner (1982).mkv")]
    assert approved["titles"][0]["kind"] == "feature"


def test_it_proposes_nothing_of_a_bonus_disc(client):
    client.detect("BLADE_RUNNER_D1", (117, 9))
    bonus = client.detect("BLADE_RUNNER_D2", (88, 26, 31, 14, 12), drive="E:")
    assert (bonus["media_type"], file_names(bonus)) == ("movie", [])
    assert bonus["movie_title"] == "Blade Runner"


def test_it_takes_a_show_for_no_film_of_its_name(client):
    disc = client.detect("HEIDI_S01_D1", (24, 25, 24.5, 25.2))
    assert (disc["media_type"], disc["candidates"]) == ("tv_show", [])


def test_it_keeps_what_it_found(client, providers):
    disc = client.detect("SOLARIS", (99, 12))
    asked = providers.count()
    assert client.detect("SOLARIS", titles=titles(99, 12)) == disc
    assert client.disc(disc["disc_id"]) == disc
    assert ok(client.get("/api/discs"))[0] == disc
    assert providers.count() == asked
