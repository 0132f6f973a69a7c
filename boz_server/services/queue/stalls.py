"""Attempts that stand still: people are told of them, and then they are taken back.

A machine's heartbeats say that the machine lives, not that its jobs move. `Job.moved_at` says when
an attempt last did; docs/job-states.md has the terms that count from there.
"""

import logging
from datetime import datetime, timedelta

from boz_server.context import Context
from boz_server.database.models import Job
from boz_server.domain.queue.job_states import HELD, JobStatus, JobType
from boz_server.repositories.job_repository import Guard, JobValues
from boz_server.services.notifications import discord
from boz_server.services.queue import dispatcher, leases, transitions
from boz_server.services.queue.transitions import SERVER
from boz_server.settings import Settings

log = logging.getLogger(__name__)

#: A job that its agent has not asked for yet gets as many terms as this: today's agents ask only
#: once they have nothing in hand.
UNFETCHED_TERMS = 3
#: The term of a job that a worker fetched itself and has not reported on: some only say that they
#: are done.
SILENT_TERM = timedelta(hours=24)


def watch(context: Context) -> int:
    """Tell people of attempts that have not moved for a term, and take back those of which they
    were told a term ago; returns how many of both."""
    settings, now = context.settings, context.clock.now()
    shortest = timedelta(minutes=min(settings.stalled_minutes, settings.unstarted_minutes))
    if not context.stores.attempts.standing_since(now - shortest):
        return 0
    with context.database.write_queue():
        now = context.clock.now()
        jobs = context.stores.attempts.standing_since(now - shortest)
        found = sum(_judge(context, job, now) for job in jobs)
        dispatcher.dispatch(context)
    return found


def told_of(context: Context) -> list[Job]:
    """Return the jobs that people were told stand still, the earliest first."""
    return context.stores.attempts.stalled()


def reason(settings: Settings, job: Job) -> str | None:
    """Say that a job stands still, since when, and what to do; None while it does not."""
    if job.status not in HELD or job.stalled_at is None:
        return None
    until = _instant(job.stalled_at + _term(settings, job))
    if job.job_type is JobType.ORGANIZE:
        advice = "See whether the disks and the library's share answer"
    else:
        advice = f"Look after {transitions.machine_of(job)}, or cancel the job"
    return f"{_what_is_missing(job)}. {advice}; at {until} it is taken back."


def _judge(context: Context, job: Job, now: datetime) -> bool:
    """Do what is due for an attempt that has not moved lately; whether anything was."""
    if job.moved_at is None:
        # An older version left it: its term begins now.
        context.stores.jobs.change(job.job_id, {"moved_at": now}, _unmoved(job))
        return False
    term = _term(context.settings, job)
    if job.stalled_at is None and now < job.moved_at + term:
        return False
    if _waits_its_turn(context, job):
        if job.stalled_at is not None:
            # People were told while the other job stood still, which moves again.
            anew: JobValues = {"moved_at": now, "stalled_at": None}
            context.stores.jobs.change(job.job_id, anew, _unmoved(job))
        return False
    if job.stalled_at is None:
        return _tell(context, job, now)
    return now >= job.stalled_at + term and _take_back(context, job)


def _term(settings: Settings, job: Job) -> timedelta:
    """Return how long an attempt may stand still before people are told, and again after that."""
    if job.deliveries and not job.progress:
        return SILENT_TERM
    if job.status is JobStatus.RUNNING:
        return timedelta(minutes=settings.stalled_minutes)
    terms = UNFETCHED_TERMS if job.handed_out_at is None else 1
    return terms * timedelta(minutes=settings.unstarted_minutes)


def _waits_its_turn(context: Context, job: Job) -> bool:
    """Whether a job has not begun because its machine works on another one: agents are handed all
    of their jobs at once, and do one after the other."""
    is_unstarted = job.status is JobStatus.ASSIGNED and not job.deliveries
    return is_unstarted and context.stores.attempts.works_on_another(job)


def _tell(context: Context, job: Job, now: datetime) -> bool:
    told = context.stores.jobs.change(job.job_id, {"stalled_at": now}, _unmoved(job))
    if told is None:
        return False
    if job.status is JobStatus.RUNNING:
        context.stores.attempts.begin_terms(told, now)
    sentence = reason(context.settings, told) or ""
    transitions.note(context, told, actor=SERVER, detail=sentence)
    discord.job_stalled(context, told, sentence)
    log.warning("Job stands still", extra={"job_id": job.job_id, "attempt": job.attempt})
    return True


def _take_back(context: Context, job: Job) -> bool:
    why = _what_is_missing(job)
    # A queued job stays marked: a report that it runs comes from the attempt that stood still.
    # The furthest of several does most harm.
    stood_at = max(job.progress, job.stood_at or 0.0)
    kept: JobValues = {"stalled_at": job.stalled_at, "stood_at": stood_at}
    return leases.take_back(context, job, why, guard=_unmoved(job), values=kept) is not None


def _unmoved(job: Job) -> Guard:
    """An attempt that has not moved since it was read: reports take no queue lock."""
    return Guard(only_from={job.status}, attempt=job.attempt, still_since=job.moved_at)


def _what_is_missing(job: Job) -> str:
    since = _instant(job.moved_at)
    if job.job_type is JobType.ORGANIZE:
        return f"No byte of the file was copied since {since}"
    machine = transitions.machine_of(job, begins=True)
    if job.status is JobStatus.RUNNING:
        return f"{machine} has made no progress on it since {since}"
    if job.handed_out_at is None:
        return f"{machine} has not asked for it since {since}"
    return f"{machine} has not begun it since {since}"


def _instant(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}Z"
