"""The step to 006: a table more."""

import peewee
import pytest

from boz_server.database.connection import Database
from boz_server.database.migrations import Migrations
from tests.database.steps import filled_at

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
    return filled_at(BEFORE, blank, IN_USE)


def test_it_takes_a_key_once(in_use: Database) -> None:
    Migrations(in_use).upgrade(OUTBOX)
    in_use.peewee.execute_sql(MESSAGE)
    with pytest.raises(peewee.IntegrityError):
        in_use.peewee.execute_sql(MESSAGE)
