"""The step to 007: a column more, another index of the queue, and the way back."""

import pytest

from boz_server.database.connection import Database
from boz_server.database.migrations import Migrations
from tests.database.steps import assert_keeps_every_row, assert_leaves_the_schema_of

BEFORE, REMOTE = "006_outbox", "007_remote_work"

#: What stands in a database of the version before.
IN_USE = (
    "INSERT INTO jobs (job_id, job_type, status, input_upload_id, thumbnail_timestamps)"
    " VALUES ('job', 'transcode', 'queued', 'u', '[]')",
    "INSERT INTO uploads (upload_id, purpose, state, filename, size_bytes, created_at, expires_at)"
    " VALUES ('u', 'job_output', 'arriving', 'a.mkv', 1, '2026-01-24 12:00:00.000000',"
    " '2026-01-26 12:00:00.000000')",
)
NEW_VALUE = "UPDATE uploads SET lease_token = 'a'"


@pytest.fixture
def in_use(blank: Database) -> Database:
    """A database of the version before."""
    Migrations(blank).upgrade(BEFORE)
    for statement in IN_USE:
        blank.peewee.execute_sql(statement)
    return blank


def test_it_keeps_every_row_on_the_way_up_down_and_up_again(in_use: Database) -> None:
    assert_keeps_every_row(in_use, BEFORE, REMOTE, [NEW_VALUE])


def test_it_leaves_the_schema_of_the_version_before_behind(in_use: Database) -> None:
    assert_leaves_the_schema_of(in_use, BEFORE, REMOTE)
