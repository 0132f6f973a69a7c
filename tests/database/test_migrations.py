"""Migrations: up, down, stamped, refused, and failing."""

import ast
from contextlib import closing
from pathlib import Path
from typing import Any

import peewee
import pytest
from peewee import sqlite3

from boz_server.database import schema_report
from boz_server.database.connection import Database
from boz_server.database.migrations import MIGRATIONS_FOLDER, MigrationError, Migrations
from boz_server.database.models import Job, Title
from boz_server.errors import StartError
from tests.database.folders import BREAKS, NOTHING, OURS, SHELVES, folder_with
from tests.database.rows import agent, disc, job, title

#: The newest of the server's own migrations.
NEWEST = OURS[-1]


@pytest.fixture
def migrations(blank: Database, tmp_path: Path) -> Migrations:
    """The server's migrations with two more, on a database that has had none of them."""
    return Migrations(blank, folder_with(tmp_path, m901_shelves=SHELVES, m902_nothing=NOTHING))


@pytest.fixture
def older(migrations: Migrations) -> Migrations:
    """The migrations of a server without the two more, on the same database."""
    return Migrations(migrations.database)


def test_it_makes_the_schema_that_the_models_describe(blank):
    assert Migrations(blank).upgrade() == Migrations(blank).available()
    assert schema_report.differences(blank) == []


def test_it_never_imports_the_code_of_today_into_a_migration():
    files = list(MIGRATIONS_FOLDER.glob("*.py"))
    assert files
    for file in files:
        for node in ast.walk(ast.parse(file.read_text())):
            names = [alias.name for alias in getattr(node, "names", []) if hasattr(alias, "name")]
            module = getattr(node, "module", None) or ""
            assert not [name for name in [*names, module] if name.startswith("boz_server")], file


def test_it_refuses_to_serve_without_any_migration(blank, tmp_path):
    without = Migrations(blank, tmp_path / "nowhere")
    for asked in (without.require_current, without.upgrade, without.newest):
        with pytest.raises(StartError, match="nowhere"):
            asked()


def test_it_applies_everything_once(migrations):
    assert migrations.upgrade() == migrations.available() == [*OURS, "901_shelves", "902_nothing"]
    assert migrations.upgrade() == []
    assert (migrations.applied(), migrations.pending()) == (migrations.available(), [])


@pytest.mark.parametrize("target", ["901_shelves", "901"])
def test_it_applies_up_to_the_one_named(migrations, target):
    assert migrations.upgrade(target) == [*OURS, "901_shelves"]
    assert migrations.upgrade(NEWEST) == []
    assert migrations.pending() == ["902_nothing"]


def test_it_tells_what_is_applied_without_making_a_table(migrations):
    assert migrations.applied() == []
    assert migrations.pending() == migrations.available()
    assert migrations.database.peewee.get_tables() == []


def test_it_undoes_the_newest_one(migrations):
    migrations.upgrade("901")
    assert migrations.downgrade() == ["901_shelves"]
    assert migrations.applied() == OURS
    assert schema_report.differences(migrations.database) == []


def test_it_undoes_all_after_the_one_named_newest_first(migrations):
    migrations.upgrade()
    assert migrations.downgrade(NEWEST) == ["902_nothing", "901_shelves"]
    assert schema_report.differences(migrations.database) == []


def test_it_undoes_everything(migrations):
    migrations.upgrade()
    assert migrations.downgrade("base") == ["902_nothing", "901_shelves", *reversed(OURS)]
    assert migrations.database.peewee.get_tables() == ["migratehistory"]
    assert migrations.upgrade() == migrations.available()


def test_it_keeps_rows_on_the_way_up_and_down(migrations):
    migrations.upgrade(NEWEST)
    agent()
    migrations.upgrade()
    migrations.downgrade(NEWEST)
    rows = migrations.database.peewee.execute_sql("SELECT agent_id, name FROM agents").fetchall()
    assert [tuple(row) for row in rows] == [("pc", "Changed")]


def test_it_says_that_nothing_is_left_to_undo(migrations):
    for target in (None, "base"):
        with pytest.raises(MigrationError, match="nothing to undo"):
            migrations.downgrade(target)


def test_it_undoes_nothing_for_a_version_that_was_never_reached(migrations):
    migrations.upgrade(NEWEST)
    with pytest.raises(MigrationError, match="has not had 901_shelves"):
        migrations.downgrade("901")
    assert migrations.applied() == OURS


@pytest.mark.parametrize("target", ["00", "999", "shelves"])
def test_it_names_no_migration_by_guessing(migrations, target):
    for command in (migrations.upgrade, migrations.downgrade, migrations.stamp):
        with pytest.raises(MigrationError, match=f"No single migration is named '{target}'"):
            command(target)
    assert migrations.applied() == []


def test_it_notes_a_version_and_runs_nothing(migrations):
    assert migrations.stamp("901") == "901_shelves"
    assert migrations.applied() == [*OURS, "901_shelves"]
    assert migrations.database.peewee.get_tables() == ["migratehistory"]
    assert migrations.stamp("head") == "902_nothing"
    assert migrations.stamp("base") == "base"
    assert migrations.applied() == []


def test_it_accepts_a_database_of_its_version(migrations):
    migrations.upgrade()
    migrations.require_current()
    assert migrations.applied() == migrations.available()


def test_it_refuses_a_database_that_is_behind(migrations):
    behind = rf"lacks {len(OURS) + 2} .*next: {OURS[0]}.*'flask db upgrade'"
    with pytest.raises(StartError, match=behind):
        migrations.require_current()
    migrations.upgrade("901")
    with pytest.raises(StartError, match=r"lacks 1 .*next: 902_nothing.*'flask db upgrade'"):
        migrations.require_current()


def test_it_refuses_a_database_that_is_ahead(migrations, older):
    migrations.upgrade()
    ahead = r"newer than this server \(it has had 902_nothing\).*'flask db downgrade'"
    for command in (older.require_current, older.upgrade, older.downgrade):
        with pytest.raises(StartError, match=ahead):
            command()
    assert migrations.applied() == migrations.available()


def test_it_serves_again_once_the_newer_server_has_downgraded(migrations, older):
    migrations.upgrade()
    migrations.downgrade(NEWEST)
    older.require_current()
    assert older.applied() == older.available() == OURS


@pytest.mark.parametrize("journal", ["delete", "wal"])
def test_it_leaves_a_file_of_another_program_untouched(tmp_path, journal):
    path = tmp_path / "boz ripper #1.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as theirs:
        theirs.execute(f"PRAGMA journal_mode = {journal}")
        theirs.execute("CREATE TABLE alembic_version (version_num VARCHAR(32))")
        theirs.execute("CREATE TABLE agents (agent_id VARCHAR(100) NOT NULL PRIMARY KEY)")
        theirs.execute("INSERT INTO agents VALUES ('pc')")
    before = path.read_bytes()
    migrations = Migrations(Database(f"sqlite:///{path}"))
    for command in (migrations.upgrade, migrations.require_current):
        with pytest.raises(StartError, match=r"'agents' that this server did not make.*keep this"):
            command()
    migrations.database.close()
    assert path.read_bytes() == before


def test_it_leaves_another_programs_tables_untouched(blank):
    blank.peewee.execute_sql("CREATE TABLE jobs (id INTEGER PRIMARY KEY)")
    with pytest.raises(StartError, match="'jobs' that this server did not make"):
        Migrations(blank).upgrade()
    assert blank.peewee.get_tables() == ["jobs"]


def test_it_shares_a_database_with_tables_of_other_names(blank):
    blank.peewee.execute_sql("CREATE TABLE recipes (id INTEGER PRIMARY KEY)")
    assert Migrations(blank).upgrade() == OURS


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
    """A database at the server's version, with an agent."""
    Migrations(blank).upgrade()
    agent()
    return blank


def test_it_changes_nothing_where_a_migration_fails(current, tmp_path):
    before = schema(current)
    folder = folder_with(tmp_path, m901_shelves=SHELVES + BREAKS)
    with pytest.raises(peewee.DatabaseError, match="nowhere"):
        Migrations(current, folder).upgrade()
    assert schema(current) == before


def test_it_takes_back_the_migrations_before_the_one_that_fails(blank, tmp_path):
    folder = folder_with(tmp_path, m901_shelves=SHELVES + BREAKS)
    with pytest.raises(peewee.DatabaseError):
        Migrations(blank, folder).upgrade()
    assert blank.peewee.get_tables() == []


#: Rebuilds the table of discs on SQLite, which drops it for a moment.
REBUILDS = """
import peewee as pw

def migrate(migrator, database, *, fake=False):
    migrator.change_fields("discs", disc_name=pw.TextField())
"""


def test_it_keeps_the_children_of_a_table_that_is_rebuilt(current, tmp_path):
    disc()
    title(0)
    title(1)
    job(disc="disc")
    Migrations(current, folder_with(tmp_path, m901_rebuilds=REBUILDS)).upgrade()
    assert Title.select().count() == 2
    assert Job.get().disc_id == "disc"
    assert schema_report.differences(current) == []


def test_it_enforces_foreign_keys_again_after_a_migration(current):
    with pytest.raises(peewee.IntegrityError, match=r"(?i)foreign key"):
        disc(agent="nobody")


@pytest.mark.parametrize(
    "statement",
    ["UPDATE titles SET disc_id = 'nothing'", "UPDATE discs SET agent_id = 'nobody'"],
)
def test_it_takes_back_a_migration_that_breaks_a_foreign_key(current, tmp_path, statement):
    disc()
    title()
    before = schema(current)
    breaks = SHELVES.replace('"UPDATE agents', f'"{statement}")\n    migrator.sql("UPDATE agents')
    with pytest.raises(peewee.IntegrityError):
        Migrations(current, folder_with(tmp_path, m901_breaks=breaks)).upgrade()
    assert schema(current) == before
    assert Title.get().disc_id == "disc"


def test_it_names_the_rows_that_a_migration_orphaned(sqlite, tmp_path):
    agent()
    disc()
    title()
    orphans = 'def migrate(migrator, database, *, fake=False): migrator.sql("DELETE FROM discs")'
    with pytest.raises(peewee.IntegrityError, match=r"refer to missing ones: .*titles.*discs"):
        Migrations(sqlite, folder_with(tmp_path, m901_orphans=orphans)).upgrade()
    assert Title.select().count() == 1


@pytest.mark.parametrize("act", [Migrations.upgrade, lambda migrations: migrations.stamp("head")])
def test_it_gives_no_connection_with_other_settings_back_to_the_pool(sqlite, act):
    act(Migrations(sqlite, MIGRATIONS_FOLDER))
    execute = sqlite.peewee.execute_sql
    assert execute("PRAGMA foreign_keys").fetchone() == (1,)
    assert execute("PRAGMA busy_timeout").fetchone() == (200,)
