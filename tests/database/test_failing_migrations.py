"""Migrations that fail, break a reference, or rebuild a table under its children."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import peewee
import pytest

from boz_server.database import schema_report
from boz_server.database.connection import Database
from boz_server.database.migrations import MIGRATIONS_FOLDER, Migrations
from boz_server.database.models import Job, Title
from tests.database.folders import BREAKS, SHELVES, folder_with
from tests.database.rows import agent, disc, job, title


def schema(database: Database) -> dict[str, Any]:
    """Every table with its columns and indexes, and the rows that SHELVES would change."""
    tables = sorted(database.peewee.get_tables())
    found: dict[str, Any] = {
        table: (database.peewee.get_columns(table), database.peewee.get_indexes(table))
        for table in tables
    }
    for query in ("SELECT name FROM migratehistory", "SELECT name FROM agents"):
        found[query] = [tuple(row) for row in database.peewee.execute_sql(query).fetchall()]
    return found


@pytest.fixture
def current(blank: Database) -> Database:
    """A database that is at the server's version, with an agent in it."""
    Migrations(blank).upgrade()
    agent()
    return blank


def test_it_changes_nothing_where_a_migration_fails(current: Database, tmp_path: Path) -> None:
    before = schema(current)
    folder = folder_with(tmp_path, m901_shelves=SHELVES + BREAKS)
    with pytest.raises(peewee.DatabaseError, match="nowhere"):
        Migrations(current, folder).upgrade()
    assert schema(current) == before


def test_it_takes_back_the_migrations_before_the_one_that_fails(
    blank: Database, tmp_path: Path
) -> None:
    folder = folder_with(tmp_path, m901_shelves=SHELVES + BREAKS)
    with pytest.raises(peewee.DatabaseError):
        Migrations(blank, folder).upgrade()
    assert blank.peewee.get_tables() == []


#: Rebuilds the table of discs on SQLite, which drops it for an instant.
REBUILDS = """
import peewee as pw

def migrate(migrator, database, *, fake=False):
    migrator.change_fields("discs", disc_name=pw.TextField())
"""


def test_it_keeps_the_children_of_a_table_that_is_rebuilt(
    current: Database, tmp_path: Path
) -> None:
    disc()
    title(0)
    title(1)
    job(disc="disc")
    Migrations(current, folder_with(tmp_path, m901_rebuilds=REBUILDS)).upgrade()
    assert Title.select().count() == 2
    assert Job.get().disc_id == "disc"
    assert schema_report.differences(current) == []


def test_it_enforces_foreign_keys_again_after_a_migration(current: Database) -> None:
    with pytest.raises(peewee.IntegrityError, match=r"(?i)foreign key"):
        disc(agent="nobody")


@pytest.mark.parametrize(
    "statement",
    ["UPDATE titles SET disc_id = 'nothing'", "UPDATE discs SET agent_id = 'nobody'"],
)
def test_it_takes_back_a_migration_that_breaks_a_foreign_key(
    current: Database, tmp_path: Path, statement: str
) -> None:
    disc()
    title()
    before = schema(current)
    breaks = SHELVES.replace('"UPDATE agents', f'"{statement}")\n    migrator.sql("UPDATE agents')
    with pytest.raises(peewee.IntegrityError):
        Migrations(current, folder_with(tmp_path, m901_breaks=breaks)).upgrade()
    assert schema(current) == before
    assert Title.get().disc_id == "disc"


def test_it_names_the_rows_that_a_migration_orphaned(sqlite: Database, tmp_path: Path) -> None:
    agent()
    disc()
    title()
    orphans = 'def migrate(migrator, database, *, fake=False): migrator.sql("DELETE FROM discs")'
    with pytest.raises(peewee.IntegrityError, match=r"refer to missing ones: .*titles.*discs"):
        Migrations(sqlite, folder_with(tmp_path, m901_orphans=orphans)).upgrade()
    assert Title.select().count() == 1


@pytest.mark.parametrize("act", [Migrations.upgrade, lambda migrations: migrations.stamp("head")])
def test_it_gives_no_connection_with_other_settings_back_to_the_pool(
    sqlite: Database, act: Callable[[Migrations], Any]
) -> None:
    act(Migrations(sqlite, MIGRATIONS_FOLDER))
    execute = sqlite.peewee.execute_sql
    assert execute("PRAGMA foreign_keys").fetchone() == (1,)
    assert execute("PRAGMA busy_timeout").fetchone() == (200,)
