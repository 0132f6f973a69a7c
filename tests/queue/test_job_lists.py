"""Lists of jobs: their order, their filters, and paging by the Link header."""

import base64
import json
from typing import Any

import pytest
from werkzeug.http import parse_options_header
from werkzeug.test import TestResponse

from tests.client import Client, ok
from tests.support import assert_problem

LISTS = ("/api/jobs", "/api/jobs/pending", "/api/jobs/awaiting-approval", "/api/jobs/upload-errors")


def ids(jobs: list[dict[str, Any]]) -> list[str]:
    return [job["job_id"] for job in jobs]


def next_address(response: TestResponse) -> str | None:
    """The address of the next page as clients find it; None on the last one."""
    if "Link" not in response.headers:
        return None
    target, options = parse_options_header(response.headers["Link"])
    assert options == {"rel": "next"}
    assert target.startswith("<http://localhost/")
    return target.strip("<>")


def walk(client: Client, address: str) -> list[list[dict[str, Any]]]:
    """All pages, by following the Link header to the end."""
    pages = []
    following: str | None = address
    while following is not None:
        response = client.get(following)
        pages.append(ok(response))
        following = next_address(response)
    return pages


def cursor_of(value: object) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def failed_upload(client: Client, error: str = "Upload failed: no route to host") -> str:
    job_id = client.assigned_job()
    client.report(job_id, "completed")
    client.report(job_id, "completed", error=error)
    return job_id


def test_it_lists_jobs_newest_first(client, clock):
    made = []
    for _ in range(3):
        made.append(client.create_job()["job_id"])
        clock.advance(1)
    assert ids(ok(client.get("/api/jobs"))) == made[::-1]


def test_it_lists_the_jobs_of_one_status(client):
    pending = client.create_job()["job_id"]
    queued = client.create_job(requires_approval=False)["job_id"]
    assert ids(ok(client.get("/api/jobs?status=pending"))) == [pending]
    assert ids(ok(client.get("/api/jobs?status=queued"))) == [queued]
    assert ok(client.get("/api/jobs?status=failed")) == []


def test_it_refuses_an_unknown_status(client):
    assert_problem(client.get("/api/jobs?status=lost"), 422, "status", field="status")


def test_it_lists_waiting_jobs_most_urgent_first_then_oldest(client, clock):
    client.register_agent()
    made = []
    for priority, requires_approval in ((0, True), (7, False), (0, False), (7, True)):
        job = client.create_job(priority=priority, requires_approval=requires_approval)
        made.append(job["job_id"])
        clock.advance(1)
    client.assigned_job()
    assert ids(ok(client.get("/api/jobs/pending"))) == [made[1], made[3], made[0], made[2]]


def test_it_lists_the_transcode_jobs_that_await_approval(client):
    client.register_agent()
    waiting = client.create_job()["job_id"]
    client.create_job(requires_approval=False)
    client.create_job(job_type="organize")
    client.assigned_job()
    assert ids(client.awaiting_approval()) == [waiting]


def test_it_lists_completed_jobs_whose_error_speaks_of_an_upload(client, clock):
    client.register_agent()
    older = failed_upload(client)
    clock.advance(1)
    newer = failed_upload(client, "UPLOAD refused")
    failed_upload(client, "subtitles missing")
    client.report(client.assigned_job(), "completed")
    client.report(client.assigned_job(), "failed", error="Upload failed")
    assert ids(ok(client.get("/api/jobs/upload-errors"))) == [newer, older]


@pytest.mark.parametrize("address", [*LISTS, "/api/agents", "/api/workers", "/api/discs"])
def test_it_tells_the_total_where_one_page_holds_the_list(client, address):
    assert client.get(address).headers["X-Total-Count"] == "0"


def test_it_tells_no_total_where_it_would_have_to_count(client):
    for _ in range(3):
        client.create_job()
    assert client.get("/api/jobs?limit=3").headers["X-Total-Count"] == "3"
    first = client.get("/api/jobs?limit=2")
    assert "X-Total-Count" not in first.headers
    assert "X-Total-Count" not in client.get(str(next_address(first))).headers


@pytest.mark.parametrize("address", LISTS)
def test_it_lists_nothing_as_an_empty_array(client, address):
    response = client.get(address)
    assert ok(response) == []
    assert "Link" not in response.headers


@pytest.mark.parametrize("address", LISTS)
def test_it_pages_through_a_list_without_loss_or_repetition(client, clock, address):
    client.register_agent()
    for number in range(7):
        if address.endswith("upload-errors"):
            failed_upload(client)
        else:
            client.create_job(priority=number % 2)
        clock.advance(number % 3)  # some are of the same instant
    whole = ok(client.get(address))
    pages = walk(client, f"{address}?limit=3")
    assert [len(page) for page in pages] == [3, 3, 1]
    assert [job for page in pages for job in page] == whole


@pytest.mark.parametrize("address", LISTS[:3])
def test_it_pages_through_jobs_that_tie_in_all_but_their_id(client, address):
    made = {client.create_job()["job_id"] for _ in range(5)}
    seen = [job for page in walk(client, f"{address}?limit=1") for job in ids(page)]
    assert len(seen) == 5
    assert set(seen) == made


def test_it_keeps_the_filter_from_page_to_page(client):
    wanted = {client.create_job()["job_id"] for _ in range(3)}
    client.create_job(requires_approval=False)
    pages = walk(client, "/api/jobs?status=pending&limit=2")
    assert {job for page in pages for job in ids(page)} == wanted


def test_it_names_no_next_page_when_the_last_one_is_just_full(client):
    for _ in range(2):
        client.create_job()
    assert next_address(client.get("/api/jobs?limit=2")) is None


def test_it_shows_no_job_twice_when_new_ones_come_in_between(client, clock):
    older = [client.create_job()["job_id"] for _ in range(4)]
    first = client.get("/api/jobs?limit=2")
    clock.advance(1)
    client.create_job()
    address = next_address(first)
    assert address is not None
    rest = [job for page in walk(client, address) for job in ids(page)]
    assert sorted(ids(ok(first)) + rest) == sorted(older)


def test_it_pages_through_agents_and_workers(client):
    names = ["a", "b", "ü x"]
    for name in names:
        client.register_agent(name)
        ok(client.post("/api/workers/register", json={"worker_id": name, "hostname": "h"}))
    for noun in ("agent", "worker"):
        pages = walk(client, f"/api/{noun}s?limit=1")
        assert [page[0][f"{noun}_id"] for page in pages] == names
        assert all(len(page) == 1 for page in pages)


def test_it_refuses_a_limit_out_of_bounds(client):
    for limit in ("0", "-1", "5001", "many", "1.5", "1e30", "9" * 5000, ""):
        for address in LISTS:
            assert_problem(client.get(f"{address}?limit={limit}"), 422, "limit", field="limit")


def test_it_takes_the_limits_at_the_bounds(client):
    for limit in (1, 5000):
        assert ok(client.get(f"/api/jobs?limit={limit}")) == []


INSTANT = "2026-01-24T12:34:56.123456+00:00"
#: None of these was ever given to a client; the last ones fit one list or the other but for a type.
WRONG_CURSORS = (
    "",
    "?",
    "%C3%BC",
    "A",
    "x" * 1001,
    cursor_of(b"\xff\xfe"),
    cursor_of(b'["\\ud800", "a"]'),
    cursor_of(b"[" * 300 + b"]" * 300),
    cursor_of(None),
    cursor_of(5),
    cursor_of("ab"),
    cursor_of([]),
    cursor_of({}),
    cursor_of([INSTANT]),
    cursor_of([INSTANT, "a", "b", "c"]),
    cursor_of([INSTANT, None]),
    cursor_of([INSTANT, 5]),
    cursor_of([INSTANT, "a\0b"]),
    cursor_of([5, "a"]),
    cursor_of(["yesterday", "a"]),
    cursor_of([INSTANT.removesuffix("+00:00"), "a"]),
    cursor_of(["0001-01-01T00:00:00+23:59", "a"]),
    cursor_of(["9999-12-31T23:59:59-23:59", "a"]),
    cursor_of([True, INSTANT, "a"]),
    cursor_of([2**31, INSTANT, "a"]),
    cursor_of([1.5, INSTANT, "a"]),
)


@pytest.mark.parametrize("address", LISTS)
def test_it_refuses_a_cursor_that_it_never_gave(client, address):
    answers = {cursor: client.get(f"{address}?cursor={cursor}") for cursor in WRONG_CURSORS}
    assert [cursor for cursor, answer in answers.items() if answer.status_code != 422] == []
    for answer in answers.values():
        assert_problem(answer, 422, "cursor", field="cursor")


def test_it_takes_a_cursor_at_either_end_of_time(client):
    client.create_job()
    assert ok(client.get("/api/jobs?cursor=" + cursor_of(["0001-01-01T00:00:00Z", "a"]))) == []
    latest = cursor_of(["9999-12-31T23:59:59.999999Z", "a"])
    assert len(ok(client.get(f"/api/jobs?cursor={latest}"))) == 1
