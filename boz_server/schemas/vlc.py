"""Commands for VLC on the wire."""

import marshmallow as ma

from boz_server.schemas.common import RequestSchema
from boz_server.schemas.fields import ErrorText, Id, Instant, Path


class PreviewFileSchema(RequestSchema):
    """A person wants to see a file on an agent's machine."""

    agent_id = Id(required=True)
    file_path = Path(required=True)
    fullscreen = ma.fields.Boolean(load_default=True)


class VLCCommandSchema(ma.Schema):
    """A command as the agent gets it."""

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


class VLCCommandsSchema(ma.Schema):
    """The commands that an agent is to carry out."""

    commands = ma.fields.List(ma.fields.Nested(VLCCommandSchema))


class VLCCommandDoneSchema(RequestSchema):
    """An agent says how a command went."""

    success = ma.fields.Boolean(load_default=True)
    error = ErrorText(load_default=None, allow_none=True)


class VLCCommandNotedSchema(ma.Schema):
    """An agent's word was noted."""

    status = ma.fields.String(dump_default="ok")
    command_id = ma.fields.String()
