"""Jobs are tried again: by a person, or by themselves after a failed upload."""

from collections.abc import Callable
from datetime import datetime

import pytest

from boz_server.services.queue import leases
from tests.client import UNREADABLE, Client, ok
from tests.support import NEW_DISC_SECONDS, FakeClock, restart, unchanged

pytestmark = pytest.mark.usefixtures("gpu")

UPLOAD = "Upload failed: no route to host"


def ended(client: Client, status: str = "failed", error: str | None = UPLOAD) -> str:
    """A job that has ended with an error."""
    job_id = client.approved_job()
    ok(client.report(job_id, "running", progress=50))
    ok(client.report(job_id, status, error=error, output_file="C:\\out\\a.mkv"))
    return job_id


#: Jobs that a person can't have tried again.
NOT_RETRIED: dict[str, Callable[[Client], str]] = {
    "pending": lambda client: str(client.create_job()["job_id"]),
    "queued": lambda client: client.queued_job(preset="H.265 QSV 1080p"),
    "assigned": Client.approved_job,
    "completed": lambda client: ended(client, "completed", error=None),
    "completed oddly": lambda client: ended(client, "completed", error="Subtitles are missing"),
    "cancelled": lambda client: ended(client, "cancelled", error=None),
    "cancelled for an upload": lambda client: ended(client, "cancelled"),
}


@pytest.mark.parametrize(
    ("status", "error"), [("failed", UNREADABLE), ("failed", UPLOAD),
                          ("completed", UPLOAD)]
)  # fmt: skip
def test_it_tries_a_job_again_as_a_person_asks_for_it(client, status, error):
    job_id = ended(client, status, error)
    job = client.retry(job_id)
    assert (job["status"], job["attempt"], job["progress"]) == ("assigned", 2, 0)
    for emptied in ("error", "output_file", "completed_at", "started_at", "scheduled_at"):
        assert job[emptied] is None
    queued = client.history(job_id)[-2]
    assert (queued["from_status"], queued["to_status"]) == (status, "queued")
    assert (queued["actor"], queued["detail"]) == ("person", "Tried again by a person.")


def test_it_gives_a_job_that_a_person_retries_all_its_attempts_again(app, client, clock):
    services = restart(app, max_attempts=1)
    job_id = client.approved_job()
    for _ in range(3):
        clock.advance(121)
        leases.rescue(services.context)
        assert client.job(job_id)["status"] == "failed"
        client.register_worker()
        assert client.retry(job_id)["status"] == "assigned"


@pytest.mark.parametrize("what", NOT_RETRIED)
def test_it_refuses_to_retry_any_other_job(client, what):
    job_id = NOT_RETRIED[what](client)
    client.refused(409, what.split(maxsplit=1)[0]).post(f"/api/jobs/{job_id}/retry")


def test_it_puts_the_disc_back_to_ripping(client):
    job_id = client.one_rip()
    client.end(job_id, "failed")
    disc_id = client.job(job_id)["disc_id"]
    assert client.disc(disc_id)["status"] == "completed"
    assert client.retry(job_id)["status"] == "assigned"
    assert client.disc(disc_id)["status"] == "ripping"
    assert not ok(client.get(f"/api/discs/{disc_id}/rip-status"))["all_rips_complete"]


def test_it_refuses_to_retry_a_rip_whose_disc_is_gone(client, clock):
    job_id = client.one_rip()
    client.end(job_id, "failed")
    client.eject()
    clock.advance(NEW_DISC_SECONDS)
    client.refused(409, "disc").post(f"/api/jobs/{job_id}/retry")


def test_it_refuses_to_retry_what_another_job_does_by_now(client):
    job_id = client.one_rip()
    client.end(job_id, "failed")
    client.rip(client.job(job_id)["disc_id"])
    client.refused(409, "Another job").post(f"/api/jobs/{job_id}/retry")


FILE = "D:\\rips\\alien.mkv"
ENDS = ("completed", "failed")


def wait_of(client: Client, job_id: str, clock: FakeClock) -> float:
    """Seconds until the job is tried again."""
    planned = datetime.fromisoformat(client.job(job_id)["scheduled_at"])
    return (planned - clock.now()).total_seconds()


@pytest.mark.parametrize("status", ENDS)
def test_it_tries_an_upload_again_by_itself(client, services, clock, status):
    job_id = ended(client, status)
    wait = wait_of(client, job_id, clock)
    assert 60 <= wait <= 75
    clock.advance(59)
    assert leases.retry_due(services.context) == 0
    clock.advance(17)
    assert leases.retry_due(services.context) == 1
    job = client.job(job_id)
    assert (job["status"], job["attempt"], job["error"]) == ("assigned", 2, None)
    queued = client.history(job_id)[-2]
    assert (queued["actor"], queued["to_status"]) == ("server", "queued")
    assert leases.retry_due(services.context) == 0


def test_it_keeps_the_plan_of_a_later_attempt(client, services, clock, monkeypatch):
    """A person was quicker with one of many jobs that were due together, and it failed again."""
    job_id = ended(client)
    clock.advance(76)
    due = services.context.stores.attempts.to_retry(clock.now())
    ok(client.post(f"/api/jobs/{job_id}/retry"))
    ok(client.report(job_id, "failed", error=UPLOAD))
    with monkeypatch.context() as patch:
        patch.setattr(services.context.stores.attempts, "to_retry", lambda now: due)
        assert leases.retry_due(services.context) == 0
    assert 60 <= wait_of(client, job_id, clock) <= 75


@pytest.mark.parametrize("status", ENDS)
def test_it_doubles_the_waits_until_the_attempts_are_used_up(app, client, clock, status):
    services = restart(app, max_attempts=5)
    job_id = ended(client, status)
    for doublings in range(4):
        least = 60 * 2**doublings
        assert least <= wait_of(client, job_id, clock) <= least * 1.25
        clock.advance(least * 1.25)
        client.register_worker()
        ok(client.post("/api/workers/gpu/enable"))
        assert leases.retry_due(services.context) == 1
        ok(client.report(job_id, "running"))
        ok(client.report(job_id, status, error=UPLOAD))
    job = client.job(job_id)
    assert (job["status"], job["attempt"], job["scheduled_at"]) == (status, 5, None)
    clock.advance(10**6)
    assert leases.retry_due(services.context) == 0


def test_it_draws_the_waits_by_chance(client, clock):
    assert len({wait_of(client, ended(client, "completed"), clock) for _ in range(5)}) > 1


@pytest.mark.parametrize(
    ("status", "error"),
    [("failed", UNREADABLE), ("completed", None),
     ("completed", "Subtitles are missing"), ("cancelled", UPLOAD)],
)  # fmt: skip
def test_it_tries_nothing_else_again_by_itself(client, services, clock, status, error):
    job_id = ended(client, status, error)
    assert client.job(job_id)["scheduled_at"] is None
    clock.advance(10**6)
    with unchanged(services):
        assert leases.retry_due(services.context) == 0


def test_it_plans_a_retry_by_the_report_that_follows_the_upload(client, clock):
    job_id = ended(client, "completed", error=None)
    ok(client.report(job_id, "completed", error=UPLOAD))
    assert 60 <= wait_of(client, job_id, clock) <= 75


def test_it_plans_no_retry_once_the_upload_went_well_after_all(client, services, clock):
    job_id = ended(client, "completed")
    ok(client.report(job_id, "completed", output_file="/library/a.mkv"))
    job = client.job(job_id)
    assert (job["scheduled_at"], job["error"]) == (None, None)
    clock.advance(10**6)
    assert leases.retry_due(services.context) == 0


def test_it_counts_an_upload_that_fails_in_other_words_as_the_same_failure(client, clock):
    job_id = ended(client, "completed")
    for tried in range(3):
        ok(client.report(job_id, "completed", error=f"Upload failed: tried {tried} times"))
    assert 60 <= wait_of(client, job_id, clock) <= 75


@pytest.mark.parametrize("status", ENDS)
def test_it_drops_a_retry_of_what_another_job_does_by_now(client, services, clock, status):
    ok(client.report(client.one_rip(), "completed", output_file=FILE))
    job_id = client.queued_job(input_file=FILE)
    ok(client.report(job_id, status, error=UPLOAD))
    successor = client.queued_job(input_file=FILE)
    assert successor != job_id
    other = ended(client)
    clock.advance(76)
    assert leases.retry_due(services.context) == 1
    job = client.job(job_id)
    assert (job["status"], job["scheduled_at"], job["attempt"]) == (status, None, 1)
    assert client.job(other)["attempt"] == 2
    with unchanged(services):
        assert leases.retry_due(services.context) == 0


def test_it_retries_a_rip_once_its_disc_is_back(client, services, clock):
    job_id = client.one_rip()
    ok(client.report(job_id, "failed", error=UPLOAD))
    client.eject()
    clock.advance(20)
    assert leases.retry_due(services.context) == 1
    assert "put the disc back" in client.job(job_id)["waiting_reason"]
    client.detect("ALIEN", (117,))
    assert client.job(job_id)["status"] == "assigned"


def test_it_drops_a_retry_of_a_rip_whose_disc_is_gone(client, services, clock):
    job_id = client.one_rip()
    ok(client.report(job_id, "failed", error=UPLOAD))
    assert 15 <= wait_of(client, job_id, clock) <= 18.75
    client.eject()
    clock.advance(NEW_DISC_SECONDS)
    assert leases.retry_due(services.context) == 0
    job = client.job(job_id)
    assert (job["status"], job["scheduled_at"]) == ("failed", None)
