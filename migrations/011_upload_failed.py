"""Whether a job's result could not be uploaded, which its error's text told before.

Frozen: never imports the models. docs/schema.md explains the column.
The column is added and dropped in place, because rebuilding a table could lose its children.
"""

import peewee as pw
from peewee_migrate import Migrator

NO: list[pw.Node] = [pw.Default("FALSE")]
INDEX = "idx_jobs_upload_errors"
# As Peewee wrote it in 001.
INDEX_BEFORE = (
    f'CREATE INDEX "{INDEX}" ON "jobs" ("status", "completed_at", "job_id")'
    ' WHERE ("error" IS NOT NULL)'
)


def migrate(migrator: Migrator, database: pw.Database, *, fake: bool = False) -> None:
    """Add the column, by the rule of earlier versions: agents' errors name the upload."""
    job = migrator.add_fields(
        "jobs", allow_not_null=True, upload_failed=pw.BooleanField(constraints=NO)
    )
    migrator.run(fill, database)
    migrator.sql(f"DROP INDEX {INDEX}")
    job._meta.indexes = [index for index in job._meta.indexes if index._name != INDEX]
    job.add_index(index_of(job))
    migrator.run(pw.SchemaManager(job).create_indexes)  # keeps earlier ones


def rollback(migrator: Migrator, database: pw.Database, *, fake: bool = False) -> None:
    """Drop it again; earlier versions read the error's text."""
    migrator.sql(f"DROP INDEX {INDEX}")
    migrator.remove_fields("jobs", "upload_failed")
    migrator.sql(INDEX_BEFORE)


def index_of(job):
    """The same index on the new column, which has the few rows that the list shows."""
    columns = (job.status, job.completed_at, job.job_id)
    return job.index(*columns, name=INDEX).where(job.upload_failed)


def fill(database):
    mark = database.param
    database.execute_sql(
        f"UPDATE jobs SET upload_failed = TRUE WHERE LOWER(error) LIKE {mark}",  # noqa: S608
        ("%upload%",),
    )
