"""Jobs of machines that are lost: queued again, until their attempts are used up."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from boz_server.services.wiring import Services
from tests.support import (
    FakeClock,
    approved_job,
    history,
    job_of,
    ok,
    ordered_rips,
    register_agent,
    register_worker,
    report,
    restart,
)


def lose(services: Services, clock: FakeClock) -> int:
    """Let every machine be silent for longer than any term."""
    clock.advance(121)
    return services.attempts.rescue()


def lose_and_return(client: FlaskClient, services: Services, clock: FakeClock) -> None:
    """Lose the machine during an attempt; it comes back and is given the job when that is due."""
    lose(services, clock)
    clock.advance(3600)
    register_agent(client)
    register_worker(client)


def one_rip(client: FlaskClient) -> str:
    """The rip of a disc with one title."""
    _, (job_id,) = ordered_rips(client, label="ALIEN", minutes=(117,))
    return job_id


def wait_of(job: dict[str, Any], clock: FakeClock) -> float:
    """Seconds until a job may begin."""
    return (datetime.fromisoformat(job["scheduled_at"]) - clock.now()).total_seconds()


@pytest.fixture(autouse=True)
def machine(client: FlaskClient) -> None:
    register_agent(client)
    register_worker(client)


def test_it_queues_the_job_of_a_lost_machine_again(
    client: FlaskClient, services: Services, clock: FakeClock
) -> None:
    job_id = approved_job(client)
    ok(report(client, job_id, "running", progress=40, output_file="C:\\half.mkv"))
    assert lose(services, clock) == 1
    job = job_of(client, job_id)
    assert (job["status"], job["attempt"], job["progress"]) == ("queued", 1, 0)
    for gone in ("assigned_agent_id", "assigned_worker_id", "assigned_at", "started_at"):
        assert job[gone] is None
    event = history(client, job_id)[-1]
    assert (event["from_status"], event["actor"], event["attempt"]) == ("running", "server", 1)
    assert event["detail"] == "Agent 'pc' was not heard from in time."


def test_it_begins_again_at_once_after_the_first_loss(
    client: FlaskClient, services: Services, clock: FakeClock
) -> None:
    job_id = approved_job(client)
    lose(services, clock)
    assert job_of(client, job_id)["scheduled_at"] is None
    register_worker(client)
    job = job_of(client, job_id)
    assert (job["status"], job["attempt"]) == ("assigned", 2)


def test_it_rescues_everything_that_a_lost_machine_had(
    client: FlaskClient, services: Services, clock: FakeClock
) -> None:
    transcodes = [approved_job(client), approved_job(client)]
    disc_id, rips = ordered_rips(client)
    for job_id in (transcodes[0], rips[0]):
        ok(report(client, job_id, "running"))
    assert lose(services, clock) == 3
    assert {job_of(client, job_id)["status"] for job_id in transcodes + rips} == {"queued"}
    agent, worker = ok(client.get("/api/agents/pc")), ok(client.get("/api/workers/gpu"))
    assert (agent["status"], agent["current_job_id"]) == ("offline", None)
    assert worker["current_jobs"] == []
    assert ok(client.get(f"/api/discs/{disc_id}"))["status"] == "ripping"
    assert lose(services, clock) == 0


def test_it_leaves_the_jobs_of_other_machines_alone(
    client: FlaskClient, services: Services, clock: FakeClock
) -> None:
    register_agent(client, "den")
    register_worker(client, "cpu", agent_id="den")
    lost, kept = approved_job(client), approved_job(client, "cpu")
    for _ in range(5):
        clock.advance(30)
        ok(client.post("/api/agents/den/heartbeat"))
        services.attempts.rescue()
    assert job_of(client, lost)["status"] == "queued"
    assert (job_of(client, kept)["status"], job_of(client, kept)["attempt"]) == ("assigned", 1)


def test_it_gives_a_job_up_once_its_attempts_are_used_up(
    client: FlaskClient, services: Services, clock: FakeClock
) -> None:
    job_id = approved_job(client)
    for _ in range(2):
        lose_and_return(client, services, clock)
    ok(report(client, job_id, "running", progress=70))
    assert job_of(client, job_id)["attempt"] == 3
    lose(services, clock)
    job = job_of(client, job_id)
    assert (job["status"], job["attempt"], job["scheduled_at"]) == ("failed", 3, None)
    assert job["completed_at"] is not None
    told = "; ".join(
        f"attempt {number}: Agent 'pc' was not heard from in time" for number in (1, 2, 3)
    )
    assert told in job["error"]
    assert "3 attempts" in job["error"]
    assert ok(client.get("/api/workers/gpu"))["current_jobs"] == []
    assert ok(client.get("/api/agents/pc"))["current_job_id"] is None


def test_it_tells_how_each_attempt_ended_in_its_own_words(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    services = restart(app, max_attempts=2)
    job_id = approved_job(client)
    ok(client.post("/api/agents/pc/unregister"))
    register_agent(client)
    register_worker(client)
    lose_and_return(client, services, clock)
    lose(services, clock)
    error = job_of(client, job_id)["error"]
    assert "Given up after 2 attempts" in error
    assert "attempt 1: The agent signed off; attempt 2: Agent 'pc' was not heard" in error
    assert "attempt 3: Agent 'pc' was not heard" in error


def test_it_fails_the_disc_with_the_last_of_its_rips(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    services = restart(app, max_attempts=1)
    job_id = one_rip(client)
    disc_id = job_of(client, job_id)["disc_id"]
    lose(services, clock)
    assert job_of(client, job_id)["status"] == "failed"
    assert ok(client.get(f"/api/discs/{disc_id}"))["status"] == "completed"
    assert ok(client.get(f"/api/discs/{disc_id}/rip-status"))["failed_jobs"] == 1


@pytest.mark.parametrize("limits", [(1, 2), (3, 1)])
def test_it_has_limits_for_each_type_of_job(
    app: Flask, client: FlaskClient, clock: FakeClock, limits: tuple[int, int]
) -> None:
    names = ("max_rip_attempts", "max_transcode_attempts")
    services = restart(app, max_attempts=9, **dict(zip(names, limits, strict=True)))
    _, (rip_job, *_) = ordered_rips(client)
    transcode = approved_job(client)
    jobs = dict(zip((rip_job, transcode), limits, strict=True))
    for attempt in range(1, 4):
        lose_and_return(client, services, clock)
        for job_id, limit in jobs.items():
            assert (job_of(client, job_id)["status"] == "failed") == (attempt >= limit)


def test_it_takes_the_common_limit_where_a_type_has_none(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    services = restart(app, max_attempts=1, max_transcode_attempts=2)
    _, (rip_job, *_) = ordered_rips(client)
    transcode = approved_job(client)
    lose(services, clock)
    assert job_of(client, rip_job)["status"] == "failed"
    assert job_of(client, transcode)["status"] == "queued"


@pytest.mark.parametrize("job_type", ["rip", "transcode"])
def test_it_waits_longer_after_each_further_loss(
    app: Flask, client: FlaskClient, clock: FakeClock, job_type: str
) -> None:
    services = restart(app, max_attempts=6)
    first_wait = 15 if job_type == "rip" else 60
    job_id = one_rip(client) if job_type == "rip" else approved_job(client)
    lose_and_return(client, services, clock)
    for doublings in range(4):
        assert job_of(client, job_id)["status"] == "assigned"
        lose(services, clock)
        job, least = job_of(client, job_id), first_wait * 2**doublings
        assert least <= wait_of(job, clock) <= least * 1.25
        assert job["waiting_reason"].startswith("It is tried again at 2026-01-24")
        lose_and_return(client, services, clock)


def test_it_begins_no_sooner_than_the_wait_is_over(
    client: FlaskClient, services: Services, clock: FakeClock
) -> None:
    job_id = one_rip(client)
    lose_and_return(client, services, clock)
    lose(services, clock)
    register_agent(client)
    due = datetime.fromisoformat(job_of(client, job_id)["scheduled_at"])
    clock.time = due - timedelta(milliseconds=1)
    services.dispatcher.dispatch_now()
    assert job_of(client, job_id)["attempt"] == 2
    clock.time = due
    services.dispatcher.dispatch_now()
    job = job_of(client, job_id)
    assert (job["status"], job["attempt"], job["scheduled_at"]) == ("assigned", 3, None)


def test_it_gives_the_place_of_a_lost_machine_to_another_in_the_same_step(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    services = restart(app, max_concurrent_transcodes=1)
    register_worker(client, "cpu", agent_id="den")
    approved_job(client)
    waiting = approved_job(client, "cpu")
    clock.advance(100)
    ok(client.post("/api/workers/cpu/heartbeat", json={}))
    assert job_of(client, waiting)["status"] == "queued"
    clock.advance(20)
    services.attempts.rescue()
    assert job_of(client, waiting)["status"] == "assigned"
