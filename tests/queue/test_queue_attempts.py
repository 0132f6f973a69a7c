"""Attempts: each has a number and a token, and only the latest one is listened to."""

import pytest

from tests.client import Client, ok
from tests.support import assert_problem, unchanged

pytestmark = pytest.mark.usefixtures("gpu")

REPORTS = ("assigned", "running", "completed", "failed", "cancelled")
#: What a report says that must not leave a trace.
LATE = {"progress": 99.0, "error": "late", "output_file": "late.mkv"}


def given_again(client: Client) -> tuple[str, str, str]:
    """A job at its second attempt; the tokens of the first and of the second."""
    job_id = client.approved_job()
    first = client.lease_token(job_id)
    ok(client.report(job_id, "running", lease_token=first))
    sign_off_and_back(client)
    return job_id, first, client.lease_token(job_id)


def sign_off_and_back(client: Client) -> None:
    client.sign_off()
    client.register_agent()
    client.register_worker()


def test_it_hands_a_job_out_with_its_attempt_and_a_token(client):
    job_id = client.approved_job()
    (job,) = client.agent_jobs()
    assert (job["job_id"], job["attempt"], len(job["lease_token"])) == (job_id, 1, 32)
    (again,) = client.agent_jobs()
    assert again["lease_token"] == job["lease_token"]


def test_it_hands_attempt_and_token_to_a_worker_that_polls(client):
    client.register_worker("farm", agent_id=None)
    ok(client.post("/api/workers/gpu/disable"))
    job_id = client.queued_job()
    (job,) = client.poll()
    assert (job["job_id"], job["attempt"], len(job["lease_token"])) == (job_id, 1, 32)
    ok(client.report(job_id, "running", lease_token=job["lease_token"]))


def test_it_counts_the_attempts_and_gives_each_its_own_token(client):
    job_id = client.approved_job()
    tokens = {client.lease_token(job_id)}
    for attempt in (2, 3):
        sign_off_and_back(client)
        assert client.job(job_id)["attempt"] == attempt
        tokens.add(client.lease_token(job_id))
    assert len(tokens) == 3


def test_it_shows_the_token_to_the_machine_alone(client):
    job_id = client.approved_job()
    token = client.lease_token(job_id)
    ok(client.report(job_id, "running", lease_token=token))
    for path in ("", f"/{job_id}", f"/{job_id}/events", "/stats"):
        assert token not in client.get(f"/api/jobs{path}").text
    assert token not in client.get("/api/workers/gpu").text


def test_it_counts_no_attempt_before_the_first(client):
    ok(client.post("/api/workers/gpu/disable"))
    assert client.job(client.queued_job())["attempt"] == 0


@pytest.mark.parametrize("status", REPORTS)
def test_it_takes_a_report_with_the_latest_attempts_token(client, status):
    job_id, _, token = given_again(client)
    job = ok(client.report(job_id, status, lease_token=token))
    assert (job["status"], job["attempt"]) == (status, 2)


@pytest.mark.parametrize("status", REPORTS)
@pytest.mark.parametrize("state", ["assigned", "running", "completed", "failed", "cancelled"])
def test_it_refuses_the_token_of_an_earlier_attempt(client, services, state, status):
    job_id, earlier, latest = given_again(client)
    ok(client.report(job_id, state, lease_token=latest))
    with unchanged(services):
        assert_problem(client.report(job_id, status, lease_token=earlier, **LATE), 409, "attempt")


@pytest.mark.parametrize("status", REPORTS)
@pytest.mark.parametrize("token", ["", "0" * 32, "None"])
def test_it_refuses_an_unknown_token(client, services, token, status):
    waiting = client.queued_job(preset="H.265 QSV 1080p")
    for job_id in (client.approved_job(), waiting):
        with unchanged(services):
            response = client.report(job_id, status, lease_token=token, **LATE)
            assert_problem(response, 409, "attempt")


@pytest.mark.parametrize("status", REPORTS)
@pytest.mark.parametrize("state", ["running", "completed", "failed", "cancelled"])
def test_it_refuses_a_report_without_token_once_one_had_it(client, services, state, status):
    job_id = client.approved_job()
    ok(client.report(job_id, state, lease_token=client.lease_token(job_id)))
    with unchanged(services):
        assert_problem(client.report(job_id, status, **LATE), 409, "lease_token")


@pytest.mark.parametrize("state", ["assigned", "running"])
def test_it_speaks_by_token_from_the_report_on_that_puts_a_job_back(client, services, state):
    job_id = client.approved_job()
    token = client.lease_token(job_id)
    if state == "running":
        ok(client.report(job_id, "running"))
    ok(client.report(job_id, "assigned", lease_token=token))
    with unchanged(services):
        assert_problem(client.report(job_id, "running", progress=50), 409, "lease_token")


def test_it_takes_reports_without_token_as_long_as_none_had_it(client):
    job_id = client.approved_job()
    assert client.lease_token(job_id)
    for status in ("running", "assigned", "running", "completed"):
        assert ok(client.report(job_id, status))["status"] == status


def test_it_lets_a_new_attempt_go_without_token(client):
    job_id, _, _ = given_again(client)
    assert ok(client.report(job_id, "running", progress=5))["progress"] == 5


@pytest.mark.parametrize("with_token", [False, True])
@pytest.mark.parametrize("status", REPORTS)
def test_it_answers_the_same_report_twice_alike(client, services, status, with_token):
    job_id = client.approved_job()
    said = {"progress": 40, "error": "Upload failed: timeout", "output_file": "C:\\out\\a.mkv"}
    if with_token:
        said["lease_token"] = client.lease_token(job_id)
    first = ok(client.report(job_id, status, **said))
    with unchanged(services):
        assert ok(client.report(job_id, status, **said)) == first


def test_it_merges_a_second_completed_by_its_token(client):
    job_id = client.approved_job()
    token = client.lease_token(job_id)
    ok(client.report(job_id, "completed", lease_token=token))
    done = ok(client.report(job_id, "completed", lease_token=token, output_file="/library/b.mkv"))
    assert done["output_file"] == "/library/b.mkv"


@pytest.mark.parametrize("lease", [{}, {"lease_token": "0" * 32}])
def test_it_lets_no_one_else_say_where_the_result_is(client, services, lease):
    job_id = client.approved_job()
    token = client.lease_token(job_id)
    ok(client.report(job_id, "completed", lease_token=token, output_file="/library/b.mkv"))
    with unchanged(services):
        response = client.report(job_id, "completed", output_file="/library/a.mkv", **lease)
        assert_problem(response, 409, "lease_token" if not lease else "attempt")


@pytest.mark.parametrize("success", [True, False])
def test_it_holds_a_workers_own_word_to_the_token(client, services, success):
    job_id, earlier, latest = given_again(client)
    body = {"job_id": job_id, "success": success}
    address = "/api/workers/gpu/jobs/complete"
    with unchanged(services):
        assert_problem(client.post(address, json=body | {"lease_token": earlier}), 409, "attempt")
    ok(client.post(address, json=body | {"lease_token": latest}))
    with unchanged(services):
        assert_problem(client.post(address, json=body), 409, "lease_token")
        ok(client.post(address, json=body | {"lease_token": latest}))


def test_it_begins_an_attempt_afresh(client, clock):
    job_id = client.assigned_job()
    ok(client.report(job_id, "running", progress=70, output_file="C:\\out\\half.mkv", error="slow"))
    clock.advance(60)
    sign_off_and_back(client)
    job = client.job(job_id)
    assert (job["status"], job["attempt"], job["progress"]) == ("assigned", 2, 0)
    assert (job["started_at"], job["output_file"], job["error"]) == (None, None, None)
    assert job["assigned_at"] == "2026-01-24T12:35:56.123456Z"
