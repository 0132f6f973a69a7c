"""Jobs of lost machines are queued again, until their attempts are used up."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from boz_server.services.queue import dispatcher, leases
from boz_server.services.wiring import Services
from tests.client import Client, ok
from tests.support import FakeClock, restart

pytestmark = pytest.mark.usefixtures("gpu")


def lose(services: Services, clock: FakeClock) -> int:
    """Let every machine be silent for longer than any term."""
    clock.advance(121)
    return leases.rescue(services.context)


def lose_and_return(client: Client, services: Services, clock: FakeClock) -> None:
    """Lose the machine during an attempt; it comes back and is given the job when that is due."""
    lose(services, clock)
    clock.advance(3600)
    client.register_agent()
    client.register_worker()


def wait_of(job: dict[str, Any], clock: FakeClock) -> float:
    """Seconds until a job may begin."""
    return (datetime.fromisoformat(job["scheduled_at"]) - clock.now()).total_seconds()


def test_it_queues_the_job_of_a_lost_machine_again(client, services, clock):
    job_id = client.approved_job()
    ok(client.report(job_id, "running", progress=40, output_file="C:\\half.mkv"))
    assert lose(services, clock) == 1
    job = client.job(job_id)
    assert (job["status"], job["attempt"], job["progress"]) == ("queued", 1, 0)
    for gone in ("assigned_agent_id", "assigned_worker_id", "assigned_at", "started_at"):
        assert job[gone] is None
    event = client.history(job_id)[-1]
    assert (event["from_status"], event["actor"], event["attempt"]) == ("running", "server", 1)
    assert event["detail"] == "Agent 'pc' was not heard from in time."


def test_it_begins_again_at_once_after_the_first_loss(client, services, clock):
    job_id = client.approved_job()
    lose(services, clock)
    assert client.job(job_id)["scheduled_at"] is None
    client.register_worker()
    job = client.job(job_id)
    assert (job["status"], job["attempt"]) == ("assigned", 2)


def test_it_rescues_everything_that_a_lost_machine_had(client, services, clock):
    transcodes = [client.approved_job(), client.approved_job()]
    disc_id, rips = client.ordered_rips()
    for job_id in (transcodes[0], rips[0]):
        ok(client.report(job_id, "running"))
    assert lose(services, clock) == 3
    assert {client.job(job_id)["status"] for job_id in transcodes + rips} == {"queued"}
    agent, worker = client.agent(), client.worker()
    assert (agent["status"], agent["current_job_id"]) == ("offline", None)
    assert worker["current_jobs"] == []
    assert client.disc(disc_id)["status"] == "ripping"
    assert lose(services, clock) == 0


def test_it_leaves_the_jobs_of_other_machines_alone(client, services, clock):
    client.register_agent("den")
    client.register_worker("cpu", agent_id="den")
    lost, kept = client.approved_job(), client.approved_job("cpu")
    for _ in range(5):
        clock.advance(30)
        ok(client.post("/api/agents/den/heartbeat"))
        leases.rescue(services.context)
    assert client.job(lost)["status"] == "queued"
    assert (client.job(kept)["status"], client.job(kept)["attempt"]) == ("assigned", 1)


def test_it_gives_a_job_up_once_its_attempts_are_used_up(client, services, clock):
    job_id = client.approved_job()
    for _ in range(2):
        lose_and_return(client, services, clock)
    client.agent_jobs()
    ok(client.report(job_id, "running", progress=70))
    assert client.job(job_id)["attempt"] == 3
    lose(services, clock)
    job = client.job(job_id)
    assert (job["status"], job["attempt"], job["scheduled_at"]) == ("failed", 3, None)
    assert job["completed_at"] is not None
    told = "; ".join(
        f"attempt {number}: Agent 'pc' was not heard from in time" for number in (1, 2, 3)
    )
    assert told in job["error"]
    assert "3 attempts" in job["error"]
    assert client.worker()["current_jobs"] == []
    assert client.agent()["current_job_id"] is None


def test_it_tells_how_each_attempt_ended_in_its_own_words(app, client, clock):
    services = restart(app, max_attempts=2)
    job_id = client.approved_job()
    client.sign_off()
    client.register_agent()
    client.register_worker()
    lose_and_return(client, services, clock)
    lose(services, clock)
    error = client.job(job_id)["error"]
    assert "Given up after 2 attempts" in error
    assert "attempt 1: The agent signed off; attempt 2: Agent 'pc' was not heard" in error
    assert "attempt 3: Agent 'pc' was not heard" in error


def test_it_fails_the_disc_with_the_last_of_its_rips(app, client, clock):
    services = restart(app, max_attempts=1)
    job_id = client.one_rip()
    disc_id = client.job(job_id)["disc_id"]
    lose(services, clock)
    assert client.job(job_id)["status"] == "failed"
    assert client.disc(disc_id)["status"] == "completed"
    assert ok(client.get(f"/api/discs/{disc_id}/rip-status"))["failed_jobs"] == 1


@pytest.mark.parametrize("limits", [(1, 2), (3, 1)])
def test_it_has_limits_for_each_type_of_job(app, client, clock, limits):
    names = ("max_rip_attempts", "max_transcode_attempts")
    services = restart(app, max_attempts=9, **dict(zip(names, limits, strict=True)))
    _, (rip_job, *_) = client.ordered_rips()
    transcode = client.approved_job()
    jobs = dict(zip((rip_job, transcode), limits, strict=True))
    for attempt in range(1, 4):
        lose_and_return(client, services, clock)
        for job_id, limit in jobs.items():
            assert (client.job(job_id)["status"] == "failed") == (attempt >= limit)


def test_it_takes_the_common_limit_where_a_type_has_none(app, client, clock):
    services = restart(app, max_attempts=1, max_transcode_attempts=2)
    _, (rip_job, *_) = client.ordered_rips()
    transcode = client.approved_job()
    lose(services, clock)
    assert client.job(rip_job)["status"] == "failed"
    assert client.job(transcode)["status"] == "queued"


@pytest.mark.parametrize("job_type", ["rip", "transcode"])
def test_it_waits_longer_after_each_further_loss(app, client, clock, job_type):
    services = restart(app, max_attempts=6)
    first_wait = 15 if job_type == "rip" else 60
    job_id = client.one_rip() if job_type == "rip" else client.approved_job()
    lose_and_return(client, services, clock)
    for doublings in range(4):
        assert client.job(job_id)["status"] == "assigned"
        lose(services, clock)
        job, least = client.job(job_id), first_wait * 2**doublings
        assert least <= wait_of(job, clock) <= least * 1.25
        assert job["waiting_reason"].startswith("It is tried again at 2026-01-24")
        lose_and_return(client, services, clock)


def test_it_begins_no_sooner_than_the_wait_is_over(client, services, clock):
    job_id = client.one_rip()
    lose_and_return(client, services, clock)
    lose(services, clock)
    client.register_agent()
    due = datetime.fromisoformat(client.job(job_id)["scheduled_at"])
    clock.time = due - timedelta(milliseconds=1)
    dispatcher.dispatch_now(services.context)
    assert client.job(job_id)["attempt"] == 2
    clock.time = due
    dispatcher.dispatch_now(services.context)
    job = client.job(job_id)
    assert (job["status"], job["attempt"], job["scheduled_at"]) == ("assigned", 3, None)


def test_it_gives_the_place_of_a_lost_machine_to_another_in_the_same_step(app, client, clock):
    services = restart(app, max_concurrent_transcodes=1)
    client.register_worker("cpu", agent_id="den")
    client.approved_job()
    waiting = client.approved_job("cpu")
    clock.advance(100)
    ok(client.post("/api/workers/cpu/heartbeat", json={}))
    assert client.job(waiting)["status"] == "queued"
    clock.advance(20)
    leases.rescue(services.context)
    assert client.job(waiting)["status"] == "assigned"
