"""Plex, Jellyfin and Emby on the wire."""

import marshmallow as ma

from boz_server.schemas.answer import AnswerSchema
from boz_server.schemas.common import RequestSchema, StatusSchema
from boz_server.schemas.fields import Path


class ScanArgs(RequestSchema):
    """What to scan; without a path, the whole library."""

    path = Path(load_default=None)


class ScanStartedSchema(StatusSchema):
    """A media server was asked to scan."""

    media_type = ma.fields.String()
    path = ma.fields.String(allow_none=True)


class MediaServerStatusSchema(AnswerSchema):
    """How a media server is; error says why it is not connected."""

    enabled = ma.fields.Boolean()
    connected = ma.fields.Boolean()
    url = ma.fields.String()
    server_name = ma.fields.String(allow_none=True)
    version = ma.fields.String(allow_none=True)
    error = ma.fields.String(allow_none=True)


class MediaLibrarySchema(AnswerSchema):
    """A section of a media server; locations are its folders, as that server sees them."""

    id = ma.fields.String()
    title = ma.fields.String()
    type = ma.fields.String()
    locations = ma.fields.List(ma.fields.String())


class MediaLibrariesSchema(AnswerSchema):
    """The sections of a media server."""

    libraries = ma.fields.List(ma.fields.Nested(MediaLibrarySchema))


class MediaServerReportSchema(StatusSchema):
    """What a media server says about itself; warnings say what its settings get wrong."""

    server = ma.fields.String()
    server_name = ma.fields.String(allow_none=True)
    version = ma.fields.String(allow_none=True)
    libraries = ma.fields.List(ma.fields.Nested(MediaLibrarySchema))
    warnings = ma.fields.List(ma.fields.String())
