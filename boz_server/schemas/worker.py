"""Workers on the wire."""

from typing import Any

import marshmallow as ma

from boz_server.domain.machines.capabilities import WORKER_DEFAULTS
from boz_server.domain.machines.presence import WorkerStatus, WorkerType
from boz_server.domain.queue.job_states import JobReport, JobStatus, is_upload_error
from boz_server.domain.queue.tool_errors import is_input_unreadable
from boz_server.schemas import addresses
from boz_server.schemas.answer import AnswerSchema
from boz_server.schemas.common import CapabilitiesSchema, RequestSchema
from boz_server.schemas.fields import (
    INT64,
    MAX_PATH_LENGTH,
    ErrorText,
    Id,
    Instant,
    Percent,
    Text,
    Whole,
)


class WorkerCapabilitiesSchema(CapabilitiesSchema):
    """What a worker can do."""

    defaults = WORKER_DEFAULTS

    nvenc = ma.fields.Boolean()
    nvenc_generation = Whole()
    qsv = ma.fields.Boolean()
    vaapi = ma.fields.Boolean()
    hevc = ma.fields.Boolean()
    av1 = ma.fields.Boolean()
    cpu_threads = Whole()
    max_concurrent = Whole()
    vlc_installed = ma.fields.Boolean()
    vlc_path = Text(max_length=MAX_PATH_LENGTH, allow_none=True)
    vlc_version = Text(allow_none=True)


class RegisterWorkerSchema(RequestSchema):
    """A worker's registration."""

    worker_id = Id(required=True)
    worker_type = ma.fields.Enum(WorkerType, by_value=True, load_default=WorkerType.AGENT)
    hostname = Text(required=True)
    capabilities = ma.fields.Nested(WorkerCapabilitiesSchema, load_default=None, allow_none=True)
    priority = Whole(low=1, high=99, load_default=50)
    agent_id = Id(load_default=None, allow_none=True)

    @ma.post_load
    def fill_in(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        return data | {"capabilities": data["capabilities"] or WORKER_DEFAULTS}


class WorkerHeartbeatSchema(RequestSchema):
    """A worker's heartbeat; its own list of jobs is ignored."""

    status = ma.fields.Enum(WorkerStatus, by_value=True, load_default=WorkerStatus.AVAILABLE)
    cpu_usage = Percent(load_default=None, allow_none=True)
    gpu_usage = Percent(load_default=None, allow_none=True)


class HeartbeatAnswerSchema(AnswerSchema):
    """The answer to a heartbeat."""

    acknowledged = ma.fields.Boolean()
    server_time = Instant()
    cancelled_jobs = ma.fields.List(ma.fields.String())


class WorkerSchema(AnswerSchema):
    """A worker as it is now."""

    worker_id = ma.fields.String()
    worker_type = ma.fields.String()
    hostname = ma.fields.String()
    capabilities = ma.fields.Dict()
    agent_id = ma.fields.String(allow_none=True)
    priority = ma.fields.Integer()
    enabled = ma.fields.Boolean()
    status = ma.fields.String()
    current_jobs = ma.fields.List(ma.fields.String())
    last_heartbeat = Instant()
    registered_at = Instant()
    total_jobs_completed = ma.fields.Integer()
    avg_transcode_time_seconds = ma.fields.Float()
    cpu_usage = ma.fields.Float(allow_none=True)
    gpu_usage = ma.fields.Float(allow_none=True)
    consecutive_failures = ma.fields.Integer()
    paused_at = Instant(allow_none=True)


class WorkerStatsSchema(AnswerSchema):
    """How many workers there are, by their status now."""

    total_workers = ma.fields.Integer()
    available = ma.fields.Integer()
    busy = ma.fields.Integer()
    offline = ma.fields.Integer()
    gpu_workers = ma.fields.Integer()
    total_jobs_completed = ma.fields.Integer()


class PrioritySchema(RequestSchema):
    """An operator's priority; its range is a rule of the service (400, not 422)."""

    status = ma.fields.String(dump_only=True, dump_default="ok")
    priority = Whole(low=-INT64, high=INT64, required=True)


class EnabledSchema(AnswerSchema):
    """Whether a worker gets new jobs."""

    status = ma.fields.String(dump_default="ok")
    enabled = ma.fields.Boolean()


class AssignWorkerSchema(RequestSchema):
    """An agent's request for a worker to transcode its file; job_id: the transcode of the file."""

    agent_id = Id(required=True)
    job_id = Id(load_default=None, allow_none=True)
    disc_type = Text(load_default="dvd")
    file_size_mb = ma.fields.Float(load_default=0, validate=ma.validate.Range(min=0))


class WorkerAssignmentSchema(AnswerSchema):
    """The worker that transcodes a file, and how the file gets there."""

    assigned_worker = ma.fields.String()
    worker_type = ma.fields.String()
    mode = ma.fields.String()
    job_id = ma.fields.String(allow_none=True)
    handbrake_preset = ma.fields.String()
    upload_url = ma.fields.String(allow_none=True)
    download_url = ma.fields.String(allow_none=True)


class PollJobsSchema(RequestSchema):
    """A worker's request for jobs."""

    max_jobs = Whole(low=1, high=100, load_default=1)


class ClaimedJobSchema(AnswerSchema):
    """A job that a worker has claimed."""

    job_id = ma.fields.String()
    input_file = ma.fields.String(allow_none=True)
    output_name = ma.fields.String(allow_none=True)
    handbrake_preset = ma.fields.String(attribute="preset")
    download_url = ma.fields.Function(addresses.download)
    upload_url = ma.fields.Function(addresses.result)
    attempt = ma.fields.Integer()
    lease_token = ma.fields.String()


class ClaimedJobsSchema(AnswerSchema):
    """The jobs that a worker claimed, in order."""

    jobs = ma.fields.List(ma.fields.Nested(ClaimedJobSchema))


class WorkerJobDoneSchema(RequestSchema):
    """A worker's report on a job that is completed or failed."""

    job_id = Id(required=True)
    duration_seconds = ma.fields.Float(load_default=0, validate=ma.validate.Range(min=0))
    success = ma.fields.Boolean(load_default=True)
    error = ErrorText(load_default=None, allow_none=True)
    output_file_size = Whole(high=INT64, load_default=None, allow_none=True)
    lease_token = Text(load_default=None, allow_none=True)

    @ma.post_load
    def make_report(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        status = JobStatus.COMPLETED if data["success"] else JobStatus.FAILED
        error = None if data["success"] else data["error"] or "The worker gave no reason."
        report = JobReport(
            status,
            error=error,
            upload_failed=is_upload_error(error),
            input_unreadable=is_input_unreadable(error),
            lease_token=data["lease_token"],
            duration_seconds=data["duration_seconds"],
            output_file_size=data["output_file_size"],
        )
        return {"job_id": data["job_id"], "report": report}
