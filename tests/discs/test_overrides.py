"""What a person says that a disc is makes everything be worked out anew."""

from dataclasses import replace
from typing import Any

import pytest

from boz_server.domain.metadata.answers import Episode, Series
from boz_server.settings import Settings
from tests.client import Client, titles
from tests.provider_server import Movie, Show
from tests.support import episodes, file_names

pytestmark = pytest.mark.usefixtures("pc")

FILMS = [
    Movie("Solaris", 1972, 167, "tt0069293", 593),
    Movie("Solaris", 2002, 99, "tt0307479", 2103),
    Movie("Sherlock", 2010, 89, "tt1522835"),
]
SHOWS = [
    Show(
        Series(5, "Sherlock", 2010, ()),
        [Episode(s, n, f"Case {s}.{n}", 88, None) for s in (1, 2) for n in (1, 2, 3)],
    )
]
OVERRIDE = "preview/override-media-type"


@pytest.fixture
def settings(settings, providers) -> Settings:
    return replace(settings, **providers.settings())


def show(client: Client, disc: dict[str, Any], name: str, **body: Any) -> dict[str, Any]:
    """A disc after a person said which show it is of."""
    return client.edit(disc["disc_id"], OVERRIDE, media_type="tv_show", show_name=name, **body)


def film(client: Client, disc: dict[str, Any], **body: Any) -> dict[str, Any]:
    """A disc after a person said that it is a film."""
    return client.edit(disc["disc_id"], OVERRIDE, media_type="movie", **body)


def test_it_looks_the_film_up_that_a_person_names(client):
    disc = film(client, client.detect("DVD_VIDEO", (99, 5)), movie_title="Solaris")
    assert file_names(disc) == ["Solaris (2002).mkv"]
    assert (disc["omdb_imdb_id"], disc["movie_confidence"]) == ("tt0307479", 1.0)
    assert [each["year"] for each in disc["candidates"]] == [2002, 1972]
    questions = disc["identification"]["questions"]
    assert [questions[key]["confidence"] for key in ("media_type", "name")] == [1.0, 1.0]
    assert questions["name"]["reasons"] == ["A person said so."]


def test_it_takes_the_film_of_the_year_that_a_person_names(client):
    disc = client.detect("DVD_VIDEO", (99, 5))
    disc = film(client, disc, movie_title="Solaris", movie_year=1972)
    assert (file_names(disc), disc["omdb_imdb_id"]) == (["Solaris (1972).mkv"], "tt0069293")


def test_it_takes_the_year_of_a_person_over_that_of_any_film(client):
    disc = client.detect("DVD_VIDEO", (99, 5))
    disc = film(client, disc, movie_title="Solaris", movie_year=1968)
    assert (file_names(disc), disc["omdb_imdb_id"]) == (["Solaris (1968).mkv"], None)


def test_it_looks_up_the_film_that_the_label_names_where_no_one_does(client):
    disc = client.detect("SOLARIS_S01", (49, 50))
    assert disc["media_type"] == "tv_show"
    disc = film(client, disc)
    assert (disc["movie_title"], disc["tv_show_name"]) == ("Solaris", None)
    assert {each["imdb_id"] for each in disc["candidates"]} == {"tt0307479", "tt0069293"}


def test_it_selects_the_film_of_what_passed_as_a_show(client):
    disc = film(client, client.detect("SHERLOCK_S01_D1", (88, 99, 87)), movie_title="Solaris")
    assert disc["media_type"] == "movie"
    assert len(file_names(disc)) == 1
    (chosen,) = [title for title in disc["titles"] if title["selected"]]
    assert (chosen["index"], chosen["kind"]) == (1, "feature")
    assert {title["episode_number"] for title in disc["titles"]} == {None}
    assert disc["tv_season_id"] is None
    assert client.season("Sherlock:s1")["disc_ids"] == []


def test_it_keeps_the_edition_of_the_label(client):
    disc = client.detect("SLRS_EXTENDED_EDITION", (99, 5))
    assert "{edition-Extended" in file_names(film(client, disc, movie_title="Solaris"))[0]


def test_it_looks_the_show_up_that_a_person_names(client):
    disc = show(client, client.detect("DVD_VIDEO", (88, 88.5)), "Sherlock", season_number=2)
    assert file_names(disc) == [
        "Sherlock - S02E01 - Case 2.1.mkv", "Sherlock - S02E02 - Case 2.2.mkv"
    ]  # fmt: skip
    assert disc["thetvdb_series_id"] == 5
    # They may be any two of the season's three, by their length.
    assert [title["confidence_score"] for title in disc["titles"]] == [0.4, 0.4]


@pytest.mark.parametrize(
    ("label", "season_id", "warned"),
    [("SHRLCK_S02_D1", "Sherlock:s2", False), ("DVD_VIDEO", "Sherlock:s1", True)],
)
def test_it_takes_the_season_of_the_label_where_no_one_says_it(client, label, season_id, *, warned):
    disc = show(client, client.detect(label, (88, 88.5)), "Sherlock")
    assert disc["tv_season_id"] == season_id
    assert ("names no season" in " ".join(disc["identification"]["warnings"])) == warned


def test_it_begins_where_a_person_says(client):
    disc = client.detect("DVD_VIDEO", (88, 88.5))
    assert episodes(show(client, disc, "Sherlock", season_number=1, starting_episode=2)) == [2, 3]


def test_it_takes_any_length_for_an_episode_where_a_person_says_so(client):
    client.approve(client.detect("SHERLOCK_S01_D1", (88, 88.5))["disc_id"])
    special = client.detect("THE_SPECIAL", (25, 2), drive="E:")
    disc = show(client, special, "Sherlock", season_number=1, starting_episode=3)
    assert episodes(disc) == [3]


def test_it_lets_a_person_change_their_mind(client):
    disc = client.detect("SHERLOCK_S01_D1", (88, 88.5))
    film(client, disc, movie_title="Solaris")
    again = show(client, disc, "Sherlock", season_number=1)
    assert file_names(again) == file_names(disc)
    assert (again["movie_title"], again["omdb_imdb_id"]) == (None, None)


def test_it_keeps_a_persons_word_when_the_disc_is_reported_again(client):
    disc = film(client, client.detect("DVD_VIDEO", (99, 5)), movie_title="Solaris")
    assert client.detect("DVD_VIDEO", (99, 5)) == disc


def test_it_takes_another_season_for_an_approved_disc(client):
    disc = client.detect("SHERLOCK_S01_D1", (88, 88.5)).approve()
    moved = client.edit(disc["disc_id"], "preview/update-season", season_number=2)
    assert moved["preview_status"] == "approved"
    assert file_names(moved)[0] == "Sherlock - S02E01 - Case 2.1.mkv"
    assert client.season("Sherlock:s1")["last_episode_assigned"] == 0
    assert client.season("Sherlock:s2")["last_episode_assigned"] == 2


def test_it_begins_an_approved_disc_at_the_first_free_number_if_no_one_says_where(client):
    client.detect("SHERLOCK_S01_D1", (88, 88.5)).approve()
    disc = client.detect("SHERLOCK_S01_D2", (89, 90), drive="E:").approve()
    other = client.detect("SHERLOCK_S02_D1", (87, 91), drive="F:").approve()
    for season, found in ((1, [3, 4]), (2, [3, 4]), (3, [1, 2]), (3, [1, 2])):
        moved = client.edit(disc.id, "preview/update-season", season_number=season)
        assert (moved["preview_status"], episodes(moved)) == ("approved", found)
        assert moved["starting_episode_number"] == found[0]
    # What lies between is skipped.
    body = {"season_number": 3, "starting_episode": 2}
    client.edit(disc.id, "preview/update-season", **body)
    moved = client.edit(other.id, "preview/update-season", season_number=3)
    assert (moved["preview_status"], episodes(moved)) == ("approved", [1, 4])


def double(client: Client) -> dict[str, Any]:
    """A disc that begins with two episodes in one."""
    body = titles(87, 43, 43.5)
    body[0]["chapters"] = 16
    disc = client.detect("FIREFLY_S01_D1", titles=body)
    assert disc["titles"][0]["last_episode_number"] == 2
    return disc


def edited(client: Client, disc: dict[str, Any], **edit: Any) -> dict[str, Any]:
    """The first title after a person approved its disc with an edit of it."""
    edits = [{"index": 0, **edit}]
    return dict(client.approve(disc["disc_id"], title_edits=edits)["titles"][0])


def test_it_moves_both_numbers_of_a_double_episode(client):
    disc = double(client)
    title = edited(client, disc, episode_number=11, last_episode_number=2)
    assert (title["episode_number"], title["last_episode_number"]) == (11, 12)
    assert title["proposed_filename"] == "Firefly - S01E11-E12.mkv"
    assert client.season("Firefly:s1")["last_episode_assigned"] == 12


def test_it_gives_the_second_number_of_a_double_episode_back(client):
    disc = double(client)
    title = edited(client, disc, last_episode_number=1)
    assert (title["kind"], title["last_episode_number"]) == ("episode", None)
    assert title["proposed_filename"] == "Firefly - S01E01.mkv"
    other = client.detect("FIREFLY_S01", (43.2,), drive="E:")["disc_id"]
    body = {"season_number": 1, "starting_episode": 2}
    client.edit(other, "preview/update-season", **body)
    assert episodes(client.approve(other)) == [2]


def test_it_makes_an_episode_a_double_one(client):
    disc = client.detect("FIREFLY_S01_D1", (86, 43.5))
    title = edited(client, disc, episode_number=3, last_episode_number=4)
    assert title["proposed_filename"] == "Firefly - S01E03-E04.mkv"
    assert title["kind"] == "double_episode"
    assert client.season("Firefly:s1")["last_episode_assigned"] == 4


@pytest.mark.parametrize("last", [0, 11, 99_999])
def test_it_refuses_numbers_that_no_title_holds(client, last):
    disc = client.detect("FIREFLY_S01_D1", (43, 44))
    edits = [{"index": 0, "last_episode_number": last}]
    address = f"/api/discs/{disc['disc_id']}/preview/approve"
    client.refused(422, field="last_episode_number").post(address, json={"title_edits": edits})
    assert client.disc(disc["disc_id"]) == disc


def test_it_numbers_an_extra_no_more_for_a_number_that_it_is_given(client):
    disc = client.detect()
    edits = [{"index": 3, "episode_number": 40}]
    title = client.approve(disc["disc_id"], title_edits=edits)["titles"][3]
    assert (title["kind"], title["is_extra"]) == ("extra", True)
