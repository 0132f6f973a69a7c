"""Reports of agents, in every state that a job can be in."""

import pytest

from tests.client import Client, ok
from tests.support import unchanged

pytestmark = pytest.mark.usefixtures("pc")


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
    job = ok(client.report(job_id, "failed", error="HandBrake exited with 3"))
    assert (job["status"], job["error"], job["progress"]) == (
        "failed", "HandBrake exited with 3", 10
    )  # fmt: skip
    assert job["completed_at"] == "2026-01-24T12:34:57.123456Z"


def test_it_gives_a_failure_without_a_reason_one(client):
    assert ok(client.report(client.assigned_job(), "failed"))["error"] == (
        "The machine gave no reason."
    )


def test_it_keeps_the_end_of_an_endless_error(client):
    error = "x" * 50_000 + "\0 disk \N{SNOWMAN} full"
    kept = ok(client.report(client.assigned_job(), "failed", error=error))["error"]
    assert len(kept) == 10_000
    assert kept.endswith("x\ufffd disk \N{SNOWMAN} full")


def test_it_ignores_unknown_fields(client):
    job = ok(client.report(client.assigned_job(), "running", fps=48.1, eta=None))
    assert "fps" not in job


@pytest.mark.parametrize("status", ["queued", "pending", "done", "", 5])
def test_it_names_the_states_that_can_be_reported(client, status):
    response = client.patch("/api/jobs/any", json={"status": status})
    allowed = "Must be one of: running, assigned, completed, failed, cancelled."
    assert response.get_json()["errors"] == {"status": [allowed]}
