"""Counts what becomes of jobs, so that it is known when they are gone.

Everything here runs inside the caller's `write_queue()`, in the transaction of what it counts:
whoever is killed when, each run is counted once. Runs are never taken back; the size of a result
is, where it never arrived.
"""

from datetime import datetime

from boz_server.database.models import Job
from boz_server.domain.queue.job_states import HELD, OVER, JobStatus
from boz_server.domain.statistics.runs import Outcome, Row, Run, negated, seconds_between
from boz_server.repositories.job_repository import JobRepository, Step
from boz_server.repositories.statistics_repository import StatisticsRepository


class Statistics:
    """Adds runs to the day on which they end."""

    def __init__(self, jobs: JobRepository, rows: StatisticsRepository) -> None:
        self.jobs = jobs
        self.rows = rows

    def count(self, step: Step, now: datetime, reported_seconds: float | None) -> None:
        """Count what ends by a change of a job's state, if something does.

        reported_seconds: how long the machine says that it took; None or 0 where it does not say,
        then it is measured by our clock.
        """
        outcome = _outcome(step)
        if outcome is None:
            result = _result_row(step.before) if step.before.status == JobStatus.COMPLETED else None
            if result is not None and result["output_bytes"]:
                # It is done again, as its result did not get here: that one saved nothing.
                self.rows.add(negated(result))
            return
        # What had the job is gone from it, where it is queued again.
        ended_at, began = step.job.completed_at or now, _began(step.before)
        seconds = reported_seconds or seconds_between(began, ended_at)
        self.rows.add(_run(step.before, step.job, outcome, ended_at, seconds).row())

    def note_result(self, job: Job, size_bytes: int | None) -> Job:
        """Note the size of a job's result, unless it is known already; returns the job as it then
        is. Where the job is over it is added to the day of its end, else it counts with that.

        size_bytes: None where it was not told.
        """
        if size_bytes is None or job.output_file_size is not None:
            return job
        noted = self.jobs.change(job.job_id, output_file_size=size_bytes) or job
        if noted.status in OVER:
            row = _result_row(noted)
            if row["output_bytes"]:
                self.rows.add(row)
        return noted


def _outcome(step: Step) -> Outcome | None:
    if step.job.status in OVER:
        return Outcome(step.job.status)
    is_lost = (
        step.before.status in HELD
        and step.job.status == JobStatus.QUEUED
        # Else its machine signed off, or a person chose another: that is no one's fault.
        and step.job.failures > step.before.failures
    )
    return Outcome.RETRIED if is_lost else None


def _began(job: Job) -> datetime | None:
    began: datetime | None = job.started_at or job.assigned_at
    return began


def _result_row(job: Job) -> Row:
    """What the size of the result adds of a job that is over."""
    return _run(job, job, Outcome(job.status), job.completed_at, None).result_row()


def _run(before: Job, job: Job, outcome: Outcome, ended_at: datetime, seconds: float | None) -> Run:
    return Run(
        ended_at=ended_at,
        job_type=job.job_type,
        outcome=outcome,
        worker_id=before.assigned_worker_id,
        preset=before.preset,
        seconds=seconds,
        input_bytes=job.input_file_size,
        output_bytes=job.output_file_size,
    )
