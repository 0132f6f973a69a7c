"""The step from 001 to 002: what a database in use gets, what it keeps, and the way back."""

from typing import Any

import pytest

from boz_server.database.connection import Database
from boz_server.database.migrations import Migrations
from boz_server.database.models import Job, Worker
from tests.database.steps import assert_keeps_every_row, columns, filled_at, rows

FIRST, QUEUE = "001_initial_schema", "002_queue"

WAITING = ("pending", "queued")
HELD = ("assigned", "running")
OVER = ("completed", "failed", "cancelled")

#: The agent of each disc that jobs are of; None for jobs of no disc.
AGENT_OF = {"firefly": "pc", "alien": "attic", None: None}

#: What stands in a database of 001, beside the jobs.
FLEET = (
    "INSERT INTO agents (agent_id, name, capabilities)"
    " VALUES ('pc', 'Pc', '{\"can_rip\": true}'), ('attic', 'Attic', '{}')",
    "INSERT INTO workers (worker_id, worker_type, hostname, capabilities, current_jobs)"
    " VALUES ('gpu', 'remote', 'gpu', '{}', '[\"running-alien\"]')",
    "INSERT INTO discs (disc_id, agent_id, drive, disc_name, fingerprint)"
    " VALUES ('firefly', 'pc', 'D:', 'FIREFLY_D1', 'f'), ('alien', 'attic', 'D:', 'ALIEN', 'a')",
    "INSERT INTO titles (disc_id, title_index, name, duration_seconds, size_bytes,"
    " thumbnail_timestamps) VALUES ('firefly', 0, 'Title', 2580, 0, '[]')",
)

#: One row for each of the new tables, and values in the new columns.
QUEUE_IN_USE = (
    "INSERT INTO job_events (job_id, at, to_status, actor, attempt)"
    " VALUES ('running-firefly', '2026-01-24 12:34:56', 'running', 'agent:pc', 1)",
    "INSERT INTO leases (name, renewed_at) VALUES ('maintenance', '2026-01-24 12:34:56')",
    "INSERT INTO maintenance_runs (step, started_at, duration_seconds)"
    " VALUES ('rescue', '2026-01-24 12:34:56', 0.1)",
    "INSERT INTO idempotency_keys (endpoint, key, body_hash, answer, created_at)"
    " VALUES ('POST /api/jobs', 'k', 'h', '{}', '2026-01-24 12:34:56')",
    "UPDATE jobs SET attempt = 7, failures = 6, lease_token = 't', for_worker_id = 'gpu',"
    " for_agent_id = 'pc', is_announced = FALSE, scheduled_at = '2026-01-24 12:34:56'",
    "UPDATE workers SET consecutive_failures = 3, paused_at = '2026-01-24 12:34:56'",
)


@pytest.fixture
def in_use(blank: Database) -> Database:
    """A database of 001 with machines, discs, and jobs in each state of each disc and of none."""
    filled_at(FIRST, blank, FLEET)
    marks = ", ".join([blank.peewee.param] * 5)
    for number, status in enumerate((*WAITING, *HELD, *OVER)):
        for disc in AGENT_OF:
            blank.peewee.execute_sql(
                "INSERT INTO jobs (job_id, status, disc_id, title_index, input_file,"  # noqa: S608
                " job_type, assigned_worker_id, thumbnail_timestamps, progress)"
                f" VALUES ({marks}, 'rip', 'gpu', '[60, 120]', 12.5)",
                (f"{status}-{disc}", status, disc, number, "C:\\rips\\title.mkv"),
            )
    blank.peewee.execute_sql(
        "UPDATE agents SET current_job_id = 'running-firefly' WHERE agent_id = 'pc'"
    )
    return blank


def jobs(database: Database, column: str) -> dict[str, Any]:
    """{job_id: the value in that column}."""
    found = rows(database, {"jobs": ["job_id", column]})["jobs"]
    return {row["job_id"]: row[column] for row in found}


def test_it_counts_the_attempt_of_a_job_that_a_machine_has(in_use: Database) -> None:
    Migrations(in_use).upgrade(QUEUE)
    assert jobs(in_use, "attempt") == {
        f"{status}-{disc}": 1 if status in HELD else 0
        for status in (*WAITING, *HELD, *OVER)
        for disc in AGENT_OF
    }


def test_it_ties_open_jobs_to_the_agent_that_has_the_disc(in_use: Database) -> None:
    Migrations(in_use).upgrade(QUEUE)
    assert jobs(in_use, "for_agent_id") == {
        f"{status}-{disc}": None if status in OVER else agent
        for status in (*WAITING, *HELD, *OVER)
        for disc, agent in AGENT_OF.items()
    }


def test_it_gives_every_other_new_column_its_default(in_use: Database) -> None:
    before = columns(in_use)
    Migrations(in_use).upgrade(QUEUE)
    after = columns(in_use)
    for model, told_otherwise in ((Job, {"attempt", "for_agent_id"}), (Worker, set[str]())):
        table = model._meta.table_name
        new = set(after[table]) - set(before[table]) - told_otherwise
        expected = {name: getattr(model(), name) for name in new}
        found = rows(in_use, {table: [*new]})[table]
        assert found == [expected] * len(found)
        assert found


def test_it_leaves_jobs_that_are_over_as_they_were(in_use: Database) -> None:
    before = columns(in_use)["jobs"]
    Migrations(in_use).upgrade(QUEUE)
    new = [name for name in columns(in_use)["jobs"] if name not in before]
    assert new
    over = [
        row for row in rows(in_use, {"jobs": ["status", *new]})["jobs"] if row.pop("status") in OVER
    ]
    assert over == [{name: getattr(Job(), name) for name in new}] * len(OVER) * len(AGENT_OF)


def test_it_keeps_every_row_on_the_way_up_down_and_up_again(in_use: Database) -> None:
    assert_keeps_every_row(in_use, FIRST, QUEUE, QUEUE_IN_USE)


def test_it_rebuilds_no_table_on_sqlite(sqlite: Database) -> None:
    def places() -> list[tuple[Any, ...]]:
        return sqlite.peewee.execute_sql(
            "SELECT name, rootpage FROM sqlite_master WHERE type = 'table'"
            " AND name IN ('jobs', 'workers') ORDER BY name"
        ).fetchall()

    Migrations(sqlite).downgrade(FIRST)
    before = places()
    assert len(before) == 2
    Migrations(sqlite).upgrade(QUEUE)
    assert places() == before
    Migrations(sqlite).downgrade(FIRST)
    assert places() == before
