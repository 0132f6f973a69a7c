"""Leases: kept by signs of life, lost with their machines; and jobs that are tried again."""

import logging
import random
from datetime import datetime, timedelta
from itertools import takewhile

import peewee

from boz_server.context import Context
from boz_server.database.models import Job, JobEvent
from boz_server.domain.queue.job_states import HELD, JobStatus, JobType
from boz_server.domain.queue.retry_policy import next_attempt_at
from boz_server.repositories.attempt_repository import Holder, SignOfLife
from boz_server.repositories.job_repository import Guard, JobValues
from boz_server.services.queue import dispatcher, file_names, transitions
from boz_server.services.queue.transitions import SERVER, actor_of, machine_of

log = logging.getLogger(__name__)

#: A machine that has just started reports within this time what it still works on: agents report
#: every 2 seconds.
SUSPECT_SECONDS = 20
#: After this many attempts in a row whose server process was lost, an organize job may be what
#: kills it, and is not tried again by itself.
MOST_LOST_SERVERS = 10
#: How the history tells of such an attempt.
SERVER_LOST = "The server was lost while it organized the file."
SERVER_RESTARTED = "The server was started anew."
#: How much of each attempt's reason the error of a job tells that was given up.
TOLD_CHARACTERS = 300
#: Spreads retries; guards nothing.
CHANCE = random.Random()  # noqa: S311


def hear_agent(context: Context, agent_id: str, online_since: datetime) -> SignOfLife | None:
    """Move an agent's last heartbeat to now; None, without a change, for one that is unknown or
    offline (see AttemptRepository)."""
    context.database.require_queue()
    return context.stores.attempts.hear_agent(agent_id, context.clock.now(), online_since)


def extend(context: Context, holder: Holder) -> None:
    """Extend the leases of a machine that has shown itself."""
    context.database.require_queue()
    context.stores.attempts.extend(holder, context.clock.now())


def cancelled(context: Context, holder: Holder) -> list[str]:
    """Return the ids of a machine's jobs that were cancelled lately, for it to stop."""
    return context.stores.attempts.cancelled(holder, context.clock.now())


def suspect(context: Context, holder: Holder) -> None:
    """Doubt the leases of a machine that has just started: it soon loses the jobs that it does not
    report on."""
    context.database.require_queue()
    context.stores.attempts.suspect(holder, suspect_until(context))


def pass_on(context: Context, holder: Holder, agent_id: str) -> None:
    """Give the jobs that an agent has, and those that wait for it, to the one that follows it.

    It has restarted, so its leases are suspect.
    """
    suspect(context, holder)
    for job in context.stores.attempts.held(holder):
        detail = f"Agent {holder.agent_id!r} is now {agent_id!r}."
        transitions.note(context, job, actor=SERVER, detail=detail)
    context.stores.attempts.pass_on(str(holder.agent_id), agent_id)


def pass_on_rips(context: Context, disc_id: str, agent_id: str) -> None:
    """Give the open rips of a disc to the agent that has the disc now."""
    context.database.require_queue()
    context.stores.attempts.pass_on_rips(disc_id, agent_id)


def suspect_rips(context: Context, agent_id: str, drive: str) -> None:
    """Doubt the leases of the rips in a drive in which a disc was just found: the agent soon loses
    one that it does not report on."""
    context.database.require_queue()
    context.stores.attempts.suspect_rips(agent_id, drive, suspect_until(context))


def suspect_until(context: Context) -> datetime:
    """Return until when a machine keeps a job whose lease becomes suspect now."""
    return context.clock.now() + timedelta(seconds=SUSPECT_SECONDS)


def release(context: Context, holder: Holder, detail: str) -> None:
    """Take all jobs from a machine that has signed off; none of them counts as failed."""
    context.database.require_queue()
    for job in context.stores.attempts.held(holder):
        # One that it has failed ends as failed, by `failures.decide`.
        if job.failing_at is None:
            transitions.requeue(context, job, actor=actor_of(job), detail=detail)


def rescue(context: Context) -> int:
    """Take the jobs of machines whose leases have expired; returns how many."""
    with context.database.write_queue():
        jobs = context.stores.attempts.expired(context.clock.now())
        for job in jobs:
            if job.job_type is JobType.ORGANIZE:
                lose_organize(context, job, SERVER_LOST)
            else:
                why = f"{machine_of(job, begins=True)} was not heard from in time"
                take_back(context, job, why, values=_renamed(context, job))
        dispatcher.dispatch(context)
    return len(jobs)


def renew_all(context: Context, now: datetime, *, put_back: timedelta) -> None:
    """Give every machine a full term to report again.

    put_back: how far the clock was put back; what waits for its time must not wait longer.
    """
    context.database.require_queue()
    stores = context.stores
    stores.attempts.renew_all(now)
    stores.fleet.heard_by(now)
    stores.attempts.bring_forward(now, put_back)


def invalidate_attempts_after_restore(context: Context) -> int:
    """After a restore, reject reports from attempts made since the backup was taken.

    Returns how many jobs were taken from their machines. A machine with a token has a wrong one
    then. One that sends no token may have been given any job that is not over: every such job
    counts as tried once, so that only the one machine that can do it may report that it runs
    (see `reports`).
    """
    with context.database.write_queue():
        jobs = context.stores.attempts.under_way()
        for job in jobs:
            transitions.requeue(context, job, actor=SERVER, detail="The database was restored.")
        context.stores.attempts.invalidate()
    return len(jobs)


def retry_due(context: Context) -> int:
    """Queue the jobs again whose wait after a passing failure is over; returns how many."""
    retried = 0
    for job in context.stores.attempts.to_retry(context.clock.now()):
        with context.database.write_queue():
            retried += _retry(context, job)
            dispatcher.dispatch(context)
    return retried


def plan_retry(context: Context, job: Job, *, passes: bool) -> JobValues:
    """Return what a failure sets on its job: another attempt later, if the reason passes by itself
    and attempts are left."""
    failures = job.failures + 1
    planned = None
    if passes and failures < attempt_limit(context, job.job_type):
        now = context.clock.now()
        planned = next_attempt_at(job.job_type, failures, now, CHANCE.random())
    return {"failures": failures, "scheduled_at": planned}


def story(context: Context, job: Job, last: str) -> str:
    """Tell how the attempts ended, the latest with its own reason."""
    stores = context.stores
    known = {failure.attempt: failure.reason for failure in stores.attempts.failures_of(job.job_id)}
    lost = {
        event.attempt: known.get(event.attempt) or event.detail or "no reason was given"
        for event in stores.jobs.lost_attempts(job.job_id)
    }
    lost[job.attempt] = last
    return "; ".join(f"attempt {number}: {_brief(lost[number])}" for number in sorted(lost))


def attempt_limit(context: Context, job_type: JobType) -> int:
    """Return how many attempts a job of a type gets."""
    settings = context.settings
    own = {
        JobType.RIP: settings.max_rip_attempts,
        JobType.TRANSCODE: settings.max_transcode_attempts,
        JobType.ORGANIZE: settings.max_organize_attempts,
    }[job_type]
    return settings.max_attempts if own is None else own


def take_back(
    context: Context,
    job: Job,
    why: str,
    *,
    guard: Guard | None = None,
    values: JobValues | None = None,
) -> Job | None:
    """Count an attempt as failed, and queue its job again, or fail it when that was its last one.

    Returns None when it does not pass the guard; by default it must still be the latest attempt.
    why: how it ended, without a full stop. values: what else is set on a job that is queued again.
    """
    context.database.require_queue()
    failures = job.failures + 1
    if transitions.is_disc_replaced(context, job):
        error = _ask_for_disc(context, job, why)
        values = {"failures": failures, "error": error}
        return _give_up(context, job, f"{why}.", values, guard)
    if failures < attempt_limit(context, job.job_type):
        # The first time at once; a job that loses its machine again and again waits longer.
        values = JobValues(failures=failures, scheduled_at=None) | (values or {})
        if failures > 1:
            now = context.clock.now()
            later = next_attempt_at(job.job_type, failures - 1, now, CHANCE.random())
            values["scheduled_at"] = later
        log.warning("Job taken back", extra={"job_id": job.job_id, "attempt": job.attempt})
        return transitions.requeue(
            context, job, actor=SERVER, detail=f"{why}.", guard=guard, values=values
        )
    told = story(context, job, why)
    error = (
        f"Given up after {failures} attempts: {told}. Look after the machine, then retry the job."
    )
    return _give_up(context, job, f"{why}.", {"failures": failures, "error": error}, guard)


def is_yet_unknown(context: Context, job: Job) -> bool:
    """Whether no machine can know of a job's latest attempt: the one before was taken back, and no
    poll has handed this one out. A report without a token then comes from the earlier one."""
    is_unheard_of = job.status is JobStatus.ASSIGNED and job.handed_out_at is None
    if not is_unheard_of or job.attempt <= 1:
        return False
    return context.stores.jobs.taken_back(job.job_id) is not None


def _ask_for_disc(context: Context, job: Job, why: str) -> str:
    """Say why a rip failed whose drive has another disc."""
    (place,) = context.stores.fleet.places_of([job.disc_id or ""]).values()
    agent_id, drive = place.drive
    return (
        f"{why}, and drive {drive} has another disc: put {place.label!r} back into a drive of agent"
        f" {agent_id!r}, then retry the job."
    )


def _give_up(
    context: Context, job: Job, detail: str, values: JobValues, guard: Guard | None = None
) -> Job | None:
    """Fail a job with its latest attempt. detail: how that one ended. guard: as in `take_back`."""
    return transitions.move(
        context,
        job,
        JobStatus.FAILED,
        actor=SERVER,
        guard=guard or Guard(only_from=HELD, attempt=job.attempt),
        detail=detail,
        values=values,
    )


def lose_organize(context: Context, job: Job, detail: str) -> None:
    """Queue an organize job again whose server process was lost: its file did not fail.

    But it fails once MOST_LOST_SERVERS attempts in a row ended so.
    """
    context.database.require_queue()
    ended = reversed(context.stores.jobs.lost_attempts(job.job_id))
    before = sum(1 for _ in takewhile(_is_lost_server, ended))
    if before + 1 < MOST_LOST_SERVERS:
        transitions.requeue(context, job, actor=SERVER, detail=detail)
        return
    error = (
        f"Given up: the server was lost {MOST_LOST_SERVERS} times in a row while it organized the"
        " file, which may be the cause. See the server's log, then retry the job."
    )
    _give_up(context, job, detail, {"error": error})
    log.error("Organize job given up", extra={"job_id": job.job_id, "attempt": job.attempt})


def _is_lost_server(event: JobEvent) -> bool:
    is_again = event.to_status == JobStatus.QUEUED
    return is_again and event.detail in (SERVER_LOST, SERVER_RESTARTED)


def _brief(reason: str) -> str:
    """Return a reason as a part of a sentence; of a tool's long output the end, which says most."""
    brief = reason if len(reason) <= TOLD_CHARACTERS else f"…{reason[-TOLD_CHARACTERS:]}"
    return brief.strip().rstrip(".")


def _retry(context: Context, job: Job) -> int:
    """Queue one job again; where that can't be, plan nothing for it any more."""
    moved = None
    if transitions.can_wait(context, job):
        try:
            with context.database.write():
                moved = transitions.again(
                    context, job, actor=SERVER, detail="It failed for a reason that passes."
                )
        except peewee.IntegrityError:
            log.info("Job has a successor", extra={"job_id": job.job_id})
    if moved is None:
        # A later attempt has plans of its own.
        this_attempt = Guard(attempt=job.attempt)
        context.stores.jobs.change(job.job_id, {"scheduled_at": None}, this_attempt)
    return int(moved is not None)


def _renamed(context: Context, job: Job) -> JobValues:
    """Return another name for a rip that may be done although no report of that came."""
    if job.job_type is not JobType.RIP or not job.lease_doubted:
        return {}
    return file_names.of_next_attempt(context, job)
