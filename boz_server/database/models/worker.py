"""Workers: machines that transcode."""

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
from boz_server.database.models.agent import Agent
from boz_server.database.models.base import BaseModel, index
from boz_server.domain.machines.presence import WorkerStatus, WorkerType


class Worker(BaseModel):
    """A machine that transcodes: an agent's own, a remote one, or the server's."""

    #: The worker's own id, stable over its restarts.
    worker_id = peewee.CharField(max_length=100, primary_key=True)
    worker_type = EnumField(WorkerType)
    #: Name of its machine for people, as reported.
    hostname = peewee.TextField()
    #: The agent on the same machine; null if there is none.
    agent_id: str | None
    agent = peewee.ForeignKeyField(
        Agent, column_name="agent_id", null=True, on_delete="SET NULL", **PLAIN_KEY
    )
    #: {nvenc, qsv, hevc, max_concurrent, vlc_installed, …} and further keys that the worker sends.
    capabilities = JSONField(default=dict)
    #: 1–99; lower is preferred.
    priority = peewee.IntegerField(**defaulted(50))
    #: Whether an operator set the priority; if so, registering again does not change it.
    priority_set_by_operator = peewee.BooleanField(**defaulted(False))
    #: Whether it may get jobs; set by an operator.
    enabled = peewee.BooleanField(**defaulted(True))
    #: As last reported. One that has stopped responding counts as offline, a full one as busy.
    status = EnumField(WorkerStatus, **defaulted(WorkerStatus.AVAILABLE))
    #: Ids of the open jobs assigned to it. The server's record, not the worker's own report.
    current_jobs = JSONField(default=list)
    #: When it last sent anything.
    last_heartbeat = UTCDateTimeField(constraints=default("CURRENT_TIMESTAMP"))
    #: When it first registered; later registrations don't change it.
    registered_at = UTCDateTimeField(constraints=default("CURRENT_TIMESTAMP"))
    #: Number of jobs it has ever completed.
    total_jobs_completed = peewee.IntegerField(**defaulted(0))
    #: Mean seconds from the start to the end of those jobs; 0 before the first.
    avg_transcode_time_seconds = peewee.DoubleField(default=0.0, constraints=default(0))
    #: Percent, 0–100; null if the worker does not report it.
    cpu_usage = peewee.DoubleField(null=True)
    #: Percent, 0–100; null if the worker does not report it.
    gpu_usage = peewee.DoubleField(null=True)
    #: Number of jobs that failed on it since the last success.
    consecutive_failures = peewee.IntegerField(**defaulted(0))
    #: When the first of those failed; null before the first failure.
    failing_since = UTCDateTimeField(null=True)
    #: Since when it gets no jobs because too many failed in a row; null when not paused.
    paused_at = UTCDateTimeField(null=True)
    #: Running number of its latest assignment among those of all workers; 0 before the first.
    last_turn = peewee.IntegerField(**defaulted(0))

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
