"""`flask db check` finds whatever a hand or a forgotten migration has changed."""

from contextlib import suppress

import pytest

from boz_server.database import schema_report
from boz_server.database.connection import Database
from boz_server.database.migrations import Migrations

#: A change by hand, and what the report must say of it.
ON_BOTH = [
    ("DROP INDEX idx_jobs_status", "index idx_jobs_status is missing"),
    ("DROP INDEX uq_jobs_rip", "index uq_jobs_rip is missing"),
    ("CREATE INDEX extra ON jobs (preset)", "index extra is not in the models"),
    ("ALTER TABLE jobs ADD COLUMN colour TEXT", "column jobs.colour is not in the models"),
    ("CREATE TABLE shelves (name TEXT)", "table shelves is not in the models"),
    ("DROP TABLE vlc_commands", "table vlc_commands is missing"),
    ("ALTER TABLE jobs RENAME COLUMN preset TO encoder", "column jobs.preset is missing"),
]

#: The same as SQLite has it, which can't change a column: a word of the declaration, its
#: replacement, and what the report must say.
ON_SQLITE = [
    ("DEFAULT 50", "DEFAULT 60", "column workers.priority differs"),
    ('"hostname" TEXT NOT NULL', '"hostname" TEXT', "column workers.hostname differs"),
    ('"hostname" TEXT', '"hostname" VARCHAR(100)', "column workers.hostname differs"),
    ("CHECK (priority BETWEEN 1 AND 99)", "CHECK (TRUE)", "check workers: priority BETWEEN"),
    ("BETWEEN 1 AND 99", "BETWEEN 0 AND 99", "check workers: priority BETWEEN 0 AND 99 is not"),
    ("ON DELETE SET NULL", "ON DELETE CASCADE", "foreign key workers.agent_id differs"),
    ('REFERENCES "agents" ("agent_id")', 'REFERENCES "jobs" ("job_id")',
     "foreign key workers.agent_id differs"),
    ("NOT NULL PRIMARY KEY", "NOT NULL", "column workers.worker_id differs"),
    ('"hostname" TEXT NOT NULL', '"hostname" TEXT NOT NULL UNIQUE', "unique workers (hostname)"),
]  # fmt: skip

ON_POSTGRES = [
    ("ALTER TABLE workers ALTER priority SET DEFAULT 60", "column workers.priority differs"),
    ("ALTER TABLE workers ALTER priority DROP DEFAULT", "column workers.priority differs"),
    ("ALTER TABLE workers ALTER hostname DROP NOT NULL", "column workers.hostname differs"),
    ("ALTER TABLE workers ALTER hostname TYPE VARCHAR(100)", "column workers.hostname differs"),
    ("ALTER TABLE workers DROP CONSTRAINT workers_priority", "workers.workers_priority is missing"),
    ("ALTER TABLE workers ADD CHECK (cpu_usage < 200)", "constraint workers.workers_cpu_usage"),
    ("ALTER TABLE workers ADD UNIQUE (hostname)", "constraint workers.workers_hostname_key"),
    ("ALTER TABLE agents DROP CONSTRAINT agents_current_job_id_fkey",
     "constraint agents.agents_current_job_id_fkey is missing"),
    ("ALTER TABLE titles DROP CONSTRAINT titles_disc_id_fkey, ADD CONSTRAINT titles_disc_id_fkey"
     " FOREIGN KEY (disc_id) REFERENCES discs (disc_id)",
     "constraint titles.titles_disc_id_fkey differs"),
    ("CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
     " CREATE TRIGGER extra BEFORE UPDATE ON jobs FOR EACH ROW EXECUTE FUNCTION nothing()",
     "trigger extra is not in the models"),
]  # fmt: skip


class Undo(Exception):
    """Raised by a test to take its change back."""


@pytest.fixture
def migrated(blank: Database) -> Database:
    """A database of its own at the server's version."""
    Migrations(blank).upgrade()
    return blank


def test_it_finds_no_difference_after_the_migrations(migrated: Database) -> None:
    assert schema_report.differences(migrated) == []


def test_it_leaves_the_database_as_it_was(migrated: Database) -> None:
    tables = migrated.peewee.get_tables()
    schema_report.differences(migrated)
    assert schema_report.differences(migrated) == []
    assert migrated.peewee.get_tables() == tables


def test_it_finds_everything_missing_in_an_empty_database(blank: Database) -> None:
    found = schema_report.differences(blank)
    assert "table jobs is missing: the models have a table" in found
    assert all(" is missing: " in line for line in found)


@pytest.mark.parametrize(("change", "said"), ON_BOTH, ids=[said for _, said in ON_BOTH])
def test_it_finds_what_was_added_or_dropped(migrated: Database, change: str, said: str) -> None:
    migrated.peewee.execute_sql(change)
    assert [line for line in schema_report.differences(migrated) if said in line]


@pytest.mark.parametrize(("old", "new", "said"), ON_SQLITE, ids=[said for *_, said in ON_SQLITE])
def test_it_finds_a_declaration_that_differs_on_sqlite(
    sqlite: Database, old: str, new: str, said: str
) -> None:
    execute = sqlite.peewee.execute_sql
    declared = execute("SELECT sql FROM sqlite_master WHERE name = 'workers'").fetchone()[0]
    assert old in declared
    execute("DROP TABLE workers")
    execute(declared.replace(old, new))
    assert [line for line in schema_report.differences(sqlite) if said in line]


def test_it_finds_an_extra_trigger_on_sqlite(sqlite: Database) -> None:
    sqlite.peewee.execute_sql("CREATE TRIGGER extra AFTER UPDATE ON jobs BEGIN SELECT 1; END")
    (found,) = schema_report.differences(sqlite)
    assert found.startswith("trigger extra is not in the models: the database has CREATE TRIGGER")


def test_it_finds_the_condition_of_an_index_that_differs_on_sqlite(sqlite: Database) -> None:
    sqlite.peewee.execute_sql("DROP INDEX uq_discs_live_drive")
    sqlite.peewee.execute_sql("CREATE UNIQUE INDEX uq_discs_live_drive ON discs (agent_id, drive)")
    (found,) = schema_report.differences(sqlite)
    assert found.startswith("index uq_discs_live_drive differs: the models have CREATE UNIQUE")


@pytest.mark.parametrize(("change", "said"), ON_POSTGRES, ids=[said for _, said in ON_POSTGRES])
def test_it_finds_a_declaration_that_differs_on_postgres(
    postgres: Database, change: str, said: str
) -> None:
    with suppress(Undo), postgres.peewee.atomic():
        postgres.peewee.execute_sql(change)
        assert [line for line in schema_report.differences(postgres) if said in line]
        raise Undo
    assert schema_report.differences(postgres) == []
