"""Pages by key: each row once, and no cursor of another list."""

import base64
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from boz_server.database.connection import Database
from boz_server.database.models import Agent, Job
from boz_server.errors import Invalid
from boz_server.repositories.paging import PageRequest, fetch_page
from tests.database.rows import NOW, agent, job

NEWEST_FIRST = [(Job.created_at, True), (Job.job_id, True)]
OLDEST_FIRST = [(Job.created_at, False), (Job.job_id, False)]
MOST_URGENT_FIRST = [(Job.priority, True), (Job.created_at, False), (Job.job_id, False)]
LEAST_URGENT_FIRST = [(Job.priority, False), (Job.created_at, True), (Job.job_id, True)]
ORDERS = [NEWEST_FIRST, OLDEST_FIRST, MOST_URGENT_FIRST, LEAST_URGENT_FIRST]
NAMES = ["newest", "oldest", "most urgent", "least urgent"]


@pytest.fixture(autouse=True)
def database(database_url: str) -> Iterator[Database]:
    """An empty database, on each engine in turn."""
    database = Database(database_url)
    yield database
    database.close()


@pytest.fixture
def jobs() -> None:
    """Twelve jobs: two priorities, two instants a microsecond apart, and three ties of each."""
    for number in range(12):
        job(
            f"{number % 3}{number // 3}",
            priority=number % 2,
            created_at=NOW + timedelta(microseconds=number // 6),
        )


def walk(order: list[Any], limit: int) -> list[list[str]]:
    """Ids on each page, from the first page to the last."""
    pages, cursor = [], None
    while True:
        page = fetch_page(Job.select(), order, PageRequest(limit, cursor))
        pages.append([row.job_id for row in page.items])
        cursor = page.next_cursor
        if cursor is None:
            return pages


def expected(order: list[Any]) -> list[str]:
    """Ids of all jobs in that order, as Python sorts them."""
    rows = list(Job.select())
    for column, down in reversed(order):
        rows.sort(key=lambda row: getattr(row, column.name), reverse=down)
    return [row.job_id for row in rows]


@pytest.mark.usefixtures("jobs")
@pytest.mark.parametrize("limit", [1, 2, 5, 12, 13])
@pytest.mark.parametrize("order", ORDERS, ids=NAMES)
def test_it_gives_every_row_once_and_in_order(order, limit):
    pages = walk(order, limit)
    assert [job_id for page in pages for job_id in page] == expected(order)
    assert all(len(page) == limit for page in pages[:-1])
    assert 0 < len(pages[-1]) <= limit


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.usefixtures("jobs")
@pytest.mark.parametrize("order", [NEWEST_FIRST, OLDEST_FIRST], ids=["newest", "oldest"])
def test_it_enters_the_index_at_the_pages_place(database, order):
    asked: list[Any] = []
    cursor = fetch_page(Job.select(), order, PageRequest(2)).next_cursor
    database.peewee.query_hooks.append(asked.append)
    fetch_page(Job.select(), order, PageRequest(2, cursor))
    (event,) = asked
    database.peewee.query_hooks.clear()
    steps = database.peewee.execute_sql(f"EXPLAIN QUERY PLAN {event.sql}", event.params).fetchall()
    compared = "<" if order is NEWEST_FIRST else ">"
    assert [step[3] for step in steps] == [
        f"SEARCH t1 USING INDEX idx_jobs_newest (created_at{compared}?)"
    ]


def test_it_gives_one_empty_page_of_an_empty_list():
    assert walk(NEWEST_FIRST, 5) == [[]]


@pytest.mark.usefixtures("jobs")
def test_it_has_no_next_page_behind_a_full_last_one():
    assert len(walk(OLDEST_FIRST, 6)) == 2


@pytest.mark.usefixtures("jobs")
def test_it_keeps_the_conditions_of_the_query_on_every_page():
    query = Job.select().where(Job.priority == 1)
    first = fetch_page(query, NEWEST_FIRST, PageRequest(4))
    second = fetch_page(query, NEWEST_FIRST, PageRequest(4, first.next_cursor))
    found = [*first.items, *second.items]
    assert len(found) == 6
    assert {row.priority for row in found} == {1}


@pytest.mark.usefixtures("jobs")
def test_it_goes_on_where_it_was_though_rows_came_and_went():
    ids = expected(NEWEST_FIRST)
    first = fetch_page(Job.select(), NEWEST_FIRST, PageRequest(3))
    job("newest", created_at=NOW + timedelta(seconds=1))
    Job.delete_by_id(ids[2])  # the row that the cursor points to
    second = fetch_page(Job.select(), NEWEST_FIRST, PageRequest(3, first.next_cursor))
    assert [row.job_id for row in second.items] == ids[3:6]


def test_it_takes_any_text_for_a_key():
    names = sorted(["a", "b ' \" \\ %", "c\n", "d ♥", "e{}", "f" * 100])
    for name in names:
        agent(name)
    found, cursor = [], None
    for _ in names:
        page = fetch_page(Agent.select(), [(Agent.agent_id, False)], PageRequest(1, cursor))
        found += [row.agent_id for row in page.items]
        cursor = page.next_cursor
    assert found == names


def test_it_makes_cursors_that_need_no_escaping_in_an_address():
    for number in range(3):
        job(f"???>>>~~~{number}")
    cursor = fetch_page(Job.select(), NEWEST_FIRST, PageRequest(1)).next_cursor
    assert cursor is not None
    assert cursor.replace("-", "").replace("_", "").isalnum()


def encoded(*values: object) -> str:
    """A cursor with these values."""
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


TIME = NOW.isoformat()
BAD = {
    "empty": "",
    "no base64": "!",
    "one letter": "x",
    "not ASCII": "ü",
    "no JSON": base64.urlsafe_b64encode(b"no json").decode(),
    "no UTF-8": base64.urlsafe_b64encode(b'["\xff"]').decode(),
    "no list": base64.urlsafe_b64encode(b"7").decode(),
    "null": base64.urlsafe_b64encode(b"null").decode(),
    "too short": encoded(1, TIME),
    "too long": encoded(1, TIME, "j", "j"),
    "of another list": encoded(TIME, "j"),
    "text for a number": encoded("1", TIME, "j"),
    "fraction for a number": encoded(1.5, TIME, "j"),
    "boolean for a number": encoded(True, TIME, "j"),
    "null for a number": encoded(None, TIME, "j"),
    "number beyond the column": encoded(2**31, TIME, "j"),
    "number beyond 64 bits": encoded(2**64, TIME, "j"),
    "number for a time": encoded(1, 5, "j"),
    "word for a time": encoded(1, "yesterday", "j"),
    "time without a zone": encoded(1, "2026-01-24T12:34:56", "j"),
    "time before the first year": encoded(1, "0001-01-01T00:00:00+14:00", "j"),
    "time after the last year": encoded(1, "9999-12-31T23:59:59-14:00", "j"),
    "number for a text": encoded(1, TIME, 5),
    "list for a text": encoded(1, TIME, ["j"]),
    "null for a text": encoded(1, TIME, None),
    "NUL in a text": encoded(1, TIME, "a\x00b"),
    "half a character": encoded(1, TIME, "\ud800"),
}


@pytest.mark.parametrize("cursor", BAD.values(), ids=BAD)
def test_it_refuses_a_cursor_that_is_not_of_this_list(cursor):
    with pytest.raises(Invalid, match="cursor") as refused:
        fetch_page(Job.select(), MOST_URGENT_FIRST, PageRequest(5, cursor))
    assert refused.value.errors == {
        "cursor": ["Not a cursor of this list: follow the Link header."]
    }


@pytest.mark.usefixtures("jobs")
def test_it_takes_a_cursor_whose_time_is_of_another_zone():
    cursor = encoded((NOW + timedelta(hours=2)).isoformat().replace("+00:00", "+02:00"), "z")
    page = fetch_page(Job.select(), OLDEST_FIRST, PageRequest(50, cursor))
    assert {row.created_at for row in page.items} == {NOW + timedelta(microseconds=1)}
