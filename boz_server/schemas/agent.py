"""Agents on the wire."""

from typing import Any

import marshmallow as ma

from boz_server.domain.machines.capabilities import AGENT_DEFAULTS
from boz_server.schemas.common import CapabilitiesSchema, RequestSchema
from boz_server.schemas.fields import Id, Instant, Text


class AgentCapabilitiesSchema(CapabilitiesSchema):
    """What an agent can do."""

    defaults = AGENT_DEFAULTS

    can_rip = ma.fields.Boolean()
    can_transcode = ma.fields.Boolean()
    gpu_type = Text(allow_none=True)


class RegisterAgentSchema(RequestSchema):
    """An agent announces itself."""

    agent_id = Id(required=True)
    name = Text(required=True)
    capabilities = ma.fields.Nested(AgentCapabilitiesSchema, load_default=None, allow_none=True)

    @ma.post_load
    def fill_in(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        return data | {"capabilities": data["capabilities"] or AGENT_DEFAULTS}


class AgentHeartbeatAnswerSchema(ma.Schema):
    """The heartbeat was heard."""

    status = ma.fields.String(dump_default="ok")
    cancelled_jobs = ma.fields.List(ma.fields.String())


class AgentSchema(ma.Schema):
    """An agent as it is now."""

    agent_id = ma.fields.String()
    name = ma.fields.String()
    status = ma.fields.String()
    capabilities = ma.fields.Dict()
    current_job_id = ma.fields.String(allow_none=True)
    last_heartbeat = Instant()
    registered_at = Instant()
