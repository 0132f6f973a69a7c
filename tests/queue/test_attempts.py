"""Attempts: each has a number and a token, and only reports of the latest one count."""

from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.test import TestResponse

from boz_server.services.queue import leases
from boz_server.services.wiring import Services
from tests.client import Client, ok
from tests.support import FakeClock, assert_problem, unchanged

pytestmark = pytest.mark.usefixtures("gpu")

REPORTS = ("assigned", "running", "completed", "failed", "cancelled")
#: What a report says that must not leave a trace.
LATE = {"progress": 99.0, "error": "late", "output_file": "late.mkv"}


def given_again(client: Client) -> tuple[str, str, str]:
    """A job at its second attempt; the tokens of the first and of the second."""
    job_id = client.approved_job()
    first = client.lease_token(job_id)
    ok(client.report(job_id, "running", lease_token=first))
    sign_off_and_back(client)
    return job_id, first, client.lease_token(job_id)


def sign_off_and_back(client: Client) -> None:
    client.sign_off()
    client.register_agent()
    client.register_worker()


def test_it_hands_a_job_out_with_its_attempt_and_a_token(client):
    job_id = client.approved_job()
    (job,) = client.agent_jobs()
    assert (job["job_id"], job["attempt"], len(job["lease_token"])) == (job_id, 1, 32)
    (again,) = client.agent_jobs()
    assert again["lease_token"] == job["lease_token"]


def test_it_hands_attempt_and_token_to_a_worker_that_polls(client):
    client.register_worker("farm", agent_id=None)
    ok(client.post("/api/workers/gpu/disable"))
    job_id = client.queued_job()
    (job,) = client.poll()
    assert (job["job_id"], job["attempt"], len(job["lease_token"])) == (job_id, 1, 32)
    ok(client.report(job_id, "running", lease_token=job["lease_token"]))


def test_it_counts_the_attempts_and_gives_each_its_own_token(client):
    job_id = client.approved_job()
    tokens = {client.lease_token(job_id)}
    for attempt in (2, 3):
        sign_off_and_back(client)
        assert client.job(job_id)["attempt"] == attempt
        tokens.add(client.lease_token(job_id))
    assert len(tokens) == 3


def test_it_shows_the_token_to_the_machine_alone(client):
    job_id = client.approved_job()
    token = client.lease_token(job_id)
    ok(client.report(job_id, "running", lease_token=token))
    for path in ("", f"/{job_id}", f"/{job_id}/events", "/stats"):
        assert token not in client.get(f"/api/jobs{path}").text
    assert token not in client.get("/api/workers/gpu").text


def test_it_counts_no_attempt_before_the_first(client):
    ok(client.post("/api/workers/gpu/disable"))
    assert client.job(client.queued_job())["attempt"] == 0


@pytest.mark.parametrize("status", REPORTS)
def test_it_takes_a_report_with_the_latest_attempts_token(client, status):
    job_id, _, token = given_again(client)
    job = client.end(job_id, status, lease_token=token)
    assert (job["status"], job["attempt"]) == (status, 2)


@pytest.mark.parametrize("status", REPORTS)
@pytest.mark.parametrize("state", ["assigned", "running", "completed", "failed", "cancelled"])
def test_it_refuses_the_token_of_an_earlier_attempt(client, state, status):
    job_id, earlier, latest = given_again(client)
    client.end(job_id, state, lease_token=latest)
    client.refused(409, "attempt").report(job_id, status, lease_token=earlier, **LATE)


@pytest.mark.parametrize("status", REPORTS)
@pytest.mark.parametrize("token", ["", "0" * 32, "None"])
def test_it_refuses_an_unknown_token(client, token, status):
    waiting = client.queued_job(preset="H.265 QSV 1080p")
    for job_id in (client.approved_job(), waiting):
        client.refused(409, "attempt").report(job_id, status, lease_token=token, **LATE)


@pytest.mark.parametrize("status", REPORTS)
@pytest.mark.parametrize("state", ["running", "completed", "failed", "cancelled"])
def test_it_refuses_a_report_without_token_once_one_had_it(client, state, status):
    job_id = client.approved_job()
    client.end(job_id, state, lease_token=client.lease_token(job_id))
    client.refused(409, "lease_token").report(job_id, status, **LATE)


@pytest.mark.parametrize("state", ["assigned", "running"])
def test_it_speaks_by_token_from_the_report_on_that_puts_a_job_back(client, state):
    job_id = client.approved_job()
    token = client.lease_token(job_id)
    if state == "running":
        ok(client.report(job_id, "running"))
    ok(client.report(job_id, "assigned", lease_token=token))
    client.refused(409, "lease_token").report(job_id, "running", progress=50)


def test_it_takes_reports_without_token_as_long_as_none_had_it(client):
    job_id = client.approved_job()
    assert client.lease_token(job_id)
    for status in ("running", "assigned", "running", "completed"):
        assert ok(client.report(job_id, status))["status"] == status


def test_it_lets_a_new_attempt_go_without_token(client):
    job_id, _, _ = given_again(client)
    assert ok(client.report(job_id, "running", progress=5))["progress"] == 5


@pytest.mark.parametrize("with_token", [False, True])
@pytest.mark.parametrize("status", REPORTS)
def test_it_answers_the_same_report_twice_alike(client, services, status, with_token):
    job_id = client.approved_job()
    said = {"progress": 40, "error": "Upload failed: timeout", "output_file": "C:\\out\\a.mkv"}
    if with_token:
        said["lease_token"] = client.lease_token(job_id)
    first = ok(client.report(job_id, status, **said))
    with unchanged(services):
        assert ok(client.report(job_id, status, **said)) == first


def test_it_merges_a_second_completed_by_its_token(client):
    job_id = client.approved_job()
    token = client.lease_token(job_id)
    ok(client.report(job_id, "completed", lease_token=token))
    done = ok(client.report(job_id, "completed", lease_token=token, output_file="/library/b.mkv"))
    assert done["output_file"] == "/library/b.mkv"


@pytest.mark.parametrize("lease", [{}, {"lease_token": "0" * 32}])
def test_it_lets_no_one_else_say_where_the_result_is(client, lease):
    job_id = client.approved_job()
    token = client.lease_token(job_id)
    ok(client.report(job_id, "completed", lease_token=token, output_file="/library/b.mkv"))
    client.refused(409, "lease_token" if not lease else "attempt").report(
        job_id, "completed", output_file="/library/a.mkv", **lease
    )


@pytest.mark.parametrize("success", [True, False])
def test_it_holds_a_workers_own_word_to_the_token(client, services, success):
    job_id, earlier, latest = given_again(client)
    body = {"job_id": job_id, "success": success}
    address = "/api/workers/gpu/jobs/complete"
    client.refused(409, "attempt").post(address, json=body | {"lease_token": earlier})
    ok(client.post(address, json=body | {"lease_token": latest}))
    with unchanged(services):
        own = "lease_token" if success else "not this worker's"
        assert_problem(client.post(address, json=body), 409, own)
        ok(client.post(address, json=body | {"lease_token": latest}))


def test_it_begins_an_attempt_afresh(client, clock):
    job_id = client.assigned_job()
    ok(client.report(job_id, "running", progress=70, output_file="C:\\out\\half.mkv", error="slow"))
    clock.advance(60)
    sign_off_and_back(client)
    job = client.job(job_id)
    assert (job["status"], job["attempt"], job["progress"]) == ("assigned", 2, 0)
    assert (job["started_at"], job["output_file"], job["error"]) == (None, None, None)
    assert job["assigned_at"] == "2026-01-24T12:35:56.123456Z"


#: A job, the token of the attempt that was lost, and that of the one that goes on.
Lost = tuple[str, str, str]
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


def test_it_keeps_the_result_of_the_later_attempt(client, lost):
    job_id, first, second = lost
    ok(client.report(job_id, "running", lease_token=second))
    ok(client.report(job_id, "completed", lease_token=second, **B))
    for lease, mentions in ((first, "taken away"), (None, "lease_token")):
        client.refused(409, mentions).report(job_id, "completed", lease_token=lease, **A)
    assert client.job(job_id)["output_file"] == "/library/B.mkv"


def test_it_takes_the_later_result_after_the_earlier_one_was_refused(client, lost):
    job_id, first, second = lost
    assert_problem(client.report(job_id, "completed", lease_token=first, **A), 409)
    job = ok(client.report(job_id, "completed", lease_token=second, **B))
    assert (job["output_file"], job["attempt"]) == ("/library/B.mkv", 2)


@pytest.mark.parametrize("state", ["assigned", "running", "completed", "failed", "cancelled"])
def test_it_takes_nothing_from_an_attempt_that_was_taken_away(client, lost, state):
    job_id, first, second = lost
    ok(client.report(job_id, state, lease_token=second, **B))
    late = A | {"error": "Upload failed: late", "lease_token": first}
    for status in REPORTS:
        client.refused(409, "taken away").report(job_id, status, **late)


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
