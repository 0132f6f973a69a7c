"""Jobs: rips, transcodes, and the files that the server itself organizes."""

from typing import ClassVar

import peewee

from boz_server.database.fields import (
    PLAIN_KEY,
    EnumField,
    JSONField,
    UTCDateTimeField,
    default,
    defaulted,
    one_of,
)
from boz_server.database.models.base import BaseModel, index
from boz_server.database.models.disc import Disc
from boz_server.database.models.worker import Worker
from boz_server.domain.queue.job_states import JobStatus, JobType


class Job(BaseModel):
    """One piece of work for one agent, worker or the server."""

    #: A UUID, assigned by the server.
    job_id = peewee.CharField(max_length=36, primary_key=True)
    job_type = EnumField(JobType)
    status = EnumField(JobStatus)
    #: Higher goes first.
    priority = peewee.IntegerField(**defaulted(0))
    #: The disc it came from; null if there is none or its row is gone.
    disc_id: str | None
    disc = peewee.ForeignKeyField(
        Disc, column_name="disc_id", backref="jobs", null=True, on_delete="SET NULL", **PLAIN_KEY
    )
    #: MakeMKV's number of the title; null for files from elsewhere.
    title_index = peewee.IntegerField(null=True)
    #: Path on the disk of the agent or server that has the file, also of Windows; null for rips.
    input_file = peewee.TextField(null=True)
    #: Name of the file that its machine writes, without folder and extension: no other open job of
    #: that agent has it; null if none is known.
    output_name = peewee.TextField(null=True)
    #: The name for the library, if output_name has a number that tells the files of an agent apart;
    #: null if they are the same.
    library_name = peewee.TextField(null=True)
    #: By which equal output_names are found, whatever their case; null for organize jobs.
    file_key = peewee.TextField(null=True)
    #: Path of the result; null until reported.
    output_file = peewee.TextField(null=True)
    #: HandBrake preset; null for rips.
    preset = peewee.TextField(null=True)
    #: The agent that has the job, or the id of a worker without an agent; null until assigned.
    assigned_agent_id = peewee.CharField(max_length=100, null=True)
    #: The worker that has the job; null until assigned, and for rips.
    assigned_worker_id: str | None
    assigned_worker = peewee.ForeignKeyField(
        Worker, column_name="assigned_worker_id", null=True, on_delete="SET NULL", **PLAIN_KEY
    )
    #: When its machine got it; null until assigned.
    assigned_at = UTCDateTimeField(null=True)
    #: Whether a person must approve it first.
    requires_approval = peewee.BooleanField(**defaulted(False))
    #: Label of the disc it came from, for people, even when the disc's row is gone; else null.
    source_disc_name = peewee.TextField(null=True)
    #: Size of `input_file` in bytes; null if unknown.
    input_file_size = peewee.BigIntegerField(null=True)
    #: Size of the result in bytes; null until known.
    output_file_size = peewee.BigIntegerField(null=True)
    #: Seconds into the title of each stored thumbnail; empty without any.
    thumbnail_timestamps = JSONField(default=list)
    #: Percent, 0–100.
    progress = peewee.DoubleField(default=0.0, constraints=default(0))
    #: What went wrong, as reported by the machine or the server; null if nothing did.
    error = peewee.TextField(null=True)
    #: Whether `error` says that the result could not be uploaded: then the job can be retried
    #: although it is completed. Set with `error`, when a report is read.
    upload_failed = peewee.BooleanField(default=False, constraints=default(False))
    created_at = UTCDateTimeField(constraints=default("CURRENT_TIMESTAMP"))
    #: When the latest attempt was first reported as running; null before.
    started_at = UTCDateTimeField(null=True)
    #: When it was completed, failed or cancelled; null while it is open.
    completed_at = UTCDateTimeField(null=True)

    #: The only agent that can do it, because it has the disc or the file; null if any machine can.
    for_agent_id = peewee.CharField(max_length=100, null=True)
    #: The worker that a person chose; null if nobody did. No foreign key:
    #: WorkerRepository.delete clears it.
    for_worker_id = peewee.CharField(max_length=100, null=True)
    #: The rip that wrote `input_file`; null for files from elsewhere. No foreign key, because the
    #: transcode outlives it.
    source_job_id = peewee.CharField(max_length=36, null=True)
    #: Whether its agent knows of the job: false from the end of its rip until the agent posts it.
    is_announced = peewee.BooleanField(**defaulted(True))
    #: Number of the latest attempt; 0 before the first.
    attempt = peewee.IntegerField(**defaulted(0))
    #: Number of failed attempts since a person last intervened.
    failures = peewee.IntegerField(**defaulted(0))
    #: Identifies the latest attempt; null before the first, and when the job was taken away.
    lease_token = peewee.CharField(max_length=32, null=True)
    #: Whether the machine sends that token with its reports; reports without it are then refused.
    token_used = peewee.BooleanField(**defaulted(False))
    #: When the machine loses the job unless it reports or sends a heartbeat; null if none has it.
    lease_expires_at = UTCDateTimeField(null=True)
    #: Whether its machine has restarted since its last report on the job. Heartbeats then no longer
    #: extend the lease: only a report shows that it is still working.
    lease_doubted = peewee.BooleanField(**defaulted(False))
    #: Number of answers that have sent the attempt to a worker that polls for its jobs.
    deliveries = peewee.IntegerField(**defaulted(0))
    #: When it was last reported as running; null before.
    reported_at = UTCDateTimeField(null=True)
    #: When to retry it, or the earliest time to begin; null if nothing is scheduled.
    scheduled_at = UTCDateTimeField(null=True)
    #: When the latest attempt last moved: it was assigned, handed out, began, progressed, was
    #: completed, bytes of its file moved, or its machine became free for it. Its terms count from
    #: here (docs/job-states.md). Null without an attempt.
    moved_at = UTCDateTimeField(null=True)
    #: When a poll first handed the latest attempt out to its machine; null before.
    handed_out_at = UTCDateTimeField(null=True)
    #: Since when people are told that the latest attempt stands still; null while it moves.
    stalled_at = UTCDateTimeField(null=True)
    #: Progress (percent) of an attempt that stood still when it was taken back; its machine may
    #: still report it. Null without one, once a later attempt gets further or the job is over, and
    #: after a person chose an agent for it.
    stood_at = peewee.DoubleField(null=True)
    #: When its machine said that it failed without saying why, which it may yet do; else null.
    failing_at = UTCDateTimeField(null=True)
    #: Until when only workers may have it that have not failed it; null if any may.
    elsewhere_until = UTCDateTimeField(null=True)

    #: Where an organize job puts its file: a path below the library's root, with "/"; null for
    #: other jobs.
    library_path = peewee.TextField(null=True)
    #: The final path of an organize job's file, set just before the file is moved there; null
    #: before. If the input is gone and this path exists, the move is done.
    filing_as = peewee.TextField(null=True)
    #: The upload that brought `input_file` to the server for a worker to fetch; null until it has
    #: arrived.
    input_upload_id = peewee.CharField(max_length=36, null=True)
    #: Whether a person chose `output_name`; if so, it overrides the preview's name.
    is_named_by_person = peewee.BooleanField(**defaulted(False))

    #: When it was adopted from the old system's database, from when on retention counts; null for
    #: all others.
    adopted_at = UTCDateTimeField(null=True)

    #: Why it waits, in words; set by a service, no column.
    waiting_reason: "str | None" = None
    #: Whether its agent counts as offline, or soon would, if the repository has asked; no column.
    is_agent_quiet: "bool | None" = None

    class Meta:
        table_name = "jobs"
        constraints: ClassVar = [
            one_of("job_type", JobType, "jobs_type"),
            one_of("status", JobStatus, "jobs_status"),
            peewee.Check("progress BETWEEN 0 AND 100", "jobs_progress"),
        ]


#: Serves the lists by status, in their order.
index("idx_jobs_status", Job, Job.status, Job.created_at, Job.job_id)
#: The counts read nothing but this index.
index("idx_jobs_type", Job, Job.job_type, Job.status, Job.requires_approval)
index("idx_jobs_approval", Job, Job.requires_approval, Job.status)
index("idx_jobs_agent", Job, Job.assigned_agent_id, Job.status)
index("idx_jobs_worker", Job, Job.assigned_worker, Job.status)
#: Without jobs that have no disc: if there are many, SQLite's statistics make the index look
#: useless.
index("idx_jobs_disc", Job, Job.disc, Job.job_type, Job.status, where=Job.disc.is_null(False))
index("idx_jobs_newest", Job, Job.created_at, Job.job_id)
#: Finds jobs to prune.
index("idx_jobs_completed_at", Job, Job.completed_at, Job.job_id)
#: A title is ripped once: neither twice at a time, nor again after it was ripped.
index(
    "uq_jobs_rip",
    Job,
    Job.disc,
    Job.title_index,
    unique=True,
    where=(Job.job_type == JobType.RIP)
    & Job.status.not_in([JobStatus.FAILED, JobStatus.CANCELLED]),
)
#: A file is transcoded once at a time.
index(
    "uq_jobs_transcode",
    Job,
    Job.source_job_id,
    unique=True,
    where=(Job.job_type == JobType.TRANSCODE)
    & Job.status.not_in([JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED]),
)
#: A file is organized once at a time.
index(
    "uq_jobs_organize",
    Job,
    Job.input_file,
    unique=True,
    where=Job.library_path.is_null(False)
    & Job.status.not_in([JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED]),
)
#: Finds the failed organize jobs of a file, which may be retried.
index(
    "idx_jobs_organize_failed",
    Job,
    Job.input_file,
    where=Job.library_path.is_null(False) & (Job.status == JobStatus.FAILED),
)
#: Finds the transcode of an uploaded file by its name.
index(
    "idx_jobs_output_name",
    Job,
    Job.output_name,
    Job.created_at,
    where=Job.job_type == JobType.TRANSCODE,
)
#: Finds the jobs whose files have the same name.
index("idx_jobs_file_key", Job, Job.file_key, where=Job.file_key.is_null(False))
#: Finds the uploaded inputs that are still needed.
index("idx_jobs_input", Job, Job.input_upload_id, where=Job.input_upload_id.is_null(False))
#: Finds the transcodes of a rip.
index("idx_jobs_source", Job, Job.source_job_id, where=Job.source_job_id.is_null(False))
#: Finds the rip that wrote a file.
index("idx_jobs_rip_output", Job, Job.output_file, where=Job.job_type == JobType.RIP)
#: The queue in its order; who may take a job, whether its file is here, and whether a worker has
#: just failed it can be read from the index alone.
index(
    "idx_jobs_queue",
    Job,
    Job.job_type,
    Job.priority.desc(),
    Job.created_at,
    Job.job_id,
    Job.for_worker_id,
    Job.for_agent_id,
    Job.input_upload_id,
    Job.elsewhere_until,
    where=Job.status == JobStatus.QUEUED,
)
#: Finds jobs to retry or begin now.
index("idx_jobs_scheduled", Job, Job.scheduled_at, where=Job.scheduled_at.is_null(False))
#: Finds the cancelled jobs that answers to heartbeats list.
index(
    "idx_jobs_cancelled_agent",
    Job,
    Job.assigned_agent_id,
    Job.completed_at,
    where=Job.status == JobStatus.CANCELLED,
)
index(
    "idx_jobs_cancelled_worker",
    Job,
    Job.assigned_worker,
    Job.completed_at,
    where=Job.status == JobStatus.CANCELLED,
)
#: Finds results that could not be uploaded.
index(
    "idx_jobs_upload_errors",
    Job,
    Job.status,
    Job.completed_at,
    Job.job_id,
    where=Job.upload_failed,
)
#: Finds transcodes whose result has yet to come. Type and status are columns as well: otherwise
#: SQLite would search all completed transcodes.
index(
    "idx_jobs_result_due",
    Job,
    Job.job_type,
    Job.status,
    Job.moved_at,
    where=(Job.job_type == JobType.TRANSCODE)
    & (Job.status == JobStatus.COMPLETED)
    & Job.output_file.is_null()
    & ~Job.upload_failed
    & Job.moved_at.is_null(False),
)


class JobEvent(BaseModel):
    """One change of a job, written in the same transaction."""

    event_id = peewee.BigAutoField()
    job_id: str
    job = peewee.ForeignKeyField(Job, column_name="job_id", on_delete="CASCADE", **PLAIN_KEY)
    at = UTCDateTimeField()
    #: Null when the job was created.
    from_status = EnumField(JobStatus, null=True)
    #: The same as from_status if something else changed.
    to_status = EnumField(JobStatus)
    #: Who made the change: "person", "server", "agent:ID" or "worker:ID".
    actor = peewee.TextField()
    #: Number of the job's latest attempt at that time; 0 before the first.
    attempt = peewee.IntegerField()
    #: Details in words; null if there is nothing to add.
    detail = peewee.TextField(null=True)

    class Meta:
        table_name = "job_events"
        constraints: ClassVar = [
            one_of("from_status", JobStatus, "job_events_from"),
            one_of("to_status", JobStatus, "job_events_to"),
        ]


index("idx_job_events_job", JobEvent, JobEvent.job, JobEvent.event_id)


class JobFailure(BaseModel):
    """A failed attempt since a person last intervened, as its machine reported it."""

    failure_id = peewee.BigAutoField()
    job_id: str
    job = peewee.ForeignKeyField(Job, column_name="job_id", on_delete="CASCADE", **PLAIN_KEY)
    #: Number of the attempt.
    attempt = peewee.IntegerField()
    #: Its token, by which a report of the same failure is recognised; null if its machine sends
    #: none.
    lease_token = peewee.CharField(max_length=32, null=True)
    #: The worker that failed; null where none is known, and for rips.
    worker_id = peewee.CharField(max_length=100, null=True)
    at = UTCDateTimeField()
    #: What the machine said went wrong; null if it gave no reason.
    reason = peewee.TextField(null=True)

    class Meta:
        table_name = "job_failures"


index("uq_job_failures_attempt", JobFailure, JobFailure.job, JobFailure.attempt, unique=True)
index("idx_job_failures_worker", JobFailure, JobFailure.worker_id, JobFailure.at)
