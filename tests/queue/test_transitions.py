"""Every report in every state, and what people may ask for: nothing else moves a job."""

from collections.abc import Callable

import pytest

from boz_server.domain.queue.job_states import NOT_BEGUN, OPEN, OVER, JobStatus
from tests.client import UNREADABLE, Client, ok
from tests.support import assert_problem, unchanged

pytestmark = pytest.mark.usefixtures("gpu")

#: What a job is, and the token of its attempt where there was one.
Reached = tuple[str, str | None]
REPORTS = sorted({JobStatus.ASSIGNED, JobStatus.RUNNING} | OVER)
#: The reports that can apply to a job in each state; any other changes nothing and is a 409.
APPLY = {
    JobStatus.PENDING: {"cancelled"},
    JobStatus.QUEUED: {"cancelled"},
    JobStatus.ASSIGNED: {"assigned", "running", "completed", "failed", "cancelled"},
    JobStatus.RUNNING: {"assigned", "running", "completed", "failed", "cancelled"},
    JobStatus.COMPLETED: {"completed"},
    JobStatus.FAILED: {"failed"},
    JobStatus.CANCELLED: {"cancelled"},
}
PAIRS = [(state, reported) for state in JobStatus for reported in REPORTS]
STEPS = [(state, reported) for state, reported in PAIRS if reported in APPLY[state]]
NO_STEPS = [pair for pair in PAIRS if pair not in STEPS]


def begun(client: Client, *reports: str) -> Reached:
    job_id = client.approved_job()
    token = client.lease_token(job_id)
    for status in reports:
        ok(client.report(job_id, status, progress=40, error=UNREADABLE, lease_token=token))
    return job_id, token


#: How a job gets into each state.
JOBS_IN: dict[JobStatus, Callable[[Client], Reached]] = {
    JobStatus.PENDING: lambda client: (str(client.create_job()["job_id"]), None),
    # No machine here can do that preset, and it is for none in particular.
    JobStatus.QUEUED: lambda client: (client.queued_job(preset="H.265 QSV 1080p"), None),
    JobStatus.ASSIGNED: begun,
    JobStatus.RUNNING: lambda client: begun(client, "running"),
    JobStatus.COMPLETED: lambda client: begun(client, "running", "completed"),
    JobStatus.FAILED: lambda client: begun(client, "running", "failed"),
    JobStatus.CANCELLED: lambda client: begun(client, "running", "cancelled"),
}


def test_it_looks_at_every_state():
    assert set(JOBS_IN) == set(APPLY) == set(JobStatus)


@pytest.mark.parametrize(("state", "reported"), STEPS)
def test_it_takes_a_report_that_is_a_step(client, state, reported):
    job_id, token = JOBS_IN[state](client)
    assert client.job(job_id)["status"] == state
    assert client.end(job_id, reported, lease_token=token)["status"] == reported
    assert client.job(job_id)["status"] == reported


@pytest.mark.parametrize(("state", "reported"), STEPS)
def test_it_tells_a_step_once_and_nothing_where_there_was_none(client, state, reported):
    job_id, token = JOBS_IN[state](client)
    before = client.history(job_id)
    for _ in range(2):
        client.end(job_id, reported, lease_token=token)
    told = [(event["from_status"], event["to_status"]) for event in client.history(job_id)]
    assert told[len(before) :] == ([] if state == reported else [(state, reported)])


@pytest.mark.parametrize(("state", "reported"), NO_STEPS)
@pytest.mark.parametrize("with_token", [True, False])
def test_it_refuses_a_report_that_is_no_step_and_changes_nothing(
    client, services, state, reported, with_token
):
    job_id, token = JOBS_IN[state](client)
    late = {"progress": 99.0, "error": "late", "output_file": "late.mkv"}
    with unchanged(services):
        response = client.report(
            job_id, reported, lease_token=token if with_token else None, **late
        )
        used = token is not None and not with_token
        assert_problem(response, 409, "lease_token" if used else state)


@pytest.mark.parametrize("state", JobStatus)
@pytest.mark.parametrize("reported", sorted(NOT_BEGUN))
def test_it_changes_nothing_by_a_report_that_nothing_has_begun(client, services, state, reported):
    job_id, token = JOBS_IN[state](client)
    late = {"progress": 99.0, "error": "late", "output_file": "late.mkv"}
    with unchanged(services):
        answer = ok(client.report(job_id, reported, lease_token=token, **late))
    assert answer["status"] == state
    client.refused(409, "taken away").report(job_id, reported, lease_token="f" * 32)


@pytest.mark.parametrize("state", sorted(OVER - {JobStatus.COMPLETED}))
def test_it_adds_nothing_to_an_end_that_is_reported_again(client, services, state):
    job_id, token = JOBS_IN[state](client)
    with unchanged(services):
        again = client.report(
            job_id, state, lease_token=token, error="x", output_file="x", progress=3
        )
        assert ok(again) == client.job(job_id)


@pytest.mark.parametrize("state", JobStatus)
def test_it_approves_only_what_awaits_approval(client, state):
    job_id, _ = JOBS_IN[state](client)
    body = {"worker_id": "gpu", "preset": "Fast 1080p30"}
    if state == JobStatus.PENDING:
        ok(client.post(f"/api/jobs/{job_id}/approve", json=body))
        return
    reason = "needs no approval" if state == JobStatus.QUEUED else f"is {state}"
    client.refused(400, reason).post(f"/api/jobs/{job_id}/approve", json=body)


@pytest.mark.parametrize("state", JobStatus)
def test_it_assigns_only_what_has_not_begun(client, state):
    job_id, _ = JOBS_IN[state](client)
    client.register_agent("den")
    if state in OPEN - {JobStatus.RUNNING}:
        ok(client.post(f"/api/jobs/{job_id}/assign?agent_id=den"))
        assert client.job(job_id)["assigned_agent_id"] == "den"
        return
    client.refused(409, state).post(f"/api/jobs/{job_id}/assign?agent_id=den")


@pytest.mark.parametrize("state", JobStatus)
def test_it_cancels_only_what_is_not_over(client, state):
    job_id, _ = JOBS_IN[state](client)
    if state in OPEN:
        client.cancel(job_id)
        assert client.job(job_id)["status"] == "cancelled"
        return
    client.refused(400, state).post(f"/api/jobs/{job_id}/cancel")
