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
    disc_of,
    eject,
    episodes,
    file_names,
    ok,
    register_agent,
    season,
    told,
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
    app.extensions[EXTENSION].context.database.close()
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


def test_it_numbers_it_anew_where_a_person_says_so(client: FlaskClient) -> None:
    approve(client, detect(client)["disc_id"])
    eject(client)
    again = detect(client)["disc_id"]
    body = {"season_number": 1, "starting_episode": 7}
    moved = told(client, again, "preview/update-season", **body)
    assert file_names(moved) == [f"Firefly - S01E0{number}.mkv" for number in (7, 8, 9)]
    assert episodes(approve(client, again)) == [7, 8, 9]


def test_it_keeps_its_numbers_where_a_person_names_it_anew(client: FlaskClient) -> None:
    body = {"season_number": 1, "starting_episode": 4}
    first = detect(client)["disc_id"]
    told(client, first, "preview/update-season", **body)
    approve(client, first)
    eject(client)
    again = detect(client)["disc_id"]
    show = {"media_type": "tv_show", "show_name": "Firefly"}
    named = told(client, again, "preview/override-media-type", **show)
    assert file_names(named) == [f"Firefly - S01E0{number}.mkv" for number in (4, 5, 6)]


def test_it_gives_the_numbers_of_an_earlier_acceptance_back(
    client: FlaskClient, clock: FakeClock
) -> None:
    approve(client, detect(client)["disc_id"])  # a slip: it is the second season's
    eject(client)
    clock.advance(60)
    again = detect(client)["disc_id"]
    told(client, again, "preview/update-season", season_number=2)
    approve(client, again)
    assert season(client, "Firefly:s1")["last_episode_assigned"] == 0
    other = detect(client, "FIREFLY_S01_D1", (43.5, 44.5), drive="E:")
    assert episodes(approve(client, other["disc_id"])) == [1, 2]


def test_it_counts_the_earlier_acceptance_again_when_the_later_is_refused(
    client: FlaskClient, clock: FakeClock
) -> None:
    approve(client, detect(client)["disc_id"])
    eject(client)
    clock.advance(60)
    again = approve(client, detect(client)["disc_id"])["disc_id"]
    told(client, again, "preview/update-season", season_number=2)
    told(client, again, "preview/reject")
    assert season(client, "Firefly:s1")["last_episode_assigned"] == 3
    assert season(client, "Firefly:s2")["last_episode_assigned"] == 0


@pytest.mark.parametrize("first", ["D:", "E:"])
def test_it_has_the_same_names_in_two_drives(
    client: FlaskClient, clock: FakeClock, first: str
) -> None:
    discs = {}
    for drive in ("D:", "E:"):
        discs[drive] = detect(client, drive=drive)["disc_id"]
        clock.advance(60)
    edits = [{"index": 0, "episode_number": 9}, {"index": 1, "selected": False}]
    accepted = approve(client, discs.pop(first), title_edits=edits)
    (other,) = discs.values()
    assert named(disc_of(client, other)) == named(accepted)
    assert season(client, "Firefly:s1")["last_episode_assigned"] == 9
