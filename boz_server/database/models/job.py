"""Jobs: rips, transcodes and what the server files itself."""

from typing import ClassVar

import peewee

from boz_server.database.fields import EnumField, UTCDateTimeField, default, one_of
from boz_server.database.models.base import BaseModel, index
from boz_server.database.models.disc import Disc
from boz_server.database.models.worker import Worker
from boz_server.domain.job_states import JobStatus, JobType


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
index("idx_jobs_disc", Job, Job.disc, Job.job_type, Job.status)
index("idx_jobs_newest", Job, Job.created_at, Job.job_id)
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
#: Results that could not be uploaded.
index(
    "idx_jobs_upload_errors",
    Job,
    Job.status,
    Job.completed_at,
    Job.job_id,
    where=Job.error.is_null(False),
)
