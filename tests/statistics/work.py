"""Finished work, for tests of statistics."""

from typing import Any

from boz_server.database.models import DailyStats
from tests.client import Client, ok
from tests.support import FakeClock

GB = 1_000_000_000


def transcoded(
    client: Client, clock: FakeClock, seconds: float = 600, end: str = "completed", **said: Any
) -> str:
    """Run a transcode of this duration on the worker "gpu"; returns its id."""
    job_id = client.approved_job(input_file_size=8 * GB)
    ok(client.report(job_id, "running"))
    clock.advance(seconds)
    ok(client.report(job_id, end, **said))
    return job_id


def counted() -> list[dict[str, Any]]:
    """The rows of the statistics, without empty columns."""
    rows = DailyStats.select().order_by(DailyStats.day, DailyStats.outcome, DailyStats.runs.desc())
    return [
        {name: str(value) if name == "day" else value for name, value in row.items() if value}
        for row in rows.dicts()
    ]


def outcomes() -> dict[str, int]:
    """The number of runs by outcome."""
    found: dict[str, int] = {}
    for row in DailyStats.select().order_by(DailyStats.outcome):
        found[str(row.outcome)] = found.get(row.outcome, 0) + row.runs
    return found


def analytics(client: Client, what: str, **query: Any) -> Any:
    """The answer of one of the endpoints; `start` and `end` stand for from and to."""
    names = {"start": "from", "end": "to"}
    asked = {names.get(name, name): value for name, value in query.items()}
    return ok(client.get(f"/api/analytics/{what}", query_string=asked))
