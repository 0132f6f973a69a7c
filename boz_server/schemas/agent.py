"""Agents, and commands for their VLC, on the wire."""

from typing import Any

import marshmallow as ma

from boz_server.domain.machines.capabilities import AGENT_DEFAULTS
from boz_server.schemas.answer import AnswerSchema
from boz_server.schemas.common import CapabilitiesSchema, RequestSchema
from boz_server.schemas.fields import ErrorText, Id, Instant, Path, Text


class AgentCapabilitiesSchema(CapabilitiesSchema):
    """What an agent can do."""

    defaults = AGENT_DEFAULTS

    can_rip = ma.fields.Boolean()
    can_transcode = ma.fields.Boolean()
    gpu_type = Text(allow_none=True)


class RegisterAgentSchema(RequestSchema):
    """An agent's registration."""

    agent_id = Id(required=True)
    name = Text(required=True)
    capabilities = ma.fields.Nested(AgentCapabilitiesSchema, load_default=None, allow_none=True)

    @ma.post_load
    def fill_in(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        return data | {"capabilities": data["capabilities"] or AGENT_DEFAULTS}


class AgentHeartbeatAnswerSchema(AnswerSchema):
    """The answer to a heartbeat."""

    status = ma.fields.String(dump_default="ok")
    cancelled_jobs = ma.fields.List(ma.fields.String())


class AgentSchema(AnswerSchema):
    """An agent as it is now."""

    agent_id = ma.fields.String()
    name = ma.fields.String()
    status = ma.fields.String()
    capabilities = ma.fields.Dict()
    current_job_id = ma.fields.String(allow_none=True)
    last_heartbeat = Instant()
    registered_at = Instant()
    succeeded_by = ma.fields.String(allow_none=True)


class PreviewFileSchema(RequestSchema):
    """A request to show a file on an agent's machine."""

    agent_id = Id(required=True)
    file_path = Path(required=True)
    fullscreen = ma.fields.Boolean(load_default=True)


class VLCCommandSchema(AnswerSchema):
    """A command for VLC as the agent gets it."""

    command_id = ma.fields.String()
    file_path = ma.fields.String()
    fullscreen = ma.fields.Boolean()


class VLCCommandEnteredSchema(VLCCommandSchema):
    """A command was entered."""

    status = ma.fields.String()
    agent_id = ma.fields.String()


class VLCCommandStatusSchema(VLCCommandEnteredSchema):
    """How a command went."""

    error = ma.fields.String(allow_none=True)
    created_at = Instant()
    sent_at = Instant(allow_none=True)
    completed_at = Instant(allow_none=True)


class VLCCommandsSchema(AnswerSchema):
    """The commands for an agent to carry out."""

    commands = ma.fields.List(ma.fields.Nested(VLCCommandSchema))


class VLCCommandDoneSchema(RequestSchema):
    """An agent's report on how a command went."""

    success = ma.fields.Boolean(load_default=True)
    error = ErrorText(load_default=None, allow_none=True)


class VLCCommandNotedSchema(AnswerSchema):
    """The report was recorded."""

    status = ma.fields.String(dump_default="ok")
    command_id = ma.fields.String()
