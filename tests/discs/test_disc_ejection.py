"""Drives are opened: their discs are closed, and what has not begun of them fails."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from boz_server.services.wiring import Services
from tests.support import (
    approve,
    assert_problem,
    detect,
    ok,
    register_agent,
    report,
    rip,
    unchanged,
)

NONE_FOUND = {"status": "ok", "message": "No disc found for that drive"}


def eject(client: FlaskClient, **changes: Any) -> dict[str, Any]:
    """Tell the server that a drive was opened."""
    body = {"agent_id": "pc", "drive": "D:", **changes}
    return dict(ok(client.post("/api/discs/ejected", json=body)))


def ripping(client: FlaskClient) -> tuple[str, list[str]]:
    """A disc with three rip jobs: its id, and theirs."""
    register_agent(client)
    disc_id = approve(client, detect(client)["disc_id"])["disc_id"]
    return disc_id, rip(client, disc_id)


def statuses(client: FlaskClient, job_ids: list[str]) -> list[str]:
    """What has become of jobs."""
    return [ok(client.get(f"/api/jobs/{job_id}"))["status"] for job_id in job_ids]


def test_it_closes_the_disc_in_the_drive(client: FlaskClient) -> None:
    register_agent(client)
    disc = detect(client)
    assert eject(client) == {"status": "ok", "disc_id": disc["disc_id"]}
    assert ok(client.get(f"/api/discs/{disc['disc_id']}")) == disc | {"status": "ejected"}


def test_it_knows_of_no_disc_in_an_empty_drive(client: FlaskClient) -> None:
    register_agent(client)
    detect(client)
    assert eject(client, drive="E:") == NONE_FOUND


def test_it_closes_a_disc_once(client: FlaskClient) -> None:
    register_agent(client)
    detect(client)
    eject(client)
    assert eject(client) == NONE_FOUND


def test_it_knows_of_no_disc_of_an_unknown_agent(client: FlaskClient) -> None:
    assert eject(client, agent_id="nobody") == NONE_FOUND


def test_it_leaves_the_same_drive_of_another_agent(client: FlaskClient) -> None:
    register_agent(client)
    register_agent(client, "den")
    detect(client)
    assert eject(client, agent_id="den") == NONE_FOUND
    assert ok(client.get("/api/discs"))[0]["status"] == "detected"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"drive": "D:"}, "agent_id"),
        ({"agent_id": None, "drive": "D:"}, "agent_id"),
        ({"agent_id": "pc"}, "drive"),
        ({"agent_id": "pc", "drive": ""}, "drive"),
        ({"agent_id": "pc", "drive": 4}, "drive"),
    ],
)
def test_it_refuses_a_report_that_is_wrong(
    client: FlaskClient, services: Services, body: dict[str, Any], field: str
) -> None:
    register_agent(client)
    detect(client)
    with unchanged(services):
        assert_problem(client.post("/api/discs/ejected", json=body), 422, field=field)


def test_it_refuses_what_is_no_json(client: FlaskClient, services: Services) -> None:
    register_agent(client)
    detect(client)
    with unchanged(services):
        answer = client.post("/api/discs/ejected", data="{", content_type="application/json")
        assert_problem(answer, 400, "JSON")


def test_it_ignores_fields_that_it_does_not_know(client: FlaskClient) -> None:
    register_agent(client)
    detect(client)
    assert "disc_id" in eject(client, by="hand")


def test_it_fails_the_rips_that_no_one_has_begun(client: FlaskClient) -> None:
    disc_id, job_ids = ripping(client)
    eject(client)
    assert statuses(client, job_ids) == ["failed"] * 3
    job = ok(client.get(f"/api/jobs/{job_ids[0]}"))
    assert "left its drive" in job["error"]
    assert job["completed_at"] == "2026-01-24T12:34:56.123456Z"
    assert ok(client.get(f"/api/discs/{disc_id}"))["status"] == "ejected"
    assert ok(client.get("/api/agents/pc/jobs")) == {"jobs": []}


def test_it_leaves_a_rip_that_runs_to_its_agent(client: FlaskClient) -> None:
    disc_id, job_ids = ripping(client)
    ok(report(client, job_ids[0], "running"))
    eject(client)
    assert statuses(client, job_ids) == ["running", "failed", "failed"]
    ok(report(client, job_ids[0], "completed", output_file="C:\\rips\\t00.mkv"))
    assert ok(client.get(f"/api/discs/{disc_id}"))["status"] == "ejected"


def test_it_leaves_the_rips_that_are_over(client: FlaskClient) -> None:
    _, job_ids = ripping(client)
    ok(report(client, job_ids[0], "completed"))
    eject(client)
    assert statuses(client, job_ids) == ["completed", "failed", "failed"]


def test_it_leaves_the_rips_of_other_drives(client: FlaskClient) -> None:
    _, job_ids = ripping(client)
    detect(client, drive="E:")
    eject(client, drive="E:")
    assert statuses(client, job_ids) == ["assigned", "queued", "queued"]


def test_it_fails_the_rips_of_a_disc_that_another_one_replaces(client: FlaskClient) -> None:
    _, job_ids = ripping(client)
    detect(client, "SERENITY", (119,))
    assert statuses(client, job_ids) == ["failed"] * 3


def test_it_rips_a_disc_that_came_back(client: FlaskClient) -> None:
    disc_id, job_ids = ripping(client)
    eject(client)
    again = detect(client)
    assert again["disc_id"] != disc_id
    approve(client, again["disc_id"])
    assert set(rip(client, again["disc_id"])).isdisjoint(job_ids)


def test_it_closes_a_disc_that_lies_there_ripped(client: FlaskClient) -> None:
    disc_id, job_ids = ripping(client)
    for job_id in job_ids:
        ok(report(client, job_id, "completed"))
    assert eject(client)["disc_id"] == disc_id
    assert ok(client.get(f"/api/discs/{disc_id}"))["status"] == "ejected"
