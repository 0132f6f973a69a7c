"""What follows from a failure that a machine reports: its job is tried again, or fails for good.

A failure is one attempt. A transcode goes to another worker that can do it, and after a pause to
any. A rip waits behind the other titles of its disc, and is set aside after its second failure. A
worker on which jobs keep failing is at fault itself: once it is paused, they don't count.
"""

import logging
from collections.abc import Sequence
from datetime import timedelta

import peewee

from boz_server.context import Context
from boz_server.database.models import Job, JobFailure
from boz_server.domain.queue.file_access import is_shared
from boz_server.domain.queue.job_states import HELD, OPEN, JobReport, JobStatus, JobType
from boz_server.domain.queue.placement import belonging
from boz_server.domain.queue.retry_policy import next_attempt_at
from boz_server.domain.queue.tool_errors import is_input_unreadable
from boz_server.repositories.attempt_repository import advanced
from boz_server.repositories.job_repository import Guard, JobValues
from boz_server.services.queue import dispatcher, leases, transitions
from boz_server.services.queue.transitions import SERVER, actor_of

log = logging.getLogger(__name__)

#: For how long a machine may say why a job failed: today's agents report a failure twice, first
#: without the reason.
REASON_SECONDS = 10
#: For how long after that a reason is taken for the attempt that ended without one, although the
#: next attempt has begun.
LATE_SECONDS = 120
#: A title that failed this often is set aside: reading it again takes hours, and wears the drive.
RIP_FAILURES = 2
NO_REASON = "The machine gave no reason."


def report(context: Context, job: Job, report: JobReport, values: JobValues) -> Job | None:
    """Take a machine's report that its attempt has failed; None when no machine has the job.

    Without a reason the job stays as it is for a moment, in case the reason follows. values: what
    the report sets.
    """
    if report.progress is not None:
        values["progress"] = advanced(report.progress)
    if job.status is JobStatus.ASSIGNED:
        # It was never begun: the attempt may still be, and begins with nothing.
        values.pop("progress", None)
    if report.error is None and job.failing_at is None:
        now = context.clock.now()
        values |= context.stores.attempts.renewed(now) | JobValues(failing_at=now)
        return context.stores.jobs.change(job.job_id, values, Guard(only_from=HELD))
    return _end(context, job, report, values)


def decide(context: Context) -> int:
    """End the attempts whose machines have not said in time why they failed; returns how many."""
    silent = JobReport(JobStatus.FAILED)
    with context.database.write_queue():
        now = context.clock.now()
        jobs = context.stores.attempts.failing(now, now - timedelta(seconds=REASON_SECONDS))
        for job in jobs:
            _end(context, job, silent, {})
        if jobs:
            dispatcher.dispatch(context)
    return len(jobs)


def take_late(
    context: Context, job: Job, report: JobReport, worker_id: str | None = None
) -> Job | None:
    """Take a report of a failure that speaks for an attempt which has ended by it, or was taken
    back before; None when it speaks for the latest attempt.

    The same failure twice is one, and a reason that comes later is added to it. worker_id: which
    worker reports; None where that is not known.
    """
    if job.status is JobStatus.CANCELLED:
        return None
    is_unnamed = report.lease_token is None and worker_id in (None, job.assigned_worker_id)
    if is_unnamed and leases.is_yet_unknown(context, job):
        _note_of_taken_back(context, job, report)
        return job
    failed = context.stores.attempts.failures_of(job.job_id)
    meant = _meant(context, job, report, worker_id, failed) if failed else None
    if meant is None:
        return None
    return job if report.error is None or meant.reason else _add_reason(context, job, meant, report)


def has_just_failed(context: Context, job: Job) -> bool:
    """Whether a job's latest attempt has ended as failed."""
    return _latest_failure(context, job) is not None


def _may_be_its_workers_fault(context: Context, job: Job) -> bool:
    """Whether a job's latest attempt has ended as failed, and not over a file that no worker can
    read, which a late reason may say."""
    failure = _latest_failure(context, job)
    return failure is not None and not is_input_unreadable(failure.reason)


def _latest_failure(context: Context, job: Job) -> JobFailure | None:
    """Return the failure of a job's latest attempt; None if that has not ended by one."""
    failed = context.stores.attempts.failures_of(job.job_id)
    return failed[0] if failed and failed[0].attempt == job.attempt else None


def _meant(
    context: Context,
    job: Job,
    report: JobReport,
    worker_id: str | None,
    failed: Sequence[JobFailure],
) -> JobFailure | None:
    """Return the failure that a report repeats or explains; None when it is about the latest
    attempt. failed: the job's failures, the latest first."""
    held, token = job.status in HELD, report.lease_token
    if token is not None:
        same = [one for one in failed if one.lease_token == token]
        is_latest = held and token == job.lease_token
    elif worker_id is not None:
        same = [one for one in failed if one.worker_id == worker_id]
        is_latest = held and job.assigned_worker_id == worker_id
    else:
        same = [one for one in failed if one is failed[0]]
        is_latest = not _is_of_earlier_attempt(context, job, report, failed[0])
    if is_latest or not same or (token is None and same[0].lease_token is not None):
        return None
    return same[0]


def _is_of_earlier_attempt(
    context: Context, job: Job, report: JobReport, failure: JobFailure
) -> bool:
    """Whether a report that does not say whose it is speaks for a failed attempt, and not for the
    latest one."""
    if job.status in {JobStatus.QUEUED, JobStatus.FAILED} and job.attempt == failure.attempt:
        return True
    if job.status is JobStatus.ASSIGNED and not _is_known_to_its_machine(job):
        return True
    # Whose it is can't be told. An attempt that ended without a reason awaits one; if the latest
    # attempt had failed, today's agents would have said so without a reason first.
    since = context.clock.now() - failure.at
    is_awaited = failure.reason is None and since < timedelta(seconds=LATE_SECONDS)
    is_explained = report.error is not None and job.failing_at is None
    return is_awaited and is_explained and job.status is not JobStatus.FAILED


def _is_known_to_its_machine(job: Job) -> bool:
    """Whether the machine of an assigned job may have heard of it."""
    return job.handed_out_at is not None or job.deliveries > 0 or job.token_used


def _add_reason(context: Context, job: Job, failure: JobFailure, report: JobReport) -> Job:
    reason, jobs = report.error or NO_REASON, context.stores.jobs
    context.stores.attempts.set_reason(failure, reason)
    ended = [event for event in jobs.lost_attempts(job.job_id) if event.attempt == failure.attempt]
    actor = ended[-1].actor if ended else actor_of(job)
    detail = f"Attempt {failure.attempt} failed: {reason}"
    transitions.note(context, job, actor=actor, detail=detail)
    guard = Guard(only_from={JobStatus.QUEUED, JobStatus.FAILED}, attempt=failure.attempt)
    is_over = job.status is JobStatus.FAILED
    error = _verdict(context, job, job.failures, reason) if is_over else reason
    return jobs.change(job.job_id, {"error": error}, guard) or job


def _note_of_taken_back(context: Context, job: Job, report: JobReport) -> None:
    """Tell why the attempt failed that was taken back before the latest one; it has been counted
    already."""
    taken = context.stores.jobs.taken_back(job.job_id)
    if taken is None or report.error is None:
        return
    detail = f"Attempt {taken.attempt} failed: {report.error}"
    if not context.stores.jobs.is_noted(job.job_id, detail):
        transitions.note(context, job, actor=SERVER, detail=detail)


def _end(context: Context, job: Job, report: JobReport, values: JobValues) -> Job | None:
    """End an attempt as failed; None when no machine has the job."""
    if job.status not in HELD:
        return None
    now, reason = context.clock.now(), report.error
    failures = job.failures + 1
    # A title is not at fault where its disc has left the drive.
    is_out = transitions.is_disc_out(context, job)
    values = values | JobValues(error=reason or NO_REASON, failures=failures)
    is_upload = report.upload_failed
    if job.job_type is JobType.TRANSCODE and report.input_unreadable and not is_upload:
        # Nobody is at fault but the file: neither the worker nor an attempt.
        return _give_up(context, job, report, values | JobValues(failures=job.failures))
    if context.stores.workers.is_paused_by(job.assigned_worker_id, job.job_id):
        # Not one of its attempts counts, so it goes on even after its last one.
        moved = _try_again(context, job, report, values)
    elif is_upload:
        values |= leases.plan_retry(context, job, passes=True)
        moved = _give_up(context, job, report, values)
    elif _may_try_again(context, job, failures):
        moved = _try_again(context, job, report, values)
    else:
        values["error"] = _verdict(context, job, failures, values["error"] or NO_REASON)
        moved = _give_up(context, job, report, values)
    if moved is None:
        return None
    token = report.lease_token or (job.lease_token if job.token_used else None)
    if not is_out:
        context.stores.attempts.note_failure(job, token, now, reason)
    _forgive_paused(context, job.assigned_worker_id)
    return context.stores.jobs.get(job.job_id)


def _may_try_again(context: Context, job: Job, failures: int) -> bool:
    """Whether a job has attempts left. failures: with the one that has just happened."""
    if job.job_type is JobType.ORGANIZE or failures >= leases.attempt_limit(context, job.job_type):
        return False
    if job.job_type is JobType.RIP:
        if transitions.is_disc_replaced(context, job):
            return False
        # Attempts that were lost with their machine say nothing about the disc.
        return len(context.stores.attempts.failures_of(job.job_id)) + 1 < RIP_FAILURES
    if job.assigned_worker_id is None:
        # A person gave it to an agent without a worker: no one would get it unasked.
        machines = context.stores.fleet.machines(context.clock.now())
        return bool(belonging(machines, job.for_worker_id, job.for_agent_id))
    return True


def _try_again(context: Context, job: Job, report: JobReport, values: JobValues) -> Job | None:
    detail, values = (
        values["error"] or NO_REASON,
        JobValues(error=values["error"], failures=values["failures"]),
    )
    if job.job_type is JobType.TRANSCODE:
        now, chance = context.clock.now(), leases.CHANCE.random()
        later = next_attempt_at(job.job_type, values["failures"], now, chance)
        values |= JobValues(elsewhere_until=later) | _choice_yields(context, job)
    return transitions.requeue(
        context,
        job,
        actor=actor_of(job),
        detail=detail,
        values=values,
        duration_seconds=report.duration_seconds,
    )


def _give_up(context: Context, job: Job, report: JobReport, values: JobValues) -> Job | None:
    return transitions.move(
        context,
        job,
        JobStatus.FAILED,
        guard=Guard(only_from=HELD, attempt=job.attempt),
        detail=report.error or NO_REASON,
        duration_seconds=report.duration_seconds,
        values=values,
    )


def _verdict(context: Context, job: Job, failures: int, reason: str) -> str:
    """Return what a job says that has failed for good; after several attempts with the reason of
    each."""
    if failures <= 1:
        return reason
    advice = "Clean the disc" if job.job_type is JobType.RIP else "Mend what is wrong"
    told = leases.story(context, job, reason)
    return f"Given up after {failures} attempts: {told}. {advice}, then retry the job."


def _choice_yields(context: Context, job: Job) -> JobValues:
    """Let others have a job that a person gave to the worker that has just failed it, if failover
    is allowed; not where the person chose a preset that its hardware can't do, as nobody may be
    able to."""
    if not context.settings.worker_auto_failover:
        return {}
    values: JobValues = {}
    if is_shared(job.input_file):
        values["for_agent_id"] = None
    if job.for_worker_id is not None:
        machines = context.stores.fleet.machines(context.clock.now())
        if not any(
            one.worker_id == job.for_worker_id and one.lacks(job.preset) for one in machines
        ):
            values["for_worker_id"] = None
    return values


def _forgive_paused(context: Context, worker_id: str | None) -> None:
    """Queue the jobs again, uncounted, on which a worker failed before it was paused: the worker is
    at fault, and not they."""
    worker = None if worker_id is None else context.stores.workers.get(worker_id)
    if worker is None or worker.paused_at is None or worker.failing_since is None:
        return
    failures: dict[str, int] = {}
    for failure in context.stores.attempts.failures_on(worker.worker_id, worker.failing_since):
        failures[failure.job_id] = failures.get(failure.job_id, 0) + 1
    for job_id, number in failures.items():
        job = context.stores.jobs.get(job_id)
        if job is not None:
            _forgive(context, job, worker.worker_id, number)


def _forgive(context: Context, job: Job, worker_id: str, number: int) -> None:
    """Take a worker's failures of a job back; one that has failed for good goes on."""
    stores = context.stores
    detail = f"Worker {worker_id!r} is paused: its failures don't count."
    values = JobValues(failures=max(0, job.failures - number))
    if job.status in OPEN:
        stores.jobs.change(job.job_id, values, Guard(only_from=OPEN))
        transitions.note(context, job, actor=SERVER, detail=detail)
    elif job.status is JobStatus.FAILED and _may_be_its_workers_fault(context, job):
        try:
            with context.database.write():
                transitions.again(context, job, actor=SERVER, detail=detail, values=values)
        except peewee.IntegrityError:
            log.info("Job has a successor", extra={"job_id": job.job_id})
            return
    else:
        return
    stores.attempts.forget_failures(job.job_id, worker_id)
