"""A worker is paused after several failures in a row, until a person or a restart lets it go on."""

import pytest
from werkzeug.test import TestResponse

from boz_server.services.queue import dispatcher, leases
from tests.client import Client, ok
from tests.support import FakeClock, assert_problem

pytestmark = pytest.mark.usefixtures("gpu")

REASON = "Worker 'gpu' is paused: 3 jobs in a row failed on it, so enable it again."


def by_report(client: Client, job_id: str) -> TestResponse:
    return client.report(job_id, "failed", error="HandBrake exited with 3")


def by_worker(client: Client, job_id: str) -> TestResponse:
    body = {"job_id": job_id, "success": False, "error": "HandBrake exited with 3"}
    return client.post("/api/workers/gpu/jobs/complete", json=body)


def fail(client: Client, times: int = 3, clock: FakeClock | None = None) -> list[str]:
    """Let the worker fail some jobs, one after the other; their ids."""
    jobs = []
    for _ in range(times):
        if clock is not None:
            clock.advance(1)
        jobs.append(client.approved_job())
        ok(by_report(client, jobs[-1]))
    return jobs


@pytest.mark.parametrize("way", [by_report, by_worker])
def test_it_pauses_a_worker_after_three_failures_in_a_row(client, clock, way):
    for number in range(1, 4):
        assert client.worker()["paused_at"] is None
        clock.advance(1)
        ok(way(client, client.approved_job()))
        assert client.worker()["consecutive_failures"] == number
    worker = client.worker()
    assert worker["paused_at"] == "2026-01-24T12:34:59.123456Z"
    assert worker["enabled"]


def test_it_offers_no_paused_worker(client):
    assert [worker["worker_id"] for worker in ok(client.get("/api/workers/available"))] == ["gpu"]
    fail(client)
    assert ok(client.get("/api/workers/available")) == []
    assert_problem(client.post("/api/workers/assign", json={"agent_id": "pc"}), 503, "paused")


def test_it_says_of_a_job_that_its_worker_is_paused(client, services, clock):
    fail(client)
    job_id = client.queued_job()
    for _ in range(3):
        job = client.job(job_id)
        assert (job["status"], job["waiting_reason"]) == ("queued", REASON)
        clock.advance(20)
        client.register_agent()
        client.heartbeat("workers/gpu")
        client.poll("gpu")
        dispatcher.dispatch_now(services.context)


def shown(client: Client) -> list[str]:
    """The status of the worker "gpu" wherever an answer has it."""
    return [
        client.worker()["status"],
        next(one["status"] for one in ok(client.get("/api/workers")) if one["worker_id"] == "gpu"),
    ]


@pytest.mark.parametrize("heartbeat", ["available", "busy"])
def test_it_shows_a_paused_worker_as_offline(client, heartbeat):
    fail(client)
    ok(client.post("/api/workers/gpu/heartbeat", json={"status": heartbeat}))
    assert shown(client) == ["offline"] * 2
    assert client.worker()["paused_at"] is not None
    for counts in (ok(client.get("/api/workers/stats")), ok(client.get("/health"))["workers"]):
        assert (counts["total_workers"], counts["available"], counts["busy"]) == (1, 0, 0)
        assert counts["offline"] == 1


@pytest.mark.parametrize("worker_id", ["gpu", "farm"])
def test_it_leaves_a_paused_worker_the_jobs_that_it_runs(client, services, clock, worker_id):
    agent_id = "pc" if worker_id == "gpu" else None
    client.register_worker(worker_id, agent_id, capabilities={"max_concurrent": 4})
    last = client.running_job(20, worker_id)
    for _ in range(3):
        ok(by_report(client, client.approved_job(worker_id)))
    assert client.worker(worker_id)["paused_at"] is not None
    for percent in range(21, 33):
        clock.advance(30)
        client.heartbeat(f"workers/{worker_id}")
        ok(client.report(last, "running", progress=percent))
        assert leases.rescue(services.context) == 0
    ok(client.report(last, "completed"))
    assert client.job(last)["attempt"] == 1


def approve(client: Client) -> None:
    client.approved_job()


def approve_another(client: Client) -> None:
    """Of a file that is on the same machine."""
    ok(client.report(client.one_rip(), "completed", output_file="C:\\alien.mkv"))
    client.approve_job(client.awaiting_approval()[0]["job_id"])


@pytest.mark.parametrize("way", [approve, approve_another, Client.register_worker])
def test_it_ends_a_pause_as_a_person_approves_a_job_or_the_worker_starts_anew(client, way):
    for job_id in fail(client):
        client.cancel(job_id)
    waiting = client.queued_job()
    way(client)
    worker = client.worker()
    assert (worker["paused_at"], worker["consecutive_failures"]) == (None, 0)
    assert worker["status"] in ("available", "busy")
    assert client.job(waiting)["status"] == "assigned"
    fail_one_more = next(iter(worker["current_jobs"]))
    ok(by_report(client, fail_one_more))
    assert client.worker()["paused_at"] is None


def test_it_says_so_in_the_answer_to_a_registration(client):
    fail(client)
    able = {"max_concurrent": 4}
    assert client.register_worker(capabilities=able)["status"] == "available"


def test_it_ends_no_pause_by_an_approval_that_is_refused(client):
    fail(client)
    job_id = client.create_job()["job_id"]
    client.cancel(job_id)
    body = {"worker_id": "gpu", "preset": "Fast 1080p30"}
    client.refused(400).post(f"/api/jobs/{job_id}/approve", json=body)
    assert client.worker()["paused_at"] is not None


def test_it_ends_no_pause_by_what_a_person_approves_for_another_worker(client):
    client.register_worker("gpu2")
    fail(client)
    client.approved_job("gpu2")
    assert client.worker()["paused_at"] is not None


def test_it_enables_no_worker_by_ending_its_pause(client):
    fail(client)
    ok(client.post("/api/workers/gpu/disable"))
    client.approved_job()
    assert (client.worker()["paused_at"], client.worker()["enabled"]) == (None, False)
    assert "disabled" in client.job(client.queued_job())["waiting_reason"]


def test_it_counts_the_failures_of_a_worker_that_starts_anew_before_it_is_paused(client):
    fail(client, 2)
    client.register_worker()
    assert client.worker()["consecutive_failures"] == 2
    fail(client, 1)
    assert client.worker()["paused_at"] is not None


def test_it_gives_the_jobs_that_any_worker_can_do_to_another(client):
    fail(client)
    client.register_worker("gpu2")
    assert client.job(client.queued_job())["assigned_worker_id"] == "gpu2"


def test_it_sets_a_paused_worker_going_as_a_person_enables_it(client, clock):
    failed = fail(client, clock=clock)
    ok(client.post("/api/workers/gpu/enable"))
    assert client.assigned(failed) == [True, True, False]
    for job_id in failed:
        client.cancel(job_id)
    worker = client.worker()
    assert (worker["paused_at"], worker["consecutive_failures"]) == (None, 0)
    fail(client, 2)
    assert client.worker()["paused_at"] is None


def test_it_does_not_set_a_paused_worker_going_by_disabling_it(client):
    fail(client)
    ok(client.post("/api/workers/gpu/disable"))
    assert client.worker()["paused_at"] is not None


def test_it_counts_anew_after_a_success(client):
    fail(client, 2)
    ok(client.report(client.approved_job(), "completed"))
    assert client.worker()["consecutive_failures"] == 0
    fail(client, 2)
    assert client.worker()["paused_at"] is None
    fail(client, 1)
    assert client.worker()["paused_at"] is not None


def test_it_takes_the_success_of_a_paused_worker_for_a_sign_that_it_can(client):
    client.register_worker(capabilities={"max_concurrent": 4})
    last = client.approved_job()
    fail(client)
    waiting = client.queued_job()
    assert client.job(waiting)["status"] == "queued"
    ok(client.report(last, "completed"))
    assert client.worker()["paused_at"] is None
    assert client.job(waiting)["status"] == "assigned"


def test_it_keeps_the_moment_of_the_pause(client, clock):
    client.register_worker(capabilities={"max_concurrent": 4})
    last = client.approved_job()
    fail(client)
    paused_at = client.worker()["paused_at"]
    clock.advance(1)
    ok(by_report(client, last))
    assert (client.worker()["paused_at"], client.worker()["consecutive_failures"]) == (
        paused_at, 4
    )  # fmt: skip


def test_it_counts_the_same_failure_once(client):
    job_id = client.approved_job()
    for _ in range(3):
        ok(by_report(client, job_id))
    assert client.worker()["consecutive_failures"] == 1


def test_it_counts_nothing_else_as_a_workers_failure(client, services, clock):
    client.cancel(client.approved_job())
    ok(client.report(client.approved_job(), "cancelled"))
    client.approved_job()
    client.sign_off()
    for _ in range(4):
        client.register_agent()
        client.register_worker()
        clock.advance(121)
        leases.rescue(services.context)
    assert client.worker()["consecutive_failures"] == 0


def test_it_counts_for_each_worker_alone(client):
    client.register_worker("gpu2")
    fail(client, 2)
    ok(by_report(client, client.approved_job("gpu2")))
    assert client.worker("gpu2")["consecutive_failures"] == 1
    assert client.worker()["paused_at"] is None
