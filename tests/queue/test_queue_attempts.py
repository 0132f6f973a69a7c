"""Attempts: each has a number and a token, and only the latest one is listened to."""

import pytest
from flask.testing import FlaskClient

from boz_server.services.wiring import Services
from tests.support import (
    FakeClock,
    approved_job,
    assert_problem,
    assigned_job,
    job_of,
    lease_token,
    ok,
    poll,
    queued_job,
    register_agent,
    register_worker,
    report,
    unchanged,
)

REPORTS = ("assigned", "running", "completed", "failed", "cancelled")
#: What a report says that must not leave a trace.
LATE = {"progress": 99.0, "error": "late", "output_file": "late.mkv"}


def given_again(client: FlaskClient) -> tuple[str, str, str]:
    """A job at its second attempt; the tokens of the first and of the second."""
    job_id = approved_job(client)
    first = lease_token(client, job_id)
    ok(report(client, job_id, "running", lease_token=first))
    sign_off_and_back(client)
    return job_id, first, lease_token(client, job_id)


def sign_off_and_back(client: FlaskClient) -> None:
    ok(client.post("/api/agents/pc/unregister"))
    register_agent(client)
    register_worker(client)


@pytest.fixture(autouse=True)
def machine(client: FlaskClient) -> None:
    register_agent(client)
    register_worker(client)


def test_it_hands_a_job_out_with_its_attempt_and_a_token(client: FlaskClient) -> None:
    job_id = approved_job(client)
    (job,) = ok(client.get("/api/agents/pc/jobs"))["jobs"]
    assert (job["job_id"], job["attempt"], len(job["lease_token"])) == (job_id, 1, 32)
    (again,) = ok(client.get("/api/agents/pc/jobs"))["jobs"]
    assert again["lease_token"] == job["lease_token"]


def test_it_hands_attempt_and_token_to_a_worker_that_polls(client: FlaskClient) -> None:
    register_worker(client, "farm", agent_id=None)
    ok(client.post("/api/workers/gpu/disable"))
    job_id = queued_job(client)
    (job,) = poll(client)
    assert (job["job_id"], job["attempt"], len(job["lease_token"])) == (job_id, 1, 32)
    ok(report(client, job_id, "running", lease_token=job["lease_token"]))


def test_it_counts_the_attempts_and_gives_each_its_own_token(client: FlaskClient) -> None:
    job_id = approved_job(client)
    tokens = {lease_token(client, job_id)}
    for attempt in (2, 3):
        sign_off_and_back(client)
        assert job_of(client, job_id)["attempt"] == attempt
        tokens.add(lease_token(client, job_id))
    assert len(tokens) == 3


def test_it_shows_the_token_to_the_machine_alone(client: FlaskClient) -> None:
    job_id = approved_job(client)
    token = lease_token(client, job_id)
    ok(report(client, job_id, "running", lease_token=token))
    for path in ("", f"/{job_id}", f"/{job_id}/events", "/stats"):
        assert token not in client.get(f"/api/jobs{path}").text
    assert token not in client.get("/api/workers/gpu").text


def test_it_counts_no_attempt_before_the_first(client: FlaskClient) -> None:
    ok(client.post("/api/workers/gpu/disable"))
    assert job_of(client, queued_job(client))["attempt"] == 0


@pytest.mark.parametrize("status", REPORTS)
def test_it_takes_a_report_with_the_latest_attempts_token(client: FlaskClient, status: str) -> None:
    job_id, _, token = given_again(client)
    job = ok(report(client, job_id, status, lease_token=token))
    assert (job["status"], job["attempt"]) == (status, 2)


@pytest.mark.parametrize("status", REPORTS)
@pytest.mark.parametrize("state", ["assigned", "running", "completed", "failed", "cancelled"])
def test_it_refuses_the_token_of_an_earlier_attempt(
    client: FlaskClient, services: Services, state: str, status: str
) -> None:
    job_id, earlier, latest = given_again(client)
    ok(report(client, job_id, state, lease_token=latest))
    with unchanged(services):
        assert_problem(report(client, job_id, status, lease_token=earlier, **LATE), 409, "attempt")


@pytest.mark.parametrize("status", REPORTS)
@pytest.mark.parametrize("token", ["", "0" * 32, "None"])
def test_it_refuses_an_unknown_token(
    client: FlaskClient, services: Services, token: str, status: str
) -> None:
    waiting = queued_job(client, preset="H.265 QSV 1080p")
    for job_id in (approved_job(client), waiting):
        with unchanged(services):
            response = report(client, job_id, status, lease_token=token, **LATE)
            assert_problem(response, 409, "attempt")


@pytest.mark.parametrize("status", REPORTS)
@pytest.mark.parametrize("state", ["running", "completed", "failed", "cancelled"])
def test_it_refuses_a_report_without_token_once_one_had_it(
    client: FlaskClient, services: Services, state: str, status: str
) -> None:
    job_id = approved_job(client)
    ok(report(client, job_id, state, lease_token=lease_token(client, job_id)))
    with unchanged(services):
        assert_problem(report(client, job_id, status, **LATE), 409, "lease_token")


@pytest.mark.parametrize("state", ["assigned", "running"])
def test_it_speaks_by_token_from_the_report_on_that_puts_a_job_back(
    client: FlaskClient, services: Services, state: str
) -> None:
    job_id = approved_job(client)
    token = lease_token(client, job_id)
    if state == "running":
        ok(report(client, job_id, "running"))
    ok(report(client, job_id, "assigned", lease_token=token))
    with unchanged(services):
        assert_problem(report(client, job_id, "running", progress=50), 409, "lease_token")


def test_it_takes_reports_without_token_as_long_as_none_had_it(client: FlaskClient) -> None:
    job_id = approved_job(client)
    assert lease_token(client, job_id)
    for status in ("running", "assigned", "running", "completed"):
        assert ok(report(client, job_id, status))["status"] == status


def test_it_lets_a_new_attempt_go_without_token(client: FlaskClient) -> None:
    job_id, _, _ = given_again(client)
    assert ok(report(client, job_id, "running", progress=5))["progress"] == 5


@pytest.mark.parametrize("with_token", [False, True])
@pytest.mark.parametrize("status", REPORTS)
def test_it_answers_the_same_report_twice_alike(
    client: FlaskClient, services: Services, status: str, with_token: bool
) -> None:
    job_id = approved_job(client)
    said = {"progress": 40, "error": "Upload failed: timeout", "output_file": "C:\\out\\a.mkv"}
    if with_token:
        said["lease_token"] = lease_token(client, job_id)
    first = ok(report(client, job_id, status, **said))
    with unchanged(services):
        assert ok(report(client, job_id, status, **said)) == first


def test_it_merges_a_second_completed_by_its_token(client: FlaskClient) -> None:
    job_id = approved_job(client)
    token = lease_token(client, job_id)
    ok(report(client, job_id, "completed", lease_token=token))
    done = ok(report(client, job_id, "completed", lease_token=token, output_file="/library/b.mkv"))
    assert done["output_file"] == "/library/b.mkv"


@pytest.mark.parametrize("lease", [{}, {"lease_token": "0" * 32}])
def test_it_lets_no_one_else_say_where_the_result_is(
    client: FlaskClient, services: Services, lease: dict[str, str]
) -> None:
    job_id = approved_job(client)
    token = lease_token(client, job_id)
    ok(report(client, job_id, "completed", lease_token=token, output_file="/library/b.mkv"))
    with unchanged(services):
        response = report(client, job_id, "completed", output_file="/library/a.mkv", **lease)
        assert_problem(response, 409, "lease_token" if not lease else "attempt")


@pytest.mark.parametrize("success", [True, False])
def test_it_holds_a_workers_own_word_to_the_token(
    client: FlaskClient, services: Services, success: bool
) -> None:
    job_id, earlier, latest = given_again(client)
    body = {"job_id": job_id, "success": success}
    address = "/api/workers/gpu/jobs/complete"
    with unchanged(services):
        assert_problem(client.post(address, json=body | {"lease_token": earlier}), 409, "attempt")
    ok(client.post(address, json=body | {"lease_token": latest}))
    with unchanged(services):
        assert_problem(client.post(address, json=body), 409, "lease_token")
        ok(client.post(address, json=body | {"lease_token": latest}))


def test_it_begins_an_attempt_afresh(client: FlaskClient, clock: FakeClock) -> None:
    job_id = assigned_job(client)
    ok(
        report(
            client, job_id, "running", progress=70, output_file="C:\\out\\half.mkv", error="slow"
        )
    )
    clock.advance(60)
    sign_off_and_back(client)
    job = job_of(client, job_id)
    assert (job["status"], job["attempt"], job["progress"]) == ("assigned", 2, 0)
    assert (job["started_at"], job["output_file"], job["error"]) == (None, None, None)
    assert job["assigned_at"] == "2026-01-24T12:35:56.123456Z"
