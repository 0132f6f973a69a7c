"""The queue: attempts with leases, history, retries, the maintenance loop, idempotency keys.

Frozen: never imports the models. docs/schema.md explains the tables.
Columns are added and dropped in place, because rebuilding a table could lose its children.
"""

import peewee as pw
from peewee_migrate import Migrator

ZERO: list[pw.Node] = [pw.Default(0)]
NO: list[pw.Node] = [pw.Default("FALSE")]
YES: list[pw.Node] = [pw.Default("TRUE")]


def migrate(migrator: Migrator, database: pw.Database, *, fake: bool = False) -> None:
    """Add columns, indexes and tables; running jobs count as their agents' first attempts."""
    job = migrator.add_fields("jobs", allow_not_null=True, **job_columns())
    migrator.add_fields("workers", allow_not_null=True, **worker_columns())
    for name, (columns, unique, where) in job_indexes(job).items():
        made = job.index(*columns, unique=unique, name=name)
        job.add_index(made if where is None else made.where(where))
    migrator.run(pw.SchemaManager(job).create_indexes)  # keeps those of 001
    migrator.sql("UPDATE jobs SET attempt = 1 WHERE status IN ('assigned', 'running')")
    migrator.sql(
        "UPDATE jobs SET for_agent_id = (SELECT agent_id FROM discs WHERE disc_id = jobs.disc_id)"
        " WHERE status IN ('pending', 'queued', 'assigned', 'running') AND disc_id IS NOT NULL"
    )
    create_job_events(migrator, job)
    create_maintenance(migrator)
    create_idempotency_keys(migrator)


def rollback(migrator: Migrator, database: pw.Database, *, fake: bool = False) -> None:
    """Drop them again; history and scheduled retries are lost."""
    for table in ("idempotency_keys", "maintenance_runs", "leases", "job_events"):
        migrator.remove_model(table, cascade=True)
    for name in job_indexes(migrator.orm["jobs"]):
        migrator.sql(f"DROP INDEX {name}")
    migrator.remove_fields("workers", *worker_columns())
    migrator.remove_fields("jobs", *job_columns())


def job_columns():
    return {
        "for_agent_id": pw.CharField(max_length=100, null=True),
        "for_worker_id": pw.CharField(max_length=100, null=True),
        "source_job_id": pw.CharField(max_length=36, null=True),
        "is_announced": pw.BooleanField(constraints=YES),
        "attempt": pw.IntegerField(constraints=ZERO),
        "failures": pw.IntegerField(constraints=ZERO),
        "lease_token": pw.CharField(max_length=32, null=True),
        "token_used": pw.BooleanField(constraints=NO),
        "lease_expires_at": pw.DateTimeField(null=True),
        "lease_doubted": pw.BooleanField(constraints=NO),
        "deliveries": pw.IntegerField(constraints=ZERO),
        "reported_at": pw.DateTimeField(null=True),
        "scheduled_at": pw.DateTimeField(null=True),
    }


def worker_columns():
    return {
        "consecutive_failures": pw.IntegerField(constraints=ZERO),
        "paused_at": pw.DateTimeField(null=True),
        "last_turn": pw.IntegerField(constraints=ZERO),
    }


def job_indexes(job):
    """The new indexes: {name: (columns, whether unique, condition)}."""
    over = ["completed", "failed", "cancelled"]
    cancelled = job.status == "cancelled"
    return {
        "uq_jobs_transcode": (
            [job.source_job_id],
            True,
            (job.job_type == "transcode") & job.status.not_in(over),
        ),
        "idx_jobs_source": ([job.source_job_id], False, None),
        "idx_jobs_rip_output": ([job.output_file], False, job.job_type == "rip"),
        "idx_jobs_queue": (
            [
                job.job_type,
                job.priority.desc(),
                job.created_at,
                job.job_id,
                job.for_worker_id,
                job.for_agent_id,
            ],
            False,
            job.status == "queued",
        ),
        "idx_jobs_scheduled": ([job.scheduled_at], False, job.scheduled_at.is_null(False)),
        "idx_jobs_cancelled_agent": ([job.assigned_agent_id, job.completed_at], False, cancelled),
        "idx_jobs_cancelled_worker": ([job.assigned_worker, job.completed_at], False, cancelled),
    }


def one_of_states(column, name):
    """A CHECK that a column has a job's state."""
    states = ("pending", "queued", "assigned", "running", "completed", "failed", "cancelled")
    return pw.Check(f"{column} IN ({', '.join(repr(state) for state in states)})", name)


def create_job_events(migrator, job_model):
    class JobEvent(pw.Model):
        event_id = pw.BigAutoField()
        job = pw.ForeignKeyField(job_model, column_name="job_id", index=False, on_delete="CASCADE")
        at = pw.DateTimeField()
        from_status = pw.CharField(max_length=20, null=True)
        to_status = pw.CharField(max_length=20)
        actor = pw.TextField()
        attempt = pw.IntegerField()
        detail = pw.TextField(null=True)

        class Meta:
            table_name = "job_events"
            constraints = [  # noqa: RUF012
                one_of_states("from_status", "job_events_from"),
                one_of_states("to_status", "job_events_to"),
            ]

    JobEvent.add_index(JobEvent.index(JobEvent.job, JobEvent.event_id, name="idx_job_events_job"))
    migrator.create_model(JobEvent)


def create_maintenance(migrator):
    class Lease(pw.Model):
        name = pw.CharField(max_length=50, primary_key=True)
        holder = pw.CharField(max_length=100, null=True)
        renewed_at = pw.DateTimeField()

        class Meta:
            table_name = "leases"

    migrator.create_model(Lease)

    class MaintenanceRun(pw.Model):
        step = pw.CharField(max_length=50, primary_key=True)
        started_at = pw.DateTimeField()
        duration_seconds = pw.DoubleField()
        error = pw.TextField(null=True)

        class Meta:
            table_name = "maintenance_runs"

    migrator.create_model(MaintenanceRun)


def create_idempotency_keys(migrator):
    class IdempotencyKey(pw.Model):
        endpoint = pw.CharField(max_length=200)
        key = pw.CharField(max_length=255)
        body_hash = pw.CharField(max_length=64)
        answer = pw.TextField()
        created_at = pw.DateTimeField()

        class Meta:
            table_name = "idempotency_keys"
            primary_key = pw.CompositeKey("endpoint", "key")

    IdempotencyKey.add_index(
        IdempotencyKey.index(IdempotencyKey.created_at, name="idx_idempotency_keys_age")
    )
    migrator.create_model(IdempotencyKey)
