"""Passes a person's request to see a file on to the VLC on an agent's machine."""

from uuid import uuid4

from boz_server.context import Context
from boz_server.database.models import VLCCommand
from boz_server.domain.machines.vlc_states import VLCCommandStatus
from boz_server.errors import AgentNotFound, NotFound, Refused
from boz_server.services.machines import presence


def preview(context: Context, agent_id: str, file_path: str, *, fullscreen: bool) -> VLCCommand:
    """Enter a command, which the agent will fetch.

    Raises AgentNotFound, and Refused when no worker on the agent's machine has VLC.
    """
    stores = context.stores
    with context.database.write():
        if stores.agents.get(agent_id) is None:
            raise AgentNotFound(agent_id)
        workers = stores.workers.all_of_agent(agent_id)
        if not any(worker.capabilities.get("vlc_installed") for worker in workers):
            raise Refused(
                f"No worker on the machine of agent {agent_id!r} reports VLC: install VLC"
                " there and restart the agent."
            )
        now = context.clock.now()
        return stores.agents.enter_command(
            str(uuid4()), agent_id, file_path, now, fullscreen=fullscreen
        )


def take_pending(context: Context, agent_id: str) -> list[VLCCommand]:
    """Return an agent's pending commands, oldest first, and mark them as sent; the request is a
    sign of life."""
    presence.hear(context, agent_id)
    with context.database.write():
        return context.stores.agents.take_commands(agent_id, context.clock.now())


def complete(context: Context, command_id: str, *, error: str | None, success: bool) -> None:
    """Record how a command went, unless that is recorded already. Raises NotFound."""
    status = VLCCommandStatus.COMPLETED if success else VLCCommandStatus.FAILED
    reason = None if success else (error or "The agent gave no reason.")
    now = context.clock.now()
    with context.database.write():
        if not context.stores.agents.finish_command(command_id, status, reason, now):
            get(context, command_id)


def get(context: Context, command_id: str) -> VLCCommand:
    """Return a command; raises NotFound."""
    command = context.stores.agents.command(command_id)
    if command is None:
        raise NotFound(f"No VLC command {command_id!r} is known here: enter it anew.")
    return command
