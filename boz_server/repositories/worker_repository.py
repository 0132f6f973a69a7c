"""Workers in the database."""

from datetime import datetime
from typing import Any

import peewee

from boz_server.database.connection import Database
from boz_server.database.models import Job, Worker
from boz_server.domain.machines.presence import WorkerStatus
from boz_server.domain.queue.job_states import HELD, OPEN
from boz_server.domain.queue.placement import FAILURES_TO_PAUSE
from boz_server.repositories.paging import Page, PageRequest, fetch_page


class WorkerRepository:
    """Queries on workers."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def get(self, worker_id: str) -> Worker | None:
        """Return the worker, or None when it is not registered."""
        return Worker.get_or_none(Worker.worker_id == worker_id)

    def page(self, request: PageRequest) -> Page[Worker]:
        """Return workers by id."""
        return fetch_page(Worker.select(), [(Worker.worker_id, False)], request)

    def enabled_by_priority(self) -> list[Worker]:
        """Return the workers that may have jobs, the preferred ones first."""
        query = Worker.select().where(Worker.enabled)
        return list(query.order_by(Worker.priority, Worker.worker_id))

    def all(self) -> list[Worker]:
        """Return every worker: one machine each, so there are tens of them, not thousands."""
        return list(Worker.select())

    def all_of_agent(self, agent_id: str) -> list[Worker]:
        """Return the workers on an agent's machine, the preferred ones first."""
        query = Worker.select().where(Worker.agent == agent_id)
        return list(query.order_by(Worker.priority, Worker.worker_id))

    def register(self, worker_id: str, now: datetime, **facts: Any) -> None:
        """Enter the worker, or refresh its facts.

        Kept when it comes again: its statistics, `enabled`, and a priority that an operator set.
        """
        kept_priority = peewee.Case(
            None, [(Worker.priority_set_by_operator, Worker.priority)], peewee.EXCLUDED.priority
        )
        (
            Worker.insert(
                worker_id=worker_id,
                status=WorkerStatus.AVAILABLE,
                last_heartbeat=now,
                registered_at=now,
                **facts,
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
                update={Worker.priority: kept_priority},
            )
            .execute()
        )

    def touch(
        self,
        worker_id: str,
        now: datetime,
        absent_since: datetime | None = None,
        **reported: Any,
    ) -> bool:
        """Move last_heartbeat to now, with what else the worker reported. False when unknown.

        absent_since: then also False, and nothing changed, for one that counted as offline: it
        said so, or was last heard from before.
        """
        query = Worker.update(last_heartbeat=now, **reported).where(Worker.worker_id == worker_id)
        if absent_since is not None:
            query = query.where(
                Worker.status != WorkerStatus.OFFLINE, Worker.last_heartbeat >= absent_since
            )
        return bool(query.execute())

    def sign_off(self, agent_id: str) -> None:
        """Note that the workers on an agent's machine are offline, as the agent has signed off."""
        Worker.update(status=WorkerStatus.OFFLINE).where(Worker.agent == agent_id).execute()

    def set_priority(self, worker_id: str, priority: int) -> bool:
        """Set an operator's priority. False when unknown."""
        return self._update(worker_id, priority=priority, priority_set_by_operator=True)

    def set_enabled(self, worker_id: str, *, enabled: bool) -> bool:
        """Let the worker have jobs, or not; whoever lets it forgives its failures. False when
        unknown."""
        forgiven = {"consecutive_failures": 0, "paused_at": None} if enabled else {}
        return self._update(worker_id, enabled=enabled, **forgiven)

    def delete(self, worker_id: str) -> bool:
        """Forget the worker; its jobs stay, and those that wait for it wait for any. False when
        unknown."""
        Job.update(for_worker_id=None).where(
            Job.for_worker_id == worker_id, Job.status.in_(list(OPEN))
        ).execute()
        return bool(Worker.delete().where(Worker.worker_id == worker_id).execute())

    def refresh_work(self, worker_id: str) -> None:
        """Set the worker's list of open jobs from the jobs themselves.

        The lock comes first, so that of two writers the later one sees both changes.
        """
        self.database.keep_row(Worker, worker_id)
        held = (
            Job.select(Job.job_id)
            .where(Job.assigned_worker == worker_id, Job.status.in_(list(HELD)))
            .order_by(Job.assigned_at, Job.job_id)
        )
        self._update(worker_id, current_jobs=[job.job_id for job in held])

    def count_completion(self, worker_id: str, seconds: float) -> None:
        """Add one completed job that took so long to the worker's statistics."""
        total = Worker.total_jobs_completed
        mean = (Worker.avg_transcode_time_seconds * total + seconds) / (total + 1)
        self._update(
            worker_id,
            total_jobs_completed=total + 1,
            avg_transcode_time_seconds=mean,
            consecutive_failures=0,
            paused_at=None,
        )

    def count_failure(self, worker_id: str, now: datetime) -> None:
        """Count a failed job; too many in a row, and the worker is paused."""
        failures = Worker.consecutive_failures + 1
        paused_at = peewee.Case(
            None,
            [((failures >= FAILURES_TO_PAUSE) & Worker.paused_at.is_null(), now)],
            Worker.paused_at,
        )
        self._update(worker_id, consecutive_failures=failures, paused_at=paused_at)

    @staticmethod
    def _update(worker_id: str, **changes: Any) -> bool:
        return bool(Worker.update(**changes).where(Worker.worker_id == worker_id).execute())
