"""Statistics on the wire."""

import marshmallow as ma

from boz_server.domain.statistics.runs import Grouping
from boz_server.schemas.common import QuerySchema
from boz_server.schemas.fields import Day


class DaysArgs(QuerySchema):
    """Of which days, both included."""

    first = Day(data_key="from", load_default=None)
    last = Day(data_key="to", load_default=None)


class JobAnalyticsArgs(DaysArgs):
    """Of which days, and in which groups."""

    group = ma.fields.Enum(Grouping, by_value=True, load_default=Grouping.DAY)


class DaysSchema(ma.Schema):
    """The days that are told of, both included; null where there is no limit."""

    first = ma.fields.Date(data_key="from", allow_none=True)
    last = ma.fields.Date(data_key="to", allow_none=True)


class DurationsSchema(ma.Schema):
    """How long completed runs took; null where that is not known."""

    mean = ma.fields.Float(allow_none=True)
    p50 = ma.fields.Float(allow_none=True)
    p95 = ma.fields.Float(allow_none=True)


class RunsSchema(ma.Schema):
    """How runs ended; `retried` are attempts that were lost, and no ends of jobs."""

    jobs = ma.fields.Integer()
    completed = ma.fields.Integer()
    failed = ma.fields.Integer()
    cancelled = ma.fields.Integer()
    retried = ma.fields.Integer()
    failure_rate = ma.fields.Float(allow_none=True)
    duration_seconds = ma.fields.Nested(DurationsSchema)


class JobTallySchema(RunsSchema):
    """What came of jobs; bytes are those of completed runs."""

    input_bytes = ma.fields.Integer()
    output_bytes = ma.fields.Integer()
    saved_bytes = ma.fields.Integer()


class JobGroupSchema(JobTallySchema):
    """What came of the jobs of a group."""

    key = ma.fields.String(allow_none=True)


class JobAnalyticsSchema(DaysSchema):
    """What came of jobs, in groups in the order of their keys."""

    group = ma.fields.String()
    groups = ma.fields.List(ma.fields.Nested(JobGroupSchema))
    total = ma.fields.Nested(JobTallySchema)


class WorkerAnalyticsSchema(RunsSchema):
    """What came of a worker's runs; its failure rate counts lost attempts."""

    worker_id = ma.fields.String()
    hostname = ma.fields.String(allow_none=True)
    throughput_bytes_per_second = ma.fields.Float(allow_none=True)
    utilisation = ma.fields.Float(allow_none=True)


class SavedSchema(ma.Schema):
    """What transcodes saved, of which both sizes are known."""

    transcodes = ma.fields.Integer()
    input_bytes = ma.fields.Integer()
    output_bytes = ma.fields.Integer()
    saved_bytes = ma.fields.Integer()
    saved_percent = ma.fields.Float(allow_none=True)


class PresetSavedSchema(SavedSchema):
    """What transcodes by one preset saved."""

    preset = ma.fields.String(allow_none=True)


class StorageAnalyticsSchema(DaysSchema, SavedSchema):
    """What transcodes saved, in all and by preset."""

    presets = ma.fields.List(ma.fields.Nested(PresetSavedSchema))
