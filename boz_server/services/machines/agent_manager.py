"""Agents: who they are, and whether they are there."""

import logging
from datetime import datetime, timedelta
from typing import Any

from boz_server.context import Context
from boz_server.database.models import Agent
from boz_server.domain.machines.presence import AgentStatus, is_silent
from boz_server.errors import AgentNotFound
from boz_server.repositories.agent_repository import AgentRepository
from boz_server.repositories.attempt_repository import by_agent
from boz_server.repositories.paging import Page, PageRequest
from boz_server.repositories.worker_repository import WorkerRepository
from boz_server.services.queue import dispatcher, leases

log = logging.getLogger(__name__)


class AgentManager:
    """Registers agents, hears their signs of life, and says which are there."""

    def __init__(
        self,
        context: Context,
        *,
        agents: AgentRepository,
        workers: WorkerRepository,
    ) -> None:
        self.context = context
        self.settings = context.settings
        self.clock = context.clock
        self.database = context.database
        self.agents = agents
        self.workers = workers

    def register(self, agent_id: str, name: str, capabilities: dict[str, Any]) -> Agent:
        """Enter an agent or refresh it; it is online from now on, its past is kept.

        An agent registers when it starts: what it ran before is lost unless it reports on it.
        """
        with self.database.write_queue():
            self.agents.register(agent_id, name, capabilities, self.clock.now())
            leases.suspect(self.context, by_agent(agent_id))
            self.agents.refresh_work(agent_id)
            dispatcher.dispatch(self.context)
            agent = self.get(agent_id)
        log.info("Agent registered", extra={"agent_id": agent_id})
        return agent

    def unregister(self, agent_id: str) -> None:
        """Mark an agent offline; its row, discs and jobs stay for when it comes back.

        Raises AgentNotFound when no such agent is registered.
        """
        with self.database.write_queue():
            if not self.agents.mark_offline(agent_id):
                raise AgentNotFound(agent_id)
            self.workers.sign_off(agent_id)
            leases.release(self.context, by_agent(agent_id), "The agent signed off.")
            dispatcher.dispatch(self.context)
        log.info("Agent signed off", extra={"agent_id": agent_id})

    def heartbeat(self, agent_id: str) -> list[str]:
        """Record a sign of life, and extend the leases of the agent's jobs.

        Returns the ids of jobs that it is to stop as they were cancelled. Raises AgentNotFound
        when no such agent is registered.
        """
        now = self.clock.now()
        holder = by_agent(agent_id)
        with self.database.write():
            here = self.agents.touch(agent_id, now, absent_since=self._absent_since(now))
        if not here:
            self._come_back(agent_id, now)
        leases.sign_of_life(self.context, holder)
        return leases.cancelled(self.context, holder)

    def get(self, agent_id: str) -> Agent:
        """Return an agent with the status that it has now.

        Raises AgentNotFound when no such agent is registered.
        """
        agent = self.agents.get(agent_id)
        if agent is None:
            raise AgentNotFound(agent_id)
        return self._as_seen_now(agent)

    def heard_within(self, agent_id: str, *, terms: int) -> bool:
        """Whether an agent's last heartbeat is no longer ago than so many of its timeouts.

        Raises AgentNotFound when no such agent is registered.
        """
        timeout = terms * self.settings.agent_timeout_seconds
        return not is_silent(self.get(agent_id).last_heartbeat, self.clock.now(), timeout)

    def page(self, request: PageRequest) -> Page[Agent]:
        """Return agents by id, each with the status that it has now."""
        page = self.agents.page(request)
        for agent in page.items:
            self._as_seen_now(agent)
        return page

    def count(self) -> int:
        """Return how many agents ever registered."""
        return self.agents.count()

    def _come_back(self, agent_id: str, now: datetime) -> None:
        """An agent that counted as offline is there again: jobs may have waited for it."""
        with self.database.write_queue():
            if not self.agents.touch(agent_id, now):
                raise AgentNotFound(agent_id)
            dispatcher.dispatch(self.context)

    def _absent_since(self, now: datetime) -> datetime:
        return now - timedelta(seconds=self.settings.agent_timeout_seconds)

    def _as_seen_now(self, agent: Agent) -> Agent:
        """An agent that has been silent too long is offline, whatever it said last."""
        silent = is_silent(
            agent.last_heartbeat, self.clock.now(), self.settings.agent_timeout_seconds
        )
        if silent:
            agent.status = AgentStatus.OFFLINE
        return agent
