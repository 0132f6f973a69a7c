"""Jobs in the database."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Final, NamedTuple, TypedDict

import peewee

from boz_server.database import rows
from boz_server.database.connection import Database
from boz_server.database.models import Disc, Job, JobEvent
from boz_server.database.statements import (
    KEPT_ROWS,
    Columns,
    Computed,
    locked,
    put_together,
    statement,
    taken_apart,
)
from boz_server.domain.discs.disc_states import DiscStatus
from boz_server.domain.queue.file_access import is_windows, same_file
from boz_server.domain.queue.job_states import HELD, OPEN, OVER, UNSTARTED, JobStatus, JobType
from boz_server.repositories.paging import Page, PageRequest, fetch_page


class JobValues(TypedDict, total=False):
    """Columns of a job and what a change sets them to; those left out stay as they are.

    `disc` and `assigned_worker` are ids.
    """

    job_type: JobType
    status: JobStatus
    priority: int
    disc: str | None
    title_index: int | None
    input_file: str | None
    output_name: str | None
    library_name: str | None
    file_key: str | None
    output_file: str | None
    preset: str | None
    assigned_agent_id: str | None
    assigned_worker: str | None
    assigned_at: datetime | None
    requires_approval: bool
    source_disc_name: str | None
    input_file_size: int | None
    output_file_size: int | None
    thumbnail_timestamps: list[int]
    progress: float | Computed
    error: str | None
    upload_failed: bool
    started_at: datetime | None
    completed_at: datetime | None
    for_agent_id: str | None
    for_worker_id: str | None
    source_job_id: str | None
    is_announced: bool
    attempt: int | Computed
    failures: int
    lease_token: str | None
    token_used: bool
    lease_expires_at: datetime | Computed | None
    lease_doubted: bool
    deliveries: int
    reported_at: datetime | None
    failing_at: datetime | None
    elsewhere_until: datetime | None
    scheduled_at: datetime | None
    moved_at: datetime | Computed | None
    handed_out_at: datetime | Computed | None
    stalled_at: datetime | Computed | None
    stood_at: float | Computed | None
    library_path: str | None
    filing_as: str | None
    input_upload_id: str | None
    is_named_by_person: bool


class Unset(Enum):
    """Stands for a value that is not looked at, where None is one."""

    UNSET = "unset"


UNSET: Final = Unset.UNSET


@dataclass(frozen=True, slots=True)
class Guard:
    """What a job must still be for a change to apply.

    only_from: the states it may be in; None: any. attempt, lease_token: the attempt that is meant.
    requires_approval, upload_failed: what the columns must say; None: anything. still_since: it may
    not have moved after that; None: it may.
    """

    only_from: Collection[JobStatus] | None = None
    attempt: int | None = None
    lease_token: str | Unset | None = UNSET
    requires_approval: bool | None = None
    upload_failed: bool | None = None
    still_since: datetime | None = None

    def shape(self) -> "GuardShape":
        """Return what the text of its conditions depends on."""
        states = None if self.only_from is None else tuple(sorted(self.only_from))
        return GuardShape(states, tuple(self._compared()), self.lease_token is None)

    def values(self) -> list[Any]:
        """Return the values that its columns are compared with."""
        return list(self._compared().values())

    def _compared(self) -> dict[str, Any]:
        values = {name: getattr(self, name) for name in _COMPARISONS}
        return {name: value for name, value in values.items() if value not in (None, UNSET)}


class GuardShape(NamedTuple):
    """The columns that a guard looks at. is_free: the job must have no lease token."""

    states: tuple[JobStatus, ...] | None
    compared: tuple[str, ...]
    is_free: bool

    def conditions(self, values: Iterator[Any]) -> list[Any]:
        """Return it as conditions of a query. values: from which the guard's are taken."""
        found = [_COMPARISONS[name](next(values)) for name in self.compared]
        if self.states is not None:
            found.append(Job.status.in_(list(self.states)))
        if self.is_free:
            found.append(Job.lease_token.is_null())
        return found


#: How a guard compares each of its values.
_COMPARISONS: dict[str, Callable[[Any], Any]] = {
    "attempt": lambda value: Job.attempt == value,
    "lease_token": lambda value: Job.lease_token == value,
    "requires_approval": lambda value: Job.requires_approval == value,
    "upload_failed": lambda value: Job.upload_failed == value,
    "still_since": lambda value: Job.moved_at <= value,
}


#: How many queued jobs are looked at for the queue's age at most, and how many at once. Usually the
#: first decides; not where people approved many jobs at once, long after they were created.
QUEUED_READ, QUEUED_BATCH = 1000, 100

NEWEST_FIRST = ((Job.created_at, True), (Job.job_id, True))
MOST_URGENT_FIRST = ((Job.priority, True), (Job.created_at, False), (Job.job_id, False))
#: The same order for queries that are not paged.
URGENT_FIRST = (Job.priority.desc(), Job.created_at, Job.job_id)


class JobRepository:
    """Queries on jobs."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def insert(self, job_id: str, created_at: datetime, values: JobValues) -> Job:
        """Enter a new job."""
        columns, given = taken_apart(values)
        entered: Job = _insert.first(job_id, created_at, *given, columns=columns)
        return entered

    def get(self, job_id: str) -> Job | None:
        """Return the job; None when it is not known."""
        found: Job | None = _job.first(job_id)
        return found

    def newest(self, request: PageRequest, status: JobStatus | None = None) -> Page[Job]:
        """Return jobs, newest first; only those in `status` when one is named."""
        query = Job.select()
        if status is not None:
            query = query.where(Job.status == status)
        return fetch_page(query, NEWEST_FIRST, request, rows.read)

    def waiting(self, request: PageRequest) -> Page[Job]:
        """Return the jobs that no machine has yet: most urgent first, then oldest."""
        query = Job.select().where(Job.status.in_([JobStatus.PENDING, JobStatus.QUEUED]))
        return fetch_page(query, MOST_URGENT_FIRST, request, rows.read)

    def awaiting_approval(self, request: PageRequest) -> Page[Job]:
        """Return the transcode jobs that wait for a person: most urgent first, then oldest."""
        query = Job.select().where(
            Job.status == JobStatus.PENDING,
            Job.job_type == JobType.TRANSCODE,
            Job.requires_approval,
        )
        return fetch_page(query, MOST_URGENT_FIRST, request, rows.read)

    def upload_errors(self, request: PageRequest) -> Page[Job]:
        """Return completed jobs whose result could not be uploaded, the latest first."""
        query = Job.select().where(Job.status == JobStatus.COMPLETED, Job.upload_failed)
        return fetch_page(query, ((Job.completed_at, True), (Job.job_id, True)), request, rows.read)

    def rips_of(self, disc_id: str) -> list[Job]:
        """Return a disc's rip jobs, oldest first."""
        return list(_rips_of(disc_id, only_open=False))

    def open_rips(self, disc_id: str) -> list[Job]:
        """Return a disc's rip jobs that are not over, oldest first."""
        return list(_rips_of(disc_id, only_open=True))

    def having_open_rips(self, disc_ids: Collection[str]) -> set[str]:
        """Return which of these discs have rips that are not over."""
        query: Any = Job.select(Job.disc).where(
            Job.disc.in_(list(disc_ids)),
            Job.job_type == JobType.RIP,
            Job.status.in_(list(OPEN)),
        )
        return {disc_id for (disc_id,) in query.tuples()}

    def rips_left_behind(self, cutoff: datetime, limit: int = 500) -> list[Job]:
        """Return the rips that no machine runs, and whose disc left its drive by then, oldest
        first."""
        query = (
            Job.select()
            .join(Disc)
            .where(
                Job.job_type == JobType.RIP,
                Job.status.in_(list(UNSTARTED)),
                Disc.status == DiscStatus.EJECTED,
                Disc.ejected_at.is_null() | (Disc.ejected_at <= cutoff),
            )
        )
        return list(query.order_by(Job.created_at, Job.job_id).limit(limit))

    def counts(self) -> list[tuple[JobStatus, JobType, bool, int]]:
        """Count the jobs by status, type and need of approval.

        Reads nothing but idx_jobs_type.
        """
        return list(_counts())

    def longest_queued_since(self, now: datetime) -> datetime | None:
        """Return since when the job has been queued that has waited longest of those that may
        begin now; None without any. A job that waited for its time waits since then.

        Looks at the QUEUED_READ jobs that were created first, and at no more of them than needed:
        none is queued before it is created.
        """
        longest: datetime | None = None
        for start in range(0, QUEUED_READ, QUEUED_BATCH):
            rows = _queued(now, start)
            for created_at, scheduled_at, entered_at in rows:
                if longest is not None and created_at >= longest:
                    return longest
                # A subquery's value has no column that converts it. An adopted job has no history.
                since = JobEvent.at.python_value(entered_at) or created_at
                since = since if scheduled_at is None else max(scheduled_at, since)
                longest = since if longest is None else min(longest, since)
            if len(rows) < QUEUED_BATCH:
                break
        return longest

    def step(
        self, job_id: str, guard: Guard, target: JobStatus, values: JobValues
    ) -> tuple[Job, Job] | None:
        """Take a job to a state if it passes the guard; returns it before and after, else None.

        The first query locks the row, so that the UPDATE finds it in the state that was read.
        """
        shape, guarded = guard.shape(), guard.values()
        before = _look.first(job_id, *guarded, guard=shape)
        if before is None:
            return None
        columns, given = taken_apart(values | JobValues(status=target))
        shape = shape._replace(states=(before.status,))
        after = _change.first(job_id, *given, *guarded, columns=columns, guard=shape)
        return None if after is None else (before, after)

    def change(self, job_id: str, values: JobValues, guard: Guard | None = None) -> Job | None:
        """Change a job without changing its state, in one statement; None when it does not pass
        the guard."""
        guard = guard or Guard()
        columns, given = taken_apart(values)
        changed: Job | None = _change.first(
            job_id, *given, *guard.values(), columns=columns, guard=guard.shape()
        )
        return changed

    def move_result(self, job_id: str, old_path: str | None, new_path: str | None) -> Job | None:
        """Note that the result of a job has another path; None when it was elsewhere."""
        query = Job.update(output_file=new_path).where(
            Job.job_id == job_id, Job.output_file == old_path
        )
        return next(iter(query.returning(Job).execute()), None)

    def open_organize(self, file: str) -> Job | None:
        """Return the open job that organizes a file, or None."""
        # At most one: uq_jobs_organize.
        return (
            Job.select()
            .where(
                Job.input_file == file,
                Job.library_path.is_null(False),
                Job.status.not_in(list(OVER)),
            )
            .first()
        )

    def has_organize_job(self, file: str) -> bool:
        """Whether an organize job of a file is open, or has failed and may be retried."""
        # Two searches, because each has an index of its own.
        failed = Job.select().where(
            Job.input_file == file, Job.library_path.is_null(False), Job.status == JobStatus.FAILED
        )
        return self.open_organize(file) is not None or failed.exists()

    def has_abandoned_organize(self, file: str, since: datetime) -> bool:
        """Whether an organize job of a file was entered since then, and failed or was cancelled."""
        query = Job.select().where(
            Job.job_type == JobType.ORGANIZE,
            Job.status.in_([JobStatus.FAILED, JobStatus.CANCELLED]),
            Job.input_file == file,
            Job.created_at >= since,
        )
        return query.exists()

    def queued_organizes(self, now: datetime, limit: int = 1000) -> list[Job]:
        """Return the organize jobs that can begin now, most urgent first."""
        query = Job.select().where(waits(JobType.ORGANIZE, now))
        return list(query.order_by(*URGENT_FIRST).limit(limit))

    def is_path_reserved(self, path: str, besides: str) -> bool:
        """Whether another organize job is about to give its file that path in the library."""
        query = Job.select().where(
            Job.job_type == JobType.ORGANIZE,
            Job.status.in_(list(HELD)),
            Job.filing_as == path,
            Job.job_id != besides,
        )
        return query.exists()

    def highest_waiting_priority(self, besides: str) -> int | None:
        """Return the priority of the most urgent other job that no machine has yet; None without
        any."""
        query: Any = Job.select(peewee.fn.MAX(Job.priority)).where(
            Job.status.in_([JobStatus.PENDING, JobStatus.QUEUED]), Job.job_id != besides
        )
        return query.scalar()

    def rips_that_wrote(
        self, input_file: str, disc_id: str | None, title_index: int | None
    ) -> list[Job]:
        """Return the rips that wrote a file, the latest first.

        If none has that exact path: the rip of that title of the disc, which may not have reported
        its file yet, or the rips of waiting transcodes of that file.
        """
        given = {"disc": disc_id, "title_index": title_index}
        known = {name: value for name, value in given.items() if value is not None}
        found: list[Job] = _rips_with(input_file, *known.values(), of=(*known,))
        if found:
            return found
        if disc_id is None or title_index is None:
            behind = self._rips_behind(input_file)
            rips = Job.select().where(Job.job_type == JobType.RIP, Job.job_id.in_(behind))
            of_title = [getattr(Job, name) == value for name, value in known.items()]
            return list(rips.where(*of_title)) if behind else []
        # At most one: uq_jobs_rip.
        return [
            rip
            for rip in _rips_under_way(disc_id, title_index)
            if rip.output_file is None or same_file(rip.output_file, input_file)
        ]

    def has_file(
        self, agent_id: str, key: str, cancelled_since: datetime, besides: Collection[str]
    ) -> bool:
        """Whether another job of an agent has, or may yet write, a file of that name.

        Open jobs do, and those that were cancelled since then after their machine began them, and
        the rips that open transcodes still read, and completed transcodes whose result has yet to
        come or could not be uploaded: it is known by that name only.
        """
        return bool(_has_file.first(key, agent_id, cancelled_since, *besides))

    def rips_without_file(
        self, keys: Collection[str], label: str, disc_id: str | None, title_index: int | None
    ) -> list[Job]:
        """Return the rips of a disc of that label that have begun and not told their file, and
        whose file has one of these names; the latest first.

        disc_id, title_index: only of that disc and title; None for any.
        """
        given = {"disc": disc_id, "title_index": title_index}
        known = {name: value for name, value in given.items() if value is not None}
        return list(_rips_without_file(label, *known.values(), *sorted(keys), of=(*known,)))

    def transcodes_of(self, rip_ids: Collection[str]) -> list[Job]:
        """Return the transcode jobs of what these rips wrote, oldest first."""
        if not rip_ids:
            return []
        if len(rip_ids) > KEPT_ROWS:
            return list(_transcodes_of.build(*rip_ids))
        return list(_transcodes_of(*rip_ids))

    def inputs(self) -> set[str]:
        """Return the ids of the uploads that brought input files of jobs."""
        query: Any = Job.select(Job.input_upload_id).where(Job.input_upload_id.is_null(False))
        return {upload_id for (upload_id,) in query.tuples()}

    def inputs_in_use(self, upload_ids: Collection[str], since: datetime) -> set[str]:
        """Return which of these uploaded inputs a job still needs: an open job, one that will be
        retried, or one that failed since then, because a person may retry it."""
        failed_lately = (Job.status == JobStatus.FAILED) & (Job.completed_at > since)
        query: Any = Job.select(Job.input_upload_id).where(
            Job.input_upload_id.in_(list(upload_ids)),
            Job.status.in_(list(OPEN)) | Job.scheduled_at.is_null(False) | failed_lately,
        )
        return {upload_id for (upload_id,) in query.tuples()}

    def first_without_file(self, agent_id: str) -> Job | None:
        """Return the first waiting transcode of an agent's file that has not been sent here."""
        query = Job.select().where(
            Job.job_type == JobType.TRANSCODE,
            Job.status.in_([JobStatus.PENDING, JobStatus.QUEUED]),
            Job.for_agent_id == agent_id,
            Job.input_upload_id.is_null(),
        )
        return query.order_by(*URGENT_FIRST).first()

    def forget_inputs(self, upload_ids: Collection[str]) -> None:
        """Record that uploaded input files are deleted."""
        if not upload_ids:
            return
        Job.update(input_upload_id=None).where(Job.input_upload_id.in_(list(upload_ids))).execute()

    def awaiting_result(self, names: Collection[str]) -> Job | None:
        """Return the transcode that a result with one of these names is most likely of, or None.

        A completed one whose result has yet to come is first, then one that runs, then one whose
        upload failed, then one without a result, then the latest. One that its machine has not
        begun has no result.
        """
        found = self._with_result(names)
        found.sort(key=lambda job: job.created_at, reverse=True)
        found.sort(key=_result_rank)
        return next(iter(found), None)

    def is_result_ambiguous(self, job: Job) -> bool:
        """Whether a result with the name of a running transcode may be that of another one."""
        others = self._with_result({job.output_name or ""})
        return any(
            other.job_id != job.job_id and (other.output_file is None or other.upload_failed)
            for other in others
        )

    def _with_result(self, names: Collection[str]) -> list[Job]:
        """Return the latest transcodes with one of these names that may have written a result."""
        found: list[Job] = []
        # One by one and by NOT IN, because SQLite would search all completed jobs otherwise.
        for name in sorted(names):
            query = Job.select().where(
                Job.job_type == JobType.TRANSCODE,
                Job.output_name == name,
                Job.status.not_in(list(set(JobStatus) - HELD - {JobStatus.COMPLETED})),
                (Job.status != JobStatus.ASSIGNED) | Job.started_at.is_null(False),
            )
            found.extend(query.order_by(Job.created_at.desc(), Job.job_id).limit(20))
        return found

    def cancelled_named(self, keys: Collection[str], since: datetime) -> list[Job]:
        """Return the transcodes whose file has one of these names, and which were begun, and
        cancelled since then; the latest first."""
        # By NOT IN, because SQLite would search all cancelled transcodes otherwise.
        query = Job.select().where(
            Job.file_key.in_(list(keys)),
            Job.job_type.not_in([JobType.RIP, JobType.ORGANIZE]),
            Job.status.not_in(list(set(JobStatus) - {JobStatus.CANCELLED})),
            Job.started_at.is_null(False),
            Job.completed_at > since,
            Job.output_file.is_null(),
        )
        return list(query.order_by(Job.completed_at.desc(), Job.job_id).limit(20))

    def _rips_behind(self, input_file: str) -> list[str]:
        """Return the ids of the rips with an open transcode of the same file, however Windows
        writes its path."""
        if not is_windows(input_file):
            return []
        return [rip_id for rip_id, path in _open_inputs() if same_file(path, input_file)]

    def record_event(
        self,
        job: Job,
        now: datetime,
        *,
        from_status: JobStatus | None,
        actor: str,
        detail: str | None = None,
    ) -> None:
        """Record a change of a job, which is passed as it is after the change."""
        columns, given = taken_apart(
            {
                "job": job.job_id,
                "at": now,
                "from_status": from_status,
                "to_status": job.status,
                "actor": actor,
                "attempt": job.attempt,
                "detail": detail,
            }
        )
        _enter_event(*given, columns=columns)

    def history(self, job_id: str, request: PageRequest) -> Page[JobEvent]:
        """Return a job's history, oldest first."""
        query = JobEvent.select().where(JobEvent.job == job_id)
        return fetch_page(query, [(JobEvent.event_id, False)], request, rows.read)

    def taken_back(self, job_id: str) -> JobEvent | None:
        """Return how the server or a person took the latest attempt that is over from its machine;
        None if the machine ended it or gave it up, or without one."""
        query = JobEvent.select().where(
            JobEvent.job == job_id,
            JobEvent.from_status.in_(list(HELD)),
            JobEvent.to_status.not_in(list(HELD)),
        )
        left = query.order_by(JobEvent.event_id.desc()).first()
        if left is None or left.to_status == JobStatus.COMPLETED:
            return None
        return None if left.actor.startswith(("agent:", "worker:")) else left

    def is_noted(self, job_id: str, detail: str) -> bool:
        """Whether a job's history has this sentence."""
        return JobEvent.select().where(JobEvent.job == job_id, JobEvent.detail == detail).exists()

    def noted_at(self, job_id: str, detail: str, since: datetime) -> datetime | None:
        """Return when something was first noted of a job since then; None if it was not."""
        query = JobEvent.select().where(
            JobEvent.job == job_id, JobEvent.detail == detail, JobEvent.at >= since
        )
        event = query.order_by(JobEvent.event_id).first()
        return None if event is None else event.at

    def lost_attempts(self, job_id: str) -> list[JobEvent]:
        """Return the latest twenty events that ended an attempt without success, oldest first."""
        query = JobEvent.select().where(
            JobEvent.job == job_id,
            JobEvent.from_status.in_([JobStatus.ASSIGNED, JobStatus.RUNNING]),
            JobEvent.to_status.in_([JobStatus.QUEUED, JobStatus.FAILED]),
        )
        return list(query.order_by(JobEvent.event_id.desc()).limit(20))[::-1]


@statement
def _job(job_id: str) -> Any:
    return Job.select().where(Job.job_id == job_id)


@statement
def _insert(job_id: str, created_at: datetime, *values: Any, columns: Columns) -> Any:
    given = put_together(columns, iter(values))
    return Job.insert(job_id=job_id, created_at=created_at, **given).returning(Job)


@statement
def _look(job_id: str, *values: Any, guard: GuardShape) -> Any:
    """Read a job that passes a guard, and lock its row."""
    return locked(Job.select().where(Job.job_id == job_id, *guard.conditions(iter(values))))


@statement
def _change(job_id: str, *values: Any, columns: Columns, guard: GuardShape) -> Any:
    rest = iter(values)
    query = Job.update(**put_together(columns, rest))
    return query.where(Job.job_id == job_id, *guard.conditions(rest)).returning(Job)


@statement
def _enter_event(*values: Any, columns: Columns) -> Any:
    return JobEvent.insert(**put_together(columns, iter(values)))


@statement
def _rips_of(disc_id: str, *, only_open: bool) -> Any:
    query = Job.select().where(Job.disc == disc_id, Job.job_type == JobType.RIP)
    if only_open:
        query = query.where(Job.status.in_(list(OPEN)))
    return query.order_by(Job.created_at, Job.title_index, Job.job_id)


@statement
def _rips_with(output_file: str, *values: Any, of: tuple[str, ...]) -> Any:
    """The latest rips that wrote a file. of: columns that have these values."""
    known = [getattr(Job, name) == value for name, value in zip(of, values, strict=True)]
    query = Job.select().where(Job.job_type == JobType.RIP, *known, Job.output_file == output_file)
    return query.order_by(Job.created_at.desc(), Job.job_id).limit(20)


@statement
def _rips_without_file(label: str, *values: Any, of: tuple[str, ...]) -> Any:
    """values: those of the columns `of`, then the files' names."""
    known = [getattr(Job, name) == value for name, value in zip(of, values, strict=False)]
    # By NOT IN, because SQLite would search all rips otherwise.
    query = Job.select().where(
        Job.file_key.in_(values[len(of) :]),
        Job.job_type.not_in([JobType.TRANSCODE, JobType.ORGANIZE]),
        Job.source_disc_name == label,
        Job.attempt > 0,
        Job.output_file.is_null(),
        *known,
    )
    return query.order_by(Job.created_at.desc(), Job.job_id).limit(40)


@statement
def _rips_under_way(disc_id: str, title_index: int) -> Any:
    return Job.select().where(
        Job.job_type == JobType.RIP,
        Job.disc == disc_id,
        Job.title_index == title_index,
        Job.status.not_in([JobStatus.FAILED, JobStatus.CANCELLED]),
    )


@statement
def _open_inputs() -> Any:
    """The files of open transcodes of rips, and those rips."""
    query = Job.select(Job.source_job_id, Job.input_file).where(
        Job.job_type == JobType.TRANSCODE,
        Job.status.in_(list(OPEN)),
        Job.source_job_id.is_null(False),
    )
    return query.tuples()


@statement
def _counts() -> Any:
    keys = (Job.status, Job.job_type, Job.requires_approval)
    return Job.select(*keys, peewee.fn.COUNT(1)).group_by(*keys).tuples()


@statement
def _queued(now: datetime, start: int) -> Any:
    """A batch of the queued jobs that may begin: created, planned and queued when."""
    entered = JobEvent.select(peewee.fn.MAX(JobEvent.at)).where(
        JobEvent.job == Job.job_id,
        JobEvent.to_status == JobStatus.QUEUED,
        JobEvent.from_status.is_null() | (JobEvent.from_status != JobStatus.QUEUED),
    )
    query = Job.select(Job.created_at, Job.scheduled_at, entered.alias("entered_at")).where(
        Job.status == JobStatus.QUEUED, _is_due(now)
    )
    in_order = query.order_by(Job.created_at, Job.job_id)
    return in_order.offset(start).limit(QUEUED_BATCH).tuples()


@statement
def _has_file(key: str, agent_id: str, cancelled_since: datetime, *besides: str) -> Any:
    child = Job.alias("child")
    is_read = peewee.fn.EXISTS(
        child.select(peewee.SQL("1")).where(
            child.source_job_id == Job.job_id, child.status.not_in(list(OVER))
        )
    )
    goes_on = (
        (Job.status == JobStatus.CANCELLED)
        & Job.started_at.is_null(False)
        & (Job.completed_at > cancelled_since)
    )
    is_due = lacks_result() & (Job.upload_failed | Job.moved_at.is_null(False))
    has_file = goes_on | is_due | ((Job.job_type == JobType.RIP) & is_read)
    query = Job.select(peewee.SQL("1")).where(
        Job.file_key == key,
        (Job.for_agent_id == agent_id) | (Job.assigned_agent_id == agent_id),
        Job.job_id.not_in(list(besides)),
        Job.status.in_(list(OPEN)) | has_file,
    )
    return query.limit(1).tuples()


@statement
def _transcodes_of(*rip_ids: str) -> Any:
    query = Job.select().where(Job.source_job_id.in_(list(rip_ids)))
    return query.order_by(Job.created_at, Job.job_id)


def waits(job_type: JobType, now: datetime, job: Any = Job) -> Any:
    """Whether a job is one of that type that can begin now, as a condition of a query.

    job: Job, or an alias of it.
    """
    return (job.status == JobStatus.QUEUED) & (job.job_type == job_type) & _is_due(now, job)


def _is_due(now: datetime, job: Any = Job) -> Any:
    return job.scheduled_at.is_null() | (job.scheduled_at <= now)


def lacks_result() -> Any:
    """The completed transcodes of which no file is known."""
    return (
        (Job.job_type == JobType.TRANSCODE)
        & (Job.status == JobStatus.COMPLETED)
        & Job.output_file.is_null()
    )


def _result_rank(job: Job) -> int:
    """Return how likely a result that is known by its name is this transcode's: 0 the most."""
    lacks_file, is_held = job.output_file is None, job.status in HELD
    if lacks_file and not is_held and not job.upload_failed and job.moved_at is not None:
        return 0
    if is_held:
        return 1 if lacks_file else 3
    if job.upload_failed:
        return 2
    return 4 if lacks_file else 5
