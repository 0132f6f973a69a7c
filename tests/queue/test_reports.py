"""Reports of agents: what they change on the job, and on agents, workers and discs."""

from typing import Any

import pytest

from boz_server.domain.queue.job_states import JobReport, JobStatus
from boz_server.services.queue import leases, reports, transitions
from tests.client import UNREADABLE, Client, ok
from tests.support import restart, unchanged

pytestmark = pytest.mark.usefixtures("gpu")


def started_job(client: Client) -> str:
    job_id = client.assigned_job()
    ok(client.report(job_id, "running", progress=10))
    return job_id


def ended_job(client: Client, status: str) -> str:
    job_id = started_job(client)
    ok(client.report(job_id, status))
    return job_id


def test_it_answers_a_report_with_the_whole_job(client):
    job_id = client.assigned_job()
    assert ok(client.report(job_id, "running", progress=12.5)) == client.job(job_id)


def test_it_notes_start_and_progress_of_a_running_job(client, clock):
    job_id = client.assigned_job()
    for progress in (0.0, 12.5, 99.9):
        clock.advance(2)
        assert ok(client.report(job_id, "running", progress=progress))["progress"] == progress
    job = client.job(job_id)
    assert (job["status"], job["progress"]) == ("running", 99.9)
    assert (job["started_at"], job["completed_at"]) == ("2026-01-24T12:34:58.123456Z", None)


def test_it_keeps_what_a_report_leaves_out_or_sends_as_null(client):
    job_id = client.assigned_job()
    client.report(job_id, "running", progress=40, output_file="D:/out/a.mkv", error="slow")
    client.report(job_id, "running")
    ok(client.patch(f"/api/jobs/{job_id}", json={"status": "running"}))
    job = client.job(job_id)
    assert (job["progress"], job["output_file"], job["error"]) == (40, "D:/out/a.mkv", "slow")


def test_it_puts_a_job_back_that_its_agent_cannot_start_yet(client, clock):
    job_id = started_job(client)
    clock.advance(2)
    job = ok(client.report(job_id, "assigned"))
    assert (job["status"], job["progress"], job["started_at"]) == ("assigned", 0, None)
    assert job["assigned_agent_id"] == "pc"
    assert [each["job_id"] for each in client.agent_jobs()] == [job_id]
    clock.advance(2)
    again = ok(client.report(job_id, "running"))
    assert again["started_at"] == "2026-01-24T12:35:00.123456Z"


def test_it_completes_a_job(client, clock):
    job_id = started_job(client)
    clock.advance(60)
    job = ok(client.report(job_id, "completed", output_file="D:\\out\\a.mkv"))
    assert (job["status"], job["progress"], job["error"]) == ("completed", 100, None)
    assert job["output_file"] == "D:\\out\\a.mkv"
    assert job["completed_at"] == "2026-01-24T12:35:56.123456Z"


def test_it_completes_a_job_that_was_never_reported_running(client):
    job = ok(client.report(client.assigned_job(), "completed", progress=40))
    assert (job["status"], job["progress"], job["started_at"]) == ("completed", 100, None)


def test_it_merges_a_second_completed_into_the_first(client, clock):
    job_id = started_job(client)
    first = ok(client.report(job_id, "completed", output_file="C:\\out\\a.mkv"))
    clock.advance(300)
    uploaded = ok(client.report(job_id, "completed", output_file="/library/a.mkv", progress=7))
    assert uploaded == first | {"output_file": "/library/a.mkv"}
    assert client.job(job_id) == uploaded


def test_it_merges_the_error_of_a_failed_upload(client):
    job_id = started_job(client)
    first = ok(client.report(job_id, "completed", output_file="C:\\out\\a.mkv"))
    failed = ok(client.report(job_id, "completed", error="Upload failed: no route to host"))
    again_at = failed["scheduled_at"]  # a minute later, and up to a quarter more
    assert "2026-01-24T12:35:56.123456Z" <= again_at <= "2026-01-24T12:36:11.123456Z"
    said = {"error": "Upload failed: no route to host", "scheduled_at": again_at}
    assert failed == first | said
    assert client.job(job_id) == failed


def test_it_forgets_the_error_of_an_upload_that_went_well_in_the_end(client):
    job_id = client.assigned_job()
    ok(client.report(job_id, "completed", error="Upload failed: timeout"))
    job = ok(client.report(job_id, "completed", output_file="/out/a.mkv"))
    assert (job["error"], job["output_file"]) == (None, "/out/a.mkv")
    assert job["scheduled_at"] is None
    assert ok(client.get("/api/jobs/upload-errors")) == []


def test_it_changes_nothing_when_completed_is_reported_with_nothing_new(client, services):
    job_id = ended_job(client, "completed")
    with unchanged(services):
        ok(client.report(job_id, "completed"))


def test_it_fails_a_job_with_the_reason(client, clock):
    job_id = started_job(client)
    clock.advance(1)
    job = ok(client.report(job_id, "failed", error=UNREADABLE))
    assert (job["status"], job["error"], job["progress"]) == ("failed", UNREADABLE, 10)
    assert job["completed_at"] == "2026-01-24T12:34:57.123456Z"


def test_it_keeps_the_end_of_an_endless_error(client):
    error = "x" * 50_000 + "\0 disk \N{SNOWMAN} full"
    kept = ok(client.report(client.assigned_job(), "failed", error=error))["error"]
    assert len(kept) == 10_000
    assert kept.endswith("x\ufffd disk \N{SNOWMAN} full")


def test_it_ignores_unknown_fields(client):
    job = ok(client.report(client.assigned_job(), "running", fps=48.1, eta=None))
    assert "fps" not in job


@pytest.mark.parametrize("status", ["done", "", 5])
def test_it_names_the_states_that_can_be_reported(client, status):
    response = client.patch("/api/jobs/any", json={"status": status})
    allowed = "Must be one of: pending, queued, assigned, running, completed, failed, cancelled."
    assert response.get_json()["errors"] == {"status": [allowed]}


@pytest.mark.parametrize("status", ["pending", "queued"])
def test_it_takes_a_job_that_is_not_begun_for_what_it_is(client, services, status):
    """The first report of each transcode by today's agents, repeated where HandBrake is missing."""
    job_id = client.approved_job()
    with unchanged(services):
        job = ok(client.report(job_id, status, progress=0.0))
    assert (job["status"], job["started_at"]) == ("assigned", None)
    client.refused(404, "nothing").report("nothing", status)


@pytest.mark.parametrize("status", ["pending", "queued"])
def test_it_renews_no_lease_of_a_job_that_is_not_begun(client, services, clock, status):
    job_id = client.approved_job()
    for _ in range(5):
        clock.advance(30)
        ok(client.report(job_id, status, progress=0.0))
    leases.rescue(services.context)
    assert client.job(job_id)["status"] == "queued"


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
    assert client.end(job_id, end, progress=30)["progress"] == 80


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
    assert client.end(failed, "failed")["progress"] == 60


def agent_of(client: Client) -> tuple[str, str | None]:
    agent = client.agent()
    return agent["status"], agent["current_job_id"]


def test_it_counts_an_agent_as_busy_once_its_job_runs(client):
    job_id = client.assigned_job()
    assert agent_of(client) == ("online", None)
    client.report(job_id, "running")
    assert agent_of(client) == ("busy", job_id)


@pytest.mark.parametrize("end", ["completed", "failed", "cancelled", "assigned"])
def test_it_counts_an_agent_as_idle_once_its_job_runs_no_more(client, end):
    job_id = client.assigned_job()
    client.report(job_id, "running")
    client.end(job_id, end)
    assert agent_of(client) == ("online", None)


def test_it_counts_an_agent_as_idle_once_its_job_is_cancelled(client):
    job_id = client.assigned_job()
    client.report(job_id, "running")
    client.cancel(job_id)
    assert agent_of(client) == ("online", None)


def test_it_counts_an_agent_as_busy_until_its_last_job_ends(client, clock):
    first, second = client.assigned_job(), client.assigned_job()
    for job_id in (first, second):
        client.report(job_id, "running")
        clock.advance(1)
    assert agent_of(client) == ("busy", first)
    client.report(first, "completed")
    assert agent_of(client) == ("busy", second)
    client.end(second, "failed")
    assert agent_of(client) == ("online", None)


def test_it_takes_an_agent_that_has_signed_off_and_reports_for_one_that_is_there(client):
    job_id = client.assigned_job()
    client.report(job_id, "running")
    client.sign_off()
    assert agent_of(client) == ("offline", None)
    ok(client.report(job_id, "running"))  # it works on nevertheless
    assert agent_of(client) == ("busy", job_id)
    ok(client.report(job_id, "completed"))
    assert agent_of(client) == ("online", None)


def test_it_lists_the_open_jobs_of_a_worker_oldest_first(client, clock):
    first = client.approved_job()
    clock.advance(1)
    second = client.approved_job()
    assert client.worker()["current_jobs"] == [first, second]
    client.report(first, "running")
    assert client.worker()["current_jobs"] == [first, second]
    client.report(first, "completed")
    assert client.worker()["current_jobs"] == [second]
    client.cancel(second)
    assert client.worker()["current_jobs"] == []


def test_it_counts_what_a_worker_completed_and_how_long_it_took(client, clock):
    for seconds in (100, 300):
        job_id = client.approved_job()
        clock.advance(50)  # before it starts: no part of the work
        client.report(job_id, "running")
        clock.advance(seconds)
        client.report(job_id, "completed")
    worker = client.worker()
    assert worker["total_jobs_completed"] == 2
    assert worker["avg_transcode_time_seconds"] == pytest.approx(200)
    assert ok(client.get("/api/workers/stats"))["total_jobs_completed"] == 2


def test_it_counts_a_job_once_however_often_it_is_reported(client, clock):
    job_id = client.approved_job()
    client.report(job_id, "running")
    clock.advance(100)
    client.report(job_id, "completed")
    clock.advance(500)
    client.report(job_id, "completed", output_file="/library/a.mkv")
    worker = client.worker()
    assert (worker["total_jobs_completed"], worker["avg_transcode_time_seconds"]) == (1, 100)


@pytest.mark.parametrize("end", ["failed", "cancelled"])
def test_it_does_not_count_what_a_worker_did_not_complete(client, end):
    job_id = client.approved_job()
    client.report(job_id, "running")
    client.report(job_id, end)
    assert client.worker()["total_jobs_completed"] == 0


def test_it_does_not_count_rips_as_a_workers_work(client):
    disc_id = client.detect().approve().id
    for job_id in client.rip(disc_id):
        client.report(job_id, "completed")
    assert client.worker()["total_jobs_completed"] == 0


def test_it_completes_a_disc_with_the_end_of_its_last_rip(app, client):
    restart(app, max_rip_attempts=1)
    disc_id = client.detect().approve().id
    rips = client.rip(disc_id, title_indices=[0, 1, 2])
    ends = ("completed", "failed", "cancelled")
    for job_id, end in zip(rips, ends, strict=True):
        assert client.disc(disc_id)["status"] == "ripping"
        assert not ok(client.get(f"/api/discs/{disc_id}/rip-status"))["all_rips_complete"]
        client.report(job_id, "running")
        client.end(job_id, end)
    assert client.disc(disc_id)["status"] == "completed"
    assert ok(client.get(f"/api/discs/{disc_id}/rip-status")) == {
        "all_rips_complete": True, "total_jobs": 3, "completed_jobs": 1, "failed_jobs": 1
    }  # fmt: skip


def test_it_does_not_complete_a_disc_with_the_end_of_a_transcode(client):
    disc_id = client.detect().approve().id
    client.rip(disc_id, title_indices=[0])
    client.report(client.approved_job(disc_id=disc_id, title_index=0), "completed")
    assert client.disc(disc_id)["status"] == "ripping"


@pytest.mark.parametrize("error", [None, UNREADABLE])
def test_it_takes_only_the_last_error_for_one_of_an_upload(client, services, error):
    job_id = client.assigned_job()
    ok(client.report(job_id, "running", error="Upload stalled"))
    assert services.context.stores.jobs.get(job_id).upload_failed
    for _ in range(2):
        ok(client.report(job_id, "failed", error=error))
    job = services.context.stores.jobs.get(job_id)
    assert job.error == (error or "The machine gave no reason.")
    assert not job.upload_failed
