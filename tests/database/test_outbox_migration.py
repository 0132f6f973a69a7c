"""The step to 006: a table more, and the way back."""

import peewee
import pytest

from boz_server.database.connection import Database
from boz_server.database.migrations import Migrations
from tests.database.steps import assert_keeps_every_row, assert_leaves_the_schema_of

BEFORE, OUTBOX = "005_files", "006_outbox"

#: What stands in a database of the version before.
IN_USE = (
    "INSERT INTO agents (agent_id, name, capabilities) VALUES ('pc', 'Pc', '{}')",
    "INSERT INTO jobs (job_id, job_type, status, thumbnail_timestamps)"
    " VALUES ('job', 'rip', 'completed', '[]')",
)
MESSAGE = (
    "INSERT INTO outbox (kind, key, payload, entered_at, due_at, latest_due_at, last_error)"
    " VALUES ('plex', 'plex:a', '{}', '2026-01-24 12:00:00', '2026-01-24 12:00:02',"
    " '2026-01-24 12:01:00', 'down')"
)


@pytest.fixture
def in_use(blank: Database) -> Database:
    """A database of the version before."""
    Migrations(blank).upgrade(BEFORE)
    for statement in IN_USE:
        blank.peewee.execute_sql(statement)
    return blank


def test_it_keeps_every_row_on_the_way_up_down_and_up_again(in_use: Database) -> None:
    assert_keeps_every_row(in_use, BEFORE, OUTBOX, [MESSAGE])


def test_it_leaves_the_schema_of_the_version_before_behind(in_use: Database) -> None:
    assert_leaves_the_schema_of(in_use, BEFORE, OUTBOX)


def test_it_takes_a_key_once(in_use: Database) -> None:
    Migrations(in_use).upgrade(OUTBOX)
    in_use.peewee.execute_sql(MESSAGE)
    with pytest.raises(peewee.IntegrityError):
        in_use.peewee.execute_sql(MESSAGE)
