"""What the server says of itself, on the wire."""

import marshmallow as ma

from boz_server.schemas.worker import WorkerStatsSchema


class BannerSchema(ma.Schema):
    """Which server this is."""

    name = ma.fields.String()
    version = ma.fields.String()
    status = ma.fields.String()


class HealthSchema(ma.Schema):
    """How the server and those who work for it are."""

    status = ma.fields.String()
    version = ma.fields.String()
    agents = ma.fields.Integer()
    workers = ma.fields.Nested(WorkerStatsSchema)
    queue = ma.fields.Dict(keys=ma.fields.String(), values=ma.fields.Integer())
    nas = ma.fields.Dict()
