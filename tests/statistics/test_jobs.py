"""The outcomes of jobs, grouped by day, week, month, type, worker and preset."""

import random
from datetime import date, timedelta
from typing import Any

import pytest

from boz_server.domain.queue.job_states import JobType
from boz_server.services.queue import leases
from tests.client import Client, ok
from tests.statistics.work import GB, add, analytics, transcoded
from tests.support import (
    assert_problem,
)

NOTHING: dict[str, Any] = {
    "jobs": 0, "completed": 0, "failed": 0, "cancelled": 0, "retried": 0, "failure_rate": None,
    "duration_seconds": {"mean": None, "p50": None, "p95": None},
    "input_bytes": 0, "output_bytes": 0, "saved_bytes": 0,
}  # fmt: skip


@pytest.fixture
def machine(client: Client) -> None:
    client.register_agent()
    client.register_worker()


def keys(answer: dict[str, Any]) -> dict[str | None, int]:
    """How many jobs each group has."""
    return {group["key"]: group["jobs"] for group in answer["groups"]}


@pytest.mark.usefixtures("machine")
def test_it_tells_what_came_of_jobs(client, clock):
    transcoded(client, clock, seconds=60, output_file_size=2 * GB)
    transcoded(client, clock, seconds=30, end="failed")
    found = analytics(client, "jobs")
    tally = {
        "jobs": 2, "completed": 1, "failed": 1, "cancelled": 0, "retried": 0, "failure_rate": 0.5,
        "duration_seconds": {"mean": 60.0, "p50": 60.5, "p95": 60.5},
        "input_bytes": 8 * GB, "output_bytes": 2 * GB, "saved_bytes": 6 * GB,
    }  # fmt: skip
    assert found == {
        "from": "2025-12-26",
        "to": "2026-01-24",
        "group": "day",
        "groups": [{"key": "2026-01-24"} | tally],
        "total": tally,
    }


def test_it_tells_of_nothing(client):
    found = analytics(client, "jobs")
    assert (found["groups"], found["total"]) == ([], NOTHING)


@pytest.mark.usefixtures("machine")
def test_it_counts_lost_attempts_apart(client, services, clock):
    job_id = client.approved_job()
    ok(client.report(job_id, "running"))
    clock.advance(600)
    leases.rescue(services.context)
    total = analytics(client, "jobs")["total"]
    assert total == NOTHING | {"retried": 1}


#: Around the turn of a year: the 29th of December 2025 and the 5th of January are Mondays.
DAYS = ("2025-12-28", "2025-12-29", "2025-12-31", "2026-01-01", "2026-01-04", "2026-01-05")
GROUPS: dict[str, dict[str | None, int]] = {
    "day": dict.fromkeys(DAYS, 1),
    "week": {"2025-12-22": 1, "2025-12-29": 4, "2026-01-05": 1},
    "month": {"2025-12": 3, "2026-01": 3},
    "type": {"transcode": 6},
    "worker": {"gpu": 6},
    "preset": {"Fast": 6},
}


@pytest.mark.parametrize("group", GROUPS)
def test_it_puts_jobs_into_groups(client, services, group):
    for day in DAYS:
        add(services, day)
    found = analytics(client, "jobs", start=DAYS[0], end=DAYS[-1], group=group)
    assert keys(found) == GROUPS[group]
    assert list(keys(found)) == sorted(key for key in GROUPS[group] if key is not None)
    assert (found["group"], found["total"]["jobs"]) == (group, 6)
    assert found["total"]["saved_bytes"] == 36 * GB


def test_it_puts_what_has_no_worker_and_no_preset_first(client, services):
    add(services, "2026-01-24", worker_id="b", preset="Fast")
    add(services, "2026-01-24", worker_id="a", preset="Äußerst langsam")
    add(services, "2026-01-24", worker_id="Z", preset="Fast")
    add(services, "2026-01-24", worker_id=None, preset=None, job_type=JobType.RIP)
    assert list(keys(analytics(client, "jobs", group="worker"))) == [None, "Z", "a", "b"]
    found = analytics(client, "jobs", group="preset")
    assert keys(found) == {None: 1, "Fast": 2, "Äußerst langsam": 1}
    assert keys(analytics(client, "jobs", group="type")) == {"rip": 1, "transcode": 3}


def test_it_tells_of_both_ends_of_the_span(client, services):
    for day in ("2026-01-09", "2026-01-10", "2026-01-12", "2026-01-13"):
        add(services, day)
    found = analytics(client, "jobs", start="2026-01-10", end="2026-01-12")
    assert keys(found) == {"2026-01-10": 1, "2026-01-12": 1}


@pytest.mark.parametrize(
    ("start", "end", "days"),
    [
        (None, None, ("2025-12-26", "2026-01-24")),
        (None, "2025-06-30", ("2025-06-01", "2025-06-30")),
        ("2026-01-20", None, ("2026-01-20", "2026-01-24")),
        ("2026-01-20T23:30:00-02:00", "2026-01-22T00:30:00.5+01:00", ("2026-01-21", "2026-01-21")),
        ("2026-01-20T23:59:59.999999Z", "2026-01-20T00:00", ("2026-01-20", "2026-01-20")),
        ("2016-01-25", "2026-01-24", ("2016-01-25", "2026-01-24")),
        (None, "0001-01-05", ("0001-01-01", "0001-01-05")),
        ("9999-12-01", "9999-12-31", ("9999-12-01", "9999-12-31")),
    ],
)
def test_it_takes_days_and_instants(client, start, end, days):
    for what in ("jobs", "storage"):
        found = analytics(client, what, start=start, end=end)
        if what == "jobs" or (start and end):
            assert (found["from"], found["to"]) == days
    analytics(client, "workers", start=start, end=end)


@pytest.mark.parametrize(
    ("query", "field", "mentions"),
    [
        ("from=2026-01-25&to=2026-01-24", "from", "later than 'to'"),
        ("from=2026-01-25", "from", "later than 'to', 2026-01-24"),
        ("from=2016-01-23&to=2026-01-24", "from", "More than 3653 days"),
        ("from=yesterday", "from", "2026-01-31T12:00:00Z"),
        ("to=2026-02-30", "to", "Not a day"),
        ("to=2026-01-24T12:00:00+24:00", "to", "Not a day"),
        ("from=0001-01-01T00:00:00%2B14:00", "from", "Not a day"),
        ("group=hour", "group", "day, week, month, type, worker, preset"),
    ],
)
def test_it_refuses_what_is_no_span(client, query, field, mentions):
    assert_problem(client.get(f"/api/analytics/jobs?{query}"), 422, mentions, field)
    if "group" not in query:
        assert_problem(client.get(f"/api/analytics/workers?{query}"), 422, mentions, field)


def test_it_knows_percentiles_to_3_2_percent(client, services):
    chance = random.Random(1)  # noqa: S311
    seconds = sorted(chance.lognormvariate(7, 1.5) for _ in range(400))
    for number, each in enumerate(seconds):
        add(services, str(date(2026, 1, 1) + timedelta(days=number % 20)), seconds=each)
    for group in ("month", "worker"):
        found = analytics(client, "jobs", group=group)
        for told in (found["groups"][0]["duration_seconds"], found["total"]["duration_seconds"]):
            assert told["p50"] == pytest.approx(seconds[199], rel=0.032, abs=0.5)
            assert told["p95"] == pytest.approx(seconds[379], rel=0.032, abs=0.5)
            assert told["mean"] == pytest.approx(sum(seconds) / 400)


def test_it_takes_what_is_empty_for_not_asked(client):
    empty = client.get("/api/analytics/jobs?from=&to=&group=")
    assert ok(empty) == ok(client.get("/api/analytics/jobs"))
