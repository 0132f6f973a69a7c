"""The history of a job is kept with its state, in one transaction, and shown page by page."""

import re
from collections.abc import Callable, Iterator

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from boz_server.services.wiring import Services
from tests.support import (
    approved_job,
    assert_problem,
    create_job,
    history,
    job_of,
    ok,
    register_agent,
    register_worker,
    report,
    unchanged,
)


def assign_to_den(client: FlaskClient, job_id: str) -> TestResponse:
    return client.post(f"/api/jobs/{job_id}/assign?agent_id=den")


def approve(client: FlaskClient, job_id: str) -> TestResponse:
    body = {"worker_id": "gpu", "preset": "Fast 1080p30"}
    return client.post(f"/api/jobs/{job_id}/approve", json=body)


def cancel(client: FlaskClient, job_id: str) -> TestResponse:
    return client.post(f"/api/jobs/{job_id}/cancel")


def bump(client: FlaskClient, job_id: str) -> TestResponse:
    return client.post(f"/api/jobs/{job_id}/priority", json={"priority": 9})


def late(client: FlaskClient, job_id: str) -> TestResponse:
    return report(client, job_id, "running", lease_token="0" * 32)


#: What changes a job in each state, and so its history.
CHANGES: dict[str, tuple[Callable[[FlaskClient, str], TestResponse], ...]] = {
    "pending": (approve, cancel, bump, assign_to_den),
    "assigned": (
        cancel,
        bump,
        assign_to_den,
        *(
            lambda client, job_id, status=status: report(client, job_id, status)
            for status in ("running", "completed", "failed", "cancelled")
        ),
    ),
}


@pytest.fixture(autouse=True)
def machine(client: FlaskClient) -> None:
    register_agent(client)
    register_agent(client, "den")
    register_worker(client, capabilities={"max_concurrent": 4})


@pytest.fixture
def silent(client: FlaskClient, services: Services) -> Iterator[dict[str, str]]:
    """A job in each state, of which the database takes no further event."""
    jobs = {"pending": str(create_job(client)["job_id"]), "assigned": approved_job(client)}
    sql = services.context.database.peewee.execute_sql
    sql(
        "DELETE FROM job_events WHERE event_id NOT IN"
        " (SELECT MAX(event_id) FROM job_events GROUP BY job_id)"
    )
    sql("CREATE UNIQUE INDEX one_event ON job_events (job_id)")
    yield jobs
    sql("DROP INDEX one_event")


@pytest.mark.parametrize("state", CHANGES)
def test_it_changes_nothing_that_it_can_not_write_down(
    client: FlaskClient, services: Services, silent: dict[str, str], state: str
) -> None:
    with unchanged(services):
        for change in CHANGES[state]:
            assert_problem(change(client, silent[state]), 500)
    assert job_of(client, silent[state])["status"] == state


def test_it_tells_nothing_of_an_assignment_for_which_no_place_was(
    client: FlaskClient, services: Services
) -> None:
    job_id = str(create_job(client)["job_id"])
    for _ in range(4):
        approved_job(client)
    with unchanged(services):
        assert_problem(assign_to_den(client, job_id), 400, "Ask again")
    assert [event["to_status"] for event in history(client, job_id)] == ["pending"]


@pytest.mark.parametrize(("request_fails", "status"), [(approve, 400), (late, 409)])
def test_it_tells_nothing_of_a_request_that_was_refused(
    client: FlaskClient,
    services: Services,
    request_fails: Callable[[FlaskClient, str], TestResponse],
    status: int,
) -> None:
    job_id = approved_job(client)
    with unchanged(services):
        assert_problem(request_fails(client, job_id), status)


@pytest.mark.parametrize("limit", [1, 2, 5, 100])
def test_it_tells_a_long_story_page_by_page(client: FlaskClient, limit: int) -> None:
    job_id = approved_job(client)
    for status in ("running", "assigned") * 3:
        ok(report(client, job_id, status))
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
    assert events == history(client, job_id)
    assert len(events) == 9


def test_it_answers_404_for_an_unknown_job(client: FlaskClient) -> None:
    assert_problem(client.get("/api/jobs/lost/events"), 404, "'lost'")


def test_it_refuses_a_strange_page(client: FlaskClient) -> None:
    address = f"/api/jobs/{approved_job(client)}/events"
    for limit in ("0", "5001", "all"):
        assert_problem(client.get(f"{address}?limit={limit}"), 422, "limit", field="limit")
