"""Counts the runs of jobs, so that the figures outlive the jobs.

Everything here runs inside the caller's `write_queue()`, in the transaction of the change that it
counts, so each run is counted exactly once even when the server is killed. A run is never taken
back; the size of a result is when the result never arrived.
"""

from datetime import datetime

from boz_server.context import Context
from boz_server.database.models import Job
from boz_server.domain.queue.job_states import HELD, OVER, JobStatus
from boz_server.domain.statistics.runs import Outcome, Row, Run, negated, seconds_between


def count(
    context: Context, before: Job, job: Job, now: datetime, reported_seconds: float | None
) -> None:
    """Count the run that a change of a job's state ends, if it ends one.

    reported_seconds: how long it took by the machine's clock; with None or 0 our clock measures it.
    """
    context.database.require_queue()
    if job.status in OVER:
        outcome = Outcome(job.status)
    elif (
        before.status in HELD
        and job.status == JobStatus.QUEUED
        # Otherwise its machine unregistered, or a person chose another one.
        and job.failures > before.failures
    ):
        outcome = Outcome.RETRIED
    else:
        if before.status == JobStatus.COMPLETED and (row := _result_row(before))["output_bytes"]:
            # The job runs again because its result did not arrive: that result saved nothing.
            context.stores.statistics.add(negated(row))
        return
    # A requeued job has lost its machine and its times: the step still has them.
    ended_at = job.completed_at or now
    seconds = reported_seconds or seconds_between(before.started_at or before.assigned_at, ended_at)
    context.stores.statistics.add(_run(before, job, outcome, ended_at, seconds).row())


def note_result(context: Context, job: Job, size_bytes: int | None) -> Job:
    """Record the size of a job's result, unless it is known already; returns the changed job.

    The size counts on the day that the job ended: now if it is over, otherwise when it ends.
    size_bytes: None when nobody reported it.
    """
    context.database.require_queue()
    if size_bytes is None or job.output_file_size is not None:
        return job
    noted = context.stores.jobs.change(job.job_id, {"output_file_size": size_bytes}) or job
    if noted.status in OVER and (row := _result_row(noted))["output_bytes"]:
        context.stores.statistics.add(row)
    return noted


def _result_row(job: Job) -> Row:
    """Return what the size of its result adds for a job that is over."""
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
