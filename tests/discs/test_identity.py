"""A person says which season a disc is of, or what it is at all."""

from typing import Any

import pytest

from tests.client import Client, ok
from tests.support import episodes, file_names

pytestmark = pytest.mark.usefixtures("pc")


def update_season(client: Client, disc_id: str, **body: Any) -> dict[str, Any]:
    """A disc after a person said which season it is of."""
    return dict(ok(client.post(f"/api/discs/{disc_id}/preview/update-season", json=body)))


def override(client: Client, disc_id: str, **body: Any) -> dict[str, Any]:
    """A disc after a person said what it is."""
    return dict(ok(client.post(f"/api/discs/{disc_id}/preview/override-media-type", json=body)))


def test_it_numbers_and_names_a_disc_anew(client):
    disc = update_season(client, client.detect()["disc_id"], season_number=2, starting_episode=5)
    assert file_names(disc) == [f"Firefly - S02E0{number}.mkv" for number in (5, 6, 7)]
    assert {title["proposed_path"] for title in disc["titles"]} == {
        "TV Shows/Firefly/Season 02", "TV Shows/Firefly/Season 02/Other"
    }  # fmt: skip
    keys = ("tv_season_number", "tv_season_id", "starting_episode_number", "tv_show_name")
    assert [disc[key] for key in keys] == [2, "Firefly:s2", 5, "Firefly"]
    assert client.disc(disc["disc_id"]) == disc


def test_it_starts_with_the_first_episode_unless_told(client):
    client.detect(drive="E:")
    disc = client.detect("FIREFLY_S01_D2", (43, 44))
    assert episodes(disc) == [4, 5]
    assert episodes(update_season(client, disc["disc_id"], season_number=1)) == [1, 2]


def test_it_takes_specials_for_season_0(client):
    disc = update_season(client, client.detect()["disc_id"], season_number=0, starting_episode=0)
    assert file_names(disc)[0] == "Firefly - S00E00.mkv"


def test_it_moves_the_disc_from_season_to_season(client):
    disc_id = client.detect()["disc_id"]
    update_season(client, disc_id, season_number=2)
    old, new = client.season("Firefly:s1"), client.season("Firefly:s2")
    assert (old["disc_ids"], old["last_episode_assigned"], old["last_disc_name"]) == ([], 0, None)
    assert (new["disc_ids"], new["last_episode_assigned"]) == ([disc_id], 3)


def test_it_asks_for_approval_of_the_new_names_of_a_rejected_disc(client):
    disc_id = client.detect()["disc_id"]
    ok(client.post(f"/api/discs/{disc_id}/preview/reject"))
    assert update_season(client, disc_id, season_number=2)["preview_status"] == "pending"


def test_it_takes_the_new_names_of_an_approved_disc_as_approved(client):
    disc_id = client.detect().approve().id
    assert update_season(client, disc_id, season_number=2)["preview_status"] == "approved"
    assert len(client.season("Firefly:s2")["episodes"]) == 3


def test_it_refuses_a_season_of_a_film(client):
    disc_id = client.detect("SERENITY", (119,))["disc_id"]
    address = f"/api/discs/{disc_id}/preview/update-season"
    client.refused(400, "override-media-type").post(address, json={"season_number": 1})


def test_it_makes_a_tv_disc_a_film(client):
    disc_id = client.detect(minutes=(43, 119, 44))["disc_id"]
    disc = override(
        client, disc_id, media_type="movie", movie_title=" Serenity ", movie_year=2005, by="me"
    )
    assert file_names(disc) == ["Serenity (2005).mkv"]
    assert [title["episode_number"] for title in disc["titles"]] == [None] * 3
    keys = ("media_type", "movie_title", "movie_year", "movie_confidence", "tv_show_name")
    assert [disc[key] for key in keys] == ["movie", "Serenity", 2005, 1.0, None]
    assert (disc["tv_season_id"], disc["starting_episode_number"]) == (None, None)
    assert client.season("Firefly:s1")["last_episode_assigned"] == 0


def test_it_makes_a_film_a_tv_disc(client):
    disc_id = client.detect("SHERLOCK_(2010)", (88, 88.5, 2))["disc_id"]
    disc = override(
        client, disc_id, media_type="tv_show", show_name="Sherlock", season_number=2,
        starting_episode=2, movie_title=None, movie_year=None,
    )  # fmt: skip
    assert file_names(disc) == ["Sherlock - S02E02.mkv", "Sherlock - S02E03.mkv"]
    keys = ("media_type", "tv_show_name", "tv_season_number", "movie_title", "movie_year")
    assert [disc[key] for key in keys] == ["tv_show", "Sherlock", 2, None, None]
    assert disc["movie_confidence"] == 0.0


def test_it_goes_on_with_season_1_unless_told(client):
    client.detect()
    disc_id = client.detect("SERENITY", (119,), drive="E:")["disc_id"]
    disc = override(client, disc_id, media_type="tv_show", show_name="Firefly")
    assert file_names(disc) == ["Firefly - S01E04.mkv"]


def test_it_keeps_the_numbers_of_a_disc_that_stays_in_its_season(client):
    disc = client.detect()
    same = override(client, disc["disc_id"], media_type="tv_show", show_name="Firefly")
    assert episodes(same) == episodes(disc)


def test_it_names_a_film_by_its_label_where_no_one_says_its_title(client):
    disc_id = client.detect("BAND_OF_BROTHERS_(2001)", (43, 44, 45))["disc_id"]
    disc = override(client, disc_id, media_type="movie", movie_title="", movie_year=None)
    assert file_names(disc) == ["Band of Brothers (2001).mkv"]
    assert 0 < disc["movie_confidence"] < 1


def test_it_selects_nothing_of_a_film_without_a_long_title(client):
    disc_id = client.detect("HOLIDAY", (2, 3))["disc_id"]
    disc = override(client, disc_id, media_type="movie")
    assert (disc["media_type"], file_names(disc)) == ("movie", [])


def test_it_keeps_a_films_title_and_takes_its_year(client):
    disc_id = client.detect("SERENITY", (119,))["disc_id"]
    assert file_names(override(client, disc_id, media_type="movie", movie_year=2005)) == [
        "Serenity (2005).mkv"
    ]


@pytest.mark.parametrize("name", [{}, {"show_name": None}, {"show_name": "  "}])
def test_it_refuses_a_show_without_a_name(client, name):
    disc_id = client.detect("SERENITY", (119,))["disc_id"]
    address = f"/api/discs/{disc_id}/preview/override-media-type"
    client.refused(400, "show_name").post(address, json={"media_type": "tv_show", **name})


ACTIONS = [
    ("update-season", {"season_number": 2}),
    ("override-media-type", {"media_type": "movie"}),
]


@pytest.mark.parametrize(("action", "body"), ACTIONS)
def test_it_renames_nothing_once_the_rip_is_ordered(client, action, body):
    disc_id = client.detect().approve().id
    client.rip(disc_id)
    client.refused(409, "ripping").post(f"/api/discs/{disc_id}/preview/{action}", json=body)
