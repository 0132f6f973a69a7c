"""A completed transcode of whose result no byte comes is an upload that failed."""

from datetime import timedelta
from typing import Any

import pytest

from boz_server.database.models import Job, Upload
from boz_server.domain.uploads.upload_states import UploadState
from boz_server.services.queue import leases, results
from tests.client import Client, ok
from tests.films import transcoded
from tests.plans import noted, plan_of
from tests.support import restart
from tests.tus import begun, metadata, send

TERM = 15 * 60


@pytest.fixture
def gave_up(services, clock):
    """Let time pass and run the step; says whether it gave up a result."""

    def run(seconds: float) -> bool:
        clock.advance(seconds)
        return results.give_up_overdue(services.context) == 1

    return run


def completed_job(client: Client, **report: Any) -> str:
    """A transcode whose agent says that it is done, before it uploads the result."""
    job_id = client.running_job()
    ok(client.report(job_id, "completed", **report))
    return job_id


def begun_result(client: Client, job_id: str) -> str:
    """An upload of a result of 30 bytes, of which none has come; its path."""
    said = metadata(filename="a.mkv", purpose="job_output", job_id=job_id)
    return begun(client, 30, Upload_Metadata=said)


def listed(client: Client) -> list[str]:
    return [job["job_id"] for job in ok(client.get("/api/jobs/upload-errors"))]


@pytest.mark.usefixtures("gpu")
def test_it_gives_up_a_result_of_which_no_byte_comes(client, gave_up, clock):
    job_id = completed_job(client)
    assert not gave_up(TERM - 1)
    assert listed(client) == []
    assert gave_up(1)
    job = client.job(job_id)
    assert (job["status"], job["output_file"]) == ("completed", None)
    assert job["error"].startswith(
        "Upload failed: no byte of the result has arrived for 15 minutes. See whether"
    )
    assert listed(client) == [job_id]
    assert client.history(job_id)[-1]["detail"] == job["error"]
    assert not gave_up(TERM)
    assert client.retry(job_id)["error"] is None
    assert listed(client) == []


@pytest.mark.usefixtures("gpu")
def test_it_does_what_a_reported_failure_does(client, services, gave_up, clock):
    """One that its agent reports is tried again by itself."""
    silent = completed_job(client, output_file=None)
    told = completed_job(client, error="Upload failed: connection refused")
    assert gave_up(TERM)
    plans = [client.job(job_id) for job_id in (silent, told)]
    assert all(job["scheduled_at"] for job in plans)
    assert [Job.get_by_id(job["job_id"]).failures for job in plans] == [1, 1]
    clock.advance(120)
    assert leases.retry_due(services.context) == 2


def test_it_tells_people_once_no_attempt_is_left(app, client, gpu, media_servers, clock):
    services = restart(app, max_attempts=1, **media_servers.settings("discord"))
    job_id = completed_job(client)
    services.outbox.tick()
    media_servers.requests.clear()
    clock.advance(TERM)
    results.give_up_overdue(services.context)
    assert client.job(job_id)["scheduled_at"] is None
    services.outbox.tick()
    (post,) = media_servers.posts()
    assert "no byte of the result has arrived" in post


@pytest.mark.usefixtures("gpu")
def test_it_takes_a_result_that_comes_late(client, gave_up):
    job_id = completed_job(client)
    assert gave_up(TERM)
    ok(client.upload(name="Firefly - S01E01"))
    job = client.job(job_id)
    assert (job["error"], job["scheduled_at"]) == (None, None)
    assert job["output_file"].endswith("Firefly - S01E01.mkv")
    assert listed(client) == []
    assert not gave_up(TERM)


@pytest.mark.usefixtures("gpu")
@pytest.mark.parametrize("said", [{"output_file": "D:\\out\\a.mkv"}, {"error": "Upload failed"}])
def test_it_leaves_a_result_alone_of_which_its_agent_has_told(client, gave_up, said):
    job_id = completed_job(client, **said)
    before = client.job(job_id)
    assert not gave_up(TERM)
    assert client.job(job_id) == before


def test_it_awaits_no_result_of_other_jobs(client, services, library, nas, gave_up):
    client.register_agent()
    rip = client.one_rip()
    ok(client.report(rip, "completed"))
    library()
    client.upload(name="Heat (1995)")
    assert not gave_up(TERM)


@pytest.mark.usefixtures("gpu")
def test_it_leaves_jobs_alone_that_an_older_server_completed(client, gave_up):
    job_id = completed_job(client)
    Job.update(moved_at=None).where(Job.job_id == job_id).execute()
    # Nor does a broken upload of a file of that name make it wait.
    assert not gave_up(TERM)
    assert listed(client) == []


def test_it_waits_while_bytes_come(client, gave_up, clock):
    (job_id,) = transcoded(client)[-1:]
    upload = begun_result(client, job_id)
    for offset in (0, 10):
        clock.advance(TERM - 1)
        assert send(client, upload, b"0123456789", offset).status_code == 204
    assert not gave_up(TERM - 1)
    assert gave_up(1)
    assert send(client, upload, b"0123456789", 20).status_code == 204
    assert client.job(job_id)["output_file"] is not None
    assert client.job(job_id)["error"] is None


def test_it_waits_while_a_whole_result_is_checked(client, gave_up):
    (job_id,) = transcoded(client)[-1:]
    begun_result(client, job_id)
    Upload.update(state=UploadState.ARRIVED).execute()
    assert not gave_up(2 * TERM)
    Upload.update(state=UploadState.FAILED).execute()
    assert gave_up(0)


@pytest.mark.usefixtures("gpu")
@pytest.mark.parametrize("back", [0, 3600])
def test_it_waits_anew_after_no_server_ran(client, services, gave_up, clock, back):
    job_id = completed_job(client)
    services.maintenance.tick()
    clock.advance(TERM - 60 - back)
    clock.advance(120)
    services.maintenance.tick()
    assert listed(client) == []
    assert gave_up(TERM)
    assert listed(client) == [job_id]


# PostgreSQL plans by statistics: on tables this small an index is no gain to it.
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_it_finds_them_by_their_index(services):
    before = services.context.clock.now() - timedelta(seconds=TERM)
    with noted(services) as statements:
        services.context.stores.attempts.results_overdue(before)
    ((sql, parameters),) = statements.items()
    plan = plan_of(services, sql, parameters)
    assert any("idx_jobs_result_due" in step for step in plan), plan
