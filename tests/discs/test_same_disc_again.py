"""A disc whose names a person accepted comes again, days later or in another drive."""

from dataclasses import replace
from typing import Any

import pytest

from boz_server import create_app
from boz_server.api.context import EXTENSION
from tests.client import ok
from tests.support import NEW_DISC_SECONDS, assert_problem, episodes, file_names

pytestmark = pytest.mark.usefixtures("pc")

NAMES = [
    "selected",
    "is_extra",
    "episode_number",
    "episode_title",
    "proposed_filename",
    "proposed_path",
]


def named(disc: dict[str, Any]) -> list[list[Any]]:
    """What is proposed for each title."""
    return [[title[key] for key in NAMES] for title in disc["titles"]]


def test_it_keeps_what_a_person_chose_numbered_and_named(client, clock):
    edits = [
        {"index": 0, "episode_number": 2, "episode_title": "The Train Job"},
        {"index": 1, "episode_number": 1},
        {"index": 2, "selected": False},
        {"index": 3, "proposed_filename": "Bloopers.mkv", "selected": True},
    ]
    first = client.approve(client.detect()["disc_id"], title_edits=edits)
    client.eject()
    clock.advance(NEW_DISC_SECONDS)
    again = client.detect()
    assert again["disc_id"] != first["disc_id"]
    assert again["preview_status"] == "pending"
    assert named(again) == named(first)
    assert ok(client.get("/api/tv-seasons/Firefly:s1"))["last_episode_assigned"] == 2


def test_it_finds_the_season_that_a_person_moved_it_to(client, clock):
    disc_id = client.detect()["disc_id"]
    moved = {"season_number": 2, "starting_episode": 7}
    ok(client.post(f"/api/discs/{disc_id}/preview/update-season", json=moved))
    first = client.approve(disc_id)
    client.eject()
    clock.advance(NEW_DISC_SECONDS)
    again = client.detect()
    assert again["tv_season_id"] == "Firefly:s2"
    assert again["starting_episode_number"] == 7
    assert named(again) == named(first)


def test_it_keeps_the_film_that_a_person_named(client, clock):
    disc_id = client.detect("DVD_VIDEO", (97, 5))["disc_id"]
    film = {"media_type": "movie", "movie_title": "Alien", "movie_year": 1979}
    ok(client.post(f"/api/discs/{disc_id}/preview/override-media-type", json=film))
    client.approve(disc_id)
    client.eject()
    clock.advance(NEW_DISC_SECONDS)
    again = client.detect("DVD_VIDEO", (97, 5))
    assert (again["movie_title"], again["movie_year"], again["tv_season_id"]) == (
        "Alien", 1979, None
    )  # fmt: skip
    assert file_names(again)[0] == "Alien (1979).mkv"


def test_it_works_out_anew_what_no_one_accepted(client):
    disc_id = client.detect()["disc_id"]
    ok(client.post(f"/api/discs/{disc_id}/preview/update-season", json={"season_number": 3}))
    client.eject()
    assert client.detect()["tv_season_id"] == "Firefly:s1"


def test_it_rips_under_the_accepted_names_hands_free(client, settings, clock):
    edits = [{"index": 0, "episode_number": 2}, {"index": 1, "episode_number": 1}]
    first = client.approve(client.detect()["disc_id"], title_edits=edits)
    client.eject()
    clock.advance(NEW_DISC_SECONDS)
    app = create_app(replace(settings, auto_approve_previews=True), clock)
    again = app.test_client().detect()
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
def test_it_approves_no_number_twice_by_an_edit(client, doubling):
    client.approve(client.detect()["disc_id"])
    second = client.detect("FIREFLY_S01_D2", (43, 44), drive="E:")
    answer = client.post(f"/api/discs/{second['disc_id']}/preview/approve", json=doubling)
    assert_problem(answer, 409, "another disc")
    assert client.disc(second["disc_id"]) == second


def test_it_lets_a_person_swap_the_numbers_of_discs_that_are_not_approved(client):
    guessed_first = client.detect("FIREFLY_S01_D2", (43, 44))["disc_id"]
    really_first = client.detect("FIREFLY_S01_D1", (86, 45, 46), drive="E:")["disc_id"]
    for disc_id, start in ((really_first, 1), (guessed_first, 4)):
        number = {"season_number": 1, "starting_episode": start}
        ok(client.post(f"/api/discs/{disc_id}/preview/update-season", json=number))
    assert episodes(client.approve(really_first)) == [1, 2, 3]
    assert episodes(client.approve(guessed_first)) == [4, 5]


def test_it_moves_no_approved_disc_onto_numbers_of_another(client):
    client.approve(client.detect()["disc_id"])
    second = client.detect("FIREFLY_S01_D2", (43, 44), drive="E:").approve()
    move = {"season_number": 1, "starting_episode": 3}
    answer = client.post(f"/api/discs/{second['disc_id']}/preview/update-season", json=move)
    assert_problem(answer, 409, "Episode 3")
    assert client.disc(second["disc_id"]) == second


def test_it_numbers_it_anew_where_a_person_says_so(client, clock):
    client.approve(client.detect()["disc_id"])
    client.eject()
    clock.advance(NEW_DISC_SECONDS)
    again = client.detect()["disc_id"]
    body = {"season_number": 1, "starting_episode": 7}
    moved = client.edit(again, "preview/update-season", **body)
    assert file_names(moved) == [f"Firefly - S01E0{number}.mkv" for number in (7, 8, 9)]
    assert episodes(client.approve(again)) == [7, 8, 9]


def test_it_keeps_its_numbers_where_a_person_names_it_anew(client, clock):
    body = {"season_number": 1, "starting_episode": 4}
    first = client.detect()["disc_id"]
    client.edit(first, "preview/update-season", **body)
    client.approve(first)
    client.eject()
    clock.advance(NEW_DISC_SECONDS)
    again = client.detect()["disc_id"]
    show = {"media_type": "tv_show", "show_name": "Firefly"}
    named = client.edit(again, "preview/override-media-type", **show)
    assert file_names(named) == [f"Firefly - S01E0{number}.mkv" for number in (4, 5, 6)]


def test_it_gives_the_numbers_of_an_earlier_acceptance_back(client, clock):
    client.approve(client.detect()["disc_id"])  # a slip: it is the second season's
    client.eject()
    clock.advance(NEW_DISC_SECONDS)
    again = client.detect()["disc_id"]
    client.edit(again, "preview/update-season", season_number=2)
    client.approve(again)
    assert client.season("Firefly:s1")["last_episode_assigned"] == 0
    other = client.detect("FIREFLY_S01_D1", (43.5, 44.5), drive="E:")
    assert episodes(client.approve(other["disc_id"])) == [1, 2]


def test_it_counts_the_earlier_acceptance_again_when_the_later_is_refused(client, clock):
    client.approve(client.detect()["disc_id"])
    client.eject()
    clock.advance(NEW_DISC_SECONDS)
    again = client.detect().approve().id
    client.edit(again, "preview/update-season", season_number=2)
    client.edit(again, "preview/reject")
    assert client.season("Firefly:s1")["last_episode_assigned"] == 3
    assert client.season("Firefly:s2")["last_episode_assigned"] == 0


@pytest.mark.parametrize("first", ["D:", "E:"])
def test_it_has_the_same_names_in_two_drives(client, clock, first):
    discs = {}
    for drive in ("D:", "E:"):
        discs[drive] = client.detect(drive=drive)["disc_id"]
        clock.advance(60)
    edits = [{"index": 0, "episode_number": 9}, {"index": 1, "selected": False}]
    accepted = client.approve(discs.pop(first), title_edits=edits)
    (other,) = discs.values()
    assert named(client.disc(other)) == named(accepted)
    assert client.season("Firefly:s1")["last_episode_assigned"] == 9
