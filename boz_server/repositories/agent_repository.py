"""Agents, and commands for their VLC, in the database."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

import peewee

from boz_server.database.connection import Database
from boz_server.database.models import Agent, Job, VLCCommand, Worker
from boz_server.database.statements import statement
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
        return _agent.first(agent_id)

    def page(self, request: PageRequest) -> Page[Agent]:
        """Return agents by id, without those that another one has followed."""
        query = Agent.select().where(Agent.succeeded_by.is_null())
        return fetch_page(query, [(Agent.agent_id, False)], request)

    def count(self) -> int:
        """Return how many agents there are, without those that another one has followed."""
        return Agent.select().where(Agent.succeeded_by.is_null()).count()

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
                preserve=[
                    Agent.name,
                    Agent.capabilities,
                    Agent.status,
                    Agent.last_heartbeat,
                    Agent.succeeded_by,
                ],
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

    def touch(self, agent_id: str, now: datetime) -> bool:
        """Move last_heartbeat to now; a busy agent stays busy, and one that another has followed
        has a life of its own again. False when unknown."""
        return bool(_touch(now, agent_id))

    def mark_offline(self, agent_id: str) -> bool:
        """Mark an agent offline. False when unknown."""
        return bool(
            Agent.update(status=AgentStatus.OFFLINE).where(Agent.agent_id == agent_id).execute()
        )

    def heir(self, agent_id: str) -> str:
        """Return the agent that has followed an agent; the agent itself if none has."""
        return heir_of(agent_id)

    def retire(self, old_id: str, new_id: str) -> None:
        """Record that an agent, and those before it, are followed by another one."""
        followed = (Agent.agent_id == old_id) | (Agent.succeeded_by == old_id)
        Agent.update(
            succeeded_by=peewee.Case(None, [(Agent.agent_id == new_id, None)], new_id),
            status=peewee.Case(
                None, [(Agent.agent_id == old_id, AgentStatus.OFFLINE)], Agent.status
            ),
        ).where(followed | (Agent.agent_id == new_id)).execute()

    def gone_namesakes(
        self, agent_id: str, among: Collection[str], silent_before: datetime
    ) -> set[str]:
        """Return which of these agents an agent may have been before it restarted: see
        `may_have_been`."""
        asking = Agent.alias("asking")
        query: Any = (
            Agent.select(Agent.agent_id)
            .join(asking, on=asking.agent_id == agent_id)
            .where(Agent.agent_id.in_(list(among)), *may_have_been(asking, Agent, silent_before))
        )
        return {found for (found,) in query.tuples()}

    def lock(self, agent_id: str) -> bool:
        """Keep other writers off the agent until the transaction ends. False when unknown."""
        return self.database.lock_row(Agent, agent_id)

    def pass_on_commands(self, old_id: str, new_id: str) -> None:
        """Give an agent's pending commands for VLC to another one."""
        VLCCommand.update(agent_id=new_id).where(
            VLCCommand.agent_id == old_id, VLCCommand.status == VLCCommandStatus.PENDING
        ).execute()

    def refresh_work(self, agent_id: str) -> None:
        """Derive an agent's current job, and whether it is busy, from its running jobs.

        Takes the lock first, in a separate statement: on PostgreSQL an UPDATE that waited for a
        row reads that row again, but not the jobs in its subquery.
        """
        self.database.keep_row(Agent, agent_id)
        running = _first_running.first(agent_id)
        if running is None:
            _note_idle(agent_id)
        else:
            _note_busy(running[0], agent_id)

    def repair_work(self) -> int:
        """Derive every agent's current job again; returns how many agents were wrong."""
        changed = 0
        for agent in Agent.select().where(Agent.succeeded_by.is_null()):
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


@statement
def _agent(agent_id: str) -> Any:
    return Agent.select().where(Agent.agent_id == agent_id)


@statement
def _first_running(agent_id: str) -> Any:
    query = Job.select(Job.job_id).where(
        Job.assigned_agent_id == agent_id, Job.status == JobStatus.RUNNING
    )
    return query.order_by(Job.started_at, Job.job_id).limit(1).tuples()


@statement
def _note_busy(job_id: str, agent_id: str) -> Any:
    return _working(job_id, AgentStatus.BUSY).where(Agent.agent_id == agent_id)


@statement
def _note_idle(agent_id: str) -> Any:
    return _working(None, AgentStatus.ONLINE).where(Agent.agent_id == agent_id)


def _working(job_id: str | None, status: AgentStatus) -> Any:
    """Set an agent's job, and its status unless it is offline."""
    is_offline = Agent.status == AgentStatus.OFFLINE
    status_now = peewee.Case(None, [(is_offline, AgentStatus.OFFLINE)], status)
    return Agent.update(current_job_id=job_id, status=status_now)


def touched(now: datetime, agent_id: str) -> Any:
    """The UPDATE of `touch`."""
    values = {"last_heartbeat": now, "status": ONLINE_UNLESS_BUSY, "succeeded_by": None}
    return Agent.update(**values).where(Agent.agent_id == agent_id)


_touch = statement(touched)


def touch_online(now: datetime, agent_id: str, online_since: datetime) -> Any:
    """The same, unless the agent counts as offline: it unregistered, or its last heartbeat was
    before then."""
    return touched(now, agent_id).where(
        Agent.status != AgentStatus.OFFLINE, Agent.last_heartbeat >= online_since
    )


def quiet(since: datetime, agent: Any = Agent) -> Any:
    """Whether an agent is offline, or no sign of life of it was noted since then.

    agent: Agent, or an alias of it.
    """
    return (agent.status == AgentStatus.OFFLINE) | (agent.last_heartbeat < since)


def may_have_been(agent: Any, earlier: Any, silent_before: datetime) -> tuple[Any, ...]:
    """Conditions that an agent may have been an earlier one before it restarted.

    That one has its name, is offline, has no worker that tells whose machine it is, and was not
    heard since this one first registered. agent, earlier: Agent, or aliases of it.
    """
    workers = Worker.select(peewee.SQL("1")).where(Worker.agent == earlier.agent_id)
    return (
        earlier.agent_id != agent.agent_id,
        earlier.name == agent.name,
        quiet(silent_before, earlier),
        ~peewee.fn.EXISTS(workers),
        # Else they are two machines.
        earlier.last_heartbeat < agent.registered_at,
    )


def heir_of(agent_id: str) -> str:
    """Return the agent that has followed an agent; the agent itself if none has."""
    query: Any = Agent.select(Agent.succeeded_by).where(Agent.agent_id == agent_id)
    return query.scalar() or agent_id
