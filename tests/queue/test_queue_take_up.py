"""A machine reports on a job that it was not given: taken where it can mean no one else."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from boz_server.services.wiring import Services
from tests.support import (
    FakeClock,
    approved_job,
    assert_problem,
    create_job,
    history,
    job_of,
    ok,
    ordered_rips,
    queued_job,
    register_agent,
    register_worker,
    report,
    restart,
    unchanged,
)

REPORTS = ("assigned", "running", "completed", "failed")


def waiting_rip(client: FlaskClient) -> str:
    """A rip that waits, as its drive rips another title."""
    _, (_, second, *_) = ordered_rips(client)
    assert job_of(client, second)["status"] == "queued"
    return second


def lost_rip(client: FlaskClient, services: Services, clock: FakeClock) -> str:
    """A rip that waits for its agent, which was lost during the first attempt."""
    _, (first, *_) = ordered_rips(client)
    ok(report(client, first, "running", progress=50))
    clock.advance(121)
    services.attempts.rescue()
    assert job_of(client, first)["status"] == "queued"
    return first


@pytest.fixture(autouse=True)
def agent(client: FlaskClient) -> None:
    register_agent(client)


@pytest.mark.parametrize("status", ["running", "completed", "failed"])
def test_it_takes_the_word_of_the_one_machine_that_can_do_it(
    client: FlaskClient, status: str
) -> None:
    job_id = waiting_rip(client)
    job = ok(report(client, job_id, status))
    assert (job["status"], job["attempt"], job["assigned_agent_id"]) == (status, 1, "pc")
    steps = [(event["to_status"], event["actor"]) for event in history(client, job_id)[1:]]
    assert steps == [("assigned", "agent:pc"), (status, "agent:pc")]


def test_it_takes_the_work_as_under_way_whatever_the_limits(
    app: Flask, client: FlaskClient
) -> None:
    services = restart(app, max_concurrent_rips=1)
    ordered_rips(client)
    register_agent(client, "den")
    _, (job_id, *_) = ordered_rips(client, agent_id="den", label="ALIEN", minutes=(117,))
    assert services.dispatcher.dispatch_now() == 0
    assert ok(report(client, job_id, "running"))["assigned_agent_id"] == "den"


def test_it_takes_up_what_a_person_chose_for_a_busy_worker(client: FlaskClient) -> None:
    register_worker(client, capabilities={"max_concurrent": 1})
    approved_job(client)
    job_id = approved_job(client)
    assert job_of(client, job_id)["status"] == "queued"
    job = ok(report(client, job_id, "running"))
    assert (job["assigned_agent_id"], job["assigned_worker_id"]) == ("pc", "gpu")
    assert job_id in ok(client.get("/api/workers/gpu"))["current_jobs"]


def test_it_names_a_worker_without_an_agent_as_what_it_is(client: FlaskClient) -> None:
    register_worker(client, "farm", agent_id=None, capabilities={"max_concurrent": 1})
    approved_job(client, "farm")
    job_id = approved_job(client, "farm")
    ok(report(client, job_id, "running"))
    assert {event["actor"] for event in history(client, job_id)[2:]} == {"worker:farm"}


def test_it_takes_up_the_transcode_of_a_file_on_the_agents_disk(client: FlaskClient) -> None:
    disc_id, _ = ordered_rips(client)
    job_id = queued_job(client, disc_id=disc_id, title_index=0)
    assert job_of(client, job_id)["status"] == "queued"
    job = ok(report(client, job_id, "running"))
    assert (job["assigned_agent_id"], job["assigned_worker_id"]) == ("pc", None)


def test_it_gives_an_attempt_that_was_taken_up_a_lease_as_any_other(
    client: FlaskClient, services: Services, clock: FakeClock
) -> None:
    clock.advance(1)
    job_id = waiting_rip(client)
    ok(report(client, job_id, "running"))
    clock.advance(119.999)
    services.attempts.rescue()
    assert job_of(client, job_id)["status"] == "running"
    clock.advance(0.001)
    services.attempts.rescue()
    assert job_of(client, job_id)["status"] == "queued"


@pytest.mark.parametrize("status", ["completed", "failed"])
def test_it_takes_no_end_where_an_earlier_attempt_may_be_meant(
    client: FlaskClient, services: Services, clock: FakeClock, status: str
) -> None:
    job_id = lost_rip(client, services, clock)
    with unchanged(services):
        assert_problem(report(client, job_id, status, output_file="a.mkv"), 409, "queued")


def test_it_takes_it_that_a_lost_machine_works_on(
    client: FlaskClient, services: Services, clock: FakeClock
) -> None:
    job_id = lost_rip(client, services, clock)
    job = ok(report(client, job_id, "running", progress=55))
    assert (job["status"], job["attempt"], job["progress"]) == ("running", 2, 55)
    assert ok(report(client, job_id, "completed"))["attempt"] == 2


def test_it_takes_it_up_before_its_time_has_come(
    client: FlaskClient, services: Services, clock: FakeClock
) -> None:
    job_id = lost_rip(client, services, clock)
    register_agent(client)
    clock.advance(121)
    services.attempts.rescue()
    job = job_of(client, job_id)
    assert (job["status"], job["scheduled_at"] is None) == ("queued", False)
    job = ok(report(client, job_id, "running"))
    assert (job["status"], job["attempt"], job["scheduled_at"]) == ("running", 3, None)


@pytest.mark.parametrize("status", REPORTS)
def test_it_refuses_a_report_on_a_job_that_several_machines_can_do(
    client: FlaskClient, services: Services, status: str
) -> None:
    register_worker(client)
    job_id = queued_job(client, preset="H.265 QSV 1080p")
    with unchanged(services):
        assert_problem(report(client, job_id, status), 409, "queued")


def test_it_refuses_that_a_job_is_assigned_which_is_not(
    client: FlaskClient, services: Services
) -> None:
    job_id = waiting_rip(client)
    with unchanged(services):
        assert_problem(report(client, job_id, "assigned"), 409, "queued")


@pytest.mark.parametrize("status", REPORTS)
def test_it_refuses_a_token_for_a_job_that_no_machine_has(
    client: FlaskClient, services: Services, status: str
) -> None:
    job_id = waiting_rip(client)
    with unchanged(services):
        assert_problem(report(client, job_id, status, lease_token="0" * 32), 409, "attempt")


@pytest.mark.parametrize("status", REPORTS)
def test_it_takes_nothing_up_that_a_person_has_not_approved(
    client: FlaskClient, services: Services, status: str
) -> None:
    disc_id, _ = ordered_rips(client)
    job_id = str(create_job(client, disc_id=disc_id, title_index=0)["job_id"])
    with unchanged(services):
        assert_problem(report(client, job_id, status), 409, "pending")
