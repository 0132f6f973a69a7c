"""Attempts at jobs, and the leases by which machines have them, in the database."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any, NamedTuple
from uuid import uuid4

import peewee

from boz_server.database.models import Agent, Disc, Job, JobFailure, Upload
from boz_server.database.statements import (
    Columns,
    Computed,
    put_together,
    statement,
    taken_apart,
)
from boz_server.domain.queue.job_states import HELD, OPEN, JobStatus, JobType
from boz_server.domain.uploads.upload_states import UploadState
from boz_server.repositories.agent_repository import quiet, touch_online
from boz_server.repositories.job_repository import JobValues, lacks_result
from boz_server.settings import Settings

#: A poll renews a lease only after a quarter of its term has passed; heartbeats always renew it.
POLL_RENEWAL = 0.75
#: A machine that reports less progress than before, after this long without a report, has started
#: over; sooner, a later report has overtaken this one. Agents report every 2 s.
STARTED_OVER_SECONDS = 10
#: An attempt this far (in percent) behind the progress at which an earlier one stood still has not
#: got there with one report: machines report each percent, and mostly less.
FAR_BEHIND = 1.0
#: How many cancelled jobs a heartbeat's response lists at most, and for how long: one day, and
#: another one in case the clock is set forward by a day.
CANCELLED_LISTED, CANCELLED_FOR = 100, timedelta(days=2)
#: A time further ahead than this shows that the clock was set back. Clocks are corrected by less.
AHEAD_SECONDS = 60
#: What a job's number of attempts becomes with a new one.
NEXT_ATTEMPT = Computed(lambda: Job.attempt + 1)
#: Bytes that move are recorded once in this time; more often where a job counts as stalled sooner.
MOVED_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose jobs are meant: an agent's, or a worker's."""

    agent_id: str | None = None
    worker_id: str | None = None

    @property
    def key(self) -> str:
        """Its id."""
        return (self.agent_id if self.worker_id is None else self.worker_id) or ""

    @property
    def is_worker(self) -> bool:
        """Whether a worker is meant."""
        return self.worker_id is not None

    def jobs(self) -> Any:
        """Return the condition that a job was given to it."""
        return _given_to(self.key, is_worker=self.is_worker)


class SignOfLife(NamedTuple):
    """What a machine that has shown itself has to do with the queue.

    has_leases: it has jobs whose leases this extends. was_cancelled: jobs of it were cancelled
    lately.
    """

    has_leases: bool
    was_cancelled: bool


def by_agent(agent_id: str) -> Holder:
    """The jobs that were given to an agent."""
    return Holder(agent_id=agent_id)


def by_worker(worker_id: str) -> Holder:
    """The jobs that were given to a worker."""
    return Holder(worker_id=worker_id)


class AttemptRepository:
    """Queries on attempts and their leases."""

    def __init__(self, settings: Settings) -> None:
        self.agent_term = timedelta(seconds=settings.agent_timeout_seconds)
        self.worker_term = timedelta(seconds=settings.worker_timeout_seconds)
        stalled_seconds = 60 * min(settings.stalled_minutes, settings.unstarted_minutes)
        #: How often bytes that move are recorded at most.
        self.moved_pause = timedelta(seconds=min(MOVED_SECONDS, stalled_seconds / 4))

    def lease_until(self, now: datetime) -> Any:
        """Return until when a lease goes that is given or renewed now, as an expression."""
        return _lease(*self._terms(now))

    def _terms(self, now: datetime) -> tuple[datetime, datetime]:
        """Return until when a lease goes of a worker without an agent, and of any other machine."""
        return now + self.worker_term, now + self.agent_term

    def renewed(self, now: datetime) -> JobValues:
        """Return what a machine's own report on a job sets on its lease."""
        return {
            "lease_expires_at": Computed(_lease, self._terms(now)),
            "lease_doubted": False,
            # It goes on, even if it said before that it had failed.
            "failing_at": None,
        }

    def begun(self, now: datetime) -> JobValues:
        """Return what the first report that an attempt is running sets on it."""
        return {"started_at": now, "reported_at": now, "moved_at": now, "stalled_at": None}

    def progress(
        self,
        job_id: str,
        token: str | None,
        now: datetime,
        reported: JobValues,
        quiet_since: datetime | None = None,
    ) -> Job | None:
        """Record that an attempt is running, in one statement; None if no running job matches.

        reported: what the report sets; progress never goes back within an attempt. The attempt has
        moved if its progress rises. quiet_since: also say whether its agent was `quiet` then; None:
        don't ask.
        """
        given = [job_id, now, *self._terms(now), *reported.values()]
        if (has_progress := "progress" in reported) and token is None:
            given.append(now - timedelta(seconds=STARTED_OVER_SECONDS))
        given += [] if token is None else [token]
        given += [] if quiet_since is None else [quiet_since]
        return _progress.first(
            *given,
            columns=tuple(reported),
            has_progress=has_progress,
            has_token=token is not None,
            asks_quiet=quiet_since is not None,
        )

    def start_over(
        self, job_id: str, progress: float, now: datetime, values: JobValues
    ) -> Job | None:
        """Count a new attempt at a running job whose machine was silent and now reports less than
        before; else None. values: what the report sets."""
        columns, given = taken_apart(values | JobValues(attempt=NEXT_ATTEMPT))
        silent_since = now - timedelta(seconds=STARTED_OVER_SECONDS)
        found: Job | None = _start_over.first(
            job_id, progress, silent_since, *given, columns=columns
        )
        return found

    def moved(self, job_id: str, now: datetime, lease_token: str | None = None) -> None:
        """Record that bytes of a job's file moved: of a copy, an upload or a download.

        May be called for every block: within ten seconds of the last record it changes nothing.
        lease_token: of the attempt that they belong to; None for any.
        """
        conditions = [] if lease_token is None else [Job.lease_token == lease_token]
        # A job that was completed before this was recorded awaits nothing.
        is_open_or_awaits = Job.status.in_(list(HELD)) | (
            (Job.status == JobStatus.COMPLETED) & Job.moved_at.is_null(False)
        )
        is_due = (
            Job.moved_at.is_null()
            | (Job.moved_at <= now - self.moved_pause)
            # Of a time that has yet to come: the clock was set back.
            | (Job.moved_at > now)
        )
        query = Job.update(moved_at=now, stalled_at=None).where(
            Job.job_id == job_id, is_open_or_awaits, is_due, *conditions
        )
        for job in query.returning(Job).execute():
            if job.status is JobStatus.COMPLETED:
                # While it sends a result, today's agent does not look for other work.
                self.begin_terms(job, now)

    def begin_terms(self, job: Job, now: datetime) -> None:
        """Let the terms of the jobs that a machine was assigned count from now: until now it had
        this one in hand. Not of those that a worker fetched itself: it begins them at once."""
        _begin_terms(now, *_machine_of(job))

    def hand_out(self, jobs: Collection[Job], now: datetime) -> None:
        """Record that an agent was told of these attempts."""
        Job.update(handed_out_at=now, moved_at=now, stalled_at=None).where(
            Job.job_id.in_([job.job_id for job in jobs]),
            Job.lease_token.in_([job.lease_token for job in jobs]),
            Job.status == JobStatus.ASSIGNED,
            Job.handed_out_at.is_null(),
        ).execute()

    def standing_since(self, moment: datetime) -> list[Job]:
        """Return the jobs of machines that have not moved since a moment, running ones first."""
        query = Job.select().where(
            Job.status.in_(list(HELD)), Job.moved_at.is_null() | (Job.moved_at <= moment)
        )
        return list(query.order_by(Job.status.desc(), Job.moved_at, Job.created_at, Job.job_id))

    def works_on_another(self, job: Job) -> bool:
        """Whether a job's machine runs another job that moves."""
        return bool(_other_running.first(job.job_id, *_machine_of(job)))

    def stalled(self) -> list[Job]:
        """Return the jobs of machines that people were told stand still, the earliest first."""
        return list(_stalled())

    def hear_agent(self, agent_id: str, now: datetime, online_since: datetime) -> SignOfLife | None:
        """Move an agent's last heartbeat to now; None for one that is unknown or offline, as it
        unregistered, or sent its last heartbeat before `online_since`."""
        found = _hear_agent.first(now, agent_id, online_since, now - CANCELLED_FOR)
        return None if found is None else SignOfLife(*map(bool, found))

    def lapses(self, job: Job, now: datetime) -> bool:
        """Whether a poll extends a held job's lease: a part of its term is over."""
        if job.lease_doubted:
            return False
        by_itself = job.assigned_agent_id == job.assigned_worker_id
        term = self.worker_term if by_itself else self.agent_term
        until = job.lease_expires_at
        # Further away than a full term: the clock was set back.
        return until is None or not now + POLL_RENEWAL * term <= until <= now + term

    def extend(self, holder: Holder, now: datetime) -> None:
        """Renew the leases of a holder that has shown itself.

        Not those that are in doubt: a machine that started anew has to report on them.
        """
        _extend(*self._terms(now), holder.key, is_worker=holder.is_worker)

    def suspect(self, holder: Holder, until: datetime) -> None:
        """Let a machine that starts anew keep what it runs only if it reports on it until then;
        where it has started anew before that, until the earlier time."""
        Job.update(lease_doubted=True, lease_expires_at=until).where(
            holder.jobs(), Job.status == JobStatus.RUNNING, ~Job.lease_doubted
        ).execute()

    def pass_on(self, old_id: str, new_id: str) -> None:
        """Give the jobs that an agent has, and those that wait for it, to another one."""
        Job.update(assigned_agent_id=new_id).where(
            Job.assigned_agent_id == old_id, Job.status.in_(list(HELD))
        ).execute()
        Job.update(for_agent_id=new_id).where(
            Job.for_agent_id == old_id, Job.status.in_(list(OPEN))
        ).execute()

    def pass_on_rips(self, disc_id: str, agent_id: str) -> None:
        """Give the rips of a disc that are not over to an agent."""
        is_held = Job.assigned_agent_id.is_null(False)
        Job.update(
            for_agent_id=agent_id,
            assigned_agent_id=peewee.Case(None, [(is_held, agent_id)], None),
        ).where(
            Job.disc == disc_id, Job.job_type == JobType.RIP, Job.status.in_(list(OPEN))
        ).execute()

    def suspect_rips(self, agent_id: str, drive: str, until: datetime) -> None:
        """Let an agent keep a rip that runs in a drive only if it reports on it until then."""
        in_drive = Disc.select(peewee.SQL("1")).where(
            Disc.disc_id == Job.disc, Disc.agent == agent_id, Disc.drive == drive
        )
        Job.update(lease_doubted=True, lease_expires_at=until).where(
            Job.job_type == JobType.RIP,
            Job.status == JobStatus.RUNNING,
            ~Job.lease_doubted,
            peewee.fn.EXISTS(in_drive),
        ).execute()

    def suspect_attempts(self, jobs: Collection[Job], until: datetime) -> list[Job]:
        """Let a machine keep these running jobs only if it reports on them until then; returns
        those that it has not reported on since they were read."""
        unreported = [
            (Job.job_id == job.job_id)
            & (Job.lease_token == job.lease_token)
            & (Job.reported_at == job.reported_at)
            for job in jobs
        ]
        query = Job.update(lease_doubted=True, lease_expires_at=until).where(
            reduce(or_, unreported), Job.status == JobStatus.RUNNING, ~Job.lease_doubted
        )
        return list(query.returning(Job).execute())

    def renew_all(self, now: datetime) -> None:
        """Give every lease, and every term to move, its full length, because machines could not
        reach the server lately."""
        is_told, is_future = Job.stalled_at.is_null(False), Job.moved_at > now
        Job.update(
            lease_expires_at=self.lease_until(now),
            moved_at=peewee.Case(None, [(is_told & ~is_future, Job.moved_at)], _instant(now)),
            stalled_at=peewee.Case(None, [(is_told, _instant(now))], None),
        ).where(Job.status.in_(list(HELD))).execute()
        Job.update(moved_at=now).where(awaits_result()).execute()

    def results_overdue(self, before: datetime, limit: int = 500) -> list[Job]:
        """Return the completed transcodes whose result has not come, and of which no byte has come
        since then, without those whose file is here and being checked."""
        is_here = Upload.select(peewee.SQL("1")).where(
            Upload.state == UploadState.ARRIVED, Upload.job_id == Job.job_id
        )
        query = Job.select().where(
            awaits_result(), Job.moved_at <= before, ~peewee.fn.EXISTS(is_here)
        )
        return list(query.order_by(Job.moved_at, Job.job_id).limit(limit))

    def bring_forward(self, now: datetime, by: timedelta) -> None:
        """Make planned times earlier by as much as the clock was set back."""
        is_queued = Job.status == JobStatus.QUEUED
        for column, conditions in ((Job.scheduled_at, []), (Job.elsewhere_until, [is_queued])):
            planned: Any = Job.select(Job.job_id, column).where(column > now, *conditions)
            for job_id, at in list(planned.tuples()):
                Job.update({column: at - by}).where(Job.job_id == job_id).execute()

    def give_missing_leases(self, now: datetime) -> int:
        """Give a lease to held jobs without one, as an older server left them; returns how many."""
        query = Job.select().where(
            Job.status.in_(list(HELD)),
            Job.assigned_agent_id.is_null(False),
            Job.lease_expires_at.is_null() | Job.lease_token.is_null(),
        )
        jobs = list(query)
        for job in jobs:
            Job.update(lease_token=uuid4().hex, lease_expires_at=self.lease_until(now)).where(
                Job.job_id == job.job_id
            ).execute()
        return len(jobs)

    def held_by_nobody(self) -> list[Job]:
        """Return the jobs that are assigned or running, but on no machine."""
        query = Job.select().where(Job.status.in_(list(HELD)), Job.assigned_agent_id.is_null())
        return list(query)

    def under_way(self) -> list[Job]:
        """Return the jobs that any machine has."""
        query = Job.select().where(Job.status.in_(list(HELD)))
        return list(query.order_by(Job.created_at, Job.job_id))

    def invalidate(self) -> None:
        """Count an attempt at every open job, for the one that the database may not know of."""
        Job.update(attempt=Job.attempt + 1).where(Job.status.in_(list(OPEN))).execute()

    def expired(self, now: datetime, limit: int = 500) -> list[Job]:
        """Return the jobs whose lease has expired or is missing, oldest lease first."""
        # Then the oldest job, so that ids, which are random, rarely decide.
        query = Job.select().where(
            Job.status.in_(list(HELD)),
            (Job.lease_expires_at <= now) | Job.lease_expires_at.is_null(),
            # Those end as failed, by `failing`.
            Job.failing_at.is_null(),
        )
        return list(query.order_by(Job.lease_expires_at, Job.created_at, Job.job_id).limit(limit))

    def cancelled(self, holder: Holder, now: datetime) -> list[str]:
        """Return the ids of a holder's jobs that were cancelled lately, newest first."""
        found = _cancelled(holder.key, now - CANCELLED_FOR, is_worker=holder.is_worker)
        return [job_id for (job_id,) in found]

    def held(self, holder: Holder) -> list[Job]:
        """Return the jobs that a holder has, in the order in which to do them."""
        found: list[Job] = _held(holder.key, is_worker=holder.is_worker)
        return found

    def count_delivery(self, job_id: str, now: datetime) -> None:
        """Count a response that sends the attempt to its worker."""
        is_first = Job.handed_out_at.is_null()
        Job.update(
            deliveries=Job.deliveries + 1,
            handed_out_at=peewee.Case(None, [(is_first, _instant(now))], Job.handed_out_at),
            moved_at=peewee.Case(None, [(is_first, _instant(now))], Job.moved_at),
            stalled_at=peewee.Case(None, [(is_first, None)], Job.stalled_at),
        ).where(Job.job_id == job_id).execute()

    def to_retry(self, now: datetime, limit: int = 500) -> list[Job]:
        """Return the failed jobs whose next attempt is due."""
        # NOT IN, because SQLite would search all completed jobs by their status.
        query = Job.select().where(
            Job.scheduled_at <= now, Job.status.not_in([*OPEN, JobStatus.CANCELLED])
        )
        return list(query.order_by(Job.scheduled_at, Job.created_at, Job.job_id).limit(limit))

    def failing(self, now: datetime, since: datetime) -> list[Job]:
        """Return the jobs whose machines said before `since` that they failed, and not why."""
        # Well in the future: the clock was set back.
        future = now + timedelta(seconds=AHEAD_SECONDS)
        is_due = (Job.failing_at <= since) | (Job.failing_at > future)
        query = Job.select().where(Job.status.in_(list(HELD)), is_due)
        return list(query.order_by(Job.failing_at, Job.created_at, Job.job_id))

    def note_failure(self, job: Job, token: str | None, now: datetime, reason: str | None) -> None:
        """Record that an attempt has failed; the job is passed as it was during the attempt.

        token: the attempt's, if its machine reports with it.
        """
        JobFailure.create(
            job=job.job_id,
            attempt=job.attempt,
            lease_token=token,
            worker_id=job.assigned_worker_id,
            at=now,
            reason=reason,
        )

    def failures_of(self, job_id: str) -> list[JobFailure]:
        """Return a job's failed attempts since a person last intervened, the latest first."""
        query = JobFailure.select().where(JobFailure.job == job_id)
        return list(query.order_by(JobFailure.attempt.desc()))

    def failures_on(self, worker_id: str, since: datetime) -> list[JobFailure]:
        """Return what has failed on a worker since then, oldest first."""
        query = JobFailure.select().where(JobFailure.worker_id == worker_id, JobFailure.at >= since)
        return list(query.order_by(JobFailure.at, JobFailure.failure_id))

    def just_failed_by(self, jobs: Collection[Job], now: datetime) -> dict[str, list[str]]:
        """Return by job on which workers it has failed, of those that only others may have now."""
        job_ids = [
            job.job_id
            for job in jobs
            if job.elsewhere_until is not None and job.elsewhere_until > now
        ]
        if not job_ids:
            return {}
        query: Any = JobFailure.select(JobFailure.job, JobFailure.worker_id).where(
            JobFailure.job.in_(job_ids), JobFailure.worker_id.is_null(False)
        )
        found: dict[str, list[str]] = {}
        for job_id, worker_id in query.distinct().order_by(JobFailure.worker_id).tuples():
            found.setdefault(job_id, []).append(worker_id)
        return found

    def set_reason(self, failure: JobFailure, reason: str) -> None:
        """Record why an attempt failed, once its machine has said so."""
        JobFailure.update(reason=reason).where(
            JobFailure.failure_id == failure.failure_id
        ).execute()

    def forget_failures(self, job_id: str, worker_id: str | None = None) -> None:
        """Delete what is known of a job's failed attempts; with worker_id only that worker's."""
        query = JobFailure.delete().where(JobFailure.job == job_id)
        if worker_id is not None:
            query = query.where(JobFailure.worker_id == worker_id)
        query.execute()


@statement
def _hear_agent(now: datetime, agent_id: str, online_since: datetime, since: datetime) -> Any:
    jobs = Job.select(peewee.SQL("1"))
    extensible = jobs.where(_extensible(Agent.agent_id, is_worker=False))
    cancelled = jobs.where(_cancelled_since(Agent.agent_id, since, is_worker=False))
    touching = touch_online(now, agent_id, online_since)
    exists = peewee.fn.EXISTS
    return touching.returning(exists(extensible), exists(cancelled)).tuples()


@statement
def _stalled() -> Any:
    query = Job.select().where(Job.status.in_(list(HELD)), Job.stalled_at.is_null(False))
    return query.order_by(Job.stalled_at, Job.created_at, Job.job_id)


@statement
def _begin_terms(now: datetime, *machine: str) -> Any:
    return Job.update(moved_at=now, stalled_at=None).where(
        _on(*machine), Job.status == JobStatus.ASSIGNED, Job.deliveries == 0
    )


@statement
def _other_running(job_id: str, *machine: str) -> Any:
    query = Job.select(peewee.SQL("1")).where(
        _on(*machine),
        Job.status == JobStatus.RUNNING,
        Job.stalled_at.is_null(),
        Job.job_id != job_id,
    )
    return query.limit(1).tuples()


@statement
def _extend(by_itself: datetime, by_agent: datetime, key: str, *, is_worker: bool) -> Any:
    query = Job.update(lease_expires_at=_lease(by_itself, by_agent))
    return query.where(_extensible(key, is_worker=is_worker))


@statement
def _cancelled(key: str, since: datetime, *, is_worker: bool) -> Any:
    query = Job.select(Job.job_id).where(_cancelled_since(key, since, is_worker=is_worker))
    return query.order_by(Job.completed_at.desc()).limit(CANCELLED_LISTED).tuples()


@statement
def _held(key: str, *, is_worker: bool) -> Any:
    query = Job.select().where(_given_to(key, is_worker=is_worker), Job.status.in_(list(HELD)))
    return query.order_by(Job.priority.desc(), Job.created_at, Job.title_index, Job.job_id)


@statement
def _start_over(
    job_id: str, progress: float, silent_since: datetime, *values: Any, columns: Columns
) -> Any:
    query = Job.update(**put_together(columns, iter(values))).where(
        Job.job_id == job_id,
        Job.status == JobStatus.RUNNING,
        _started_over(progress, silent_since),
    )
    return query.returning(Job)


@statement
def _progress(
    job_id: str,
    now: datetime,
    by_itself: datetime,
    by_agent: datetime,
    *further: Any,
    columns: tuple[str, ...],
    has_progress: bool,
    has_token: bool,
    asks_quiet: bool,
) -> Any:
    """further: the values of the columns; then, without a token, since when a machine that starts
    over was silent, else the token; then since when its agent counts as quiet."""
    rest = list(further)
    values: dict[str, Any] = {column: rest.pop(0) for column in columns}
    conditions = [Job.job_id == job_id, Job.status == JobStatus.RUNNING]
    values |= {
        "lease_expires_at": _lease(by_itself, by_agent),
        "lease_doubted": False,
        "failing_at": None,
        "reported_at": now,
    }
    if has_progress:
        new = values["progress"]
        rises = Job.progress < new
        values["progress"] = _advanced(new)
        values["moved_at"] = peewee.Case(None, [(rises, _instant(now))], Job.moved_at)
        values["stalled_at"] = peewee.Case(None, [(rises, None)], Job.stalled_at)
        values["stood_at"] = peewee.Case(None, [(Job.stood_at < new, None)], Job.stood_at)
        if not has_token:
            conditions += [~_started_over(new, rest.pop(0)), ~stood_still(new)]
    conditions.append(permits(rest.pop(0) if has_token else None))
    asked: list[Any] = []
    if asks_quiet:
        agent = Agent.select(quiet(rest.pop(0))).where(Agent.agent_id == Job.assigned_agent_id)
        asked = [agent.alias("is_agent_quiet")]
    return Job.update(**values).where(*conditions).returning(Job, *asked)


def _given_to(key: Any, *, is_worker: bool) -> Any:
    """The jobs that were given to a worker, or to an agent. key: its id."""
    return (Job.assigned_worker if is_worker else Job.assigned_agent_id) == key


def _extensible(key: Any, *, is_worker: bool) -> Any:
    """The attempts whose leases a sign of life extends."""
    held = Job.status.in_(list(HELD)) & ~Job.lease_doubted
    return _given_to(key, is_worker=is_worker) & held


def _cancelled_since(key: Any, since: datetime, *, is_worker: bool) -> Any:
    """The jobs of a machine that were cancelled after a time."""
    lately = (Job.status == JobStatus.CANCELLED) & (Job.completed_at > since)
    return _given_to(key, is_worker=is_worker) & lately


def _lease(by_itself: datetime, by_agent: datetime) -> Any:
    """Until when a lease goes: a worker without an agent has another term than an agent."""
    is_by_itself = Job.assigned_agent_id == Job.assigned_worker
    return peewee.Case(None, [(is_by_itself, _instant(by_itself))], _instant(by_agent))


def awaits_result() -> Any:
    """The completed transcodes whose result has yet to come."""
    # As idx_jobs_result_due has it.
    return lacks_result() & ~Job.upload_failed & Job.moved_at.is_null(False)


def _machine_of(job: Job) -> tuple[str, ...]:
    """The machine that has a job, or had it: its agent and, where it has one, its worker."""
    known = (job.assigned_agent_id or "", job.assigned_worker_id)
    return tuple(each for each in known if each is not None)


def _on(agent_id: str, *worker_id: str) -> Any:
    """The jobs that a machine has, or had."""
    ours = Job.assigned_agent_id == agent_id
    for each in worker_id:
        ours |= Job.assigned_worker == each
    return ours


def permits(token: str | None) -> Any:
    """Whether a report may speak for a job's latest attempt: with its token; without one as long
    as no report had it."""
    return ~Job.token_used if token is None else Job.lease_token == token


def advanced(progress: float) -> Computed:
    """A job's progress after this report: it never goes back within an attempt."""
    return Computed(_advanced, (progress,))


def _advanced(progress: float) -> Any:
    return peewee.Case(None, [(Job.progress < progress, progress)], Job.progress)


def stood_still(progress: float) -> Any:
    """Whether this progress is reported of an earlier attempt that stood still there."""
    return (
        Job.stood_at.is_null(False)
        & (Job.stood_at == progress)
        & (Job.progress < Job.stood_at - FAR_BEHIND)
    )


def _started_over(progress: float, silent_since: datetime) -> Any:
    return (Job.progress > progress) & (
        Job.reported_at.is_null(False) & (Job.reported_at < silent_since)
    )


def _instant(value: datetime) -> Any:
    """A time in the database's form, for expressions without a column."""
    return peewee.Value(value, converter=Job.lease_expires_at.db_value)
