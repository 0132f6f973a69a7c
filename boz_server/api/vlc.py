"""The relay to the VLC on an agent's machine."""

from typing import Any

from boz_server.api.blueprint import BozBlueprint
from boz_server.api.context import context
from boz_server.database.models import VLCCommand
from boz_server.schemas.vlc import (
    PreviewFileSchema,
    VLCCommandDoneSchema,
    VLCCommandEnteredSchema,
    VLCCommandNotedSchema,
    VLCCommandsSchema,
    VLCCommandStatusSchema,
)
from boz_server.services.machines import vlc_relay

blueprint = BozBlueprint("vlc", __name__, url_prefix="/api/vlc", description="VLC preview relay")


@blueprint.post("/preview")
@blueprint.arguments(PreviewFileSchema)
@blueprint.response(200, VLCCommandEnteredSchema)
def preview(body: dict[str, Any]) -> VLCCommand:
    """Have a file shown on an agent's machine."""
    return vlc_relay.preview(context(), **body)


@blueprint.get("/commands/<agent_id>")
@blueprint.response(200, VLCCommandsSchema)
def commands(agent_id: str) -> dict[str, Any]:
    """Hand out an agent's pending commands, each once."""
    return {"commands": vlc_relay.take_pending(context(), agent_id)}


@blueprint.post("/commands/<command_id>/complete")
@blueprint.arguments(VLCCommandDoneSchema, required=False)
@blueprint.response(200, VLCCommandNotedSchema)
def complete(body: dict[str, Any], command_id: str) -> dict[str, str]:
    """Say how a command went."""
    vlc_relay.complete(context(), command_id, **body)
    return {"command_id": command_id}


@blueprint.get("/commands/<command_id>/status")
@blueprint.response(200, VLCCommandStatusSchema)
def status(command_id: str) -> VLCCommand:
    """Show how a command went."""
    return vlc_relay.get(context(), command_id)
