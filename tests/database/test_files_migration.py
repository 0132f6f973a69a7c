"""The step from 004 to 005: files on their way."""

from boz_server.database.connection import Database
from boz_server.database.migrations import Migrations
from boz_server.database.models import Job
from tests.database.steps import filled_at

BEFORE, FILES = "004_identification", "005_files"

#: Two jobs for one file, which no earlier version forbade, and one without a file.
IN_USE = (
    "INSERT INTO jobs (job_id, job_type, status, input_file, output_name, thumbnail_timestamps)"
    " VALUES ('one', 'organize', 'queued', '/out/a.mkv', 'a', '[]'),"
    " ('two', 'organize', 'queued', '/out/a.mkv', 'a', '[]'),"
    " ('rip', 'rip', 'completed', NULL, NULL, '[]')",
    "INSERT INTO job_events (job_id, at, to_status, actor, attempt)"
    " VALUES ('one', '2026-01-24 12:00:00.000000', 'queued', 'server', 0)",
)


def filled(database: Database) -> Database:
    """A database of the version before, in use."""
    return filled_at(BEFORE, database, IN_USE)


def test_it_leaves_jobs_that_are_there_as_they_were(blank: Database) -> None:
    Migrations(filled(blank)).upgrade(FILES)
    new = (Job.library_path, Job.filing_as, Job.input_upload_id, Job.is_named_by_person)
    assert list(Job.select(*new).tuples()) == [(None, None, None, False)] * 3
