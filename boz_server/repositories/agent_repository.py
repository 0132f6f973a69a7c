"""Agents in the database."""

from datetime import datetime
from typing import Any

import peewee

from boz_server.database.connection import Database
from boz_server.database.models import Agent, Job
from boz_server.domain.machines.capabilities import AGENT_DEFAULTS
from boz_server.domain.machines.presence import AgentStatus
from boz_server.domain.queue.job_states import JobStatus
from boz_server.repositories.paging import Page, PageRequest, fetch_page

#: A sign of life brings an agent back, and does not turn a busy one into an idle one.
ONLINE_UNLESS_BUSY = peewee.Case(
    None, [(Agent.current_job_id.is_null(False), AgentStatus.BUSY)], AgentStatus.ONLINE
)


class AgentRepository:
    """Queries on agents."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def get(self, agent_id: str) -> Agent | None:
        """Return the agent, or None when it never registered."""
        return Agent.get_or_none(Agent.agent_id == agent_id)

    def page(self, request: PageRequest) -> Page[Agent]:
        """Return agents by id."""
        return fetch_page(Agent.select(), [(Agent.agent_id, False)], request)

    def count(self) -> int:
        """Return how many agents ever registered."""
        return Agent.select().count()

    def register(
        self, agent_id: str, name: str, capabilities: dict[str, Any], now: datetime
    ) -> None:
        """Enter the agent, or refresh its name and capabilities; it is online either way."""
        (
            Agent.insert(
                agent_id=agent_id,
                name=name,
                capabilities=capabilities,
                status=AgentStatus.ONLINE,
                last_heartbeat=now,
                registered_at=now,
            )
            .on_conflict(
                conflict_target=[Agent.agent_id],
                preserve=[Agent.name, Agent.capabilities, Agent.status, Agent.last_heartbeat],
            )
            .execute()
        )

    def ensure(self, agent_id: str, now: datetime) -> None:
        """Enter an agent that only others spoke of so far; it is offline until it registers."""
        (
            Agent.insert(
                agent_id=agent_id,
                name=agent_id,
                capabilities=AGENT_DEFAULTS,
                status=AgentStatus.OFFLINE,
                last_heartbeat=now,
                registered_at=now,
            )
            .on_conflict_ignore()
            .execute()
        )

    def touch(self, agent_id: str, now: datetime, absent_since: datetime | None = None) -> bool:
        """Move last_heartbeat to now; a busy agent stays busy. False when unknown.

        absent_since: then also False, and nothing changed, for one that counted as offline: it
        said so, or was last heard from before.
        """
        query = Agent.update(last_heartbeat=now, status=ONLINE_UNLESS_BUSY).where(
            Agent.agent_id == agent_id
        )
        if absent_since is not None:
            query = query.where(
                Agent.status != AgentStatus.OFFLINE, Agent.last_heartbeat >= absent_since
            )
        return bool(query.execute())

    def mark_offline(self, agent_id: str) -> bool:
        """Note that the agent has signed off. False when unknown."""
        return bool(
            Agent.update(status=AgentStatus.OFFLINE).where(Agent.agent_id == agent_id).execute()
        )

    def lock(self, agent_id: str) -> bool:
        """Keep other writers off the agent until the transaction ends. False when unknown."""
        return self.database.lock_row(Agent, agent_id)

    def refresh_work(self, agent_id: str) -> None:
        """Set what the agent works on, and whether it is busy, from its running jobs.

        The lock comes first, in a statement of its own: on PostgreSQL an UPDATE that has waited
        for a row sees that row anew, but not the jobs its subquery reads.
        """
        self.database.keep_row(Agent, agent_id)
        running = (
            Job.select(Job.job_id)
            .where(Job.assigned_agent_id == agent_id, Job.status == JobStatus.RUNNING)
            .order_by(Job.started_at, Job.job_id)
            .limit(1)
        )
        job = running.first()
        working = AgentStatus.BUSY if job else AgentStatus.ONLINE
        Agent.update(
            current_job_id=job and job.job_id,
            status=peewee.Case(
                None, [(Agent.status == AgentStatus.OFFLINE, AgentStatus.OFFLINE)], working
            ),
        ).where(Agent.agent_id == agent_id).execute()
