"""The history of a job is kept with its state, in one transaction, and shown page by page."""

import re
from collections.abc import Callable, Iterator

import pytest
from werkzeug.test import TestResponse

from tests.client import Client, ok
from tests.support import assert_problem, unchanged


def assign_to_den(client: Client, job_id: str) -> TestResponse:
    return client.post(f"/api/jobs/{job_id}/assign?agent_id=den")


def approve(client: Client, job_id: str) -> TestResponse:
    body = {"worker_id": "gpu", "preset": "Fast 1080p30"}
    return client.post(f"/api/jobs/{job_id}/approve", json=body)


def cancel(client: Client, job_id: str) -> TestResponse:
    return client.post(f"/api/jobs/{job_id}/cancel")


def bump(client: Client, job_id: str) -> TestResponse:
    return client.post(f"/api/jobs/{job_id}/priority", json={"priority": 9})


def late(client: Client, job_id: str) -> TestResponse:
    return client.report(job_id, "running", lease_token="0" * 32)


#: What changes a job in each state, and so its history.
CHANGES: dict[str, tuple[Callable[[Client, str], TestResponse], ...]] = {
    "pending": (approve, cancel, bump, assign_to_den),
    "assigned": (
        cancel,
        bump,
        assign_to_den,
        *(
            lambda client, job_id, status=status: client.report(job_id, status)
            for status in ("running", "completed", "failed", "cancelled")
        ),
    ),
}


@pytest.fixture(autouse=True)
def machine(client):
    client.register_agent()
    client.register_agent("den")
    client.register_worker(capabilities={"max_concurrent": 4})


@pytest.fixture
def silent(client, services) -> Iterator[dict[str, str]]:
    """A job in each state, of which the database takes no further event."""
    jobs = {"pending": str(client.create_job()["job_id"]), "assigned": client.approved_job()}
    sql = services.context.database.peewee.execute_sql
    sql(
        "DELETE FROM job_events WHERE event_id NOT IN"
        " (SELECT MAX(event_id) FROM job_events GROUP BY job_id)"
    )
    sql("CREATE UNIQUE INDEX one_event ON job_events (job_id)")
    yield jobs
    sql("DROP INDEX one_event")


@pytest.mark.parametrize("state", CHANGES)
def test_it_changes_nothing_that_it_can_not_write_down(client, services, silent, state):
    with unchanged(services):
        for change in CHANGES[state]:
            assert_problem(change(client, silent[state]), 500)
    assert client.job(silent[state])["status"] == state


def test_it_tells_nothing_of_an_assignment_for_which_no_place_was(client, services):
    job_id = str(client.create_job()["job_id"])
    for _ in range(4):
        client.approved_job()
    with unchanged(services):
        assert_problem(assign_to_den(client, job_id), 400, "Ask again")
    assert [event["to_status"] for event in client.history(job_id)] == ["pending"]


@pytest.mark.parametrize(("request_fails", "status"), [(approve, 400), (late, 409)])
def test_it_tells_nothing_of_a_request_that_was_refused(client, services, request_fails, status):
    job_id = client.approved_job()
    with unchanged(services):
        assert_problem(request_fails(client, job_id), status)


@pytest.mark.parametrize("limit", [1, 2, 5, 100])
def test_it_tells_a_long_story_page_by_page(client, limit):
    job_id = client.approved_job()
    for status in ("running", "assigned") * 3:
        ok(client.report(job_id, status))
    events, address = [], f"/api/jobs/{job_id}/events?limit={limit}"
    while address:
        response = client.get(address)
        page = ok(response)
        assert 0 < len(page) <= limit
        events += page
        link = re.fullmatch(
            r"<http://localhost(.+)>; rel=\"next\"", response.headers.get("Link", "")
        )
        address = link[1] if link else ""
    assert events == client.history(job_id)
    assert len(events) == 9


def test_it_refuses_a_strange_page(client):
    address = f"/api/jobs/{client.approved_job()}/events"
    for limit in ("0", "5001", "all"):
        assert_problem(client.get(f"{address}?limit={limit}"), 422, "limit", field="limit")
