"""Whether a job moves, who failed it, which agent followed which, and discs that may come back.

Frozen: never imports the models. docs/schema.md explains the columns.
Columns are added and dropped in place, because rebuilding a table could lose its children.
"""

from typing import Any

import peewee as pw
from peewee_migrate import Migrator

TIMES = ("moved_at", "handed_out_at", "stalled_at", "failing_at", "elsewhere_until")
NAMES = ("library_name", "file_key")
DISC_TIMES = ("ejected_at", "chosen_at")
QUEUE = "idx_jobs_queue"
# As Peewee wrote it in 005.
QUEUE_BEFORE = (
    f'CREATE INDEX "{QUEUE}" ON "jobs" ("job_type", "priority" DESC, "created_at", "job_id",'
    """ "for_worker_id", "for_agent_id", "input_upload_id") WHERE ("status" = 'queued')"""
)
RESULT_DUE, ORGANIZE_FAILED = "idx_jobs_result_due", "idx_jobs_organize_failed"
FILE_KEY, MOVIE = "idx_jobs_file_key", "idx_discs_movie"


def migrate(migrator: Migrator, database: pw.Database, *, fake: bool = False) -> None:
    """Add the columns, empty: what is over or under way is judged from its next step on."""
    times: Any = {name: pw.DateTimeField(null=True) for name in TIMES}
    names: Any = {name: pw.TextField(null=True) for name in NAMES}
    stood_at = pw.DoubleField(null=True)
    job: Any = migrator.add_fields("jobs", **times, **names, stood_at=stood_at)
    migrator.sql(f"DROP INDEX {QUEUE}")
    job._meta.indexes = [index for index in job._meta.indexes if index._name != QUEUE]
    job.add_index(queue_index(job))
    job.add_index(result_due(job))
    job.add_index(organize_failed(job))
    job.add_index(job.index(job.file_key, name=FILE_KEY).where(job.file_key.is_null(False)))
    migrator.run(pw.SchemaManager(job).create_indexes)  # keeps earlier ones
    migrator.add_fields("agents", succeeded_by=pw.CharField(max_length=100, null=True))
    disc_times: Any = {name: pw.DateTimeField(null=True) for name in DISC_TIMES}
    disc: Any = migrator.add_fields("discs", **disc_times)
    disc.add_index(disc.index(disc.movie_title, name=MOVIE).where(disc.movie_title.is_null(False)))
    migrator.run(pw.SchemaManager(disc).create_indexes)
    migrator.add_fields("workers", failing_since=pw.DateTimeField(null=True))
    create_job_failures(migrator, job)
    migrator.sql(
        "UPDATE jobs SET file_key = lower(output_name)"
        " WHERE job_type <> 'organize' AND status NOT IN ('completed', 'failed', 'cancelled')"
    )


def rollback(migrator: Migrator, database: pw.Database, *, fake: bool = False) -> None:
    """Drop them again; who failed which job is lost."""
    migrator.remove_model("job_failures", cascade=True)
    for index in (MOVIE, FILE_KEY, ORGANIZE_FAILED, RESULT_DUE, QUEUE):
        migrator.sql(f"DROP INDEX {index}")
    migrator.remove_fields("workers", "failing_since")
    migrator.remove_fields("discs", *DISC_TIMES)
    migrator.remove_fields("agents", "succeeded_by")
    migrator.remove_fields("jobs", *TIMES, *NAMES, "stood_at")
    migrator.sql(QUEUE_BEFORE)


def queue_index(job):
    """The index of the queue, which now also shows whether a worker has just failed a job."""
    queue = (job.job_type, job.priority.desc(), job.created_at, job.job_id)
    seen = (job.for_worker_id, job.for_agent_id, job.input_upload_id, job.elsewhere_until)
    return job.index(*queue, *seen, name=QUEUE).where(job.status == "queued")


def result_due(job):
    """Finds transcodes whose result has yet to come."""
    return job.index(job.job_type, job.status, job.moved_at, name=RESULT_DUE).where(
        (job.job_type == "transcode")
        & (job.status == "completed")
        & job.output_file.is_null()
        & ~job.upload_failed
        & job.moved_at.is_null(False)
    )


def organize_failed(job):
    """Finds the failed organize jobs of a file, which may be retried."""
    return job.index(job.input_file, name=ORGANIZE_FAILED).where(
        job.library_path.is_null(False) & (job.status == "failed")
    )


def create_job_failures(migrator, job_model):
    class JobFailure(pw.Model):
        failure_id = pw.BigAutoField()
        job = pw.ForeignKeyField(job_model, column_name="job_id", index=False, on_delete="CASCADE")
        attempt = pw.IntegerField()
        lease_token = pw.CharField(max_length=32, null=True)
        worker_id = pw.CharField(max_length=100, null=True)
        at = pw.DateTimeField()
        reason = pw.TextField(null=True)

        class Meta:
            table_name = "job_failures"

    job, attempt, worker = JobFailure.job, JobFailure.attempt, JobFailure.worker_id
    JobFailure.add_index(
        JobFailure.index(job, attempt, unique=True, name="uq_job_failures_attempt")
    )
    JobFailure.add_index(JobFailure.index(worker, JobFailure.at, name="idx_job_failures_worker"))
    migrator.create_model(JobFailure)
