"""Each end of a job and each lost attempt is counted once, for good."""

from typing import Any

import pytest

from boz_server.database.models import Job, JobEvent
from boz_server.domain.queue.job_states import JobStatus
from boz_server.services.discs import ejection
from boz_server.services.queue import leases, transitions
from boz_server.services.wiring import Services
from tests.client import Client, ok
from tests.statistics.work import GB, counted, outcomes, transcoded
from tests.support import (
    NEW_DISC_SECONDS,
    FakeClock,
    restart,
)

COMPLETED = {
    "day": "2026-01-24",
    "job_type": "transcode",
    "outcome": "completed",
    "worker_id": "gpu",
    "preset": "H.265 NVENC 1080p",
    "duration_bucket": 576,
    "runs": 1,
    "busy_seconds": 600.0,
    "sized_seconds": 600.0,
    "input_bytes": 8 * GB,
}


@pytest.fixture(autouse=True)
def machine(client: Client) -> None:
    client.register_agent()
    client.register_worker()


def test_it_counts_a_completed_job(client, clock):
    transcoded(client, clock)
    assert counted() == [COMPLETED]


def test_it_counts_a_completed_job_once_that_is_reported_twice(client, clock):
    job_id = transcoded(client, clock)
    ok(client.report(job_id, "completed", output_file="/out/a.mkv"))
    ok(client.report(job_id, "completed", error="Upload failed"))
    body = {"job_id": job_id, "duration_seconds": 5}
    ok(client.post("/api/workers/gpu/jobs/complete", json=body))
    assert counted() == [COMPLETED]


@pytest.mark.parametrize("end", ["failed", "cancelled"])
def test_it_counts_other_ends(client, clock, end):
    job_id = transcoded(client, clock, end=end)
    assert counted() == [COMPLETED | {"outcome": end}]
    assert client.report(job_id, "completed").status_code == 409
    assert counted() == [COMPLETED | {"outcome": end}]


def test_it_counts_a_job_that_no_machine_had(client):
    job_id = ok(client.post("/api/jobs", json={"job_type": "organize"}))["job_id"]
    ok(client.post(f"/api/jobs/{job_id}/cancel"))
    assert counted() == [
        {"day": "2026-01-24", "job_type": "organize", "outcome": "cancelled",
         "duration_bucket": -1, "runs": 1}
    ]  # fmt: skip


def test_it_counts_rips_which_no_worker_does(client, services, clock):
    _, (first, *others) = client.ordered_rips()
    clock.advance(20)
    ok(client.report(first, "completed", output_file="/rips/1.mkv", output_file_size=5 * GB))
    rip = {"day": "2026-01-24", "job_type": "rip", "duration_bucket": 20, "runs": 1,
           "busy_seconds": 20.0, "output_bytes": 5 * GB}  # fmt: skip
    assert counted() == [rip | {"outcome": "completed"}]
    # The other rips were waiting for the drive.
    client.eject()
    assert outcomes() == {"completed": 1}
    clock.advance(NEW_DISC_SECONDS)
    ejection.give_up(services.context)
    assert outcomes() == {"completed": 1, "failed": len(others)}


def test_it_counts_a_failure_and_a_completion_where_a_person_retries(client, clock):
    job_id = transcoded(client, clock, end="failed")
    ok(client.post(f"/api/jobs/{job_id}/retry"))
    assert outcomes() == {"failed": 1}
    client.register_agent()
    client.register_worker()
    ok(client.report(job_id, "completed"))
    assert outcomes() == {"completed": 1, "failed": 1}


def lost(client: Client, services: Services, clock: FakeClock) -> str:
    """A transcode whose machine was lost; its id."""
    job_id = client.approved_job()
    ok(client.report(job_id, "running"))
    clock.advance(600)
    assert leases.rescue(services.context) == 1
    return job_id


def test_it_counts_a_lost_attempt_against_its_worker(client, services, clock):
    lost(client, services, clock)
    (row,) = counted()
    assert (row["outcome"], row["worker_id"], row["runs"]) == ("retried", "gpu", 1)
    assert (row["busy_seconds"], row["preset"]) == (600.0, "H.265 NVENC 1080p")


def test_it_counts_the_last_lost_attempt_as_the_failure_that_it_is(app, client, clock):
    job_id = lost(client, restart(app, max_attempts=1), clock)
    assert client.job(job_id)["status"] == "failed"
    (row,) = counted()
    assert (row["outcome"], row["worker_id"], row["runs"]) == ("failed", "gpu", 1)


def test_it_blames_no_one_for_an_attempt_that_was_given_back(client):
    job_id = client.approved_job()
    ok(client.report(job_id, "running"))
    ok(client.post("/api/agents/pc/unregister"))
    assert client.job(job_id)["status"] == "queued"
    assert counted() == []


def test_it_blames_no_one_for_an_attempt_that_a_person_moved(client):
    job_id = client.approved_job()
    client.register_agent("den")
    client.register_worker("den", "den")
    ok(client.post(f"/api/jobs/{job_id}/assign?agent_id=den"))
    assert client.job(job_id)["assigned_agent_id"] == "den"
    assert counted() == []


def test_it_takes_the_time_that_the_machine_measured(client, clock):
    job_id = client.approved_job()
    clock.advance(600)
    body = {"job_id": job_id, "duration_seconds": 20.25}
    ok(client.post("/api/workers/gpu/jobs/complete", json=body))
    (row,) = counted()
    assert (row["duration_bucket"], row["busy_seconds"]) == (20, 20.25)


def test_it_measures_from_the_assignment_where_no_one_said_that_it_began(client, clock):
    job_id = client.approved_job()
    clock.advance(30)
    ok(client.post("/api/workers/gpu/jobs/complete", json={"job_id": job_id}))
    assert counted()[0]["busy_seconds"] == 30.0


@pytest.mark.parametrize("seconds", [-3600, 0])
def test_it_knows_no_time_where_the_clock_was_put_back(client, clock, seconds):
    transcoded(client, clock, seconds=seconds)
    (row,) = counted()
    assert (row["duration_bucket"], row["runs"]) == (-1, 1)
    assert "busy_seconds" not in row


def test_it_takes_figures_that_can_not_be(client):
    for _ in range(3):
        job_id = client.approved_job(input_file_size=2**63 - 1)
        body = {"job_id": job_id, "duration_seconds": 1e300, "output_file_size": 2**63 - 1}
        ok(client.post("/api/workers/gpu/jobs/complete", json=body))
    (row,) = counted()
    assert (row["duration_bucket"], row["runs"]) == (-1, 3)
    assert not row.keys() & {"busy_seconds", "input_bytes", "output_bytes", "compared_runs"}


def test_it_counts_on_the_utc_day_of_the_end(client, clock):
    transcoded(client, clock, seconds=24 * 3600)
    assert counted()[0]["day"] == "2026-01-25"


def test_it_keeps_what_a_forgotten_worker_did(client, clock):
    transcoded(client, clock)
    ok(client.delete("/api/workers/gpu"))
    assert counted() == [COMPLETED]


def test_it_keeps_what_deleted_jobs_were(client, clock):
    transcoded(client, clock)
    JobEvent.delete().execute()
    Job.delete().execute()
    assert counted() == [COMPLETED]


def test_it_counts_nothing_of_an_end_that_was_not_committed(app, client, clock, monkeypatch):
    job_id = client.approved_job()
    ok(client.report(job_id, "running"))

    def die(*_: Any) -> None:
        raise SystemExit

    with monkeypatch.context() as patched:
        # This runs right after the counting, in the same transaction.
        ends = transitions.TRANSITIONS[JobStatus.RUNNING]
        effects = (*ends[JobStatus.COMPLETED], die)
        patched.setitem(ends, JobStatus.COMPLETED, effects)
        with pytest.raises(SystemExit):
            client.report(job_id, "completed")
    assert (client.job(job_id)["status"], counted()) == ("running", [])
    ok(client.report(job_id, "completed"))
    assert outcomes() == {"completed": 1}


def test_it_adds_one_statement_to_an_end(client, services):
    job_id = client.approved_job()
    seen: list[str] = []

    def note(event: Any) -> None:
        if "daily_stats" in event.sql:
            seen.append(event.sql)

    services.context.database.peewee.query_hooks.append(note)
    for status in ("running", "running", "completed", "completed"):
        ok(client.report(job_id, status))
    services.context.database.peewee.query_hooks.remove(note)
    assert [sql.partition(" ")[0] for sql in seen] == ["INSERT"]
