"""Machines that start anew, or sign off: what becomes of the jobs that they had."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from boz_server.services.wiring import Services
from tests.support import (
    FakeClock,
    approved_job,
    history,
    job_of,
    lease_token,
    ok,
    ordered_rips,
    register_agent,
    register_worker,
    report,
    restart,
)

#: Signs of life that don't say what a machine works on.
SIGNS: dict[str, Callable[[FlaskClient], TestResponse]] = {
    "agent's heartbeat": lambda client: client.post("/api/agents/pc/heartbeat"),
    "agent's poll": lambda client: client.get("/api/agents/pc/jobs"),
    "worker's heartbeat": lambda client: client.post("/api/workers/gpu/heartbeat", json={}),
    "worker's poll": lambda client: client.post("/api/workers/gpu/jobs/poll", json={}),
}
#: How a machine says that it has started.
STARTS: dict[str, Callable[[FlaskClient], object]] = {
    "agent": register_agent,
    "worker": register_worker,
}


def running_job(client: FlaskClient) -> str:
    job_id = approved_job(client)
    ok(report(client, job_id, "running", progress=40))
    return job_id


def state_of(client: FlaskClient, job_id: str) -> tuple[str, int]:
    job = job_of(client, job_id)
    return job["status"], job["attempt"]


@pytest.fixture(autouse=True)
def machine(client: FlaskClient) -> None:
    register_agent(client)
    register_worker(client)


@pytest.mark.parametrize("start", STARTS)
def test_it_takes_what_a_machine_ran_before_it_started_anew_for_lost_after_20_seconds(
    client: FlaskClient, services: Services, clock: FakeClock, start: str
) -> None:
    job_id = running_job(client)
    clock.advance(60)
    STARTS[start](client)
    clock.advance(19.999)
    assert services.attempts.rescue() == 0
    clock.advance(0.001)
    assert services.attempts.rescue() == 1
    # The machine is there, and can begin once more at once.
    assert state_of(client, job_id) == ("assigned", 2)
    assert job_of(client, job_id)["progress"] == 0


@pytest.mark.parametrize("sign", SIGNS)
def test_it_does_not_believe_heartbeats_where_it_doubts(
    client: FlaskClient, services: Services, clock: FakeClock, sign: str
) -> None:
    job_id = running_job(client)
    register_agent(client)
    for _ in range(4):
        ok(SIGNS[sign](client))
        clock.advance(5)
    assert services.attempts.rescue() == 1
    assert state_of(client, job_id) == ("assigned", 2)


@pytest.mark.parametrize("status", ["running", "assigned"])
@pytest.mark.parametrize("token", [False, True])
def test_it_believes_a_report(
    client: FlaskClient, services: Services, clock: FakeClock, status: str, token: bool
) -> None:
    job_id = running_job(client)
    lease = lease_token(client, job_id) if token else None
    register_agent(client)
    clock.advance(19)
    ok(report(client, job_id, status, lease_token=lease))
    for _ in range(12):
        clock.advance(30)
        assert services.attempts.rescue() == 0
        ok(client.post("/api/agents/pc/heartbeat"))
    assert state_of(client, job_id) == (status, 1)


def test_it_doubts_no_longer_for_a_machine_that_starts_again_and_again(
    client: FlaskClient, services: Services, clock: FakeClock
) -> None:
    job_id = running_job(client)
    for _ in range(2):
        register_agent(client)
        register_worker(client)
        clock.advance(10)
    assert services.attempts.rescue() == 1
    assert state_of(client, job_id) == ("assigned", 2)


def test_it_takes_an_end_that_is_reported_in_time(
    client: FlaskClient, services: Services, clock: FakeClock
) -> None:
    job_id = running_job(client)
    register_agent(client)
    clock.advance(19)
    ok(report(client, job_id, "completed"))
    clock.advance(200)
    assert services.attempts.rescue() == 0
    assert state_of(client, job_id) == ("completed", 1)


def test_it_leaves_a_machine_that_starts_what_it_has_not_begun(
    client: FlaskClient, services: Services, clock: FakeClock
) -> None:
    job_id = approved_job(client)
    register_agent(client)
    register_worker(client)
    for _ in range(6):
        clock.advance(30)
        ok(client.post("/api/agents/pc/heartbeat"))
        assert services.attempts.rescue() == 0
    assert state_of(client, job_id) == ("assigned", 1)


def test_it_doubts_only_the_jobs_of_the_machine_that_started(
    client: FlaskClient, services: Services, clock: FakeClock
) -> None:
    register_agent(client, "den")
    register_worker(client, "cpu", agent_id="den")
    job_id = running_job(client)
    register_agent(client, "den")
    register_worker(client, "cpu", agent_id="den")
    clock.advance(60)
    assert services.attempts.rescue() == 0
    assert state_of(client, job_id) == ("running", 1)


def test_it_counts_a_job_lost_by_a_restart_as_a_failure(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    services = restart(app, max_attempts=1)
    job_id = running_job(client)
    register_agent(client)
    clock.advance(20)
    services.attempts.rescue()
    assert state_of(client, job_id) == ("failed", 1)


def test_it_doubts_no_new_attempt(
    client: FlaskClient, services: Services, clock: FakeClock
) -> None:
    job_id = running_job(client)
    register_agent(client)
    clock.advance(20)
    assert services.attempts.rescue() == 1
    for _ in range(6):
        ok(client.post("/api/agents/pc/heartbeat"))
        clock.advance(30)
        assert services.attempts.rescue() == 0
    assert state_of(client, job_id) == ("assigned", 2)


@pytest.mark.parametrize("begun", [False, True])
def test_it_releases_the_jobs_of_an_agent_that_signs_off(client: FlaskClient, begun: bool) -> None:
    job_id = running_job(client) if begun else approved_job(client)
    ok(client.post("/api/agents/pc/unregister"))
    job = job_of(client, job_id)
    assert (job["status"], job["attempt"], job["progress"]) == ("queued", 1, 0)
    assert (job["assigned_agent_id"], job["assigned_worker_id"]) == (None, None)
    agent = ok(client.get("/api/agents/pc"))
    assert (agent["status"], agent["current_job_id"]) == ("offline", None)
    assert ok(client.get("/api/workers/gpu"))["current_jobs"] == []
    event = history(client, job_id)[-1]
    assert (event["actor"], event["attempt"], event["detail"]) == (
        "agent:pc", 1, "The agent signed off."
    )  # fmt: skip


def test_it_gives_the_jobs_back_to_an_agent_that_comes_again(client: FlaskClient) -> None:
    job_id = running_job(client)
    ok(client.post("/api/agents/pc/unregister"))
    register_agent(client)
    register_worker(client)
    assert state_of(client, job_id) == ("assigned", 2)
    assert job_of(client, job_id)["assigned_agent_id"] == "pc"


def test_it_gives_rips_back_to_an_agent_that_shows_itself_again(client: FlaskClient) -> None:
    _, (job_id, *_) = ordered_rips(client)
    ok(client.post("/api/agents/pc/unregister"))
    assert "offline" in job_of(client, job_id)["waiting_reason"]
    ok(client.post("/api/agents/pc/heartbeat"))
    assert state_of(client, job_id) == ("assigned", 2)


def test_it_counts_no_failure_when_an_agent_signs_off(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    services = restart(app, max_attempts=2)
    job_id = running_job(client)
    for attempt in range(2, 6):
        ok(client.post("/api/agents/pc/unregister"))
        assert job_of(client, job_id)["scheduled_at"] is None
        register_agent(client)
        register_worker(client)
        assert state_of(client, job_id) == ("assigned", attempt)
    clock.advance(121)
    services.attempts.rescue()
    assert state_of(client, job_id) == ("queued", 5)


def test_it_gives_nothing_to_an_agent_that_has_signed_off(
    client: FlaskClient, services: Services, clock: FakeClock
) -> None:
    ok(client.post("/api/agents/pc/unregister"))
    job_id = approved_job(client)
    for _ in range(30):
        clock.advance(5)
        services.dispatcher.dispatch_now()
        assert state_of(client, job_id) == ("queued", 0)
