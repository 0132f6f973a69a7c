"""After a restore, reports from attempts made since the backup are refused."""

import pytest

from boz_server.services.queue import dispatcher, leases
from tests.client import ok
from tests.queue.queue_invariants import QueueState, check
from tests.support import NEW_DISC_SECONDS, unchanged

REPORTS = ("assigned", "running", "completed", "failed")


@pytest.fixture(autouse=True)
def machines(client):
    client.register_agent()
    client.register_worker(capabilities={"nvenc": True})


def test_it_queues_what_was_under_way(client, services):
    _, rips = client.ordered_rips()
    ok(client.report(rips[0], "running", progress=50))
    transcode = client.approved_job()
    assert leases.invalidate_attempts_after_restore(services.context) == 2
    for job_id in (rips[0], transcode):
        job = client.job(job_id)
        assert (job["status"], job["progress"], job["attempt"]) == ("queued", 0, 2)
        assert client.history(job_id)[-1]["detail"] == "The database was restored."
    check(QueueState.read(services), services.context.settings)


def test_it_counts_nothing_as_a_failure(client, services):
    job_id = client.approved_job()
    leases.invalidate_attempts_after_restore(services.context)
    leases.rescue(services.context)
    job = services.queue.get(job_id)
    assert (job.status, job.failures, job.attempt) == ("assigned", 0, 3)


@pytest.mark.parametrize("status", REPORTS)
def test_it_takes_no_report_with_a_token_of_the_old_time(client, services, status):
    _, (job_id, *_) = client.ordered_rips()
    token = client.lease_token(job_id)
    ok(client.report(job_id, "running", progress=50, lease_token=token))
    leases.invalidate_attempts_after_restore(services.context)
    client.refused(409).report(job_id, status, lease_token=token)
    dispatcher.dispatch_now(services.context)
    assert client.job(job_id)["status"] == "assigned"
    client.refused(409).report(job_id, status, lease_token=token)


@pytest.mark.parametrize("status", ["completed", "failed"])
def test_it_takes_no_end_without_a_token_of_a_job_that_was_given_away_later(
    client, services, status
):
    """At the time of the backup both waited; then they were given away, and done."""
    _, (_, waiting, *_) = client.ordered_rips()
    pending = str(client.create_job()["job_id"])
    assert client.job(waiting)["status"] == "queued"
    leases.invalidate_attempts_after_restore(services.context)
    for job_id in (waiting, pending):
        client.refused(409).report(job_id, status)


def test_it_lets_the_one_machine_go_on_that_can_do_it(client, services):
    _, (job_id, *_) = client.ordered_rips()
    ok(client.report(job_id, "running", progress=50))
    leases.invalidate_attempts_after_restore(services.context)
    job = ok(client.report(job_id, "running", progress=60))
    assert (job["status"], job["attempt"], job["assigned_agent_id"]) == ("running", 3, "pc")


def test_it_leaves_what_is_over_as_it_is(client, services):
    job_id = client.queued_job()
    ok(client.report(job_id, "running"))
    ok(client.report(job_id, "completed", output_file="/out/a.mkv"))
    with unchanged(services):
        assert leases.invalidate_attempts_after_restore(services.context) == 0


def test_it_fails_a_rip_whose_disc_is_gone(client, services, clock):
    _, (job_id, *_) = client.ordered_rips()
    ok(client.report(job_id, "running"))
    client.eject()
    clock.advance(NEW_DISC_SECONDS)
    leases.invalidate_attempts_after_restore(services.context)
    assert client.job(job_id)["status"] == "failed"
