"""A cancelled job never runs again, and the machine that has it is told to stop."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from werkzeug.test import TestResponse

from boz_server.services.queue import dispatcher, leases, repair
from tests.client import Client, ok
from tests.support import assert_problem, unchanged

DAY = 24 * 3600
REPORTS = ("assigned", "running", "completed", "failed")
LATE = {"progress": 99.0, "error": "Upload failed: late", "output_file": "late.mkv"}


def told(client: Client, machine: str) -> list[str]:
    """The jobs that a heartbeat's answer names to `agents/ID` or `workers/ID`."""
    return list(ok(client.post(f"/api/{machine}/heartbeat", json={}))["cancelled_jobs"])


#: Jobs as they are before they are cancelled.
JOBS: dict[str, Callable[[Client], str]] = {
    "pending": lambda client: str(client.create_job()["job_id"]),
    "queued": lambda client: client.queued_job(preset="H.265 QSV 1080p"),
    "assigned": Client.approved_job,
    "running": Client.running_job,
    "rip": Client.one_rip,
}


@pytest.fixture(autouse=True)
def machine(client):
    client.register_agent()
    client.register_worker()


@pytest.fixture(params=JOBS)
def cancelled(request, client) -> str:
    """A job that was cancelled, from each state."""
    job_id = JOBS[request.param](client)
    client.cancel(job_id)
    return job_id


@pytest.mark.parametrize("state", ["assigned", "running"])
def test_it_tells_agent_and_worker_what_to_stop(client, state):
    job_id = JOBS[state](client)
    assert told(client, "agents/pc") == told(client, "workers/gpu") == []
    client.cancel(job_id)
    for _ in range(2):
        assert told(client, "agents/pc") == told(client, "workers/gpu") == [job_id]


def test_it_tells_a_worker_without_an_agent(client):
    client.register_worker("farm", agent_id=None)
    job_id = client.approved_job("farm")
    client.cancel(job_id)
    assert told(client, "workers/farm") == [job_id]
    assert told(client, "workers/gpu") == told(client, "agents/pc") == []


def test_it_tells_the_agent_of_a_rip_and_no_worker(client):
    job_id = client.one_rip()
    client.cancel(job_id)
    assert (told(client, "agents/pc"), told(client, "workers/gpu")) == ([job_id], [])


def test_it_tells_no_other_machine(client):
    client.register_agent("den")
    client.register_worker("cpu", agent_id="den")
    client.cancel(client.running_job())
    assert told(client, "agents/den") == told(client, "workers/cpu") == []


@pytest.mark.parametrize("state", ["pending", "queued"])
def test_it_tells_no_one_of_a_job_that_was_never_given(client, state):
    client.cancel(JOBS[state](client))
    assert told(client, "agents/pc") == told(client, "workers/gpu") == []


def test_it_tells_a_machine_nothing_of_a_job_that_was_taken_from_it(client, services, clock):
    job_id = client.running_job()
    clock.advance(121)
    leases.rescue(services.context)
    client.cancel(job_id)
    assert told(client, "agents/pc") == told(client, "workers/gpu") == []


def test_it_tells_nothing_of_jobs_that_ended_otherwise(client):
    for status in ("completed", "failed"):
        ok(client.report(client.running_job(), status))
    assert told(client, "agents/pc") == told(client, "workers/gpu") == []


def test_it_tells_the_latest_first_and_for_two_days(client, clock):
    first, second = client.running_job(), client.running_job()
    client.cancel(first)
    clock.advance(10)
    client.cancel(second)
    clock.advance(2 * DAY - 10.001)
    client.register_agent()
    assert told(client, "agents/pc") == told(client, "workers/gpu") == [second, first]
    clock.advance(0.001)
    assert told(client, "agents/pc") == told(client, "workers/gpu") == [second]
    clock.advance(10)
    assert told(client, "agents/pc") == told(client, "workers/gpu") == []


def test_it_frees_the_place_of_a_cancelled_job(client):
    client.register_worker(capabilities={"max_concurrent": 1})
    job_id, waiting = client.running_job(), client.approved_job()
    client.cancel(job_id)
    assert client.job(waiting)["status"] == "assigned"
    assert client.worker()["current_jobs"] == [waiting]
    assert client.agent()["current_job_id"] is None


@pytest.mark.parametrize("with_token", [False, True])
def test_it_refuses_every_late_report(client, with_token):
    job_id = client.running_job()
    token = client.lease_token(job_id) if with_token else None
    client.cancel(job_id)
    for status in REPORTS:
        client.refused(409, "cancelled").report(job_id, status, lease_token=token, **LATE)


def test_it_refuses_what_machines_report_of_it(client, cancelled):
    for status in REPORTS:
        client.refused(409, "cancelled").report(cancelled, status, **LATE)
    for success in (True, False):
        body = {"job_id": cancelled, "success": success}
        client.refused(409).post("/api/workers/gpu/jobs/complete", json=body)


def test_it_takes_that_it_is_cancelled_from_its_machine(client, services, cancelled):
    with unchanged(services):
        assert ok(client.report(cancelled, "cancelled", **LATE)) == client.job(cancelled)


#: What people may ask for a job, and how it is refused once the job is cancelled.
REQUESTS: dict[str, tuple[int, Callable[[Client, str], TestResponse]]] = {
    "retry": (409, lambda client, job_id: client.post(f"/api/jobs/{job_id}/retry")),
    "assign": (409, lambda client, job_id: client.post(f"/api/jobs/{job_id}/assign?agent_id=pc")),
    "approve": (400, lambda client, job_id: client.post(
        f"/api/jobs/{job_id}/approve", json={"worker_id": "gpu", "preset": "Fast 1080p30"})),
    "priority": (409, lambda client, job_id: client.post(
        f"/api/jobs/{job_id}/priority", json={"priority": 9})),
    "bump": (409, lambda client, job_id: client.post(f"/api/jobs/{job_id}/bump")),
    "cancel": (400, lambda client, job_id: client.post(f"/api/jobs/{job_id}/cancel")),
}  # fmt: skip


@pytest.mark.parametrize("request_name", REQUESTS)
def test_it_refuses_what_people_ask_for_it(client, services, cancelled, request_name):
    status, ask = REQUESTS[request_name]
    with unchanged(services):
        assert_problem(ask(client, cancelled), status)


def test_it_stays_cancelled_whatever_goes_on(client, services, clock, cancelled):
    before = client.job(cancelled)
    steps: list[Callable[[], Any]] = [
        lambda: client.poll("gpu"),
        lambda: client.get("/api/agents/pc/jobs"),
        partial(leases.rescue, services.context),
        partial(leases.retry_due, services.context),
        partial(dispatcher.dispatch_now, services.context),
        partial(repair.run, services.context),
        services.maintenance.tick,
        lambda: client.post("/api/agents/pc/unregister"),
        lambda: client.delete("/api/workers/gpu"),
        client.register_agent,
        client.register_worker,
        lambda: client.post("/api/workers/gpu/enable"),
        lambda: client.post("/api/discs/ejected", json={"agent_id": "pc", "drive": "D:"}),
    ]
    for wait in (0, 121, DAY):
        clock.advance(wait)
        for step in steps:
            step()
            now = client.job(cancelled)
            assert (now["status"], now["attempt"]) == ("cancelled", before["attempt"])
    assert client.agent_jobs() == []
