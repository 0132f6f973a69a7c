"""The step to 009: jobs that are over are counted, each once, as if they had been all along."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from boz_server.database.connection import Database
from boz_server.database.migrations import Migrations
from boz_server.database.models import DailyStats
from boz_server.domain.queue.job_states import JobType
from boz_server.domain.statistics.runs import LARGEST_BYTES, Outcome, Row, Run, merged
from tests.database.steps import assert_keeps_every_row

BEFORE, DAILY_STATS = "008_archived_discs", "009_daily_stats"

GB = 10**9
#: 01:15 on the 24th in UTC; where it is the 23rd does not count.
ENDED = datetime(2026, 1, 24, 1, 15, 0, 250_000, tzinfo=UTC)
SECONDS = (-60, 0, 0.25, 0.75, 31.25, 31.75, 32.75, 600, 600.25, 3600, 86_400, 2**22, 2**22 + 1)
SIZES = (None, 0, 8 * GB, LARGEST_BYTES, LARGEST_BYTES + 1)

NEW_VALUES = (
    "UPDATE jobs SET output_file_size = 5",
    "UPDATE daily_stats SET runs = runs + 1",
)


def entered(database: Database, number: int, **columns: Any) -> None:
    """Enter a job by hand: the models are ahead of that schema."""
    names = ["job_id", "thumbnail_timestamps", "created_at", *columns]
    values = [f"job-{number}", "[]", as_stored(database, ENDED), *columns.values()]
    marks = ", ".join([database.peewee.param] * len(names))
    database.peewee.execute_sql(
        f"INSERT INTO jobs ({', '.join(names)}) VALUES ({marks})",  # noqa: S608
        values,
    )


def as_stored(database: Database, instant: datetime | None) -> Any:
    """An instant as the database has it."""
    if instant is None or database.path is None:
        return instant
    return instant.strftime("%Y-%m-%d %H:%M:%S.%f")


@pytest.fixture
def in_use(blank: Database) -> Database:
    """A database of the version before, with jobs in each state, of all durations and sizes."""
    Migrations(blank).upgrade(BEFORE)
    blank.peewee.execute_sql(
        "INSERT INTO workers (worker_id, worker_type, hostname, capabilities, current_jobs)"
        " VALUES ('gpu', 'remote', 'gpu', '{}', '[]')"
    )
    for number, (run, began) in enumerate(runs()):
        entered(
            blank,
            number,
            job_type=run.job_type,
            status=run.outcome,
            assigned_worker_id=run.worker_id,
            preset=run.preset,
            started_at=as_stored(blank, began if number % 2 else None),
            assigned_at=as_stored(blank, began),
            completed_at=as_stored(blank, run.ended_at),
            input_file_size=run.input_bytes,
        )
    for number, status in enumerate(("pending", "queued", "assigned", "running")):
        entered(blank, 1000 + number, job_type="transcode", status=status)
    return blank


def runs() -> list[tuple[Run, datetime | None]]:
    """What was done, and when each began."""
    found = []
    for number, seconds in enumerate((None, *SECONDS, *SECONDS)):
        for size in SIZES:
            run = Run(
                ended_at=ENDED + timedelta(days=number % 2),
                job_type=JobType.TRANSCODE if number % 3 else JobType.RIP,
                outcome=(Outcome.COMPLETED, Outcome.FAILED, Outcome.CANCELLED)[number % 3],
                worker_id="gpu" if number % 3 else None,
                preset=None if number % 2 else "x" * 300,
                seconds=seconds,
                input_bytes=size,
                output_bytes=None,
            )
            began = None if seconds is None else run.ended_at - timedelta(seconds=seconds)
            found.append((run, began))
    return found


def rounded(rows: list[Row]) -> list[Row]:
    """Rows in an order of their own; SQLite knows a day's parts to some hundred thousandths of a
    second."""
    exact = ("busy_seconds", "sized_seconds")
    cut = [row | {name: round(float(row[name]), 2) for name in exact} for row in rows]
    return sorted(({name: str(row[name]) for name in row} for row in cut), key=repr)


def test_it_counts_what_is_over_as_runs_are_counted(in_use):
    Migrations(in_use).upgrade(DAILY_STATS)
    found = rounded(list(DailyStats.select().dicts()))
    assert found == rounded(merged(run.row() for run, _ in runs()))
    assert sum(int(row["runs"]) for row in found) == len(runs())


def test_it_counts_a_job_without_an_end(in_use):
    """There should be none; where there is one, the server starts all the same."""
    entered(in_use, 2000, job_type="organize", status="failed", preset="odd")
    Migrations(in_use).upgrade(DAILY_STATS)
    row = DailyStats.get(DailyStats.job_type == JobType.ORGANIZE)
    assert (str(row.day), row.duration_bucket, row.runs) == ("2026-01-24", -1, 1)


def test_it_reads_times_without_a_fraction(sqlite):
    Migrations(sqlite).downgrade(BEFORE)
    entered(sqlite, 1, job_type="transcode", status="completed",
            started_at="2026-01-24 12:00:00", completed_at="2026-01-24 12:10:00")  # fmt: skip
    Migrations(sqlite).upgrade(DAILY_STATS)
    row = DailyStats.get()
    assert (row.duration_bucket, round(row.busy_seconds, 2)) == (576, 600.0)


def test_it_keeps_every_row_on_the_way_up_down_and_up_again(in_use):
    assert_keeps_every_row(in_use, BEFORE, DAILY_STATS, NEW_VALUES)
