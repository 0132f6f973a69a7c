"""Finished work, for tests of statistics."""

from datetime import UTC, datetime
from typing import Any

from boz_server.database.models import DailyStats
from boz_server.domain.queue.job_states import JobType
from boz_server.domain.statistics.runs import Outcome, Run
from boz_server.services.wiring import Services
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
    client.end(job_id, end, **said)
    return job_id


def add(services: Services, day: str, **facts: Any) -> None:
    """Count a run of that day."""
    at = datetime.fromisoformat(day).replace(tzinfo=UTC)
    usual: dict[str, Any] = {
        "job_type": JobType.TRANSCODE, "outcome": Outcome.COMPLETED, "worker_id": "gpu",
        "preset": "Fast", "seconds": 100.0, "input_bytes": 8 * GB, "output_bytes": 2 * GB,
    }  # fmt: skip
    with services.context.database.write():
        services.context.stores.statistics.add(Run(ended_at=at, **(usual | facts)).row())


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
