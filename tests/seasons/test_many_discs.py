"""Discs of a season that come in any order, again, and from several agents; without metadata."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.client import titles
from tests.racing import post, statuses
from tests.seasons.checks import assert_true
from tests.support import (
    at_once,
    episodes,
    file_names,
    restart,
)

FIRST, SECOND, THIRD = (43, 42.5, 44, 3), (43.5, 42, 44.5, 42.8), (42.2, 43.1)


@pytest.fixture(autouse=True)
def agents(client):
    """Discs lie in drives of two agents."""
    client.register_agent()
    client.register_agent("den")


@pytest.fixture
def insert(client, clock) -> Callable[..., dict[str, Any]]:
    """Puts a disc into a drive of its own, a minute after the one before."""
    drives = iter("DEFGHIJKLMNOPQRSTUVWXYZ")

    def inserted(label: str, minutes: tuple[float, ...], **extra: Any) -> dict[str, Any]:
        clock.advance(60)
        return client.detect(label, minutes, **{"drive": f"{next(drives)}:", **extra})

    return inserted


Insert = Callable[..., dict[str, Any]]


def test_it_leaves_room_for_a_disc_that_has_not_come(client, insert):
    second = insert("FIREFLY_S01_D2", SECOND)
    assert episodes(second) == [5, 6, 7, 8]
    told_of = second["identification"]
    assert told_of["warnings"][0] == (
        "Disc 1 has not been seen: the episode numbers are a guess until then."
    )
    assert told_of["confidence"] <= 0.8
    numbered = [title for title in second["titles"] if title["selected"]]
    assert all(title["confidence_score"] <= 0.4 for title in numbered)
    assert_true(client)


def test_it_corrects_the_guess_when_the_first_disc_comes(client, insert):
    guessed = insert("FIREFLY_S01_D2", SECOND)
    assert episodes(insert("FIREFLY_S01_D1", FIRST)) == [1, 2, 3]
    corrected = client.disc(guessed["disc_id"])
    assert episodes(corrected) == [4, 5, 6, 7]
    assert file_names(corrected)[0] == "Firefly - S01E04.mkv"
    assert corrected["starting_episode_number"] == 4
    assert corrected["identification"]["warnings"] == []
    assert_true(client)


def test_it_corrects_the_discs_behind_it_too(client, insert):
    third, second = insert("FIREFLY_S01_D3", THIRD), insert("FIREFLY_S01_D2", SECOND)
    insert("FIREFLY_S01_D1", FIRST)
    assert episodes(client.disc(second["disc_id"])) == [4, 5, 6, 7]
    assert episodes(client.disc(third["disc_id"])) == [8, 9]
    assert_true(client)


def test_it_leaves_numbers_that_a_person_approved(client, insert):
    guessed = client.approve(insert("FIREFLY_S01_D2", THIRD)["disc_id"])
    assert episodes(guessed) == [3, 4]
    first = insert("FIREFLY_S01_D1", FIRST)
    assert episodes(client.disc(guessed["disc_id"])) == [3, 4]
    assert episodes(first) == [1, 2, 5]
    assert "leave gaps" in " ".join(first["identification"]["warnings"])
    assert_true(client)


def test_it_leaves_room_for_a_disc_that_was_rejected(client, insert):
    client.edit(insert("FIREFLY_S01_D1", FIRST)["disc_id"], "preview/reject")
    second = insert("FIREFLY_S01_D2", SECOND)
    assert episodes(second)[0] > 1
    assert second["identification"]["warnings"] != []
    assert_true(client)


def test_it_numbers_two_discs_that_come_at_the_same_moment(app, client):
    def report(agent_id: str, number: int, minutes: tuple[float, ...]) -> Callable[[], Any]:
        return post(
            app, "/api/discs/detected", agent_id=agent_id, drive="D:",
            disc_name=f"FIREFLY_S01_D{number}", titles=titles(*minutes),
        )  # fmt: skip

    answers = at_once(report("pc", 1, FIRST), report("den", 2, SECOND))
    assert statuses(answers) == [200, 200]
    first, second = (client.disc(answer.get_json()["disc_id"]) for answer in answers)
    assert (episodes(first), episodes(second)) == ([1, 2, 3], [4, 5, 6, 7])
    assert_true(client)


@pytest.mark.parametrize("agent_id", ["pc", "den"])
def test_it_knows_the_same_disc_in_any_drive(client, insert, agent_id):
    insert("FIREFLY_S01_D1", FIRST)
    second = insert("FIREFLY_S01_D2", SECOND)
    insert("FIREFLY_S01_D3", THIRD)
    again = insert("Firefly S01 D2", SECOND, agent_id=agent_id)
    assert again["disc_id"] != second["disc_id"]
    assert file_names(again) == file_names(second)
    assert client.season("Firefly:s1")["last_episode_assigned"] == 9
    assert_true(client)


def test_it_tells_discs_of_one_label_apart_by_their_layout(insert):
    assert episodes(insert("FIREFLY_S01", FIRST)) == [1, 2, 3]
    assert episodes(insert("FIREFLY_S01", SECOND)) == [4, 5, 6, 7]
    assert episodes(insert("FIREFLY_S01", FIRST)) == [1, 2, 3]


def test_it_numbers_a_disc_of_which_an_earlier_record_had_more_episodes(client, insert):
    # Alone, the long documentary passes for an episode; beside the season's others it does not.
    layout = (43, 42.5, 44, 57)
    old = insert("FIREFLY_S01_D1", layout)
    assert episodes(old) == [1, 2, 3, 4]
    client.eject(old["drive"])
    second = client.approve(insert("FIREFLY_S01_D2", SECOND)["disc_id"])
    again = insert("FIREFLY_S01_D1", layout)
    assert file_names(again) == [f"Firefly - S01E{n:02d}.mkv" for n in range(1, 4)]
    assert client.disc(second["disc_id"]) == second
    assert_true(client)


def test_it_gives_numbers_back_when_a_disc_is_rejected(client, insert):
    first, second = insert("FIREFLY_S01", FIRST), insert("FIREFLY_S01", SECOND)
    client.edit(first["disc_id"], "preview/reject")
    assert episodes(client.disc(second["disc_id"])) == [1, 2, 3, 4]
    assert_true(client)


def test_it_gives_numbers_back_when_a_disc_is_of_another_season(client, insert):
    first, second = insert("FIREFLY_S01", FIRST), insert("FIREFLY_S01", SECOND)
    client.edit(first["disc_id"], "preview/update-season", season_number=2)
    assert episodes(client.disc(second["disc_id"])) == [1, 2, 3, 4]
    assert_true(client)
    assert_true(client, "Firefly:s2")


@pytest.mark.parametrize(
    "other",
    [
        {"media_type": "movie", "movie_title": "Serenity"},
        {"media_type": "tv_show", "show_name": "Firefly Again"},
    ],
)
def test_it_gives_numbers_back_when_a_disc_is_something_else(client, insert, other):
    first, second = insert("FIREFLY_S01", FIRST), insert("FIREFLY_S01", SECOND)
    client.edit(first["disc_id"], "preview/override-media-type", **other)
    assert episodes(client.disc(second["disc_id"])) == [1, 2, 3, 4]
    assert_true(client)


@pytest.mark.parametrize(
    "edit", [{"selected": False}, {"is_extra": True}, {"is_extra": True, "selected": True}]
)
def test_it_gives_the_number_of_a_dropped_title_back(client, insert, edit):
    first, second = insert("FIREFLY_S01", FIRST), insert("FIREFLY_S01", SECOND)
    client.approve(first["disc_id"], title_edits=[{"index": 2, **edit}])
    assert episodes(client.disc(second["disc_id"])) == [3, 4, 5, 6]
    assert_true(client)


def test_it_goes_on_behind_numbers_that_a_person_changed(client, insert):
    first, second = insert("FIREFLY_S01", FIRST), insert("FIREFLY_S01", SECOND)
    edits = [{"index": at, "episode_number": at + 11} for at in range(3)]
    client.approve(first["disc_id"], title_edits=edits)
    assert episodes(client.disc(second["disc_id"])) == [14, 15, 16, 17]
    assert_true(client)


def test_it_numbers_on_over_a_restart(app, client, insert):
    insert("FIREFLY_S01_D1", FIRST)
    restart(app)
    assert episodes(insert("FIREFLY_S01_D2", SECOND)) == [4, 5, 6, 7]
    assert_true(client)


def test_it_counts_specials_by_themselves(client, insert):
    insert("FIREFLY_S01_D1", FIRST)
    specials = insert("FIREFLY_S00", SECOND)
    assert file_names(specials)[0] == "Firefly - S00E01.mkv"
    assert {title["proposed_path"] for title in specials["titles"]} == {
        "TV Shows/Firefly/Season 00"
    }
    assert_true(client, "Firefly:s0")


def test_it_takes_extras_of_a_season_for_no_episodes(client, insert):
    insert("FIREFLY_S01_D1", FIRST)
    bonus = insert("FIREFLY_S01_D2", (58, 9, 8, 7, 12, 11, 3, 4, 5))
    assert (bonus["media_type"], episodes(bonus)) == ("tv_show", [])
    assert bonus["identification"]["warnings"] != []
    assert client.season("Firefly:s1")["last_episode_assigned"] == 3


def test_it_finds_a_show_whose_label_is_written_otherwise(client, insert):
    insert("24_DISC1", FIRST)
    second = insert("24_DISC2", SECOND)
    third = insert("TV24_D3", THIRD)
    assert third["tv_season_id"] == second["tv_season_id"] == "24:s1"
    assert episodes(third) == [8, 9]


def test_it_takes_another_show_of_a_like_name_for_another(insert):
    insert("24_DISC1", FIRST)
    assert insert("TV24_D2", (21, 22, 21.5))["tv_season_id"] != "24:s1"


def test_it_moves_no_disc_onto_numbers_of_an_approved_one(client, insert):
    client.approve(insert("FIREFLY_S01_D1", FIRST)["disc_id"])
    second = client.approve(insert("FIREFLY_S01_D2", SECOND)["disc_id"])
    insert("FIREFLY_S01_D3", THIRD)
    body = {"season_number": 1, "starting_episode": 2}
    address = f"/api/discs/{second['disc_id']}/preview/update-season"
    client.refused(409, "Episode 2").post(address, json=body)


def test_it_numbers_pending_discs_around_where_a_person_says(client, insert):
    first, second = insert("FIREFLY_S01", FIRST), insert("FIREFLY_S01", SECOND)
    body = {"season_number": 1, "starting_episode": 1}
    client.edit(second["disc_id"], "preview/update-season", **body)
    assert episodes(client.disc(second["disc_id"])) == [1, 2, 3, 4]
    assert episodes(client.disc(first["disc_id"])) == [5, 6, 7]
    assert_true(client)
