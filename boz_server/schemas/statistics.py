"""Statistics on the wire."""

import marshmallow as ma

from boz_server.domain.statistics.runs import Grouping
from boz_server.schemas.answer import AnswerSchema
from boz_server.schemas.common import QuerySchema
from boz_server.schemas.fields import Day


class DaysArgs(QuerySchema):
    """The days to count, both included."""

    first = Day(data_key="from", load_default=None)
    last = Day(data_key="to", load_default=None)


class JobStatisticsArgs(DaysArgs):
    """The days to count, and how to group them."""

    group = ma.fields.Enum(Grouping, by_value=True, load_default=Grouping.DAY)


class DaysSchema(AnswerSchema):
    """The days that were counted, both included; null: no limit."""

    first = ma.fields.Date(data_key="from", allow_none=True)
    last = ma.fields.Date(data_key="to", allow_none=True)


class DurationsSchema(AnswerSchema):
    """How long completed runs took; null when unknown."""

    mean = ma.fields.Float(allow_none=True)
    p50 = ma.fields.Float(allow_none=True)
    p95 = ma.fields.Float(allow_none=True)


class RunsSchema(AnswerSchema):
    """How runs ended; `retried` counts lost attempts, after which the job went on."""

    jobs = ma.fields.Integer()
    completed = ma.fields.Integer()
    failed = ma.fields.Integer()
    cancelled = ma.fields.Integer()
    retried = ma.fields.Integer()
    failure_rate = ma.fields.Float(allow_none=True)
    duration_seconds = ma.fields.Nested(DurationsSchema)


class JobTallySchema(RunsSchema):
    """The outcomes of jobs; the bytes are those of completed runs."""

    input_bytes = ma.fields.Integer()
    output_bytes = ma.fields.Integer()
    saved_bytes = ma.fields.Integer()


class JobGroupSchema(JobTallySchema):
    """The outcomes of the jobs in a group."""

    key = ma.fields.String(allow_none=True)


class JobStatisticsSchema(DaysSchema):
    """The outcomes of jobs, in groups sorted by key."""

    group = ma.fields.String()
    groups = ma.fields.List(ma.fields.Nested(JobGroupSchema))
    total = ma.fields.Nested(JobTallySchema)


class WorkerStatisticsSchema(RunsSchema):
    """The outcomes of a worker's runs; the failure rate counts lost attempts."""

    worker_id = ma.fields.String()
    hostname = ma.fields.String(allow_none=True)
    throughput_bytes_per_second = ma.fields.Float(allow_none=True)
    utilisation = ma.fields.Float(allow_none=True)


class SavedSchema(AnswerSchema):
    """What transcodes saved; counts those with both sizes known."""

    transcodes = ma.fields.Integer()
    input_bytes = ma.fields.Integer()
    output_bytes = ma.fields.Integer()
    saved_bytes = ma.fields.Integer()
    saved_percent = ma.fields.Float(allow_none=True)


class PresetSavedSchema(SavedSchema):
    """What the transcodes with one preset saved."""

    preset = ma.fields.String(allow_none=True)


class StorageStatisticsSchema(DaysSchema, SavedSchema):
    """What transcodes saved, in total and by preset."""

    presets = ma.fields.List(ma.fields.Nested(PresetSavedSchema))
