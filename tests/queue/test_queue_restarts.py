"""Machines that start anew, or sign off: what becomes of the jobs that they had."""

from collections.abc import Callable

import pytest
from werkzeug.test import TestResponse

from boz_server.services.queue import dispatcher, leases
from tests.client import Client, ok
from tests.support import restart

pytestmark = pytest.mark.usefixtures("gpu")

#: Signs of life that don't say what a machine works on.
SIGNS: dict[str, Callable[[Client], TestResponse]] = {
    "agent's heartbeat": lambda client: client.post("/api/agents/pc/heartbeat"),
    "agent's poll": lambda client: client.get("/api/agents/pc/jobs"),
    "worker's heartbeat": lambda client: client.post("/api/workers/gpu/heartbeat", json={}),
    "worker's poll": lambda client: client.post("/api/workers/gpu/jobs/poll", json={}),
}
#: How a machine says that it has started.
STARTS: dict[str, Callable[[Client], object]] = {
    "agent": Client.register_agent,
    "worker": Client.register_worker,
}


def state_of(client: Client, job_id: str) -> tuple[str, int]:
    job = client.job(job_id)
    return job["status"], job["attempt"]


@pytest.mark.parametrize("start", STARTS)
def test_it_takes_what_a_machine_ran_before_it_started_anew_for_lost_after_20_seconds(
    client, services, clock, start
):
    job_id = client.running_job()
    clock.advance(60)
    STARTS[start](client)
    clock.advance(19.999)
    assert leases.rescue(services.context) == 0
    clock.advance(0.001)
    assert leases.rescue(services.context) == 1
    # The machine is there, and can begin once more at once.
    assert state_of(client, job_id) == ("assigned", 2)
    assert client.job(job_id)["progress"] == 0


@pytest.mark.parametrize("sign", SIGNS)
def test_it_does_not_believe_heartbeats_where_it_doubts(client, services, clock, sign):
    job_id = client.running_job()
    client.register_agent()
    for _ in range(4):
        ok(SIGNS[sign](client))
        clock.advance(5)
    assert leases.rescue(services.context) == 1
    assert state_of(client, job_id) == ("assigned", 2)


@pytest.mark.parametrize("status", ["running", "assigned"])
@pytest.mark.parametrize("token", [False, True])
def test_it_believes_a_report(client, services, clock, status, token):
    job_id = client.running_job()
    lease = client.lease_token(job_id) if token else None
    client.register_agent()
    clock.advance(19)
    ok(client.report(job_id, status, lease_token=lease))
    for _ in range(12):
        clock.advance(30)
        assert leases.rescue(services.context) == 0
        ok(client.post("/api/agents/pc/heartbeat"))
    assert state_of(client, job_id) == (status, 1)


def test_it_doubts_no_longer_for_a_machine_that_starts_again_and_again(client, services, clock):
    job_id = client.running_job()
    for _ in range(2):
        client.register_agent()
        client.register_worker()
        clock.advance(10)
    assert leases.rescue(services.context) == 1
    assert state_of(client, job_id) == ("assigned", 2)


def test_it_takes_an_end_that_is_reported_in_time(client, services, clock):
    job_id = client.running_job()
    client.register_agent()
    clock.advance(19)
    ok(client.report(job_id, "completed"))
    clock.advance(200)
    assert leases.rescue(services.context) == 0
    assert state_of(client, job_id) == ("completed", 1)


def test_it_leaves_a_machine_that_starts_what_it_has_not_begun(client, services, clock):
    job_id = client.approved_job()
    client.register_agent()
    client.register_worker()
    for _ in range(6):
        clock.advance(30)
        ok(client.post("/api/agents/pc/heartbeat"))
        assert leases.rescue(services.context) == 0
    assert state_of(client, job_id) == ("assigned", 1)


def test_it_doubts_only_the_jobs_of_the_machine_that_started(client, services, clock):
    client.register_agent("den")
    client.register_worker("cpu", agent_id="den")
    job_id = client.running_job()
    client.register_agent("den")
    client.register_worker("cpu", agent_id="den")
    clock.advance(60)
    assert leases.rescue(services.context) == 0
    assert state_of(client, job_id) == ("running", 1)


def test_it_counts_a_job_lost_by_a_restart_as_a_failure(app, client, clock):
    services = restart(app, max_attempts=1)
    job_id = client.running_job()
    client.register_agent()
    clock.advance(20)
    leases.rescue(services.context)
    assert state_of(client, job_id) == ("failed", 1)


def test_it_doubts_no_new_attempt(client, services, clock):
    job_id = client.running_job()
    client.register_agent()
    clock.advance(20)
    assert leases.rescue(services.context) == 1
    for _ in range(6):
        ok(client.post("/api/agents/pc/heartbeat"))
        clock.advance(30)
        assert leases.rescue(services.context) == 0
    assert state_of(client, job_id) == ("assigned", 2)


@pytest.mark.parametrize("begun", [False, True])
def test_it_releases_the_jobs_of_an_agent_that_signs_off(client, begun):
    job_id = client.running_job() if begun else client.approved_job()
    client.sign_off()
    job = client.job(job_id)
    assert (job["status"], job["attempt"], job["progress"]) == ("queued", 1, 0)
    assert (job["assigned_agent_id"], job["assigned_worker_id"]) == (None, None)
    agent = client.agent()
    assert (agent["status"], agent["current_job_id"]) == ("offline", None)
    assert client.worker()["current_jobs"] == []
    event = client.history(job_id)[-1]
    assert (event["actor"], event["attempt"], event["detail"]) == (
        "agent:pc", 1, "The agent signed off."
    )  # fmt: skip


def test_it_gives_the_jobs_back_to_an_agent_that_comes_again(client):
    job_id = client.running_job()
    client.sign_off()
    client.register_agent()
    client.register_worker()
    assert state_of(client, job_id) == ("assigned", 2)
    assert client.job(job_id)["assigned_agent_id"] == "pc"


def test_it_gives_rips_back_to_an_agent_that_shows_itself_again(client):
    _, (job_id, *_) = client.ordered_rips()
    client.sign_off()
    assert "offline" in client.job(job_id)["waiting_reason"]
    ok(client.post("/api/agents/pc/heartbeat"))
    assert state_of(client, job_id) == ("assigned", 2)


def test_it_counts_no_failure_when_an_agent_signs_off(app, client, clock):
    services = restart(app, max_attempts=2)
    job_id = client.running_job()
    for attempt in range(2, 6):
        client.sign_off()
        assert client.job(job_id)["scheduled_at"] is None
        client.register_agent()
        client.register_worker()
        assert state_of(client, job_id) == ("assigned", attempt)
    clock.advance(121)
    leases.rescue(services.context)
    assert state_of(client, job_id) == ("queued", 5)


def test_it_gives_nothing_to_an_agent_that_has_signed_off(client, services, clock):
    client.sign_off()
    job_id = client.approved_job()
    for _ in range(30):
        clock.advance(5)
        dispatcher.dispatch_now(services.context)
        assert state_of(client, job_id) == ("queued", 0)
