"""Workers: who they are, what they can do, and what the server gave them."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from boz_server.context import Context
from boz_server.database.models import Job, Worker
from boz_server.domain.machines.presence import WorkerStatus, is_silent, worker_status
from boz_server.domain.queue.placement import GPU_CAPABILITIES
from boz_server.errors import Refused, WorkerNotFound
from boz_server.repositories.agent_repository import AgentRepository
from boz_server.repositories.attempt_repository import by_worker
from boz_server.repositories.paging import Page, PageRequest
from boz_server.repositories.worker_repository import WorkerRepository
from boz_server.services.queue import dispatcher, leases

log = logging.getLogger(__name__)

LOWEST_PRIORITY, HIGHEST_PRIORITY = 1, 99


@dataclass(frozen=True, slots=True)
class WorkerStats:
    """How many workers there are, by what they are just now."""

    total_workers: int
    available: int
    busy: int
    offline: int
    gpu_workers: int
    total_jobs_completed: int


class WorkerManager:
    """Registers workers, hears their signs of life, and chooses among them."""

    def __init__(
        self,
        context: Context,
        *,
        workers: WorkerRepository,
        agents: AgentRepository,
    ) -> None:
        self.context = context
        self.settings = context.settings
        self.clock = context.clock
        self.database = context.database
        self.workers = workers
        self.agents = agents

    def register(self, worker_id: str, *, agent_id: str | None, **facts: Any) -> Worker:
        """Enter a worker or refresh it; statistics and an operator's settings are kept.

        facts: worker_type, hostname, capabilities, priority.
        """
        now = self.clock.now()
        with self.database.write_queue():
            if agent_id is not None:
                # Some machines announce their worker before their agent.
                self.agents.ensure(agent_id, now)
            self.workers.register(worker_id, now, agent=agent_id, **facts)
            leases.suspect(self.context, by_worker(worker_id))
            self.workers.refresh_work(worker_id)
            dispatcher.dispatch(self.context)
            worker = self.get(worker_id)
        log.info("Worker registered", extra={"worker_id": worker_id})
        return worker

    def heartbeat(
        self,
        worker_id: str,
        status: WorkerStatus = WorkerStatus.AVAILABLE,
        cpu_usage: float | None = None,
        gpu_usage: float | None = None,
    ) -> datetime:
        """Record a sign of life, and extend the leases of the worker's jobs; returns the server's
        time.

        What the worker says of its jobs is not taken: the server knows what it gave it.
        Raises WorkerNotFound when no such worker is registered.
        """
        now = self.clock.now()
        said = {"status": status, "cpu_usage": cpu_usage, "gpu_usage": gpu_usage}
        with self.database.write():
            here = self.workers.touch(worker_id, now, absent_since=self._absent_since(now), **said)
        if not here:
            self._come_back(worker_id, now, said)
        leases.sign_of_life(self.context, by_worker(worker_id))
        return now

    def cancelled_jobs(self, worker_id: str) -> list[str]:
        """Return the ids of jobs that a worker is to stop as they were cancelled."""
        return leases.cancelled(self.context, by_worker(worker_id))

    def poll(self, worker_id: str, max_jobs: int) -> list[Job]:
        """Claim work for a worker that asks for it, which is a sign of life as well.

        Raises WorkerNotFound when no such worker is registered.
        """
        now = self.clock.now()
        with self.database.write_queue():
            if not self.workers.touch(worker_id, now, status=WorkerStatus.AVAILABLE):
                raise WorkerNotFound(worker_id)
            leases.sign_of_life(self.context, by_worker(worker_id))
            return dispatcher.claim(self.context, worker_id, max_jobs)

    def get(self, worker_id: str) -> Worker:
        """Return a worker with the status that it has now; raises WorkerNotFound."""
        worker = self.workers.get(worker_id)
        if worker is None:
            raise WorkerNotFound(worker_id)
        return self._as_seen_now(worker)

    def page(self, request: PageRequest) -> Page[Worker]:
        """Return workers by id, each with the status that it has now."""
        page = self.workers.page(request)
        for worker in page.items:
            self._as_seen_now(worker)
        return page

    def available(self) -> list[Worker]:
        """Return the workers that can take a job now, the preferred ones first."""
        enabled = map(self._as_seen_now, self.workers.enabled_by_priority())
        return [
            worker
            for worker in enabled
            if worker.status == WorkerStatus.AVAILABLE and worker.paused_at is None
        ]

    def stats(self) -> WorkerStats:
        """Count the workers by what they are just now."""
        workers = list(map(self._as_seen_now, self.workers.all()))
        statuses = [worker.status for worker in workers]
        return WorkerStats(
            total_workers=len(workers),
            available=statuses.count(WorkerStatus.AVAILABLE),
            busy=statuses.count(WorkerStatus.BUSY),
            offline=statuses.count(WorkerStatus.OFFLINE),
            gpu_workers=sum(
                any(worker.capabilities.get(name) for name in GPU_CAPABILITIES)
                for worker in workers
            ),
            total_jobs_completed=sum(worker.total_jobs_completed for worker in workers),
        )

    def set_priority(self, worker_id: str, priority: int) -> None:
        """Set an operator's priority, 1–99, lower preferred. Raises Refused, WorkerNotFound."""
        if not LOWEST_PRIORITY <= priority <= HIGHEST_PRIORITY:
            raise Refused(
                f"Priority {priority} is out of range: send one from {LOWEST_PRIORITY} to"
                f" {HIGHEST_PRIORITY}; lower is preferred."
            )
        with self.database.write():
            if not self.workers.set_priority(worker_id, priority):
                raise WorkerNotFound(worker_id)

    def set_enabled(self, worker_id: str, *, enabled: bool) -> None:
        """Let a worker have jobs, or not; those that it has go on. Whoever lets one have jobs that
        is paused sets it going again. Raises WorkerNotFound."""
        with self.database.write_queue():
            if not self.workers.set_enabled(worker_id, enabled=enabled):
                raise WorkerNotFound(worker_id)
            dispatcher.dispatch(self.context)
        log.info("Worker switched", extra={"worker_id": worker_id, "enabled": enabled})

    def unregister(self, worker_id: str) -> None:
        """Forget a worker; the jobs that it had stay with its agent, or go to others where it has
        none. Raises WorkerNotFound."""
        with self.database.write_queue():
            worker = self.workers.get(worker_id)
            if worker is None:
                raise WorkerNotFound(worker_id)
            if worker.agent_id is None:
                leases.release(self.context, by_worker(worker_id), "The worker was unregistered.")
            self.workers.delete(worker_id)
            dispatcher.dispatch(self.context)
        log.info("Worker unregistered", extra={"worker_id": worker_id})

    def _come_back(self, worker_id: str, now: datetime, said: dict[str, Any]) -> None:
        """A worker that counted as offline is there again: jobs may have waited for it."""
        with self.database.write_queue():
            if not self.workers.touch(worker_id, now, **said):
                raise WorkerNotFound(worker_id)
            dispatcher.dispatch(self.context)

    def _absent_since(self, now: datetime) -> datetime:
        return now - timedelta(seconds=self.settings.worker_timeout_seconds)

    def _as_seen_now(self, worker: Worker) -> Worker:
        now = self.clock.now()
        worker.status = worker_status(
            worker.status,
            silent=is_silent(worker.last_heartbeat, now, self.settings.worker_timeout_seconds),
            open_jobs=len(worker.current_jobs),
            max_concurrent=worker.capabilities["max_concurrent"],
        )
        return worker
