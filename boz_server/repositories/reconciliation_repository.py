"""Rows that contradict the jobs, in the database."""

from datetime import datetime
from typing import Any
from uuid import uuid4

import peewee

from boz_server.database.models import Agent, Disc, Job, Worker
from boz_server.domain.discs.disc_states import DiscStatus
from boz_server.domain.queue.job_states import HELD, OPEN, JobType
from boz_server.repositories.agent_repository import AgentRepository
from boz_server.repositories.attempt_repository import AttemptRepository
from boz_server.repositories.worker_repository import WorkerRepository

#: A disc counts as being ripped from the order on, so while a rip of it is open.
OPEN_RIP: Any = (Job.job_type == JobType.RIP) & Job.status.in_(list(OPEN))


class ReconciliationRepository:
    """Finds and repairs them; what repairs returns how many rows it changed."""

    def __init__(
        self,
        *,
        agents: AgentRepository,
        workers: WorkerRepository,
        attempts: AttemptRepository,
    ) -> None:
        self.agents = agents
        self.workers = workers
        self.attempts = attempts

    def give_leases(self, now: datetime) -> int:
        """Give a lease to jobs under way that have none, as those of an older server."""
        query = Job.select().where(
            Job.status.in_(list(HELD)),
            Job.assigned_agent_id.is_null(False),
            Job.lease_expires_at.is_null() | Job.lease_token.is_null(),
        )
        jobs = list(query)
        for job in jobs:
            Job.update(
                lease_token=uuid4().hex, lease_expires_at=self.attempts.lease_until(now)
            ).where(Job.job_id == job.job_id).execute()
        return len(jobs)

    def jobs_of_no_one(self) -> list[Job]:
        """Return the jobs that count as given away, but to no machine."""
        query = Job.select().where(Job.status.in_(list(HELD)), Job.assigned_agent_id.is_null())
        return list(query)

    def repair_agents(self) -> int:
        """Set what agents work on from their jobs."""
        changed = 0
        for agent in Agent.select():
            before = (agent.current_job_id, agent.status)
            self.agents.refresh_work(agent.agent_id)
            after = Agent.get_by_id(agent.agent_id)
            changed += before != (after.current_job_id, after.status)
        return changed

    def repair_workers(self) -> int:
        """Set what workers have from their jobs."""
        changed = 0
        for worker in Worker.select():
            self.workers.refresh_work(worker.worker_id)
            changed += worker.current_jobs != Worker.get_by_id(worker.worker_id).current_jobs
        return changed

    def repair_discs(self) -> int:
        """Set whether discs in their drives are being ripped from their jobs."""
        open_rips = Job.select(Job.disc).where(OPEN_RIP, Job.disc.is_null(False))
        begun = Disc.update(status=DiscStatus.RIPPING).where(
            Disc.status.in_([DiscStatus.DETECTED, DiscStatus.COMPLETED]),
            Disc.disc_id.in_(open_rips),
        )
        rips = Job.select(peewee.SQL("1")).where(
            Job.disc == Disc.disc_id, Job.job_type == JobType.RIP
        )
        done = Disc.update(
            status=peewee.Case(
                None, [(peewee.fn.EXISTS(rips), DiscStatus.COMPLETED)], DiscStatus.DETECTED
            )
        ).where(Disc.status == DiscStatus.RIPPING, Disc.disc_id.not_in(open_rips))
        return int(begun.execute()) + int(done.execute())
