"""Workers: registration, heartbeats, settings, and which are free."""

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from boz_server.context import Context
from boz_server.database.models import Job, Worker
from boz_server.domain.machines.presence import (
    WorkerHeartbeat,
    WorkerStatus,
    WorkerType,
    is_silent,
    silent_before,
    worker_status,
)
from boz_server.domain.queue.placement import GPU_CAPABILITIES
from boz_server.errors import Refused, WorkerNotFound
from boz_server.repositories.attempt_repository import by_worker
from boz_server.repositories.paging import Page, PageRequest
from boz_server.services.discs import inheritance
from boz_server.services.machines import succession
from boz_server.services.queue import dispatcher, leases

log = logging.getLogger(__name__)

LOWEST_PRIORITY, HIGHEST_PRIORITY = 1, 99


@dataclass(frozen=True, slots=True)
class WorkerStats:
    """How many workers there are, by their status now."""

    total_workers: int
    available: int
    busy: int
    offline: int
    gpu_workers: int
    total_jobs_completed: int


class WorkerManager:
    """Registers workers, takes their heartbeats, and chooses among them."""

    def __init__(self, context: Context) -> None:
        self.context = context

    def register(
        self,
        worker_id: str,
        *,
        agent_id: str | None,
        worker_type: WorkerType,
        hostname: str,
        capabilities: dict[str, Any],
        priority: int,
    ) -> Worker:
        """Register a worker, or refresh it; its statistics and an operator's settings stay.

        A pause after failures ends, because people restart a machine to mend it. If its agent has
        another id than before, that one follows the old one.
        """
        now, stores = self.context.clock.now(), self.context.stores
        with self.context.database.write_queue():
            if agent_id is not None:
                # Some machines register their worker before their agent.
                stores.agents.ensure(agent_id, now)
                self._follow(worker_id, agent_id)
            stores.workers.register(
                worker_id,
                now,
                agent_id=agent_id,
                worker_type=worker_type,
                hostname=hostname,
                capabilities=capabilities,
                priority=priority,
            )
            stores.workers.lift_pause(worker_id)
            leases.suspect(self.context, by_worker(worker_id))
            stores.workers.refresh_work(worker_id)
            dispatcher.dispatch(self.context)
            worker = self.get(worker_id)
        log.info("Worker registered", extra={"worker_id": worker_id})
        return worker

    def heartbeat(self, worker_id: str, heartbeat: WorkerHeartbeat) -> datetime:
        """Keep a worker online, and extend the leases of its jobs; returns the server's time.

        Which jobs it has is the server's own record. Raises WorkerNotFound when no such worker is
        registered.
        """
        now = self.context.clock.now()
        online_since = silent_before(now, self.context.settings.worker_timeout_seconds)
        with self.context.database.write_queue(lightly=True):
            is_online = self.context.stores.workers.touch(worker_id, now, heartbeat, online_since)
            if is_online:
                leases.extend(self.context, by_worker(worker_id))
        if not is_online:
            with self.context.database.write_queue():
                self._come_back(worker_id, now, heartbeat)
                leases.extend(self.context, by_worker(worker_id))
        return now

    def cancelled_jobs(self, worker_id: str) -> list[str]:
        """Return the ids of a worker's jobs that were cancelled, for it to stop."""
        return leases.cancelled(self.context, by_worker(worker_id))

    def poll(self, worker_id: str, max_jobs: int) -> list[Job]:
        """Claim jobs for a worker; like a heartbeat, this keeps it online.

        Raises WorkerNotFound when no such worker is registered.
        """
        now = self.context.clock.now()
        with self.context.database.write_queue():
            if not self.context.stores.workers.touch(worker_id, now):
                raise WorkerNotFound(worker_id)
            leases.extend(self.context, by_worker(worker_id))
            return dispatcher.claim(self.context, worker_id, max_jobs)

    def get(self, worker_id: str) -> Worker:
        """Return a worker with its status now; raises WorkerNotFound."""
        worker = self.context.stores.workers.get(worker_id)
        if worker is None:
            raise WorkerNotFound(worker_id)
        return self._with_status(worker)

    def page(self, request: PageRequest) -> Page[Worker]:
        """Return workers by id, with their status now."""
        page = self.context.stores.workers.page(request)
        for worker in page.items:
            self._with_status(worker)
        return page

    def available(self) -> list[Worker]:
        """Return the workers that can take a job now, preferred ones first."""
        enabled = map(self._with_status, self.context.stores.workers.enabled_by_priority())
        return [worker for worker in enabled if worker.status == WorkerStatus.AVAILABLE]

    def stats(self) -> WorkerStats:
        """Count the workers by their status now."""
        workers = list(map(self._with_status, self.context.stores.workers.all()))
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
        with self.context.database.write():
            if not self.context.stores.workers.set_priority(worker_id, priority):
                raise WorkerNotFound(worker_id)

    def set_enabled(self, worker_id: str, *, enabled: bool) -> None:
        """Allow or refuse a worker new jobs; the jobs that it has go on. Raises WorkerNotFound.

        Allowing it jobs also ends a pause after failures.
        """
        with self.context.database.write_queue():
            if not self.context.stores.workers.set_enabled(worker_id, enabled=enabled):
                raise WorkerNotFound(worker_id)
            dispatcher.dispatch(self.context)
        log.info("Worker switched", extra={"worker_id": worker_id, "enabled": enabled})

    def lift_pause(self, worker_id: str) -> None:
        """Let a worker that was paused after failures have jobs again; a disabled one stays so."""
        self.context.database.require_queue()
        self.context.stores.workers.lift_pause(worker_id)

    def unregister(self, worker_id: str) -> None:
        """Delete a worker. Raises WorkerNotFound.

        Its jobs stay with its agent; without an agent they are released to other workers.
        """
        with self.context.database.write_queue():
            worker = self.context.stores.workers.get(worker_id)
            if worker is None:
                raise WorkerNotFound(worker_id)
            if worker.agent_id is None:
                leases.release(self.context, by_worker(worker_id), "The worker was unregistered.")
            self.context.stores.workers.delete(worker_id)
            dispatcher.dispatch(self.context)
        log.info("Worker unregistered", extra={"worker_id": worker_id})

    def _follow(self, worker_id: str, agent_id: str) -> None:
        """Give what the worker's agent had to its new one, if that is another one."""
        known = self.context.stores.workers.get(worker_id)
        if known is not None and known.agent_id not in (None, agent_id):
            succession.succeed(self.context, known.agent_id, agent_id)
            inheritance.pass_on(self.context, known.agent_id, agent_id)

    def _come_back(self, worker_id: str, now: datetime, heartbeat: WorkerHeartbeat) -> None:
        """Bring an offline worker back, and assign it the jobs that waited for it."""
        self.context.database.require_queue()
        if not self.context.stores.workers.touch(worker_id, now, heartbeat):
            raise WorkerNotFound(worker_id)
        dispatcher.dispatch(self.context)

    def _with_status(self, worker: Worker) -> Worker:
        now, timeout = self.context.clock.now(), self.context.settings.worker_timeout_seconds
        worker.status = worker_status(
            worker.status,
            silent=is_silent(worker.last_heartbeat, now, timeout),
            paused=worker.paused_at is not None,
            open_jobs=len(worker.current_jobs),
            max_concurrent=worker.capabilities["max_concurrent"],
        )
        return worker
