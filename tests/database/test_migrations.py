"""Versions of the schema: up, down, noted by hand, and refused where they do not fit."""

import ast
from contextlib import closing
from pathlib import Path

import pytest
from peewee import sqlite3

from boz_server.database import schema_report
from boz_server.database.connection import Database
from boz_server.database.migrations import MIGRATIONS_FOLDER, MigrationError, Migrations
from boz_server.errors import StartError
from tests.database.folders import NOTHING, SHELVES, folder_with
from tests.database.rows import agent

FIRST = "001_initial_schema"


@pytest.fixture
def three(blank: Database, tmp_path: Path) -> Migrations:
    """Three migrations and a database that has had none of them."""
    return Migrations(blank, folder_with(tmp_path, m002_shelves=SHELVES, m003_nothing=NOTHING))


@pytest.fixture
def first_only(three: Migrations) -> Migrations:
    """The migrations of an older server, which knows nothing of the later two."""
    older = three.folder / "older"
    older.mkdir()
    (older / f"{FIRST}.py").write_text((three.folder / f"{FIRST}.py").read_text())
    return Migrations(three.database, older)


def test_it_makes_the_schema_that_the_models_describe(blank: Database) -> None:
    assert Migrations(blank).upgrade() == Migrations(blank).available()
    assert schema_report.differences(blank) == []


def test_it_never_imports_the_code_of_today_into_a_migration() -> None:
    files = list(MIGRATIONS_FOLDER.glob("*.py"))
    assert files
    for file in files:
        for node in ast.walk(ast.parse(file.read_text())):
            names = [alias.name for alias in getattr(node, "names", []) if hasattr(alias, "name")]
            module = getattr(node, "module", None) or ""
            assert not [name for name in [*names, module] if name.startswith("boz_server")], file


def test_it_refuses_to_serve_without_any_migration(blank: Database, tmp_path: Path) -> None:
    without = Migrations(blank, tmp_path / "nowhere")
    for asked in (without.require_current, without.upgrade, without.newest):
        with pytest.raises(StartError, match="nowhere"):
            asked()


def test_it_applies_everything_once(three: Migrations) -> None:
    assert three.upgrade() == three.available() == [FIRST, "002_shelves", "003_nothing"]
    assert three.upgrade() == []
    assert (three.applied(), three.pending()) == (three.available(), [])


@pytest.mark.parametrize("target", ["002_shelves", "002"])
def test_it_applies_up_to_the_one_named(three: Migrations, target: str) -> None:
    assert three.upgrade(target) == [FIRST, "002_shelves"]
    assert three.upgrade(FIRST) == []
    assert three.pending() == ["003_nothing"]


def test_it_tells_what_is_applied_without_making_a_table(three: Migrations) -> None:
    assert three.applied() == []
    assert three.pending() == three.available()
    assert three.database.peewee.get_tables() == []


def test_it_undoes_the_newest_one(three: Migrations) -> None:
    three.upgrade("002")
    assert three.downgrade() == ["002_shelves"]
    assert three.applied() == [FIRST]
    assert schema_report.differences(three.database) == []


def test_it_undoes_all_after_the_one_named_newest_first(three: Migrations) -> None:
    three.upgrade()
    assert three.downgrade("001") == ["003_nothing", "002_shelves"]
    assert schema_report.differences(three.database) == []


def test_it_undoes_everything(three: Migrations) -> None:
    three.upgrade()
    assert three.downgrade("base") == ["003_nothing", "002_shelves", FIRST]
    assert three.database.peewee.get_tables() == ["migratehistory"]
    assert three.upgrade() == three.available()


def test_it_keeps_rows_on_the_way_up_and_down(three: Migrations) -> None:
    three.upgrade(FIRST)
    agent()
    three.upgrade()
    three.downgrade(FIRST)
    rows = three.database.peewee.execute_sql("SELECT agent_id, name FROM agents").fetchall()
    assert [tuple(row) for row in rows] == [("pc", "Changed")]


def test_it_says_that_nothing_is_left_to_undo(three: Migrations) -> None:
    for target in (None, "base"):
        with pytest.raises(MigrationError, match="nothing to undo"):
            three.downgrade(target)


def test_it_undoes_nothing_for_a_version_that_was_never_reached(three: Migrations) -> None:
    three.upgrade("001")
    with pytest.raises(MigrationError, match="has not had 002_shelves"):
        three.downgrade("002")
    assert three.applied() == [FIRST]


@pytest.mark.parametrize("target", ["00", "004", "shelves"])
def test_it_names_no_migration_by_guessing(three: Migrations, target: str) -> None:
    for command in (three.upgrade, three.downgrade, three.stamp):
        with pytest.raises(MigrationError, match=f"No single migration is named '{target}'"):
            command(target)
    assert three.applied() == []


def test_it_notes_a_version_and_runs_nothing(three: Migrations) -> None:
    assert three.stamp("002") == "002_shelves"
    assert three.applied() == [FIRST, "002_shelves"]
    assert three.database.peewee.get_tables() == ["migratehistory"]
    assert three.stamp("head") == "003_nothing"
    assert three.stamp("base") == "base"
    assert three.applied() == []


def test_it_is_content_with_a_database_of_its_version(three: Migrations) -> None:
    three.upgrade()
    three.require_current()


def test_it_refuses_a_database_that_is_behind(three: Migrations) -> None:
    with pytest.raises(StartError, match=rf"lacks 3 .*next: {FIRST}.*'flask db upgrade'"):
        three.require_current()
    three.upgrade("002")
    with pytest.raises(StartError, match=r"lacks 1 .*next: 003_nothing.*'flask db upgrade'"):
        three.require_current()


def test_it_refuses_a_database_that_is_ahead(three: Migrations, first_only: Migrations) -> None:
    three.upgrade()
    ahead = r"newer than this server \(it has had 003_nothing\).*'flask db downgrade'"
    for command in (first_only.require_current, first_only.upgrade, first_only.downgrade):
        with pytest.raises(StartError, match=ahead):
            command()
    assert three.applied() == three.available()


def test_it_serves_again_once_the_newer_server_has_downgraded(
    three: Migrations, first_only: Migrations
) -> None:
    three.upgrade()
    three.downgrade(FIRST)
    first_only.require_current()


@pytest.mark.parametrize("journal", ["delete", "wal"])
def test_it_leaves_a_file_of_another_program_untouched(tmp_path: Path, journal: str) -> None:
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


def test_it_leaves_another_programs_tables_untouched(blank: Database) -> None:
    blank.peewee.execute_sql("CREATE TABLE jobs (id INTEGER PRIMARY KEY)")
    with pytest.raises(StartError, match="'jobs' that this server did not make"):
        Migrations(blank).upgrade()
    assert blank.peewee.get_tables() == ["jobs"]


def test_it_shares_a_database_with_tables_of_other_names(blank: Database) -> None:
    blank.peewee.execute_sql("CREATE TABLE recipes (id INTEGER PRIMARY KEY)")
    assert Migrations(blank).upgrade() == [FIRST]
