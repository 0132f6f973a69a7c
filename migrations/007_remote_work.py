"""Work on other machines: which attempt a result is of, and a queue that shows whose file is here.

Frozen history: it never imports the models. docs/database.md says what each column is for.
"""

import peewee as pw
from peewee_migrate import Migrator


def migrate(migrator: Migrator, database: pw.Database, *, fake: bool = False) -> None:
    """Add the column, and one to the queue's index."""
    migrator.add_fields("uploads", lease_token=pw.CharField(max_length=32, null=True))
    index_queue(migrator, with_file=True)


def rollback(migrator: Migrator, database: pw.Database, *, fake: bool = False) -> None:
    """Take them out again."""
    migrator.remove_fields("uploads", "lease_token")
    index_queue(migrator, with_file=False)


def index_queue(migrator, *, with_file):
    """Build the queue's index anew, in the words that Peewee has for it."""
    seen = ["for_worker_id", "for_agent_id"] + ["input_upload_id"] * with_file
    migrator.sql("DROP INDEX idx_jobs_queue")
    migrator.sql(
        'CREATE INDEX "idx_jobs_queue" ON "jobs" ("job_type", "priority" DESC, "created_at",'
        f""" "job_id", {", ".join(f'"{name}"' for name in seen)}) WHERE ("status" = 'queued')"""
    )
