"""Drives are opened: their discs are closed, and what has not begun of them fails."""

from typing import Any

import pytest

from tests.client import Client, ok

pytestmark = pytest.mark.usefixtures("pc")

NONE_FOUND = {"status": "ok", "message": "No disc found for that drive"}


def eject(client: Client, **changes: Any) -> dict[str, Any]:
    """Tell the server that a drive was opened."""
    body = {"agent_id": "pc", "drive": "D:", **changes}
    return dict(ok(client.post("/api/discs/ejected", json=body)))


def ripping(client: Client) -> tuple[str, list[str]]:
    """A disc with three rip jobs: its id, and theirs."""
    client.register_agent()
    disc_id = client.detect().approve().id
    return disc_id, client.rip(disc_id)


def test_it_closes_the_disc_in_the_drive(client):
    disc = client.detect()
    assert eject(client) == {"status": "ok", "disc_id": disc["disc_id"]}
    assert client.disc(disc["disc_id"]) == disc | {"status": "ejected"}


def test_it_knows_of_no_disc_in_an_empty_drive(client):
    client.detect()
    assert eject(client, drive="E:") == NONE_FOUND


def test_it_closes_a_disc_once(client):
    client.detect()
    eject(client)
    assert eject(client) == NONE_FOUND


def test_it_knows_of_no_disc_of_an_unknown_agent(client):
    assert eject(client, agent_id="nobody") == NONE_FOUND


def test_it_leaves_the_same_drive_of_another_agent(client):
    client.register_agent("den")
    client.detect()
    assert eject(client, agent_id="den") == NONE_FOUND
    assert ok(client.get("/api/discs"))[0]["status"] == "detected"


def test_it_ignores_fields_that_it_does_not_know(client):
    client.detect()
    assert "disc_id" in eject(client, by="hand")


def test_it_fails_the_rips_that_no_one_has_begun(client):
    disc_id, job_ids = ripping(client)
    eject(client)
    assert client.statuses(job_ids) == ["failed"] * 3
    job = client.job(job_ids[0])
    assert "left its drive" in job["error"]
    assert job["completed_at"] == "2026-01-24T12:34:56.123456Z"
    assert client.disc(disc_id)["status"] == "ejected"
    assert ok(client.get("/api/agents/pc/jobs")) == {"jobs": []}


def test_it_leaves_a_rip_that_runs_to_its_agent(client):
    disc_id, job_ids = ripping(client)
    ok(client.report(job_ids[0], "running"))
    eject(client)
    assert client.statuses(job_ids) == ["running", "failed", "failed"]
    ok(client.report(job_ids[0], "completed", output_file="C:\\rips\\t00.mkv"))
    assert client.disc(disc_id)["status"] == "ejected"


def test_it_leaves_the_rips_that_are_over(client):
    _, job_ids = ripping(client)
    ok(client.report(job_ids[0], "completed"))
    eject(client)
    assert client.statuses(job_ids) == ["completed", "failed", "failed"]


def test_it_leaves_the_rips_of_other_drives(client):
    _, job_ids = ripping(client)
    client.detect(drive="E:")
    eject(client, drive="E:")
    assert client.statuses(job_ids) == ["assigned", "queued", "queued"]


def test_it_fails_the_rips_of_a_disc_that_another_one_replaces(client):
    _, job_ids = ripping(client)
    client.detect("SERENITY", (119,))
    assert client.statuses(job_ids) == ["failed"] * 3


def test_it_rips_a_disc_that_came_back(client):
    disc_id, job_ids = ripping(client)
    eject(client)
    again = client.detect()
    assert again["disc_id"] != disc_id
    client.approve(again["disc_id"])
    assert set(client.rip(again["disc_id"])).isdisjoint(job_ids)


def test_it_closes_a_disc_that_lies_there_ripped(client):
    disc_id, job_ids = ripping(client)
    for job_id in job_ids:
        ok(client.report(job_id, "completed"))
    assert eject(client)["disc_id"] == disc_id
    assert client.disc(disc_id)["status"] == "ejected"
