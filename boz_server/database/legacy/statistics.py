"""What the old system did, as our statistics have it: each job that is over, once."""

from collections.abc import Iterable

from boz_server.database.legacy.tables import Row
from boz_server.domain.queue.job_states import OVER
from boz_server.domain.statistics.runs import Outcome, Run, merged, seconds_between


def daily_stats(jobs: Iterable[Row]) -> list[Row]:
    """Return the rows that our jobs add up to."""
    return merged(_run(job).row() for job in jobs if job["status"] in OVER)


def _run(job: Row) -> Run:
    began = job["started_at"] or job["assigned_at"]
    return Run(
        ended_at=job["completed_at"],
        job_type=job["job_type"],
        outcome=Outcome(job["status"]),
        worker_id=job["assigned_worker"],
        preset=job["preset"],
        seconds=seconds_between(began, job["completed_at"]),
        input_bytes=job["input_file_size"],
        output_bytes=None,
    )
