"""Progress of an attempt: it never goes back, unless the machine has begun anew."""

from typing import Any

import pytest

from boz_server.domain.queue.job_report import JobReport
from boz_server.domain.queue.job_states import JobStatus
from boz_server.services.queue import leases, reports, transitions
from tests.client import Client, ok
from tests.support import restart

pytestmark = pytest.mark.usefixtures("gpu")


def running_job(client: Client, progress: float, token: bool = False) -> tuple[str, Any]:
    """A job that has come so far, and its token where the machine reports with it."""
    job_id = client.approved_job()
    lease = client.lease_token(job_id) if token else None
    ok(client.report(job_id, "running", progress=progress, lease_token=lease))
    return job_id, lease


@pytest.mark.parametrize("token", [False, True])
def test_it_never_goes_back_within_an_attempt(client, token):
    job_id, lease = running_job(client, 60, token)
    for said, kept in ((30, 60), (None, 60), (60, 60), (0, 60), (60.5, 60.5), (59, 60.5)):
        job = ok(client.report(job_id, "running", progress=said, lease_token=lease))
        assert (job["progress"], job["attempt"]) == (kept, 1)


@pytest.mark.parametrize("end", ["failed", "cancelled"])
def test_it_keeps_what_was_reported_while_the_end_was_recorded(client, services, monkeypatch, end):
    job_id, _ = running_job(client, 10)
    move = transitions.move

    def overtaken(*args: Any, **kwargs: Any) -> Any:
        reports.take(services.context, job_id, JobReport(JobStatus.RUNNING, progress=80))
        return move(*args, **kwargs)

    monkeypatch.setattr(transitions, "move", overtaken)
    assert ok(client.report(job_id, end, progress=30))["progress"] == 80


@pytest.mark.parametrize("token", [False, True])
def test_it_stays_within_0_and_100(client, token):
    job_id, lease = running_job(client, -3, token)
    assert client.job(job_id)["progress"] == 0
    for said, kept in ((-1e300, 0), (250, 100), (-5, 100)):
        job = ok(client.report(job_id, "running", progress=said, lease_token=lease))
        assert job["progress"] == kept


def test_it_goes_on_after_a_silence(client, clock):
    job_id, _ = running_job(client, 60)
    for said in (60, 61, None):
        clock.advance(60)
        job = ok(client.report(job_id, "running", progress=said))
        assert job["attempt"] == 1
    assert job["progress"] == 61


def test_it_takes_less_after_a_silence_for_a_new_attempt(client, clock):
    job_id, _ = running_job(client, 60)
    clock.advance(10.001)
    job = ok(client.report(job_id, "running", progress=30))
    assert (job["progress"], job["attempt"]) == (30, 2)
    assert job["started_at"] == "2026-01-24T12:35:06.124456Z"
    event = client.history(job_id)[-1]
    assert event == {
        "at": "2026-01-24T12:35:06.124456Z",
        "from_status": "running",
        "to_status": "running",
        "actor": "agent:pc",
        "attempt": 2,
        "detail": "The machine began anew.",
    }


def test_it_takes_less_without_a_silence_for_a_report_that_came_late(client, clock):
    job_id, _ = running_job(client, 60)
    clock.advance(10)
    job = ok(client.report(job_id, "running", progress=30))
    assert (job["progress"], job["attempt"]) == (60, 1)
    assert client.history(job_id)[-1]["detail"] is None


def test_it_counts_the_silence_from_the_last_report_whatever_that_said(client, clock):
    job_id, _ = running_job(client, 60)
    clock.advance(8)
    ok(client.report(job_id, "running"))
    clock.advance(8)
    assert ok(client.report(job_id, "running", progress=30))["attempt"] == 1


def test_it_never_begins_anew_by_itself_where_a_token_says_which_attempt_it_is(client, clock):
    job_id, lease = running_job(client, 60, token=True)
    for silence in (11, 60):
        clock.advance(silence)
        job = ok(client.report(job_id, "running", progress=1, lease_token=lease))
        assert (job["progress"], job["attempt"]) == (60, 1)


def test_it_keeps_the_token_of_a_machine_that_began_anew(client, clock):
    job_id, _ = running_job(client, 60)
    token = client.lease_token(job_id)
    clock.advance(11)
    ok(client.report(job_id, "running", progress=30))
    assert client.lease_token(job_id) == token
    assert ok(client.report(job_id, "completed", lease_token=token))["attempt"] == 2


def test_it_counts_no_failure_when_a_machine_begins_anew(app, client, clock):
    services = restart(app, max_attempts=2)
    job_id, _ = running_job(client, 60)
    for progress in (40, 20):
        clock.advance(11)
        ok(client.report(job_id, "running", progress=progress))
    assert client.job(job_id)["attempt"] == 3
    clock.advance(121)
    leases.rescue(services.context)
    assert client.job(job_id)["status"] == "queued"


def test_it_begins_at_nothing_after_a_job_was_put_back(client, clock):
    job_id, _ = running_job(client, 60)
    assert ok(client.report(job_id, "assigned"))["progress"] == 0
    clock.advance(60)
    job = ok(client.report(job_id, "running", progress=5))
    assert (job["progress"], job["attempt"]) == (5, 1)


def test_it_says_100_of_what_is_completed_and_how_far_it_was_of_what_failed(client):
    done, failed = running_job(client, 60)[0], running_job(client, 60)[0]
    assert ok(client.report(done, "completed", progress=12))["progress"] == 100
    assert ok(client.report(failed, "failed"))["progress"] == 60
