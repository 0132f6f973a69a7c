"""Schemas that are used for several nouns."""

from collections.abc import Mapping
from typing import Any, ClassVar

import marshmallow as ma

from boz_server.schemas.answer import AnswerSchema
from boz_server.schemas.fields import Text, Whole, require_storable

DEFAULT_LIMIT = 1000
MAX_LIMIT = 5000
#: Names of wide characters need this much.
MAX_CURSOR_LENGTH = 3000


class RequestSchema(ma.Schema):
    """A request. Unknown fields are ignored, so that newer clients can talk to this server."""

    class Meta:
        unknown = ma.EXCLUDE


class CapabilitiesSchema(ma.Schema):
    """What an agent or worker can do; unknown keys are stored, too."""

    #: Values of the keys that are not sent.
    defaults: ClassVar[dict[str, Any]]

    class Meta:
        unknown = ma.INCLUDE

    @ma.post_load
    def fill_in(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        require_storable(data)
        return self.defaults | data


class PageArgs(RequestSchema):
    """Which page of a list."""

    limit = Whole(low=1, high=MAX_LIMIT, load_default=DEFAULT_LIMIT)
    cursor = Text(max_length=MAX_CURSOR_LENGTH, load_default=None)


class QuerySchema(RequestSchema):
    """A query whose empty parameters count as missing."""

    @ma.pre_load
    def drop_empty(self, data: Mapping[str, str], **_: Any) -> dict[str, str]:
        return {name: value for name, value in data.items() if value.strip()}


class FilterArgs(QuerySchema, PageArgs):
    """Which page of a filtered list."""


class StatusSchema(AnswerSchema):
    """Success."""

    status = ma.fields.String(dump_default="ok")


class MessageSchema(StatusSchema):
    """Success, with a sentence."""

    message = ma.fields.String()


class ProblemSchema(AnswerSchema):
    """RFC 9457 problem details."""

    type = ma.fields.String(metadata={"description": "A URI for the kind of problem."})
    title = ma.fields.String(metadata={"description": "The kind of problem in words."})
    status = ma.fields.Integer(metadata={"description": "The HTTP status."})
    detail = ma.fields.String(metadata={"description": "What happened, and what to do."})
    instance = ma.fields.String(metadata={"description": "The path that was asked for."})
    errors = ma.fields.Dict(metadata={"description": "Validation: field path to messages."})


def without_nones(data: dict[str, Any]) -> dict[str, Any]:
    """Drop keys that were sent as null, if null means the same as leaving them out."""
    return {key: value for key, value in data.items() if value is not None}
