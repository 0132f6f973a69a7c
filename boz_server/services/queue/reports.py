"""What machines report of their jobs, and what follows from it for everyone else.

A report changes nothing unless it is the next step of the attempt that it speaks for. The same
report twice is the same state.
"""

import logging
from datetime import datetime

from boz_server.context import Context
from boz_server.database.models import Job
from boz_server.domain.queue.job_states import HELD, NOT_BEGUN, OVER, JobReport, JobStatus
from boz_server.errors import Conflict, JobNotFound, WorkerNotFound
from boz_server.repositories.attempt_repository import FAR_BEHIND, advanced
from boz_server.repositories.job_repository import Guard, JobValues
from boz_server.services.machines import presence
from boz_server.services.queue import dispatcher, failures, leases, transitions
from boz_server.services.queue.transitions import DISC_OUT, PERSON, actor_of
from boz_server.services.statistics import record

log = logging.getLogger(__name__)


def find(context: Context, job_id: str) -> Job:
    """Return a job; raises JobNotFound."""
    job = context.stores.jobs.get(job_id)
    if job is None:
        raise JobNotFound(job_id)
    return job


def take(context: Context, job_id: str, report: JobReport) -> Job:
    """Record a report; returns the job as it then is.

    Raises JobNotFound, and Conflict when the job is no longer, or not yet, in a state to which the
    report can apply, or it speaks for an earlier attempt; then nothing has changed.
    """
    now = context.clock.now()
    if report.status in NOT_BEGUN:
        return _not_begun(context, job_id, report)
    if report.status == JobStatus.RUNNING:
        # By far the most frequent report: progress, one statement, without the queue's lock.
        # An error or a file must not be lost with the power.
        is_light = report.error is None and report.output_file is None
        with context.database.write(lightly=is_light):
            job = _progress(context, job_id, report, now)
        if job is not None:
            if job.is_agent_quiet:
                _hear(context, job.assigned_agent_id)
            return job
    with context.database.write_queue():
        job = find(context, job_id)
        if report.status is JobStatus.FAILED:
            repeated = failures.take_late(context, job, report)
            if repeated is not None:
                return repeated
        return _take_of_latest(context, job, report, now)


def complete_by_worker(context: Context, worker_id: str, job_id: str, report: JobReport) -> None:
    """Record that a worker is done with a job: well, or with an error.

    Raises WorkerNotFound, JobNotFound, and Conflict when the job is not that worker's.
    """
    with context.database.write_queue():
        if context.stores.workers.get(worker_id) is None:
            raise WorkerNotFound(worker_id)
        job = find(context, job_id)
        if report.status is JobStatus.FAILED and failures.take_late(
            context, job, report, worker_id
        ):
            return
        if job.assigned_worker_id != worker_id:
            raise Conflict("The job is not this worker's: drop it and ask for another.")
        _take_of_latest(context, job, report, context.clock.now())


def _take_of_latest(context: Context, job: Job, report: JobReport, now: datetime) -> Job:
    """Record a report on the latest attempt at a job; raises Conflict."""
    _require_latest(job, report)
    _require_handed_out(context, job, report)
    _require_no_standing(job, report)
    moved = _apply(context, job, report, now)
    if job.status not in OVER and report.status is not JobStatus.CANCELLED:
        # A person may cancel a job by a report. If a report is refused, this is undone.
        _hear(context, (moved or job).assigned_agent_id or job.assigned_agent_id)
    if moved is None:
        return _unchanged(job, report)
    if moved.status in OVER or moved.status is JobStatus.QUEUED:
        dispatcher.dispatch(context)
    return moved


def _not_begun(context: Context, job_id: str, report: JobReport) -> Job:
    """Change nothing: today's agents begin each transcode so, and repeat it without HandBrake."""
    job = find(context, job_id)
    _require_latest(job, report)
    if job.status in HELD:
        _hear(context, job.assigned_agent_id)
    return job


def _hear(context: Context, agent_id: str | None) -> None:
    """Take a report on a job that an agent has for its sign of life."""
    if agent_id is not None:
        presence.hear(context, agent_id)


def _apply(context: Context, job: Job, report: JobReport, now: datetime) -> Job | None:
    """Make the report's step; None when the job is in no state for it."""
    if job.status == JobStatus.QUEUED and _may_take_up(context, job, report):
        # It knows the job from before it was out of reach, or from the person who chose it. The
        # work is under way, whatever we plan; but not if it would be a title of another disc.
        machine = dispatcher.only_machine_for(context, job)
        if machine is not None and not transitions.is_disc_replaced(context, job):
            job = transitions.assign(context, job, *machine) or job
    match report.status:
        case JobStatus.RUNNING:
            return _run(context, job, report, now)
        case JobStatus.ASSIGNED:
            return _put_back(context, job, report, now)
        case JobStatus.COMPLETED:
            return _complete(context, job, report)
        case JobStatus.FAILED:
            return failures.report(context, job, report, _values_of(report))
    return _end(context, job, JobStatus.CANCELLED, report, _values_of(report))


def _run(context: Context, job: Job, report: JobReport, now: datetime) -> Job | None:
    """An attempt begins, or goes on as a new one."""
    attempts = context.stores.attempts
    begun = _values_of(report) | attempts.renewed(now) | attempts.begun(now)
    if job.status == JobStatus.RUNNING:
        return _progress(context, job.job_id, report, now) or _start_over(
            context, job, report, begun, now
        )
    if job.reported_at is not None and not attempts.works_on_another(job):
        # It was put back although nothing else was in hand: to begin it again is no movement.
        del begun["moved_at"], begun["stalled_at"]
    guard = Guard(only_from={JobStatus.ASSIGNED})
    return transitions.move(context, job, JobStatus.RUNNING, guard=guard, values=begun)


def _progress(context: Context, job_id: str, report: JobReport, now: datetime) -> Job | None:
    token, values = report.lease_token, _values_of(report)
    quiet_since = presence.quiet_since(context)
    return context.stores.attempts.progress(job_id, token, now, values, quiet_since)


def _start_over(
    context: Context, job: Job, report: JobReport, begun: JobValues, now: datetime
) -> Job | None:
    """A machine was silent, and then reports less than before: it has begun anew."""
    progress = 100.0 if report.progress is None else report.progress
    again = context.stores.attempts.start_over(job.job_id, progress, now, begun)
    if again is not None:
        transitions.note(context, again, actor=actor_of(again), detail="The machine began anew.")
    return again


def _put_back(context: Context, job: Job, report: JobReport, now: datetime) -> Job | None:
    """An agent can't start a job yet: it keeps it, for later."""
    kept = context.stores.attempts.renewed(now)
    if report.lease_token:
        kept["token_used"] = True
    if job.status == JobStatus.ASSIGNED:
        guard = Guard(only_from={JobStatus.ASSIGNED})
        return context.stores.jobs.change(job.job_id, kept, guard)
    if transitions.is_disc_out(context, job):
        return transitions.requeue(context, job, actor=actor_of(job), detail=DISC_OUT)
    kept |= {"progress": 0.0, "started_at": None}
    # Its machine knows of it.
    kept["handed_out_at"] = job.handed_out_at or now
    guard = Guard(only_from={JobStatus.RUNNING})
    return transitions.move(context, job, JobStatus.ASSIGNED, guard=guard, values=kept)


def _complete(context: Context, job: Job, report: JobReport) -> Job | None:
    values = _values_of(report) | JobValues(progress=100.0)
    if job.output_file_size is not None:
        # The result came first, and was measured.
        values.pop("output_file_size", None)
    if report.upload_failed:
        values |= leases.plan_retry(context, job, passes=True)
    done = _end(context, job, JobStatus.COMPLETED, report, values)
    if done is None and job.status == JobStatus.COMPLETED:
        done = _merge(context, job, report)
    return done


def _end(
    context: Context, job: Job, target: JobStatus, report: JobReport, values: JobValues
) -> Job | None:
    if report.progress is not None and target is not JobStatus.COMPLETED:
        values["progress"] = advanced(report.progress)
    # A person may cancel a job by a report, whatever its state; only its machine ends it otherwise.
    return transitions.move(
        context,
        job,
        target,
        actor=None if job.status in HELD else PERSON,
        guard=None if target is JobStatus.CANCELLED else Guard(only_from=HELD),
        detail=values.get("error"),
        duration_seconds=report.duration_seconds,
        values=values,
    )


def _merge(context: Context, job: Job, report: JobReport) -> Job | None:
    """Add what a second report of the same end brings; today's agents report completed again
    after the upload, with the file or the upload's error."""
    values: JobValues = {}
    if report.output_file is not None:
        # The upload went well in the end: the error of an earlier try is gone.
        values |= {"output_file": report.output_file, "error": None, "upload_failed": False}
    if report.error is not None:
        values |= {"error": report.error, "upload_failed": report.upload_failed}
    if not values.get("upload_failed", True):
        values["scheduled_at"] = None
    elif report.upload_failed and not job.upload_failed:
        # The same failure in other words is not a second one.
        values |= leases.plan_retry(context, job, passes=True)
    guard, jobs = Guard(only_from={JobStatus.COMPLETED}), context.stores.jobs
    merged = jobs.change(job.job_id, values, guard) if values else job
    if merged is None:
        return None
    merged = record.note_result(context, merged, report.output_file_size)
    transitions.result_known(context, job, merged, actor_of(job))
    return merged


def _values_of(report: JobReport) -> JobValues:
    """Return what a report sets on the job beside its state; what it leaves out stays."""
    values: JobValues = {}
    if report.progress is not None:
        values["progress"] = report.progress
    if report.error is not None:
        values |= {"error": report.error, "upload_failed": report.upload_failed}
    if report.output_file is not None:
        values["output_file"] = report.output_file
    if report.output_file_size is not None and report.status is JobStatus.COMPLETED:
        values["output_file_size"] = report.output_file_size
    if report.lease_token is not None:
        # From its first report with a token on, only that token speaks for an attempt.
        values["token_used"] = True
    return values


def _require_latest(job: Job, report: JobReport) -> None:
    if report.lease_token is not None and report.lease_token != job.lease_token:
        raise Conflict(
            "This attempt was taken away, and the job goes on without it: stop working on it."
        )
    if report.lease_token is None and job.token_used and job.status in HELD | OVER:
        raise Conflict(
            "The machine that has this job reports with its lease_token: stop working on it, or"
            " send yours along."
        )


def _require_handed_out(context: Context, job: Job, report: JobReport) -> None:
    """Raise Conflict if a report without a token can't be about a job's latest attempt: the one
    before was taken back, and no poll has told a machine of this one."""
    if report.lease_token is not None or report.status is not JobStatus.RUNNING:
        return
    if leases.is_yet_unknown(context, job):
        raise Conflict(
            "This attempt was taken back, and the next one has not been handed out: stop working"
            " on it, and ask for your jobs."
        )


def _require_no_standing(job: Job, report: JobReport) -> None:
    """Raise Conflict if a report without a token is of the attempt that stood still before: the
    latest one, which may have yet to begin, is far from there."""
    if report.lease_token is not None or report.status is not JobStatus.RUNNING:
        return
    stood_at = job.stood_at
    if stood_at is None or job.status not in HELD or report.progress != stood_at:
        return
    if job.progress < stood_at - FAR_BEHIND:
        raise Conflict(
            "An earlier attempt stood still at this progress, and was taken back: if it is yours,"
            " stop working on it."
        )


def _unchanged(job: Job, report: JobReport) -> Job:
    """Answer a report that made no step: the same again is fine, anything else is not."""
    if job.status == report.status and job.status in OVER:
        return job
    if job.status in OVER:
        advice = "stop working on it; nothing was changed"
    else:
        advice = "it has to be given to a machine before one can report on it"
    raise Conflict(f"The job is {job.status}, so it can't become {report.status}: {advice}.")


def _may_take_up(context: Context, job: Job, report: JobReport) -> bool:
    """Whether a report can speak for a job that was not given away: without a token, that it runs;
    that it is over only where no earlier attempt could be meant. A machine whose attempt stood
    still, and was taken back, begins the next one only when that was handed out; so does one whose
    attempt was taken back for good, and whose job a person has retried."""
    first = job.attempt == 0 and report.status in (JobStatus.COMPLETED, JobStatus.FAILED)
    runs = report.status == JobStatus.RUNNING and job.stalled_at is None
    if runs and failures.has_just_failed(context, job):
        # It was sent before the failure, and has come late.
        return False
    if runs and job.attempt > 0:
        taken = context.stores.jobs.taken_back(job.job_id)
        runs = taken is None or taken.to_status != JobStatus.FAILED
    return report.lease_token is None and (runs or first)
