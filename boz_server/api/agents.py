"""Agents register, send heartbeats, and fetch their jobs and commands for VLC."""

from typing import Any

from boz_server.api.blueprint import BozBlueprint, Listed, listed, page_request
from boz_server.api.context import context, services
from boz_server.database.models import Agent, VLCCommand
from boz_server.schemas.agent import (
    AgentHeartbeatAnswerSchema,
    AgentSchema,
    PreviewFileSchema,
    RegisterAgentSchema,
    VLCCommandDoneSchema,
    VLCCommandEnteredSchema,
    VLCCommandNotedSchema,
    VLCCommandsSchema,
    VLCCommandStatusSchema,
)
from boz_server.schemas.common import MessageSchema, PageArgs
from boz_server.schemas.job import AgentJobsSchema
from boz_server.services.machines import vlc_relay

blueprint = BozBlueprint("agents", __name__, url_prefix="/api/agents", description="Agents")
vlc = BozBlueprint("vlc", __name__, url_prefix="/api/vlc", description="VLC preview relay")


@blueprint.post("/register")
@blueprint.arguments(RegisterAgentSchema)
@blueprint.response(200, AgentSchema)
def register(body: dict[str, Any]) -> Agent:
    """Register an agent, or refresh its registration."""
    return services().agents.register(**body)


@blueprint.post("/<agent_id>/unregister")
@blueprint.response(200, MessageSchema)
def unregister(agent_id: str) -> dict[str, str]:
    """Mark an agent offline; agents call this at every normal shutdown."""
    services().agents.unregister(agent_id)
    return {"message": "Agent unregistered"}


@blueprint.post("/<agent_id>/heartbeat")
@blueprint.response(200, AgentHeartbeatAnswerSchema)
def heartbeat(agent_id: str) -> dict[str, list[str]]:
    """Keep an agent online; agents call this every 30 seconds."""
    return {"cancelled_jobs": services().agents.heartbeat(agent_id)}


@blueprint.get("")
@blueprint.arguments(PageArgs, location="query")
@blueprint.response(200, AgentSchema(many=True))
def agents(args: dict[str, Any]) -> Listed:
    """List agents by id."""
    return listed(services().agents.page(page_request(args)))


@blueprint.get("/<agent_id>")
@blueprint.response(200, AgentSchema)
def agent(agent_id: str) -> Agent:
    """Show an agent."""
    return services().agents.get(agent_id)


@blueprint.get("/<agent_id>/jobs")
@blueprint.response(200, AgentJobsSchema)
def agent_jobs(agent_id: str) -> dict[str, Any]:
    """List an agent's jobs in order; agents call this every 5 seconds.

    An agent that sends raw titles (`can_upload_raw`) also gets the uploads that are wanted.
    """
    work = services().queue.of_agent(agent_id)
    found: dict[str, Any] = {"jobs": work.jobs}
    wanted = work.uploads_wanted
    return found if wanted is None else found | {"uploads_wanted": wanted}


@vlc.post("/preview")
@vlc.arguments(PreviewFileSchema)
@vlc.response(200, VLCCommandEnteredSchema)
def preview_file(body: dict[str, Any]) -> VLCCommand:
    """Show a file on an agent's machine."""
    return vlc_relay.preview(context(), **body)


@vlc.get("/commands/<agent_id>")
@vlc.response(200, VLCCommandsSchema)
def commands(agent_id: str) -> dict[str, Any]:
    """Return an agent's pending commands, each one once."""
    return {"commands": vlc_relay.take_pending(context(), agent_id)}


@vlc.post("/commands/<command_id>/complete")
@vlc.arguments(VLCCommandDoneSchema, required=False)
@vlc.response(200, VLCCommandNotedSchema)
def complete_command(body: dict[str, Any], command_id: str) -> dict[str, str]:
    """Report how a command went."""
    vlc_relay.complete(context(), command_id, **body)
    return {"command_id": command_id}


@vlc.get("/commands/<command_id>/status")
@vlc.response(200, VLCCommandStatusSchema)
def command_status(command_id: str) -> VLCCommand:
    """Show how a command went."""
    return vlc_relay.get(context(), command_id)
