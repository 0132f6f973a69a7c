"""Agents: registration, heartbeats, and which are online."""

import logging
from datetime import datetime
from typing import Any

from boz_server.context import Context
from boz_server.database.models import Agent
from boz_server.domain.machines.presence import AgentStatus, is_silent, silent_before
from boz_server.errors import AgentNotFound
from boz_server.repositories.attempt_repository import by_agent
from boz_server.repositories.paging import Page, PageRequest
from boz_server.services.queue import dispatcher, leases

log = logging.getLogger(__name__)


class AgentManager:
    """Registers agents, takes their heartbeats, and says which are online."""

    def __init__(self, context: Context) -> None:
        self.context = context

    def register(self, agent_id: str, name: str, capabilities: dict[str, Any]) -> Agent:
        """Register an agent, or refresh it; it is online from now on.

        An agent registers when it starts, so its leases are suspect until it reports on the jobs.
        """
        agents = self.context.stores.agents
        with self.context.database.write_queue():
            agents.register(agent_id, name, capabilities, self.context.clock.now())
            leases.suspect(self.context, by_agent(agent_id))
            agents.refresh_work(agent_id)
            dispatcher.dispatch(self.context)
            agent = self.get(agent_id)
        log.info("Agent registered", extra={"agent_id": agent_id})
        return agent

    def unregister(self, agent_id: str) -> None:
        """Mark an agent offline, and release its jobs; its row and its discs stay.

        Raises AgentNotFound when no such agent is registered.
        """
        stores = self.context.stores
        with self.context.database.write_queue():
            if not stores.agents.mark_offline(agent_id):
                raise AgentNotFound(agent_id)
            stores.workers.mark_offline(agent_id)
            leases.release(self.context, by_agent(agent_id), "The agent signed off.")
            dispatcher.dispatch(self.context)
        log.info("Agent signed off", extra={"agent_id": agent_id})

    def heartbeat(self, agent_id: str) -> list[str]:
        """Keep an agent online, and extend the leases of its jobs.

        Returns the ids of its jobs that were cancelled, for it to stop. Raises AgentNotFound when
        no such agent is registered.
        """
        now, holder = self.context.clock.now(), by_agent(agent_id)
        online_since = silent_before(now, self.context.settings.agent_timeout_seconds)
        with self.context.database.write_queue(lightly=True):
            sign = leases.hear_agent(self.context, agent_id, online_since)
            if sign is not None and sign.has_leases:
                leases.extend(self.context, holder)
        if sign is None:
            with self.context.database.write_queue():
                self._come_back(agent_id, now)
                leases.extend(self.context, holder)
        if sign is None or sign.was_cancelled:
            return leases.cancelled(self.context, holder)
        return []

    def get(self, agent_id: str) -> Agent:
        """Return an agent with its status now.

        Raises AgentNotFound when no such agent is registered.
        """
        agent = self.context.stores.agents.get(agent_id)
        if agent is None:
            raise AgentNotFound(agent_id)
        return self._with_status(agent)

    def page(self, request: PageRequest) -> Page[Agent]:
        """Return agents by id, with their status now."""
        page = self.context.stores.agents.page(request)
        for agent in page.items:
            self._with_status(agent)
        return page

    def count(self) -> int:
        """Return how many agents ever registered."""
        return self.context.stores.agents.count()

    def _come_back(self, agent_id: str, now: datetime) -> None:
        """Bring an offline agent back, and assign it the jobs that waited for it."""
        if not self.context.stores.agents.touch(agent_id, now):
            raise AgentNotFound(agent_id)
        dispatcher.dispatch(self.context)

    def _with_status(self, agent: Agent) -> Agent:
        timeout = self.context.settings.agent_timeout_seconds
        if is_silent(agent.last_heartbeat, self.context.clock.now(), timeout):
            agent.status = AgentStatus.OFFLINE
        return agent
