"""A disc whose names a person accepted comes again, days later or in another drive."""

from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient

from boz_server import create_app
from boz_server.api.context import EXTENSION
from boz_server.settings import Settings
from tests.support import (
    FakeClock,
    approve,
    assert_problem,
    detect,
    episodes,
    file_names,
    ok,
    register_agent,
)

NAMES = [
    "selected",
    "is_extra",
    "episode_number",
    "episode_title",
    "proposed_filename",
    "proposed_path",
]


@pytest.fixture(autouse=True)
def agent(client: FlaskClient) -> None:
    """Every disc lies in a drive of a registered agent."""
    register_agent(client)


def eject(client: FlaskClient) -> None:
    ok(client.post("/api/discs/ejected", json={"agent_id": "pc", "drive": "D:"}))


def named(disc: dict[str, Any]) -> list[list[Any]]:
    """What is proposed for each title."""
    return [[title[key] for key in NAMES] for title in disc["titles"]]


def test_it_keeps_what_a_person_chose_numbered_and_named(client: FlaskClient) -> None:
    edits = [
        {"index": 0, "episode_number": 2, "episode_title": "The Train Job"},
        {"index": 1, "episode_number": 1},
        {"index": 2, "selected": False},
        {"index": 3, "proposed_filename": "Bloopers.mkv", "selected": True},
    ]
    first = approve(client, detect(client)["disc_id"], title_edits=edits)
    eject(client)
    again = detect(client)
    assert again["disc_id"] != first["disc_id"]
    assert again["preview_status"] == "pending"
    assert named(again) == named(first)
    assert ok(client.get("/api/tv-seasons/Firefly:s1"))["last_episode_assigned"] == 2


def test_it_finds_the_season_that_a_person_moved_it_to(client: FlaskClient) -> None:
    disc_id = detect(client)["disc_id"]
    moved = {"season_number": 2, "starting_episode": 7}
    ok(client.post(f"/api/discs/{disc_id}/preview/update-season", json=moved))
    first = approve(client, disc_id)
    eject(client)
    again = detect(client)
    assert again["tv_season_id"] == "Firefly:s2"
    assert again["starting_episode_number"] == 7
    assert named(again) == named(first)


def test_it_keeps_the_film_that_a_person_named(client: FlaskClient) -> None:
    disc_id = detect(client, "DVD_VIDEO", (97, 5))["disc_id"]
    film = {"media_type": "movie", "movie_title": "Alien", "movie_year": 1979}
    ok(client.post(f"/api/discs/{disc_id}/preview/override-media-type", json=film))
    approve(client, disc_id)
    eject(client)
    again = detect(client, "DVD_VIDEO", (97, 5))
    assert (again["movie_title"], again["movie_year"], again["tv_season_id"]) == (
        "Alien", 1979, None
    )  # fmt: skip
    assert file_names(again)[0] == "Alien (1979).mkv"


def test_it_works_out_anew_what_no_one_accepted(client: FlaskClient) -> None:
    disc_id = detect(client)["disc_id"]
    ok(client.post(f"/api/discs/{disc_id}/preview/update-season", json={"season_number": 3}))
    eject(client)
    assert detect(client)["tv_season_id"] == "Firefly:s1"


def test_it_rips_under_the_accepted_names_hands_free(
    client: FlaskClient, settings: Settings, clock: FakeClock
) -> None:
    edits = [{"index": 0, "episode_number": 2}, {"index": 1, "episode_number": 1}]
    first = approve(client, detect(client)["disc_id"], title_edits=edits)
    eject(client)
    app = create_app(replace(settings, auto_approve_previews=True), clock)
    again = detect(app.test_client())
    app.extensions[EXTENSION].database.close()
    assert again["preview_status"] == "approved"
    assert named(again) == named(first)


@pytest.mark.parametrize(
    "doubling",
    [
        {"title_edits": [{"index": 0, "episode_number": 3}]},
        {"title_edits": [{"index": 1, "episode_number": 1, "is_extra": False}]},
    ],
)
def test_it_approves_no_number_twice_by_an_edit(
    client: FlaskClient, doubling: dict[str, Any]
) -> None:
    approve(client, detect(client)["disc_id"])
    second = detect(client, "FIREFLY_S01_D2", (43, 44), drive="E:")
    answer = client.post(f"/api/discs/{second['disc_id']}/preview/approve", json=doubling)
    assert_problem(answer, 409, "another disc")
    assert ok(client.get(f"/api/discs/{second['disc_id']}")) == second


def test_it_lets_a_person_swap_the_numbers_of_discs_that_are_not_approved(
    client: FlaskClient,
) -> None:
    guessed_first = detect(client, "FIREFLY_S01_D2", (43, 44))["disc_id"]
    really_first = detect(client, "FIREFLY_S01_D1", (86, 45, 46), drive="E:")["disc_id"]
    for disc_id, start in ((really_first, 1), (guessed_first, 4)):
        number = {"season_number": 1, "starting_episode": start}
        ok(client.post(f"/api/discs/{disc_id}/preview/update-season", json=number))
    assert episodes(approve(client, really_first)) == [1, 2, 3]
    assert episodes(approve(client, guessed_first)) == [4, 5]


def test_it_moves_no_approved_disc_onto_numbers_of_another(client: FlaskClient) -> None:
    approve(client, detect(client)["disc_id"])
    second = approve(client, detect(client, "FIREFLY_S01_D2", (43, 44), drive="E:")["disc_id"])
    move = {"season_number": 1, "starting_episode": 3}
    answer = client.post(f"/api/discs/{second['disc_id']}/preview/update-season", json=move)
    assert_problem(answer, 409, "Episode 3")
    assert ok(client.get(f"/api/discs/{second['disc_id']}")) == second
