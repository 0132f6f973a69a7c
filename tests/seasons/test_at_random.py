"""Discs come and are decided on in any order: a season's numbers stay true."""

import random
from typing import Any

import pytest

from boz_server.services.maintenance.retention import prune
from boz_server.services.wiring import Services
from tests.client import Client, ok
from tests.seasons.checks import LABELS, LAYOUTS, assert_true, undecided_in
from tests.support import FakeClock

DRIVES = "DEFGH"
STEPS = 25
#: How likely it is that years pass between two steps.
ARCHIVED = 0.2


def decide(client: Client, dice: random.Random, disc: dict[str, Any]) -> None:
    """Approve, edit or reject a disc; what may not be is refused, and changes nothing."""
    address = f"/api/discs/{disc['disc_id']}/preview"
    episodes = [title for title in disc["titles"] if title["episode_number"] is not None]
    edits: list[dict[str, Any]] = []
    if episodes and dice.random() < 0.6:
        title = dice.choice(episodes)
        change: dict[str, Any] = dice.choice(
            [
                {"selected": False},
                {"is_extra": True},
                {"episode_number": dice.randrange(1, 20)},
                {"last_episode_number": title["episode_number"] + dice.randrange(3)},
            ]
        )
        edits = [{"index": title["index"], **change}]
    if dice.random() < 0.25:
        answer = client.post(f"{address}/reject")
    else:
        answer = client.post(f"{address}/approve", json={"title_edits": edits})
    assert answer.status_code in (200, 409, 422), answer.text
    if answer.status_code != 200:
        assert client.disc(disc["disc_id"]) == disc


def assert_named(client: Client) -> None:
    """Check that every episode has a number, and every title a name of its own on its disc."""
    for disc in ok(client.get("/api/discs")):
        chosen = [title for title in disc["titles"] if title["selected"]]
        names = [title["proposed_filename"] for title in chosen]
        assert len(set(names)) == len(names)
        for title in disc["titles"]:
            is_episode = title["kind"] in ("episode", "double_episode")
            assert is_episode == (title["episode_number"] is not None)
            assert not (is_episode and title["is_extra"])


def archive(client: Client, services: Services, clock: FakeClock) -> None:
    """Take all discs out, and let so long pass that they go into the archive; what is known of
    them stays."""
    for drive in DRIVES:
        client.eject(drive)
    before = {disc["disc_id"]: disc for disc in ok(client.get("/api/discs"))}
    clock.advance(1000 * 86400)
    prune(services.context)
    assert ok(client.get("/api/discs")) == []
    for disc_id, disc in before.items():
        assert client.disc(disc_id) == disc


@pytest.mark.parametrize("seed", range(6))
def test_it_keeps_a_season_true(client, services, clock, seed):
    dice = random.Random(seed)  # noqa: S311
    archives = seed % 2 == 0
    client.register_agent()
    for _ in range(STEPS):
        clock.advance(60)
        if archives and dice.random() < ARCHIVED:
            archive(client, services, clock)
        drive = dice.choice(DRIVES)
        present = undecided_in(client, drive)
        action = dice.random()
        if not present or action < 0.4:
            client.detect(dice.choice(LABELS), dice.choice(LAYOUTS), drive=drive)
        elif action < 0.55:
            client.eject(drive)
        else:
            decide(client, dice, present[0])
        assert_true(client)
        assert_named(client)
