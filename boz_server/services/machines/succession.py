"""An agent that has another id since it restarted takes the place of the one that it was.

By default an agent has a new random id at each start. Its workers' ids are made of the host's
name: they show that it is the same machine. A name shows nothing, because many share one.
"""

import logging
from collections.abc import Collection

from boz_server.context import Context
from boz_server.domain.machines.presence import silent_before
from boz_server.repositories.attempt_repository import by_agent
from boz_server.services.queue import leases

log = logging.getLogger(__name__)


def succeed(context: Context, old_id: str, new_id: str) -> None:
    """Give the workers, jobs and VLC commands of an agent to the one that follows it.

    Its discs follow by `inheritance.pass_on`.
    """
    context.database.require_queue()
    stores = context.stores
    stores.workers.pass_on(old_id, new_id)
    stores.agents.pass_on_commands(old_id, new_id)
    leases.pass_on(context, by_agent(old_id), new_id)
    note(context, old_id, new_id)


def note(context: Context, old_id: str, new_id: str) -> None:
    """Record that an agent has followed another, which is left out of lists from now on."""
    context.database.require_queue()
    agents = context.stores.agents
    agents.retire(old_id, new_id)
    for agent_id in (old_id, new_id):
        agents.refresh_work(agent_id)
    log.info("Agent succeeded", extra={"agent_id": new_id, "earlier_id": old_id})


def gone_namesakes(context: Context, agent_id: str, among: Collection[str]) -> set[str]:
    """Return which of these agents an agent may have been before it restarted: those of its name,
    without workers, that have signed off or are silent, and were not heard since it first
    registered."""
    now, timeout = context.clock.now(), context.settings.agent_timeout_seconds
    return context.stores.agents.gone_namesakes(agent_id, among, silent_before(now, timeout))
