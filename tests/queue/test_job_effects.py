"""What follows from reports for everyone else: agents, workers, discs."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.support import (
    FakeClock,
    approve,
    approved_job,
    assigned_job,
    detect,
    ok,
    register_agent,
    register_worker,
    report,
    rip,
)


def agent_of(client: FlaskClient) -> tuple[str, str | None]:
    agent = ok(client.get("/api/agents/pc"))
    return agent["status"], agent["current_job_id"]


def worker_of(client: FlaskClient, worker_id: str = "gpu") -> dict[str, Any]:
    return dict(ok(client.get(f"/api/workers/{worker_id}")))


@pytest.fixture(autouse=True)
def machine(client: FlaskClient) -> None:
    register_agent(client)
    register_worker(client)


def test_it_counts_an_agent_as_busy_once_its_job_runs(client: FlaskClient) -> None:
    job_id = assigned_job(client)
    assert agent_of(client) == ("online", None)
    report(client, job_id, "running")
    assert agent_of(client) == ("busy", job_id)


@pytest.mark.parametrize("end", ["completed", "failed", "cancelled", "assigned"])
def test_it_counts_an_agent_as_idle_once_its_job_runs_no_more(
    client: FlaskClient, end: str
) -> None:
    job_id = assigned_job(client)
    report(client, job_id, "running")
    ok(report(client, job_id, end))
    assert agent_of(client) == ("online", None)


def test_it_counts_an_agent_as_idle_once_its_job_is_cancelled(client: FlaskClient) -> None:
    job_id = assigned_job(client)
    report(client, job_id, "running")
    ok(client.post(f"/api/jobs/{job_id}/cancel"))
    assert agent_of(client) == ("online", None)


def test_it_counts_an_agent_as_busy_until_its_last_job_ends(
    client: FlaskClient, clock: FakeClock
) -> None:
    first, second = assigned_job(client), assigned_job(client)
    for job_id in (first, second):
        report(client, job_id, "running")
        clock.advance(1)
    assert agent_of(client) == ("busy", first)
    report(client, first, "completed")
    assert agent_of(client) == ("busy", second)
    report(client, second, "failed")
    assert agent_of(client) == ("online", None)


def test_it_leaves_an_agent_that_has_signed_off_offline(client: FlaskClient) -> None:
    job_id = assigned_job(client)
    report(client, job_id, "running")
    ok(client.post("/api/agents/pc/unregister"))
    assert agent_of(client) == ("offline", None)
    ok(report(client, job_id, "running"))  # it works on nevertheless
    assert agent_of(client) == ("offline", job_id)
    ok(report(client, job_id, "completed"))
    assert agent_of(client) == ("offline", None)


def test_it_lists_the_open_jobs_of_a_worker_oldest_first(
    client: FlaskClient, clock: FakeClock
) -> None:
    first = approved_job(client)
    clock.advance(1)
    second = approved_job(client)
    assert worker_of(client)["current_jobs"] == [first, second]
    report(client, first, "running")
    assert worker_of(client)["current_jobs"] == [first, second]
    report(client, first, "completed")
    assert worker_of(client)["current_jobs"] == [second]
    ok(client.post(f"/api/jobs/{second}/cancel"))
    assert worker_of(client)["current_jobs"] == []


def test_it_counts_what_a_worker_completed_and_how_long_it_took(
    client: FlaskClient, clock: FakeClock
) -> None:
    for seconds in (100, 300):
        job_id = approved_job(client)
        clock.advance(50)  # before it starts: no part of the work
        report(client, job_id, "running")
        clock.advance(seconds)
        report(client, job_id, "completed")
    worker = worker_of(client)
    assert worker["total_jobs_completed"] == 2
    assert worker["avg_transcode_time_seconds"] == pytest.approx(200)
    assert ok(client.get("/api/workers/stats"))["total_jobs_completed"] == 2


def test_it_counts_a_job_once_however_often_it_is_reported(
    client: FlaskClient, clock: FakeClock
) -> None:
    job_id = approved_job(client)
    report(client, job_id, "running")
    clock.advance(100)
    report(client, job_id, "completed")
    clock.advance(500)
    report(client, job_id, "completed", output_file="/library/a.mkv")
    worker = worker_of(client)
    assert (worker["total_jobs_completed"], worker["avg_transcode_time_seconds"]) == (1, 100)


@pytest.mark.parametrize("end", ["failed", "cancelled"])
def test_it_does_not_count_what_a_worker_did_not_complete(client: FlaskClient, end: str) -> None:
    job_id = approved_job(client)
    report(client, job_id, "running")
    report(client, job_id, end)
    assert worker_of(client)["total_jobs_completed"] == 0


def test_it_does_not_count_rips_as_a_workers_work(client: FlaskClient) -> None:
    disc_id = detect(client)["disc_id"]
    approve(client, disc_id)
    for job_id in rip(client, disc_id):
        report(client, job_id, "completed")
    assert worker_of(client)["total_jobs_completed"] == 0


def test_it_completes_a_disc_with_the_end_of_its_last_rip(client: FlaskClient) -> None:
    disc_id = detect(client)["disc_id"]
    approve(client, disc_id)
    rips = rip(client, disc_id, title_indices=[0, 1, 2])
    ends = ("completed", "failed", "cancelled")
    for job_id, end in zip(rips, ends, strict=True):
        assert ok(client.get(f"/api/discs/{disc_id}"))["status"] == "ripping"
        assert not ok(client.get(f"/api/discs/{disc_id}/rip-status"))["all_rips_complete"]
        report(client, job_id, "running")
        report(client, job_id, end)
    assert ok(client.get(f"/api/discs/{disc_id}"))["status"] == "completed"
    assert ok(client.get(f"/api/discs/{disc_id}/rip-status")) == {
        "all_rips_complete": True, "total_jobs": 3, "completed_jobs": 1, "failed_jobs": 1
    }  # fmt: skip


def test_it_does_not_complete_a_disc_with_the_end_of_a_transcode(client: FlaskClient) -> None:
    disc_id = detect(client)["disc_id"]
    approve(client, disc_id)
    rip(client, disc_id, title_indices=[0])
    report(client, approved_job(client, disc_id=disc_id, title_index=0), "completed")
    assert ok(client.get(f"/api/discs/{disc_id}"))["status"] == "ripping"
