"""Jobs on the wire."""

from typing import Any

import marshmallow as ma

from boz_server.domain.queue.job_states import JobReport, JobStatus, JobType, is_upload_error
from boz_server.domain.queue.tool_errors import is_input_unreadable
from boz_server.schemas import addresses, thumbnail
from boz_server.schemas.answer import AnswerSchema
from boz_server.schemas.common import PageArgs, RequestSchema
from boz_server.schemas.fields import (
    INT32,
    INT64,
    ErrorText,
    Id,
    Instant,
    Path,
    Percent,
    Text,
    Whole,
)
from boz_server.services.queue.enqueue import NewJob

MUST_BE_STATUS = f"Must be one of: {', '.join(JobStatus)}."


class CreateJobSchema(RequestSchema):
    """A new job."""

    job_type = ma.fields.Enum(JobType, by_value=True, required=True)
    disc_id = Id(load_default=None, allow_none=True)
    title_index = Whole(load_default=None, allow_none=True)
    input_file = Path(load_default=None, allow_none=True)
    output_name = Text(load_default=None, allow_none=True)
    preset = Text(load_default=None, allow_none=True)
    priority = Whole(low=-INT32, load_default=0)
    requires_approval = ma.fields.Boolean(load_default=False)
    source_disc_name = Text(load_default=None, allow_none=True)
    input_file_size = Whole(high=INT64, load_default=None, allow_none=True)
    thumbnails = thumbnail.jpegs()
    thumbnail_timestamps = thumbnail.timestamps()

    @ma.post_load
    def make_job(self, data: dict[str, Any], **_: Any) -> NewJob:
        seconds = data.pop("thumbnail_timestamps")
        index = data["title_index"] or 0
        data["thumbnails"] = thumbnail.paired(index, data["thumbnails"], seconds)
        return NewJob(**data)


class JobReportSchema(RequestSchema):
    """What an agent reports of a job; agents send all four keys, null where unknown."""

    status = ma.fields.Enum(
        JobStatus,
        by_value=True,
        required=True,
        error_messages={"unknown": MUST_BE_STATUS},
        metadata={
            "description": "`pending` and `queued` say that the machine has not begun, and change"
            " nothing."
        },
    )
    progress = Percent(load_default=None, allow_none=True)
    error = ErrorText(load_default=None, allow_none=True)
    output_file = Path(load_default=None, allow_none=True)
    output_file_size = Whole(high=INT64, load_default=None, allow_none=True)
    lease_token = Text(load_default=None, allow_none=True)

    @ma.post_load
    def make_report(self, data: dict[str, Any], **_: Any) -> JobReport:
        error = data["error"]
        return JobReport(
            **data,
            upload_failed=is_upload_error(error),
            input_unreadable=is_input_unreadable(error),
        )


class JobSchema(AnswerSchema):
    """A job as it is now."""

    job_id = ma.fields.String()
    job_type = ma.fields.String()
    status = ma.fields.String()
    priority = ma.fields.Integer()
    disc_id = ma.fields.String(allow_none=True)
    title_index = ma.fields.Integer(allow_none=True)
    input_file = ma.fields.String(allow_none=True)
    output_name = ma.fields.String(allow_none=True)
    output_file = ma.fields.String(allow_none=True)
    preset = ma.fields.String(allow_none=True)
    assigned_agent_id = ma.fields.String(allow_none=True)
    assigned_worker_id = ma.fields.String(allow_none=True)
    assigned_at = Instant(allow_none=True)
    requires_approval = ma.fields.Boolean()
    source_disc_name = ma.fields.String(allow_none=True)
    input_file_size = ma.fields.Integer(allow_none=True)
    output_file_size = ma.fields.Integer(allow_none=True)
    thumbnails = thumbnail.address_field("job_id")
    thumbnail_timestamps = ma.fields.List(ma.fields.Integer())
    progress = ma.fields.Float()
    error = ma.fields.String(allow_none=True)
    created_at = Instant()
    started_at = Instant(allow_none=True)
    completed_at = Instant(allow_none=True)
    attempt = ma.fields.Integer()
    scheduled_at = Instant(allow_none=True)
    waiting_reason = ma.fields.String(
        allow_none=True,
        metadata={
            "description": "Why no machine has it yet; for one that a machine has, that it stands"
            " still, since when, and what to do. Null where there is nothing to say."
        },
    )
    source_job_id = ma.fields.String(allow_none=True)
    input_upload_id = ma.fields.String(allow_none=True)
    library_path = ma.fields.String(allow_none=True)


class HandedOutJobSchema(JobSchema):
    """A job as the machine gets it that is to do it."""

    lease_token = ma.fields.String(allow_none=True)
    download_url = ma.fields.Function(addresses.download)


class WantedFileSchema(AnswerSchema):
    """A raw title that an agent is to send; upload_id: of the upload that it has begun."""

    job_id = ma.fields.String()
    input_file = ma.fields.String(allow_none=True)
    upload_id = ma.fields.String(allow_none=True)
    upload_url = ma.fields.Function(lambda wanted: addresses.for_input(wanted.job_id))


class AgentJobsSchema(AnswerSchema):
    """What an agent has to do, in order; uploads_wanted: only for agents that send raw titles."""

    jobs = ma.fields.List(ma.fields.Nested(HandedOutJobSchema))
    uploads_wanted = ma.fields.List(ma.fields.Nested(WantedFileSchema))


class JobPrioritySchema(RequestSchema):
    """How urgent a job is."""

    priority = Whole(low=-INT32, required=True)


class JobEventSchema(AnswerSchema):
    """One change of a job."""

    at = Instant()
    from_status = ma.fields.String(allow_none=True)
    to_status = ma.fields.String()
    actor = ma.fields.String()
    attempt = ma.fields.Integer()
    detail = ma.fields.String(allow_none=True)


class JobListArgs(PageArgs):
    """Which jobs, and which page of them."""

    status = ma.fields.Enum(JobStatus, by_value=True, load_default=None)


class AssignJobArgs(RequestSchema):
    """Whom to give a job to."""

    agent_id = Id(required=True)


class JobAssignedSchema(AnswerSchema):
    """A job was given to an agent."""

    status = ma.fields.String(dump_default="ok")
    job_id = ma.fields.String()
    agent_id = ma.fields.String()


class JobCancelledSchema(AnswerSchema):
    """A job was cancelled."""

    status = ma.fields.String(dump_default="ok")
    job_id = ma.fields.String()


class ApproveJobSchema(RequestSchema):
    """A person approves a transcode job."""

    worker_id = Id(required=True)
    preset = Text(min_length=1, required=True)
    output_name = Text(load_default=None, allow_none=True)


class JobApprovedSchema(JobAssignedSchema):
    """A job was approved and given away."""

    worker_id = ma.fields.String()
    preset = ma.fields.String()


class PresetSchema(AnswerSchema):
    """A HandBrake preset."""

    id = ma.fields.String()
    name = ma.fields.String()
    codec = ma.fields.String()
    requires = ma.fields.String(allow_none=True)


class PresetListSchema(AnswerSchema):
    """The presets to choose from."""

    presets = ma.fields.List(ma.fields.Nested(PresetSchema))


class JobStatsSchema(AnswerSchema):
    """How many jobs there are, of each status and type, and how the queue moves."""

    total_jobs = ma.fields.Integer()
    pending = ma.fields.Integer()
    queued = ma.fields.Integer()
    assigned = ma.fields.Integer()
    running = ma.fields.Integer()
    completed = ma.fields.Integer()
    failed = ma.fields.Integer()
    cancelled = ma.fields.Integer()
    rip_jobs = ma.fields.Integer()
    transcode_jobs = ma.fields.Integer()
    organize_jobs = ma.fields.Integer()
    awaiting_approval = ma.fields.Integer()
    stalled = ma.fields.Integer(
        metadata={"description": "Assigned and running jobs that stand still."}
    )
    queue_age_seconds = ma.fields.Integer(
        metadata={
            "description": "How long the job has been queued that has waited longest of those that"
            " may begin now; 0 without any."
        }
    )
