"""BOZ_AUTO_APPROVE_PREVIEWS: clear discs go on without a person, doubtful ones wait for one."""

from dataclasses import replace
from typing import Any

import pytest

from boz_server.settings import Settings
from tests.provider_server import Movie
from tests.support import episodes, file_names, restart

pytestmark = pytest.mark.usefixtures("pc")

FILMS = [
    Movie("Solaris", 2002, 99, "tt0307479"),
    Movie("Twin", 1990, 100, "tt0000001"),
    Movie("Twin", 2010, 100, "tt0000002"),
]


@pytest.fixture
def settings(settings, providers) -> Settings:
    return replace(
        settings,
        auto_approve_previews=True,
        omdb_url=f"{providers.url}/omdb",
        omdb_api_key="the-key",
        provider_timeout_seconds=0.5,
    )


@pytest.mark.parametrize(
    ("label", "minutes"),
    [
        ("FIREFLY_S01_D1", (43, 42.5, 44, 3)),
        ("SOLARIS", (99, 12, 3)),
        ("SOLARIS_(2002)", (99,)),
    ],
)
def test_it_approves_a_clear_disc(client, label, minutes):
    disc = client.detect(label, minutes)
    assert disc["preview_status"] == "approved"
    assert disc["identification"]["confidence"] >= 0.9
    assert client.disc(disc["disc_id"]) == disc
    assert len(client.rip(disc["disc_id"])) == len(file_names(disc)) > 0


@pytest.mark.parametrize(
    ("label", "minutes"),
    [
        ("FIREFLY_S01_D2", (43, 42.5, 44, 3)),  # disc 1 has not been seen
        ("FIREFLY_D1", (43, 42.5, 44, 3)),  # which season?
        ("FIREFLY_S01", (43, 42.5, 44, 3)),  # which of its discs?
        ("TWIN", (100,)),  # two films fit as well
        ("DVD_VIDEO", (100,)),  # called what?
        ("HOLIDAY", (2, 3)),  # nothing is known
        ("", ()),
    ],
)
def test_it_leaves_a_doubtful_disc_to_a_person(client, label, minutes):
    disc = client.detect(label, minutes)
    assert disc["preview_status"] == "pending"
    assert disc["identification"]["confidence"] < 0.9
    assert disc["identification"]["warnings"] != []


def test_it_leaves_a_disc_that_was_not_looked_up_to_a_person(client, providers):
    providers.fail("500")
    assert client.detect("SOLARIS", (99, 12, 3))["preview_status"] == "pending"


@pytest.mark.parametrize(
    ("least", "status"), [(0.0, "approved"), (0.9, "approved"), (1.0, "pending")]
)
def test_it_is_as_strict_as_the_settings_say(app, client, least, status):
    restart(app, auto_approve_min_confidence=least)
    assert client.detect("FIREFLY_S01_D1", (43, 42.5, 44))["preview_status"] == status


def test_it_never_approves_what_is_not_known(app, client):
    restart(app, auto_approve_min_confidence=0.0)
    assert client.detect("HOLIDAY", (2, 3))["preview_status"] == "pending"


def test_it_approves_nothing_by_itself_unless_told(app, client):
    restart(app, auto_approve_previews=False)
    assert client.detect()["preview_status"] == "pending"


@pytest.mark.parametrize(
    ("label", "minutes"), [("FIREFLY_S01_D2", (43, 42.5, 44)), ("DVD_VIDEO", (100,))]
)
def test_it_approves_again_what_a_person_accepted_before(client, clock, label, minutes):
    accepted = client.detect(label, minutes).approve()
    client.eject()
    clock.advance(3600)
    again = client.detect(label, minutes)
    assert again["preview_status"] == "approved"
    assert file_names(again) == file_names(accepted)


def test_it_takes_no_rejection_for_acceptance(client):
    label, minutes = "FIREFLY_S01_D2", (43, 42.5, 44)
    client.edit(client.detect(label, minutes)["disc_id"], "preview/reject")
    client.eject()
    assert client.detect(label, minutes)["preview_status"] == "pending"


def test_it_remembers_the_episodes_of_what_it_approved(client):
    client.detect()
    found = client.season("Firefly:s1")
    assert [each["episode_number"] for each in found["episodes"]] == [1, 2, 3]
    assert found["last_episode_assigned"] == 3


def test_it_holds_numbers_that_it_approved(client, clock):
    # Disc 3 follows disc 1 and leaves room; what was approved stays when disc 2 comes.
    def numbers(number: int, *minutes: float) -> list[Any]:
        clock.advance(60)
        drive = f"drive {number}"
        return episodes(client.detect(f"FIREFLY_S01_D{number}", minutes, drive=drive))

    assert numbers(1, 43, 42.5, 44) == [1, 2, 3]
    assert numbers(3, 43.2, 42.7, 44.5) == [7, 8, 9]
    assert numbers(2, 43.8, 42.9, 44.1) == [4, 5, 6]
