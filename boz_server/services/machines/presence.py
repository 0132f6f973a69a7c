"""Signs of life: whatever an agent sends by its id shows that it is there."""

from datetime import datetime, timedelta

from boz_server.context import Context
from boz_server.database.models import Agent
from boz_server.domain.machines.presence import AgentStatus
from boz_server.services.queue import dispatcher


def hear(context: Context, agent_id: str, *, polls: bool = False) -> Agent | None:
    """Note that an agent has sent something; returns it, or None if it is not known.

    Writes only if it sent no heartbeat lately. It may have found no server when it started, and
    then sends none, nor do its workers. polls: it asks for jobs, its workers' as well, so they
    count as there with it.
    """
    stores, agent = context.stores, context.stores.agents.get(agent_id)
    if agent is not None and is_quiet(context, agent):
        now, since = context.clock.now(), quiet_since(context)
        with context.database.write_queue():
            stores.agents.touch(agent_id, now)
            if polls:
                stores.workers.touch_all_of(agent_id, now, quiet_since=since)
            dispatcher.dispatch(context)
    return agent


def is_quiet(context: Context, agent: Agent) -> bool:
    """Whether the next thing that an agent sends is to be noted."""
    is_offline = agent.status is AgentStatus.OFFLINE
    return is_offline or agent.last_heartbeat < quiet_since(context)


def quiet_since(context: Context) -> datetime:
    """Return the moment by which an agent's last sign of life is so old that a new one is noted:
    in time for it, and its workers, to stay online."""
    settings = context.settings
    timeout = min(settings.agent_timeout_seconds, settings.worker_timeout_seconds)
    return context.clock.now() - timedelta(seconds=timeout / 2)
