"""A machine that was taken for lost comes back with its result: the later attempt's counts."""

from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.test import TestResponse

from boz_server.services.queue import leases
from boz_server.services.wiring import Services
from tests.client import Client, ok
from tests.support import FakeClock, assert_problem, unchanged

pytestmark = pytest.mark.usefixtures("gpu")

#: A job, the token of the attempt that was lost, and that of the one that goes on.
Lost = tuple[str, str, str]
REPORTS = ("assigned", "running", "completed", "failed", "cancelled")
A = {"output_file": "/library/A.mkv", "progress": 99.0}
B = {"output_file": "/library/B.mkv"}


def vanish(services: Services, clock: FakeClock) -> None:
    clock.advance(121)
    assert leases.rescue(services.context) == 1


def lost_to_another(client: Client, services: Services, clock: FakeClock) -> Lost:
    """Another machine goes on with a job that any could do."""
    job_id = client.queued_job()
    first = client.lease_token(job_id)
    ok(client.report(job_id, "running", lease_token=first))
    vanish(services, clock)
    client.register_agent("den")
    client.register_worker("cpu", agent_id="den")
    return job_id, first, client.lease_token(job_id, "den")


def lost_to_itself(client: Client, services: Services, clock: FakeClock) -> Lost:
    """The machine itself goes on, started anew, while its old process still works."""
    job_id = client.approved_job()
    first = client.lease_token(job_id)
    ok(client.report(job_id, "running", lease_token=first))
    vanish(services, clock)
    client.register_agent()
    client.register_worker()
    return job_id, first, client.lease_token(job_id)


def lost_rip(client: Client, services: Services, clock: FakeClock) -> Lost:
    """The agent goes on with a rip, in a new process."""
    _, (job_id,) = client.ordered_rips(label="ALIEN", minutes=(117,))
    first = client.lease_token(job_id)
    ok(client.report(job_id, "running", lease_token=first))
    vanish(services, clock)
    client.register_agent()
    return job_id, first, client.lease_token(job_id)


def lost_among_pollers(client: Client, services: Services, clock: FakeClock) -> Lost:
    """One worker without an agent goes on with what another one had claimed."""
    ok(client.post("/api/workers/gpu/disable"))
    for worker_id in ("farm", "barn"):
        client.register_worker(worker_id, agent_id=None)
    job_id = client.queued_job()
    first = client.poll("farm")[0]["lease_token"]
    ok(client.report(job_id, "running", lease_token=first))
    vanish(services, clock)
    return job_id, first, client.poll("barn")[0]["lease_token"]


def lost_by_decision(client: Client, services: Services, clock: FakeClock) -> Lost:
    """A person gave the job to another agent before the first one had begun."""
    job_id = client.approved_job()
    first = client.lease_token(job_id)
    client.register_agent("den")
    ok(client.post(f"/api/jobs/{job_id}/assign?agent_id=den"))
    return job_id, first, client.lease_token(job_id, "den")


def lost_by_retry(client: Client, services: Services, clock: FakeClock) -> Lost:
    """The first result could not be uploaded, so the job is done again."""
    job_id = client.approved_job()
    first = client.lease_token(job_id)
    ok(client.report(job_id, "completed", error="Upload failed: timeout", lease_token=first))
    ok(client.post(f"/api/jobs/{job_id}/retry"))
    return job_id, first, client.lease_token(job_id)


LOSSES: dict[str, Callable[[Client, Services, FakeClock], Lost]] = {
    "another machine": lost_to_another,
    "the same machine": lost_to_itself,
    "the same drive": lost_rip,
    "another poller": lost_among_pollers,
    "a person's choice": lost_by_decision,
    "a retry": lost_by_retry,
}


def complete_by_worker(client: Client, worker_id: str, **body: Any) -> TestResponse:
    return client.post(f"/api/workers/{worker_id}/jobs/complete", json=body)


@pytest.fixture(params=LOSSES)
def lost(request, client, services, clock) -> Lost:
    """A job that was taken from one attempt and given to another."""
    return LOSSES[request.param](client, services, clock)


def test_it_keeps_the_result_of_the_later_attempt(client, services, lost):
    job_id, first, second = lost
    ok(client.report(job_id, "running", lease_token=second))
    ok(client.report(job_id, "completed", lease_token=second, **B))
    with unchanged(services):
        for lease, mentions in ((first, "taken away"), (None, "lease_token")):
            response = client.report(job_id, "completed", lease_token=lease, **A)
            assert_problem(response, 409, mentions)
    assert client.job(job_id)["output_file"] == "/library/B.mkv"


def test_it_takes_the_later_result_after_the_earlier_one_was_refused(client, lost):
    job_id, first, second = lost
    assert_problem(client.report(job_id, "completed", lease_token=first, **A), 409)
    job = ok(client.report(job_id, "completed", lease_token=second, **B))
    assert (job["output_file"], job["attempt"]) == ("/library/B.mkv", 2)


@pytest.mark.parametrize("state", ["assigned", "running", "completed", "failed", "cancelled"])
def test_it_takes_nothing_from_an_attempt_that_was_taken_away(client, services, lost, state):
    job_id, first, second = lost
    ok(client.report(job_id, state, lease_token=second, **B))
    late = A | {"error": "Upload failed: late", "lease_token": first}
    with unchanged(services):
        for status in REPORTS:
            assert_problem(client.report(job_id, status, **late), 409, "taken away")


@pytest.mark.parametrize("success", [True, False])
def test_it_takes_no_workers_word_for_an_attempt_that_was_taken_away(
    client, services, lost, success
):
    job_id, first, second = lost
    ok(client.report(job_id, "running", lease_token=second))
    worker_id = ok(client.get("/api/workers"))[-1]["worker_id"]
    late = {"job_id": job_id, "success": success}
    with unchanged(services):
        for name in {"gpu", worker_id}:
            for lease in ({}, {"lease_token": first}):
                assert_problem(complete_by_worker(client, name, **late, **lease), 409)


@pytest.mark.parametrize("status", ["completed", "failed", "running", "assigned"])
@pytest.mark.parametrize("with_token", [True, False])
def test_it_takes_nothing_on_a_rescued_job_that_waits_for_any_machine(
    client, services, clock, status, with_token
):
    job_id = client.queued_job()
    first = client.lease_token(job_id)
    ok(client.report(job_id, "running"))
    vanish(services, clock)
    assert client.job(job_id)["status"] == "queued"
    lease = first if with_token else None
    with unchanged(services):
        assert_problem(client.report(job_id, status, lease_token=lease, **A), 409)
        assert_problem(complete_by_worker(client, "gpu", job_id=job_id), 409)


def test_it_does_not_let_the_earlier_machine_keep_the_job_of_the_later_one(client, services, clock):
    job_id, first, _ = lost_to_another(client, services, clock)
    for _ in range(4):
        clock.advance(30)
        ok(client.post("/api/agents/pc/heartbeat"))
        ok(client.post("/api/workers/gpu/heartbeat", json={}))
        assert_problem(client.report(job_id, "running", lease_token=first, progress=80), 409)
    clock.advance(1)
    assert leases.rescue(services.context) == 1


def test_it_does_not_count_for_the_earlier_worker_what_the_later_one_did(client, services, clock):
    job_id, first, second = lost_to_another(client, services, clock)
    ok(client.report(job_id, "completed", lease_token=second, **B))
    client.report(job_id, "completed", lease_token=first, **A)
    assert client.worker()["total_jobs_completed"] == 0
    assert client.worker("cpu")["total_jobs_completed"] == 1
