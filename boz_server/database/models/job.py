"""Jobs: rips, transcodes and what the server files itself."""

from typing import ClassVar

import peewee

from boz_server.database.fields import EnumField, UTCDateTimeField, default, one_of
from boz_server.database.models.base import BaseModel, index
from boz_server.database.models.disc import Disc
from boz_server.database.models.worker import Worker
from boz_server.domain.queue.job_states import JobStatus, JobType


class Job(BaseModel):
    """One piece of work for one machine."""

    #: A UUID, given by the server.
    job_id = peewee.CharField(max_length=36, primary_key=True)
    job_type = EnumField(JobType)
    status = EnumField(JobStatus)
    #: Higher first.
    priority = peewee.IntegerField(default=0, constraints=default(0))
    #: The disc it came from; null when there is none or its record is gone.
    disc_id: str | None
    disc = peewee.ForeignKeyField(
        Disc,
        column_name="disc_id",
        backref="jobs",
        null=True,
        index=False,
        on_delete="SET NULL",
        lazy_load=False,
    )
    #: MakeMKV's number of the title; null for files that came from elsewhere.
    title_index = peewee.IntegerField(null=True)
    #: Path on the disk of the machine that has it (Windows paths too); null for rips.
    input_file = peewee.TextField(null=True)
    #: Name that the result shall have.
    output_name = peewee.TextField(null=True)
    #: Path of the result; null until reported.
    output_file = peewee.TextField(null=True)
    #: HandBrake preset; null for rips.
    preset = peewee.TextField(null=True)
    #: The agent that has it, or the id of a worker without an agent; null until assigned.
    assigned_agent_id = peewee.CharField(max_length=100, null=True)
    #: The worker that has it; null until assigned, and for rips.
    assigned_worker_id: str | None
    assigned_worker = peewee.ForeignKeyField(
        Worker,
        column_name="assigned_worker_id",
        null=True,
        index=False,
        on_delete="SET NULL",
        lazy_load=False,
    )
    assigned_at = UTCDateTimeField(null=True)
    #: Whether a person has to approve it first.
    requires_approval = peewee.BooleanField(default=False, constraints=default(False))
    #: Label of the disc it came from, kept for people when the disc is gone.
    source_disc_name = peewee.TextField(null=True)
    #: Bytes; null when unknown.
    input_file_size = peewee.BigIntegerField(null=True)
    #: Of its result, in bytes; null until known.
    output_file_size = peewee.BigIntegerField(null=True)
    #: Seconds of each thumbnail kept of it; empty when there are none.
    thumbnail_timestamps = peewee.JSONField(default=list)
    #: Percent, 0–100.
    progress = peewee.DoubleField(default=0.0, constraints=default(0))
    #: What went wrong, in the words of whoever reported it; null when nothing did.
    error = peewee.TextField(null=True)
    created_at = UTCDateTimeField(constraints=default("CURRENT_TIMESTAMP"))
    #: When it was first reported as running.
    started_at = UTCDateTimeField(null=True)
    #: When it ended, in whichever way.
    completed_at = UTCDateTimeField(null=True)

    #: The only agent that can do it, as it has the disc or the file; null when any machine can.
    for_agent_id = peewee.CharField(max_length=100, null=True)
    #: The worker that a person chose for it; null when none was chosen. No foreign key: who
    #: forgets a worker takes it out here (WorkerRepository.delete).
    for_worker_id = peewee.CharField(max_length=100, null=True)
    #: The rip that wrote `input_file`; null for files that came from elsewhere. No foreign key:
    #: the transcode outlives it.
    source_job_id = peewee.CharField(max_length=36, null=True)
    #: Whether its agent knows of it: false from a rip's end until the agent's own POST.
    is_announced = peewee.BooleanField(default=True, constraints=default(True))
    #: Number of the latest attempt; 0 before the first.
    attempt = peewee.IntegerField(default=0, constraints=default(0))
    #: Attempts that ended badly since a person last had a say.
    failures = peewee.IntegerField(default=0, constraints=default(0))
    #: Names the latest attempt; null before the first, and once it was taken away.
    lease_token = peewee.CharField(max_length=32, null=True)
    #: Whether the machine reports with that token: others' reports are refused then.
    token_used = peewee.BooleanField(default=False, constraints=default(False))
    #: Until when a machine may be silent and keep the job; null when none has it.
    lease_expires_at = UTCDateTimeField(null=True)
    #: Whether its machine has started anew since it last reported on the job: then only a report
    #: shows that it still works on it, and heartbeats extend the lease no more.
    lease_doubted = peewee.BooleanField(default=False, constraints=default(False))
    #: How many answers have carried the attempt to a worker that fetches its jobs by polling.
    deliveries = peewee.IntegerField(default=0, constraints=default(0))
    #: The latest report that it is running; null before.
    reported_at = UTCDateTimeField(null=True)
    #: When to try it again, or the earliest time to begin; null when nothing is planned.
    scheduled_at = UTCDateTimeField(null=True)

    #: Where an organize job files its file: a path below the library's root, with "/"; null for
    #: other jobs.
    library_path = peewee.TextField(null=True)
    #: The path that an organize job is about to give its file, or has given it; null before. Where
    #: the file is gone and this one is there, it is done.
    filing_as = peewee.TextField(null=True)
    #: The upload that brought the job's file here, for a worker to fetch; null where it has not
    #: come.
    input_upload_id = peewee.CharField(max_length=36, null=True)
    #: Whether a person chose `output_name`: it then counts for more than the preview's.
    is_named_by_person = peewee.BooleanField(default=False, constraints=default(False))

    #: When it was taken over from an older system's database: it is kept as long from then; null
    #: for all others.
    adopted_at = UTCDateTimeField(null=True)

    #: Why it waits, in words, where a service has found out.
    waiting_reason: "str | None" = None

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
#: Without those that came from none: where they are many, SQLite's statistics would have it that
#: the index is of no use.
index("idx_jobs_disc", Job, Job.disc, Job.job_type, Job.status, where=Job.disc.is_null(False))
index("idx_jobs_newest", Job, Job.created_at, Job.job_id)
#: What is kept no longer.
index("idx_jobs_completed_at", Job, Job.completed_at, Job.job_id)
#: A title is never ripped twice at a time, nor again once it has been ripped.
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
#: A file is filed once at a time.
index(
    "uq_jobs_organize",
    Job,
    Job.input_file,
    unique=True,
    where=Job.library_path.is_null(False)
    & Job.status.not_in([JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED]),
)
#: Which transcode a file is the result of, of which only the name is known.
index(
    "idx_jobs_output_name",
    Job,
    Job.output_name,
    Job.created_at,
    where=Job.job_type == JobType.TRANSCODE,
)
#: Which files that were sent here are still needed.
index("idx_jobs_input", Job, Job.input_upload_id, where=Job.input_upload_id.is_null(False))
#: Likewise.
index("idx_jobs_source", Job, Job.source_job_id, where=Job.source_job_id.is_null(False))
#: Which rip wrote a file.
index("idx_jobs_rip_output", Job, Job.output_file, where=Job.job_type == JobType.RIP)
#: The queue, in its order; whose a job is, and whether its file is here, can be seen without
#: a look at the job.
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
    where=Job.status == JobStatus.QUEUED,
)
#: What is to be tried again, or to begin later.
index("idx_jobs_scheduled", Job, Job.scheduled_at, where=Job.scheduled_at.is_null(False))
#: What heartbeats are answered with.
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
#: Results that could not be uploaded.
index(
    "idx_jobs_upload_errors",
    Job,
    Job.status,
    Job.completed_at,
    Job.job_id,
    where=Job.error.is_null(False),
)


class JobEvent(BaseModel):
    """One change of a job, written in the transaction that made it."""

    event_id = peewee.BigAutoField()
    job_id: str
    job = peewee.ForeignKeyField(
        Job, column_name="job_id", index=False, on_delete="CASCADE", lazy_load=False
    )
    at = UTCDateTimeField()
    #: Null where the job was entered.
    from_status = EnumField(JobStatus, null=True)
    #: The same as from_status where only something else changed.
    to_status = EnumField(JobStatus)
    #: Who made the change: "person", "server", "agent:ID" or "worker:ID".
    actor = peewee.TextField()
    #: The attempt that was under way, or had last been; 0 before the first.
    attempt = peewee.IntegerField()
    #: In words, where there is more to say.
    detail = peewee.TextField(null=True)

    class Meta:
        table_name = "job_events"
        constraints: ClassVar = [
            one_of("from_status", JobStatus, "job_events_from"),
            one_of("to_status", JobStatus, "job_events_to"),
        ]


index("idx_job_events_job", JobEvent, JobEvent.job, JobEvent.event_id)
