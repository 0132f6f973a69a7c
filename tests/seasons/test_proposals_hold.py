"""What a preview proposes is never refused when a person approves it without edits."""

import random
from typing import Any

import pytest

from boz_server.database.models import Disc
from boz_server.domain.discs.disc_states import DiscStatus, PreviewStatus
from boz_server.repositories.disc_repository import load_titles
from boz_server.services.seasons import tracker
from boz_server.services.wiring import Services
from tests.client import Client, ok
from tests.seasons.checks import LABELS, LAYOUTS, assert_true, undecided_in
from tests.support import episodes

DRIVES = "DEFG"
STEPS = 30
FIRST, SECOND = (43, 42.5, 44, 3), (43.5, 42, 44.5, 42.8)


@pytest.fixture(autouse=True)
def agents(client) -> None:
    client.register_agent()


def tv(client: Client, disc_id: str, **body: Any) -> dict[str, Any]:
    """A disc after a person said that it is of the show."""
    body = {"media_type": "tv_show", "show_name": "Firefly", **body}
    return client.edit(disc_id, "preview/override-media-type", **body)


def assert_approvable(services: Services) -> None:
    """Check that every undecided disc in a drive could be approved as it is."""
    discs = list(
        Disc.select().where(
            Disc.status == DiscStatus.DETECTED, Disc.preview_status != PreviewStatus.APPROVED
        )
    )
    load_titles(discs)
    for disc in discs:
        tracker.require_free_numbers(services.context, disc)


def change(client: Client, dice: random.Random, disc: dict[str, Any]) -> None:
    """Do something about a disc as a person does. Only explicit wishes may be refused, and numbers
    for an approved disc that nobody has accepted."""
    disc_id = disc["disc_id"]
    address = f"/api/discs/{disc_id}/preview"
    is_approved = disc["preview_status"] == "approved"
    start = dice.choice([None, 1, 1, 2, 4])
    match dice.randrange(8):
        case 0 | 1 | 2:
            assert client.approve(disc_id)["preview_status"] == "approved"
        case 3:
            client.reject(disc_id)
        case 4:
            body = {"media_type": "tv_show", "show_name": "Firefly", "starting_episode": start}
            body["season_number"] = dice.choice([None, 1])
            answer = client.post(f"{address}/override-media-type", json=body)
            assert answer.status_code in ((200, 409) if is_approved else (200,)), answer.text
        case 5:
            client.edit(disc_id, "preview/override-media-type", media_type="movie")
        case 6 if disc["media_type"] == "tv_show":
            body = {"season_number": dice.choice([1, 1, 2])}
            body |= {} if start is None else {"starting_episode": start}
            answer = client.post(f"{address}/update-season", json=body)
            may_refuse = is_approved or start is not None
            assert answer.status_code in ((200, 409) if may_refuse else (200,)), answer.text
        case _:
            titles = [title for title in disc["titles"] if title["episode_number"] is not None]
            if titles:
                edit = dice.choice([{"selected": False}, {"episode_number": dice.randrange(1, 12)}])
                edit |= {"index": dice.choice(titles)["index"]}
                answer = client.post(f"{address}/approve", json={"title_edits": [edit]})
                assert answer.status_code in (200, 409, 422), answer.text


@pytest.mark.parametrize("seed", range(10))
def test_it_never_refuses_a_proposal(client, services, clock, seed):
    dice = random.Random(seed)  # noqa: S311
    for _ in range(STEPS):
        clock.advance(60)
        drive = dice.choice(DRIVES)
        present = undecided_in(client, drive)
        action = dice.random()
        if not present or action < 0.2:
            client.detect(dice.choice(LABELS), dice.choice(LAYOUTS), drive=drive)
        elif action < 0.3:
            client.eject(drive)
        else:
            change(client, dice, present[0])
        assert_approvable(services)
    for disc in ok(client.get("/api/discs")):
        if disc["status"] == "detected":
            assert client.approve(disc["disc_id"])["preview_status"] == "approved"


@pytest.mark.parametrize("body", [{}, {"season_number": 1}, {"starting_episode": 1}])
def test_it_proposes_no_number_of_an_approved_disc_after_an_override(client, body):
    client.detect("FIREFLY_S01_D1", FIRST).approve()
    disc_id = client.detect("UNHEARD_OF", SECOND, drive="E:").id
    client.edit(disc_id, "preview/override-media-type", media_type="movie")
    assert episodes(tv(client, disc_id, **body)) == [4, 5, 6, 7]
    assert client.approve(disc_id)["preview_status"] == "approved"
    assert_true(client)


def test_it_proposes_other_numbers_once_a_disc_with_the_same_is_approved(client):
    """Two discs that a person let begin with the same number."""
    one, other = client.detect("FIREFLY_S01", FIRST).id, client.detect("FIREFLY_S01", SECOND,
                                                                        drive="E:").id  # fmt: skip
    for disc_id in (one, other):
        body = {"season_number": 1, "starting_episode": 2}
        client.edit(disc_id, "preview/update-season", **body)
    client.approve(one)
    assert episodes(client.disc(one)) == [2, 3, 4]
    assert episodes(client.disc(other)) == [5, 6, 7, 8]
    assert client.approve(other)["preview_status"] == "approved"


def test_it_proposes_other_numbers_for_a_disc_that_was_rejected(client):
    rejected = client.detect("FIREFLY_S01", FIRST).id
    client.reject(rejected)
    client.detect("FIREFLY_S01", SECOND, drive="E:").approve()
    assert episodes(client.disc(rejected)) == [5, 6, 7]
    assert episodes(client.approve(rejected)) == [5, 6, 7]
    assert_true(client)


def test_it_proposes_other_numbers_for_a_disc_whose_accepted_ones_were_given_away(client, clock):
    body = {"season_number": 1, "starting_episode": 7}
    client.detect("FIREFLY_S01", FIRST).approve()
    client.eject()
    clock.advance(60)
    again = client.detect("FIREFLY_S01", FIRST).id
    client.edit(again, "preview/update-season", **body)
    client.approve(again)
    client.detect("FIREFLY_S01", SECOND, drive="E:").approve()
    client.reject(again)
    client.eject()
    clock.advance(60)
    third = client.detect("FIREFLY_S01", FIRST)
    assert third.approve()["preview_status"] == "approved"


def test_it_refuses_an_explicit_number_of_an_approved_disc_at_once(client):
    client.detect("FIREFLY_S01_D1", FIRST).approve()
    disc = client.detect("FIREFLY_S01_D2", SECOND, drive="E:")
    body = {"season_number": 1, "starting_episode": 3}
    client.refused(409, "Episode 3").post(f"/api/discs/{disc.id}/preview/update-season", json=body)
    assert episodes(client.edit(disc.id, "preview/update-season", season_number=1)) == [4, 5, 6, 7]


def test_it_moves_proposals_on_when_a_rejected_disc_is_approved_after_all(client):
    first = client.detect("FIREFLY_S01", FIRST).id
    client.reject(first)
    second = client.detect("FIREFLY_S01", SECOND, drive="E:").id
    assert episodes(client.disc(second)) == [1, 2, 3, 4]
    assert episodes(client.approve(first)) == [1, 2, 3]
    assert episodes(client.disc(second)) == [4, 5, 6, 7]
    assert_true(client)
