"""What follows from reports for everyone else: agents, workers, discs."""

import pytest

from tests.client import Client, ok

pytestmark = pytest.mark.usefixtures("gpu")


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
    ok(client.report(job_id, end))
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
    client.report(second, "failed")
    assert agent_of(client) == ("online", None)


def test_it_leaves_an_agent_that_has_signed_off_offline(client):
    job_id = client.assigned_job()
    client.report(job_id, "running")
    client.sign_off()
    assert agent_of(client) == ("offline", None)
    ok(client.report(job_id, "running"))  # it works on nevertheless
    assert agent_of(client) == ("offline", job_id)
    ok(client.report(job_id, "completed"))
    assert agent_of(client) == ("offline", None)


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


def test_it_completes_a_disc_with_the_end_of_its_last_rip(client):
    disc_id = client.detect().approve().id
    rips = client.rip(disc_id, title_indices=[0, 1, 2])
    ends = ("completed", "failed", "cancelled")
    for job_id, end in zip(rips, ends, strict=True):
        assert client.disc(disc_id)["status"] == "ripping"
        assert not ok(client.get(f"/api/discs/{disc_id}/rip-status"))["all_rips_complete"]
        client.report(job_id, "running")
        client.report(job_id, end)
    assert client.disc(disc_id)["status"] == "completed"
    assert ok(client.get(f"/api/discs/{disc_id}/rip-status")) == {
        "all_rips_complete": True, "total_jobs": 3, "completed_jobs": 1, "failed_jobs": 1
    }  # fmt: skip


def test_it_does_not_complete_a_disc_with_the_end_of_a_transcode(client):
    disc_id = client.detect().approve().id
    client.rip(disc_id, title_indices=[0])
    client.report(client.approved_job(disc_id=disc_id, title_index=0), "completed")
    assert client.disc(disc_id)["status"] == "ripping"
