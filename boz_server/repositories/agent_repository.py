"""Agents, and commands for their VLC, in the database."""

from datetime import datetime
from typing import Any

import peewee

from boz_server.database.connection import Database
from boz_server.database.models import Agent, Job, VLCCommand
from boz_server.domain.machines.capabilities import AGENT_DEFAULTS
from boz_server.domain.machines.presence import AgentStatus
from boz_server.domain.machines.vlc_states import VLCCommandStatus
from boz_server.domain.queue.job_states import JobStatus
from boz_server.repositories.paging import Page, PageRequest, fetch_page

#: A heartbeat brings an offline agent back, and leaves a busy one busy.
ONLINE_UNLESS_BUSY = peewee.Case(
    None, [(Agent.current_job_id.is_null(False), AgentStatus.BUSY)], AgentStatus.ONLINE
)


class AgentRepository:
    """Queries on agents and commands for VLC."""

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
        """Insert an agent, or refresh its name and capabilities; it is online either way."""
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
        """Insert an agent that did not register yet, as offline, unless it is there already."""
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

    def touch(self, agent_id: str, now: datetime, online_since: datetime | None = None) -> bool:
        """Move last_heartbeat to now; a busy agent stays busy. False when unknown.

        online_since: also False, without a change, for an agent that counts as offline: it
        unregistered, or its last heartbeat was before then.
        """
        query = Agent.update(last_heartbeat=now, status=ONLINE_UNLESS_BUSY).where(
            Agent.agent_id == agent_id
        )
        if online_since is not None:
            query = query.where(
                Agent.status != AgentStatus.OFFLINE, Agent.last_heartbeat >= online_since
            )
        return bool(query.execute())

    def is_quiet(self, agent_id: str, since: datetime) -> bool | None:
        """Whether `quiet` holds for an agent; None when it is unknown."""
        query: Any = Agent.select(quiet(since)).where(Agent.agent_id == agent_id)
        found = query.scalar()
        return None if found is None else bool(found)

    def mark_offline(self, agent_id: str) -> bool:
        """Mark an agent offline. False when unknown."""
        return bool(
            Agent.update(status=AgentStatus.OFFLINE).where(Agent.agent_id == agent_id).execute()
        )

    def lock(self, agent_id: str) -> bool:
        """Keep other writers off the agent until the transaction ends. False when unknown."""
        return self.database.lock_row(Agent, agent_id)

    def refresh_work(self, agent_id: str) -> None:
        """Derive an agent's current job, and whether it is busy, from its running jobs.

        Takes the lock first, in a separate statement: on PostgreSQL an UPDATE that waited for a
        row reads that row again, but not the jobs in its subquery.
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

    def repair_work(self) -> int:
        """Derive every agent's current job again; returns how many agents were wrong."""
        changed = 0
        for agent in Agent.select():
            before = (agent.current_job_id, agent.status)
            self.refresh_work(agent.agent_id)
            after = Agent.get_by_id(agent.agent_id)
            changed += before != (after.current_job_id, after.status)
        return changed

    def enter_command(
        self, command_id: str, agent_id: str, file_path: str, now: datetime, *, fullscreen: bool
    ) -> VLCCommand:
        """Enter a command for the VLC on an agent's machine."""
        return VLCCommand.create(
            command_id=command_id,
            agent_id=agent_id,
            file_path=file_path,
            fullscreen=fullscreen,
            created_at=now,
        )

    def command(self, command_id: str) -> VLCCommand | None:
        """Return a command for VLC, or None when its id is unknown."""
        return VLCCommand.get_or_none(VLCCommand.command_id == command_id)

    def take_commands(self, agent_id: str, now: datetime) -> list[VLCCommand]:
        """Return an agent's pending commands for VLC, oldest first, and mark them as sent."""
        query = VLCCommand.update(status=VLCCommandStatus.SENT, sent_at=now).where(
            VLCCommand.agent_id == agent_id, VLCCommand.status == VLCCommandStatus.PENDING
        )
        taken = query.returning(VLCCommand).execute()
        return sorted(taken, key=lambda command: (command.created_at, command.command_id))

    def finish_command(
        self, command_id: str, status: VLCCommandStatus, error: str | None, now: datetime
    ) -> bool:
        """Record how a command went; False for an unknown one, or one recorded before."""
        query = VLCCommand.update(status=status, error=error, completed_at=now).where(
            VLCCommand.command_id == command_id,
            VLCCommand.status.in_([VLCCommandStatus.PENDING, VLCCommandStatus.SENT]),
        )
        return bool(query.execute())


def quiet(since: datetime) -> Any:
    """Whether an agent is offline, or no sign of life of it was noted since then."""
    return (Agent.status == AgentStatus.OFFLINE) | (Agent.last_heartbeat < since)
