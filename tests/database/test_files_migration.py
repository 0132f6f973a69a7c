"""The step from 004 to 005: files on their way, and the way back."""

from boz_server.database.connection import Database
from boz_server.database.migrations import Migrations
from boz_server.database.models import Job
from tests.database.steps import assert_keeps_every_row, assert_leaves_the_schema_of

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
NEW_VALUES = (
    "UPDATE jobs SET library_path = 'Movies/A/A.mkv', filing_as = '/nas/Movies/A/A.mkv',"
    " input_upload_id = 'u', is_named_by_person = TRUE WHERE job_id = 'one'",
    "INSERT INTO uploads (upload_id, purpose, state, filename, size_bytes, created_at, expires_at)"
    " VALUES ('u', 'job_input', 'complete', 'a.mkv', 1, '2026-01-24 12:00:00.000000',"
    " '2026-01-26 12:00:00.000000')",
)


def filled(database: Database) -> Database:
    """A database of the version before, in use."""
    Migrations(database).upgrade(BEFORE)
    for statement in IN_USE:
        database.peewee.execute_sql(statement)
    return database


def test_it_keeps_every_row_up_down_and_up(blank: Database) -> None:
    assert_keeps_every_row(filled(blank), BEFORE, FILES, NEW_VALUES)


def test_it_leaves_the_schema_of_the_version_before(blank: Database) -> None:
    assert_leaves_the_schema_of(filled(blank), BEFORE, FILES)


def test_it_leaves_jobs_that_are_there_as_they_were(blank: Database) -> None:
    Migrations(filled(blank)).upgrade(FILES)
    for job in Job.select(
        Job.library_path, Job.filing_as, Job.input_upload_id, Job.is_named_by_person
    ):
        assert (job.library_path, job.filing_as, job.input_upload_id) == (None, None, None)
        assert job.is_named_by_person is False
