"""A database that was restored: what machines say of the time after the backup lands nowhere."""

import pytest
from flask.testing import FlaskClient

from boz_server.services.wiring import Services
from tests.queue.queue_invariants import QueueState, check
from tests.support import (
    approved_job,
    assert_problem,
    create_job,
    eject,
    history,
    job_of,
    lease_token,
    ok,
    ordered_rips,
    queued_job,
    register_agent,
    register_worker,
    report,
    unchanged,
)

REPORTS = ("assigned", "running", "completed", "failed")


@pytest.fixture(autouse=True)
def machines(client: FlaskClient) -> None:
    register_agent(client)
    register_worker(client, capabilities={"nvenc": True})


def test_it_queues_what_was_under_way(client: FlaskClient, services: Services) -> None:
    _, rips = ordered_rips(client)
    ok(report(client, rips[0], "running", progress=50))
    transcode = approved_job(client)
    assert services.attempts.begin_epoch() == 2
    for job_id in (rips[0], transcode):
        job = job_of(client, job_id)
        assert (job["status"], job["progress"], job["attempt"]) == ("queued", 0, 2)
        assert history(client, job_id)[-1]["detail"] == "The database was restored."
    check(QueueState.read(services), services.context.settings)


def test_it_counts_nothing_as_a_failure(client: FlaskClient, services: Services) -> None:
    job_id = approved_job(client)
    services.attempts.begin_epoch()
    services.attempts.rescue()
    job = services.queue.get(job_id)
    assert (job.status, job.failures, job.attempt) == ("assigned", 0, 3)


@pytest.mark.parametrize("status", REPORTS)
def test_it_takes_no_report_with_a_token_of_the_old_time(
    client: FlaskClient, services: Services, status: str
) -> None:
    _, (job_id, *_) = ordered_rips(client)
    token = lease_token(client, job_id)
    ok(report(client, job_id, "running", progress=50, lease_token=token))
    services.attempts.begin_epoch()
    with unchanged(services):
        assert_problem(report(client, job_id, status, lease_token=token), 409)
    services.dispatcher.dispatch_now()
    assert job_of(client, job_id)["status"] == "assigned"
    with unchanged(services):
        assert_problem(report(client, job_id, status, lease_token=token), 409)


@pytest.mark.parametrize("status", ["completed", "failed"])
def test_it_takes_no_end_without_a_token_of_a_job_that_was_given_away_later(
    client: FlaskClient, services: Services, status: str
) -> None:
    """At the time of the backup both waited; then they were given away, and done."""
    _, (_, waiting, *_) = ordered_rips(client)
    pending = str(create_job(client)["job_id"])
    assert job_of(client, waiting)["status"] == "queued"
    services.attempts.begin_epoch()
    with unchanged(services):
        for job_id in (waiting, pending):
            assert_problem(report(client, job_id, status), 409)


def test_it_lets_the_one_machine_go_on_that_can_do_it(
    client: FlaskClient, services: Services
) -> None:
    _, (job_id, *_) = ordered_rips(client)
    ok(report(client, job_id, "running", progress=50))
    services.attempts.begin_epoch()
    job = ok(report(client, job_id, "running", progress=60))
    assert (job["status"], job["attempt"], job["assigned_agent_id"]) == ("running", 3, "pc")


def test_it_leaves_what_is_over_as_it_is(client: FlaskClient, services: Services) -> None:
    job_id = queued_job(client)
    ok(report(client, job_id, "running"))
    ok(report(client, job_id, "completed", output_file="/out/a.mkv"))
    with unchanged(services):
        assert services.attempts.begin_epoch() == 0


def test_it_fails_a_rip_whose_disc_is_gone(client: FlaskClient, services: Services) -> None:
    _, (job_id, *_) = ordered_rips(client)
    ok(report(client, job_id, "running"))
    eject(client)
    services.attempts.begin_epoch()
    assert job_of(client, job_id)["status"] == "failed"
