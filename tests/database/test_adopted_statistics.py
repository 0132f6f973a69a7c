"""What the old system did is in the statistics, each job that is over once."""

from collections.abc import Callable
from datetime import date

from boz_server.database.connection import Database
from boz_server.database.legacy.report import Report
from boz_server.database.models import DailyStats, Job
from boz_server.domain.queue.job_states import OVER
from tests.database.legacy import LegacyDatabase
from tests.database.legacy_in_use import FEW_JOBS, fill

Adopt = Callable[[], Report]


def runs() -> int:
    """How many runs were counted."""
    return sum(row.runs for row in DailyStats.select())


def test_it_counts_a_job_that_is_over(legacy: LegacyDatabase, adopt: Adopt) -> None:
    for job_id in ("one", "two"):
        legacy.add("jobs", job_id=job_id, preset="Fast", input_file_size=5_000,
                   started_at="2026-01-20 10:00:00",
                   completed_at="2026-01-20 10:10:00")  # fmt: skip
    adopt()
    row = DailyStats.get()
    assert (row.day, row.job_type, row.outcome) == (date(2026, 1, 20), "transcode", "completed")
    assert (row.worker_id, row.preset) == ("", "Fast")
    assert (row.duration_bucket, row.runs, row.busy_seconds) == (576, 2, 1200)
    assert (row.input_bytes, row.output_bytes, row.compared_runs) == (10_000, 0, 0)


def test_it_counts_what_a_job_is_after_the_adoption(legacy: LegacyDatabase, adopt: Adopt) -> None:
    legacy.add("jobs", job_id="odd", status="paused")
    legacy.add("jobs", job_id="open", status="queued")
    adopt()
    assert [row.outcome for row in DailyStats.select()] == ["failed"]


def test_it_counts_each_job_of_a_whole_database_once(
    database: Database, legacy: LegacyDatabase, adopt: Adopt
) -> None:
    fill(legacy, FEW_JOBS)
    adopt()
    over = Job.select().where(Job.status.in_(list(OVER))).count()
    assert over > 0
    assert runs() == over


def test_it_gives_long_names_of_presets_a_place(legacy: LegacyDatabase, adopt: Adopt) -> None:
    legacy.add("jobs", job_id="long", preset="x" * 9000)
    adopt()
    assert DailyStats.get().preset == "x" * 255
