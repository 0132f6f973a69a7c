"""The server's state on the wire."""

import marshmallow as ma

from boz_server.schemas.answer import AnswerSchema
from boz_server.schemas.common import StatusSchema
from boz_server.schemas.fields import Instant
from boz_server.schemas.worker import WorkerStatsSchema


class BannerSchema(AnswerSchema):
    """Which server this is."""

    name = ma.fields.String()
    version = ma.fields.String()
    status = ma.fields.String()


class StorageSchema(AnswerSchema):
    """Free space on the disks; warning is null while there is enough."""

    free_bytes = ma.fields.Integer()
    min_free_bytes = ma.fields.Integer()
    warning = ma.fields.String(allow_none=True)


class HealthSchema(AnswerSchema):
    """The state of the server, its agents and workers."""

    status = ma.fields.String()
    version = ma.fields.String()
    agents = ma.fields.Integer()
    workers = ma.fields.Nested(WorkerStatsSchema)
    queue = ma.fields.Dict(keys=ma.fields.String(), values=ma.fields.Integer())
    nas = ma.fields.Dict()
    storage = ma.fields.Nested(StorageSchema)


class BackupSchema(AnswerSchema):
    """The latest backup, which was intact when it was made; null without one."""

    taken_at = Instant(allow_none=True)
    age_seconds = ma.fields.Float(allow_none=True)


class WarningSchema(AnswerSchema):
    """Something that is, or soon will be, a problem."""

    code = ma.fields.String(metadata={"description": "Its kind: storage_low, jobs_stalled."})
    detail = ma.fields.String(metadata={"description": "What it is, as in `warnings`."})
    since = Instant(
        allow_none=True, metadata={"description": "Since when; null where that is not known."}
    )


class ReadySchema(StatusSchema):
    """The server is ready. warnings: sentences on what will be a problem soon; warning_details has
    one entry for each of them."""

    storage = ma.fields.Nested(StorageSchema)
    backup = ma.fields.Nested(BackupSchema)
    warnings = ma.fields.List(ma.fields.String())
    warning_details = ma.fields.List(ma.fields.Nested(WarningSchema))


class MaintenanceStepSchema(AnswerSchema):
    """The latest run of a maintenance step."""

    name = ma.fields.String()
    period_seconds = ma.fields.Float()
    last_run_at = Instant(allow_none=True)
    duration_seconds = ma.fields.Float(allow_none=True)
    error = ma.fields.String(allow_none=True)


class MaintenanceSchema(AnswerSchema):
    """The maintenance steps; holder is the process that runs them."""

    holder = ma.fields.String(allow_none=True)
    steps = ma.fields.List(ma.fields.Nested(MaintenanceStepSchema))
