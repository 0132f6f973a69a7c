"""Schemas that several nouns share."""

from collections.abc import Mapping
from typing import Any, ClassVar

import marshmallow as ma

from boz_server.schemas.fields import Text, Whole, require_storable

DEFAULT_LIMIT = 1000
MAX_LIMIT = 5000
#: Names of wide letters take that much.
MAX_CURSOR_LENGTH = 3000


class RequestSchema(ma.Schema):
    """A request; older and newer clients talk to one server, so unknown fields are ignored."""

    class Meta:
        unknown = ma.EXCLUDE


class CapabilitiesSchema(ma.Schema):
    """What a machine can do; what it tells beyond the known keys is kept."""

    #: What counts where the machine does not say.
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
    """A query in which what is left empty is not asked for."""

    @ma.pre_load
    def drop_empty(self, data: Mapping[str, str], **_: Any) -> dict[str, str]:
        return {name: value for name, value in data.items() if value.strip()}


class FilterArgs(QuerySchema, PageArgs):
    """Which page of a list of which rows."""


class StatusSchema(ma.Schema):
    """It is done."""

    status = ma.fields.String(dump_default="ok")


class MessageSchema(StatusSchema):
    """It is done, in words."""

    message = ma.fields.String()


class ProblemSchema(ma.Schema):
    """RFC 9457 problem details."""

    type = ma.fields.String(metadata={"description": "A URI for the kind of problem."})
    title = ma.fields.String(metadata={"description": "The kind of problem in words."})
    status = ma.fields.Integer(metadata={"description": "The HTTP status."})
    detail = ma.fields.String(metadata={"description": "What happened, and what to do."})
    instance = ma.fields.String(metadata={"description": "The path that was asked for."})
    errors = ma.fields.Dict(metadata={"description": "Validation: field path to messages."})


def without_nones(data: dict[str, Any]) -> dict[str, Any]:
    """Drop what a client sent as null where null means "not said"."""
    return {key: value for key, value in data.items() if value is not None}
