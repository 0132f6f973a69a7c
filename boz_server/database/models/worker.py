"""Workers: machines that transcode."""

from typing import ClassVar

import peewee

from boz_server.database.fields import EnumField, UTCDateTimeField, default, one_of
from boz_server.database.models.agent import Agent
from boz_server.database.models.base import BaseModel, index
from boz_server.domain.machines.presence import WorkerStatus, WorkerType


class Worker(BaseModel):
    """A machine that transcodes: an agent's own, a remote one, or the server's."""

    #: The worker's own id, stable over its restarts.
    worker_id = peewee.CharField(max_length=100, primary_key=True)
    worker_type = EnumField(WorkerType)
    #: Name of its machine, for people.
    hostname = peewee.TextField()
    #: The agent on the same machine; null for a machine without drives.
    agent_id: str | None
    agent = peewee.ForeignKeyField(
        Agent, column_name="agent_id", null=True, index=False, on_delete="SET NULL", lazy_load=False
    )
    #: {nvenc, qsv, hevc, max_concurrent, vlc_installed, …} and whatever else it tells.
    capabilities = peewee.JSONField(default=dict)
    #: 1–99, lower is preferred.
    priority = peewee.IntegerField(default=50, constraints=default(50))
    #: Whether an operator set the priority; if so, registering again keeps it.
    priority_set_by_operator = peewee.BooleanField(default=False, constraints=default(False))
    #: Whether an operator lets it have jobs.
    enabled = peewee.BooleanField(default=True, constraints=default(True))
    #: As last reported; a silent worker counts as offline, a fully loaded one as busy.
    status = EnumField(
        WorkerStatus, default=WorkerStatus.AVAILABLE, constraints=default(WorkerStatus.AVAILABLE)
    )
    #: Ids of the open jobs that the server gave it; the server's record, not the worker's word.
    current_jobs = peewee.JSONField(default=list)
    #: Its latest sign of life.
    last_heartbeat = UTCDateTimeField(constraints=default("CURRENT_TIMESTAMP"))
    #: When it first registered; kept when it registers again.
    registered_at = UTCDateTimeField(constraints=default("CURRENT_TIMESTAMP"))
    #: Jobs that it completed, ever.
    total_jobs_completed = peewee.IntegerField(default=0, constraints=default(0))
    #: Mean seconds from the start to the end of those jobs; 0 before the first.
    avg_transcode_time_seconds = peewee.DoubleField(default=0.0, constraints=default(0))
    #: Percent, 0–100; null when the worker does not tell.
    cpu_usage = peewee.DoubleField(null=True)
    #: Percent, 0–100; null when the worker does not tell.
    gpu_usage = peewee.DoubleField(null=True)
    #: Jobs that failed on it since one last succeeded.
    consecutive_failures = peewee.IntegerField(default=0, constraints=default(0))
    #: Since when it gets no jobs as too many failed in a row; null when it is not paused.
    paused_at = UTCDateTimeField(null=True)
    #: Which of all assignments was its latest one, counted up; 0 before the first.
    last_turn = peewee.IntegerField(default=0, constraints=default(0))

    class Meta:
        table_name = "workers"
        constraints: ClassVar = [
            one_of("status", WorkerStatus, "workers_status"),
            one_of("worker_type", WorkerType, "workers_type"),
            peewee.Check("priority BETWEEN 1 AND 99", "workers_priority"),
        ]


index("idx_workers_status", Worker, Worker.status)
index("idx_workers_priority", Worker, Worker.priority)
index("idx_workers_agent", Worker, Worker.agent)
