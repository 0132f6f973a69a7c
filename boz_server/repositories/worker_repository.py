"""Workers in the database."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

import peewee

from boz_server.database.connection import Database
from boz_server.database.models import Job, JobFailure, Worker
from boz_server.database.statements import Columns, put_together, statement, taken_apart
from boz_server.domain.machines.presence import WorkerHeartbeat, WorkerStatus, WorkerType
from boz_server.domain.queue.job_states import HELD, OPEN
from boz_server.domain.queue.placement import FAILURES_TO_PAUSE
from boz_server.repositories.paging import Page, PageRequest, fetch_page


class WorkerRepository:
    """Queries on workers."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def get(self, worker_id: str) -> Worker | None:
        """Return the worker, or None when it is not registered."""
        found: Worker | None = _worker.first(worker_id)
        return found

    def page(self, request: PageRequest) -> Page[Worker]:
        """Return workers by id."""
        return fetch_page(Worker.select(), [(Worker.worker_id, False)], request)

    def enabled_by_priority(self) -> list[Worker]:
        """Return the enabled workers, preferred ones first."""
        query = Worker.select().where(Worker.enabled)
        return list(query.order_by(Worker.priority, Worker.worker_id))

    def all(self) -> list[Worker]:
        """Return every worker; each is a machine, so there are tens, not thousands."""
        return list(Worker.select())

    def all_of_agent(self, agent_id: str) -> list[Worker]:
        """Return the workers on an agent's machine, preferred ones first."""
        query = Worker.select().where(Worker.agent == agent_id)
        return list(query.order_by(Worker.priority, Worker.worker_id))

    def register(
        self,
        worker_id: str,
        now: datetime,
        *,
        agent_id: str | None,
        worker_type: WorkerType,
        hostname: str,
        capabilities: dict[str, Any],
        priority: int,
    ) -> None:
        """Insert a worker, or refresh it.

        Its statistics, `enabled` and a priority that an operator set stay.
        """
        new_priority = peewee.Case(
            None, [(Worker.priority_set_by_operator, Worker.priority)], peewee.EXCLUDED.priority
        )
        (
            Worker.insert(
                worker_id=worker_id,
                status=WorkerStatus.AVAILABLE,
                last_heartbeat=now,
                registered_at=now,
                agent=agent_id,
                worker_type=worker_type,
                hostname=hostname,
                capabilities=capabilities,
                priority=priority,
            )
            .on_conflict(
                conflict_target=[Worker.worker_id],
                preserve=[
                    Worker.worker_type,
                    Worker.hostname,
                    Worker.agent,
                    Worker.capabilities,
                    Worker.status,
                    Worker.last_heartbeat,
                ],
                update={Worker.priority: new_priority},
            )
            .execute()
        )

    def touch(
        self,
        worker_id: str,
        now: datetime,
        heartbeat: WorkerHeartbeat | None = None,
        online_since: datetime | None = None,
    ) -> bool:
        """Move last_heartbeat to now, and store a heartbeat. False when unknown.

        heartbeat: None after a poll: the worker is available, and its usage stays. online_since:
        also False, without a change, for a worker that counts as offline: it reported so, or its
        last heartbeat was before then.
        """
        reported = {"status": WorkerStatus.AVAILABLE} if heartbeat is None else asdict(heartbeat)
        columns, given = taken_apart({"last_heartbeat": now} | reported)
        if online_since is None:
            return bool(_change(worker_id, *given, columns=columns))
        return bool(_touch_online(worker_id, online_since, *given, columns=columns))

    def touch_all_of(self, agent_id: str, now: datetime, *, quiet_since: datetime) -> None:
        """Count those workers of an agent as there that are offline, or have sent nothing since
        then."""
        is_offline = Worker.status == WorkerStatus.OFFLINE
        status = peewee.Case(None, [(is_offline, WorkerStatus.AVAILABLE)], Worker.status)
        Worker.update(last_heartbeat=now, status=status).where(
            Worker.agent == agent_id, is_offline | (Worker.last_heartbeat < quiet_since)
        ).execute()

    def pass_on(self, old_id: str, new_id: str) -> None:
        """Give the workers of an agent to another one."""
        Worker.update(agent=new_id).where(Worker.agent == old_id).execute()

    def mark_offline(self, agent_id: str) -> None:
        """Mark the workers on an agent's machine offline."""
        Worker.update(status=WorkerStatus.OFFLINE).where(Worker.agent == agent_id).execute()

    def set_priority(self, worker_id: str, priority: int) -> bool:
        """Set an operator's priority. False when unknown."""
        return self._update(worker_id, priority=priority, priority_set_by_operator=True)

    def set_enabled(self, worker_id: str, *, enabled: bool) -> bool:
        """Allow or refuse a worker new jobs; allowing resets its failures. False when unknown."""
        forgiven = {"consecutive_failures": 0, "paused_at": None} if enabled else {}
        return self._update(worker_id, enabled=enabled, **forgiven)

    def lift_pause(self, worker_id: str) -> None:
        """Reset a paused worker's failures; those of others count on."""
        forgiven = Worker.update(consecutive_failures=0, paused_at=None)
        forgiven.where(Worker.worker_id == worker_id, Worker.paused_at.is_null(False)).execute()

    def delete(self, worker_id: str) -> bool:
        """Delete a worker; open jobs for it alone become jobs for any. False when unknown."""
        Job.update(for_worker_id=None).where(
            Job.for_worker_id == worker_id, Job.status.in_(list(OPEN))
        ).execute()
        return bool(Worker.delete().where(Worker.worker_id == worker_id).execute())

    def refresh_work(self, worker_id: str) -> None:
        """Derive a worker's list of open jobs from the jobs.

        Takes the lock first, so that of two writers the later one sees both changes.
        """
        self.database.keep_row(Worker, worker_id)
        self._update(worker_id, current_jobs=[job_id for (job_id,) in _held(worker_id)])

    def repair_work(self) -> int:
        """Derive every worker's list of open jobs again; returns how many workers were wrong."""
        changed = 0
        for worker in Worker.select():
            self.refresh_work(worker.worker_id)
            changed += worker.current_jobs != Worker.get_by_id(worker.worker_id).current_jobs
        return changed

    def count_completion(self, worker_id: str, seconds: float) -> None:
        """Add a completed job of this duration to a worker's statistics."""
        _count_completion(seconds, worker_id)

    def count_failure(self, worker_id: str, job_id: str, now: datetime) -> None:
        """Count a failed job, unless it has failed on the worker before: its file may be at fault.

        Too many in a row pause the worker.
        """
        if self._has_failed(worker_id, job_id):
            return
        _count_failure(now, worker_id)

    def is_paused_by(self, worker_id: str | None, job_id: str) -> bool:
        """Whether a worker is paused once `count_failure` has counted that it fails this job, or is
        so already."""
        worker = None if worker_id is None else self.get(worker_id)
        if worker is None or worker.failing_since is None:
            return False
        is_last = worker.consecutive_failures + 1 >= FAILURES_TO_PAUSE
        return worker.paused_at is not None or (
            is_last and not self._has_failed(worker.worker_id, job_id)
        )

    @staticmethod
    def _has_failed(worker_id: str, job_id: str) -> bool:
        query = JobFailure.select().where(
            JobFailure.job == job_id, JobFailure.worker_id == worker_id
        )
        return bool(query.exists())

    @staticmethod
    def _update(worker_id: str, **changes: Any) -> bool:
        columns, given = taken_apart(changes)
        return bool(_change(worker_id, *given, columns=columns))


@statement
def _worker(worker_id: str) -> Any:
    return Worker.select().where(Worker.worker_id == worker_id)


@statement
def _change(worker_id: str, *values: Any, columns: Columns) -> Any:
    changes = put_together(columns, iter(values))
    return Worker.update(**changes).where(Worker.worker_id == worker_id)


@statement
def _touch_online(worker_id: str, online_since: datetime, *values: Any, columns: Columns) -> Any:
    return Worker.update(**put_together(columns, iter(values))).where(
        Worker.worker_id == worker_id,
        Worker.status != WorkerStatus.OFFLINE,
        Worker.last_heartbeat >= online_since,
    )


@statement
def _held(worker_id: str) -> Any:
    query = Job.select(Job.job_id).where(
        Job.assigned_worker == worker_id, Job.status.in_(list(HELD))
    )
    return query.order_by(Job.assigned_at, Job.job_id).tuples()


@statement
def _count_completion(seconds: float, worker_id: str) -> Any:
    total = Worker.total_jobs_completed
    mean = (Worker.avg_transcode_time_seconds * total + seconds) / (total + 1)
    query = Worker.update(
        total_jobs_completed=total + 1,
        avg_transcode_time_seconds=mean,
        consecutive_failures=0,
        paused_at=None,
    )
    return query.where(Worker.worker_id == worker_id)


@statement
def _count_failure(now: datetime, worker_id: str) -> Any:
    failures = Worker.consecutive_failures + 1
    at = peewee.Value(now, converter=Worker.failing_since.db_value)
    since = peewee.Case(None, [(Worker.consecutive_failures == 0, at)], Worker.failing_since)
    is_paused = (failures >= FAILURES_TO_PAUSE) & Worker.paused_at.is_null()
    query = Worker.update(
        consecutive_failures=failures,
        failing_since=since,
        paused_at=peewee.Case(None, [(is_paused, at)], Worker.paused_at),
    )
    return query.where(Worker.worker_id == worker_id)
