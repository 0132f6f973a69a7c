"""Jobs that a person has tried again."""

from collections.abc import Callable

import pytest

from boz_server.services.queue import leases
from tests.client import Client, ok
from tests.support import assert_problem, restart, unchanged

pytestmark = pytest.mark.usefixtures("gpu")

UPLOAD = "Upload failed: no route to host"


def ended(client: Client, status: str = "failed", error: str | None = UPLOAD) -> str:
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
    ("status", "error"), [("failed", "HandBrake exited with 3"), ("failed", UPLOAD),
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
def test_it_refuses_to_retry_any_other_job(client, services, what):
    job_id = NOT_RETRIED[what](client)
    with unchanged(services):
        assert_problem(client.post(f"/api/jobs/{job_id}/retry"), 409, what.split(maxsplit=1)[0])


def test_it_puts_the_disc_back_to_ripping(client):
    job_id = client.one_rip()
    ok(client.report(job_id, "failed", error="Scratched"))
    disc_id = client.job(job_id)["disc_id"]
    assert client.disc(disc_id)["status"] == "completed"
    assert client.retry(job_id)["status"] == "assigned"
    assert client.disc(disc_id)["status"] == "ripping"
    assert not ok(client.get(f"/api/discs/{disc_id}/rip-status"))["all_rips_complete"]


def test_it_refuses_to_retry_a_rip_whose_disc_is_gone(client, services):
    job_id = client.one_rip()
    ok(client.report(job_id, "failed", error="Scratched"))
    client.eject()
    with unchanged(services):
        assert_problem(client.post(f"/api/jobs/{job_id}/retry"), 409, "disc")


def test_it_refuses_to_retry_what_another_job_does_by_now(client, services):
    job_id = client.one_rip()
    ok(client.report(job_id, "failed", error="Scratched"))
    client.rip(client.job(job_id)["disc_id"])
    with unchanged(services):
        assert_problem(client.post(f"/api/jobs/{job_id}/retry"), 409, "Another job")
