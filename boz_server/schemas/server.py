"""What the server says of itself, on the wire."""

import marshmallow as ma

from boz_server.schemas.common import StatusSchema
from boz_server.schemas.fields import Instant
from boz_server.schemas.worker import WorkerStatsSchema


class BannerSchema(ma.Schema):
    """Which server this is."""

    name = ma.fields.String()
    version = ma.fields.String()
    status = ma.fields.String()


class StorageSchema(ma.Schema):
    """How full the disks are; warning: null while enough is free."""

    free_bytes = ma.fields.Integer()
    min_free_bytes = ma.fields.Integer()
    warning = ma.fields.String(allow_none=True)


class HealthSchema(ma.Schema):
    """How the server and those who work for it are."""

    status = ma.fields.String()
    version = ma.fields.String()
    agents = ma.fields.Integer()
    workers = ma.fields.Nested(WorkerStatsSchema)
    queue = ma.fields.Dict(keys=ma.fields.String(), values=ma.fields.Integer())
    nas = ma.fields.Dict()
    storage = ma.fields.Nested(StorageSchema)


class BackupSchema(ma.Schema):
    """The latest backup, which was whole when it was made; null where there is none."""

    taken_at = Instant(allow_none=True)
    age_seconds = ma.fields.Float(allow_none=True)


class ReadySchema(StatusSchema):
    """Requests can be served; warnings: sentences on what will be in the way soon."""

    storage = ma.fields.Nested(StorageSchema)
    backup = ma.fields.Nested(BackupSchema)
    warnings = ma.fields.List(ma.fields.String())


class MaintenanceStepSchema(ma.Schema):
    """How the latest run of a step went."""

    name = ma.fields.String()
    period_seconds = ma.fields.Float()
    last_run_at = Instant(allow_none=True)
    duration_seconds = ma.fields.Float(allow_none=True)
    error = ma.fields.String(allow_none=True)


class MaintenanceSchema(ma.Schema):
    """What the server does by itself, and which process of it."""

    holder = ma.fields.String(allow_none=True)
    steps = ma.fields.List(ma.fields.Nested(MaintenanceStepSchema))
