"""Files: resumable uploads, transcodes of uploaded files, and finished files' library paths.

Frozen: never imports the models. docs/schema.md explains the columns.
Columns are added and dropped in place, because rebuilding a table could lose its children.
"""

import peewee as pw
from peewee_migrate import Migrator

NO: list[pw.Node] = [pw.Default("FALSE")]
PURPOSES = ("job_input", "job_output", "library")
QUEUE = "idx_jobs_queue"
# As Peewee wrote it in 002.
QUEUE_BEFORE = (
    f'CREATE INDEX "{QUEUE}" ON "jobs" ("job_type", "priority" DESC, "created_at", "job_id",'
    """ "for_worker_id", "for_agent_id") WHERE ("status" = 'queued')"""
)
STATES = ("arriving", "arrived", "complete", "failed")


def migrate(migrator: Migrator, database: pw.Database, *, fake: bool = False) -> None:
    """Add the columns and the empty table."""
    job = migrator.add_fields("jobs", allow_not_null=True, **job_columns())
    migrator.sql(f"DROP INDEX {QUEUE}")
    job._meta.indexes = [index for index in job._meta.indexes if index._name != QUEUE]
    for index in (*job_indexes(job), queue_index(job)):
        job.add_index(index)
    migrator.run(pw.SchemaManager(job).create_indexes)  # keeps earlier ones
    create_uploads(migrator)


def rollback(migrator: Migrator, database: pw.Database, *, fake: bool = False) -> None:
    """Drop them again; unfinished uploads have to start over."""
    migrator.remove_model("uploads", cascade=True)
    for name in (QUEUE, "uq_jobs_organize", "idx_jobs_output_name", "idx_jobs_input"):
        migrator.sql(f"DROP INDEX {name}")
    migrator.remove_fields("jobs", *job_columns())
    migrator.sql(QUEUE_BEFORE)


def job_columns():
    return {
        "library_path": pw.TextField(null=True),
        "filing_as": pw.TextField(null=True),
        "input_upload_id": pw.CharField(max_length=36, null=True),
        "is_named_by_person": pw.BooleanField(constraints=NO),
    }


def job_indexes(job):
    """The new indexes."""
    over = ["completed", "failed", "cancelled"]
    open_ones = job.library_path.is_null(False) & job.status.not_in(over)
    named = job.index(job.output_name, job.created_at, name="idx_jobs_output_name")
    return [
        job.index(job.input_file, unique=True, name="uq_jobs_organize").where(open_ones),
        named.where(job.job_type == "transcode"),
        job.index(job.input_upload_id, name="idx_jobs_input").where(
            job.input_upload_id.is_null(False)
        ),
    ]


def queue_index(job):
    """The index of the queue, which now also shows whose input is on the server."""
    queue = (job.job_type, job.priority.desc(), job.created_at, job.job_id)
    seen = (job.for_worker_id, job.for_agent_id, job.input_upload_id)
    return job.index(*queue, *seen, name=QUEUE).where(job.status == "queued")


def create_uploads(migrator):
    class Upload(pw.Model):
        upload_id = pw.CharField(max_length=36, primary_key=True)
        purpose = pw.CharField(max_length=20)
        state = pw.CharField(max_length=20)
        job_id = pw.CharField(max_length=36, null=True)
        lease_token = pw.CharField(max_length=32, null=True)
        filename = pw.TextField()
        size_bytes = pw.BigIntegerField()
        sha256 = pw.CharField(max_length=64, null=True)
        is_verified = pw.BooleanField(constraints=NO)
        metadata = pw.TextField(null=True)
        unchecked_from = pw.BigIntegerField(null=True)
        path = pw.TextField(null=True)
        organize_job_id = pw.CharField(max_length=36, null=True)
        error = pw.TextField(null=True)
        created_at = pw.DateTimeField()
        expires_at = pw.DateTimeField()

        class Meta:
            table_name = "uploads"
            constraints = [  # noqa: RUF012
                one_of("purpose", PURPOSES, "uploads_purpose"),
                one_of("state", STATES, "uploads_state"),
                pw.Check("size_bytes >= 0", "uploads_size"),
            ]

    Upload.add_index(Upload.index(Upload.state, Upload.created_at, name="idx_uploads_state"))
    Upload.add_index(Upload.index(Upload.expires_at, name="idx_uploads_expiry"))
    migrator.create_model(Upload)


def one_of(column, values, name):
    """A CHECK that a column has one of these values."""
    return pw.Check(f"{column} IN ({', '.join(repr(value) for value in values)})", name)
