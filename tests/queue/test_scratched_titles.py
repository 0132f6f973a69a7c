"""A title that fails waits behind the others of its disc, and is set aside when it fails again."""

import pytest

from boz_server.services.queue import dispatcher, leases
from tests.client import Client, ok
from tests.support import restart

pytestmark = pytest.mark.usefixtures("pc")

SCRATCH = (
    "Error 'Scsi error - MEDIUM ERROR:L-EC UNCORRECTABLE ERROR' occurred while reading"
    " '/VIDEO_TS/VTS_01_1.VOB' at offset '9979904'"
)


def fail(client: Client, job_id: str, error: str = SCRATCH) -> str:
    """Let the drive begin a title and fail; what becomes of the job."""
    ok(client.report(job_id, "running", progress=30))
    return str(ok(client.report(job_id, "failed", error=error))["status"])


def rip_status(client: Client, disc_id: str) -> dict[str, object]:
    return dict(ok(client.get(f"/api/discs/{disc_id}/rip-status")))


def test_it_rips_the_others_before_it_tries_a_scratched_title_again(client):
    disc_id, (first, second, third) = client.ordered_rips()
    assert fail(client, first) == "queued"
    for job_id in (second, third):
        assert client.assigned([first, job_id]) == [False, True]
        assert not rip_status(client, disc_id)["all_rips_complete"]
        ok(client.report(job_id, "running"))
        ok(client.report(job_id, "completed", output_file=f"C:\\{job_id}.mkv"))
    assert client.job(first)["status"] == "assigned"
    assert fail(client, first, "Read error at 12 %") == "failed"
    job = client.job(first)
    assert job["error"] == (
        f"Given up after 2 attempts: attempt 1: {SCRATCH}; attempt 2: Read error at 12 %."
        " Clean the disc, then retry the job."
    )
    assert rip_status(client, disc_id) == {
        "all_rips_complete": True, "total_jobs": 3, "completed_jobs": 2, "failed_jobs": 1
    }  # fmt: skip


def test_it_tries_the_only_title_of_a_disc_again_at_once(client):
    job_id = client.one_rip()
    assert fail(client, job_id) == "queued"
    job = client.job(job_id)
    assert (job["status"], job["attempt"]) == ("assigned", 2)
    assert fail(client, job_id) == "failed"


def test_it_tries_a_title_again_that_a_person_had_put_first(client):
    _, (first, second, _) = client.ordered_rips()
    ok(client.post(f"/api/jobs/{first}/priority", json={"priority": 9}))
    fail(client, first)
    assert client.assigned([first, second]) == [False, True]


def test_it_takes_two_scratched_titles_in_turn(client):
    _, (first, second, third) = client.ordered_rips()
    fail(client, first)
    fail(client, second)
    ok(client.report(third, "completed", output_file="C:\\c.mkv"))
    assert client.assigned([first, second]) == [True, False]
    assert fail(client, first) == "failed"
    assert client.assigned([first, second]) == [False, True]
    ok(client.report(second, "running"))
    ok(client.report(second, "completed", output_file="C:\\b.mkv"))
    assert client.statuses([first, second, third]) == ["failed", "completed", "completed"]


@pytest.mark.parametrize(("limits", "tries"), [({"max_rip_attempts": 1}, 1),
                                               ({"max_attempts": 9}, 2)])  # fmt: skip
def test_it_keeps_to_the_limit_and_never_tries_a_third_time(app, client, limits, tries):
    restart(app, **limits)
    job_id = client.one_rip()
    ends = [fail(client, job_id) for _ in range(tries)]
    assert ends == ["queued"] * (tries - 1) + ["failed"]


def test_it_does_not_blame_the_disc_for_an_attempt_that_was_lost(client, services, clock):
    job_id = client.one_rip()
    ok(client.report(job_id, "running"))
    clock.advance(121)
    leases.rescue(services.context)
    client.register_agent()
    dispatcher.dispatch_now(services.context)
    client.agent_jobs()
    assert fail(client, job_id) == "queued"


def test_it_tries_a_title_twice_again_as_a_person_asks(client):
    job_id = client.one_rip()
    for _ in range(2):
        fail(client, job_id)
    assert client.retry(job_id)["status"] == "assigned"
    assert fail(client, job_id) == "queued"


def test_it_keeps_nobody_else_from_ripping(client):
    _, (first, *_) = client.ordered_rips()
    _, (other,) = client.ordered_rips("ALIEN", (117,), drive="E:")
    fail(client, first)
    ok(client.report(other, "completed", output_file="C:\\alien.mkv"))
    assert client.job(first)["status"] == "queued"


def test_it_takes_no_late_word_of_an_attempt_that_has_failed_for_a_new_one(client):
    _, (first, *_) = client.ordered_rips()
    fail(client, first)
    client.refused(409, "queued").report(first, "running", progress=31)
