"""Agents: who they are, and whether they are there."""

import logging
from typing import Any

from boz_server.clock import Clock
from boz_server.database.connection import Database
from boz_server.database.models import Agent
from boz_server.domain.presence import AgentStatus, is_silent
from boz_server.errors import AgentNotFound
from boz_server.repositories.agent_repository import AgentRepository
from boz_server.repositories.paging import Page, PageRequest
from boz_server.settings import Settings

log = logging.getLogger(__name__)


class AgentManager:
    """Registers agents, hears their signs of life, and says which are there."""

    def __init__(
        self, settings: Settings, clock: Clock, database: Database, agents: AgentRepository
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.database = database
        self.agents = agents

    def register(self, agent_id: str, name: str, capabilities: dict[str, Any]) -> Agent:
        """Enter an agent or refresh it; it is online from now on, its past is kept."""
        with self.database.write():
            self.agents.register(agent_id, name, capabilities, self.clock.now())
            self.agents.refresh_work(agent_id)
            agent = self.get(agent_id)
        log.info("Agent registered", extra={"agent_id": agent_id})
        return agent

    def unregister(self, agent_id: str) -> None:
        """Mark an agent offline; its row, discs and jobs stay for when it comes back.

        Raises AgentNotFound when no such agent is registered.
        """
        with self.database.write():
            if not self.agents.mark_offline(agent_id):
                raise AgentNotFound(agent_id)
        log.info("Agent signed off", extra={"agent_id": agent_id})

    def heartbeat(self, agent_id: str) -> None:
        """Record a sign of life. Raises AgentNotFound when no such agent is registered."""
        with self.database.write():
            if not self.agents.touch(agent_id, self.clock.now()):
                raise AgentNotFound(agent_id)

    def get(self, agent_id: str) -> Agent:
        """Return an agent with the status that it has now.

        Raises AgentNotFound when no such agent is registered.
        """
        agent = self.agents.get(agent_id)
        if agent is None:
            raise AgentNotFound(agent_id)
        return self._as_seen_now(agent)

    def page(self, request: PageRequest) -> Page[Agent]:
        """Return agents by id, each with the status that it has now."""
        page = self.agents.page(request)
        for agent in page.items:
            self._as_seen_now(agent)
        return page

    def count(self) -> int:
        """Return how many agents ever registered."""
        return self.agents.count()

    def _as_seen_now(self, agent: Agent) -> Agent:
        """An agent that has been silent too long is offline, whatever it said last."""
        silent = is_silent(
            agent.last_heartbeat, self.clock.now(), self.settings.agent_timeout_seconds
        )
        if silent:
            agent.status = AgentStatus.OFFLINE
        return agent
