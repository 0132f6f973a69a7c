"""SQLite's index of words is part of the file: copied, checked and compared with the rest."""

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from boz_server.database import backup, findings, schema_report, upkeep
from boz_server.database.connection import Database
from boz_server.database.dialects import sqlite3
from boz_server.database.models import Agent, Disc, LibraryEntry
from boz_server.repositories.disc_repository import renew_entries
from tests.database.rows import agent, disc


@pytest.fixture
def database(sqlite: Database) -> Database:
    """A database with a disc that can be found."""
    agent()
    disc()
    renew_entries(["disc"])
    return sqlite


def found(database: Database, words: Sequence[str] = ("firef",)) -> list[str]:
    query = database.dialect.having_words(
        database.peewee, LibraryEntry.select(), LibraryEntry, words
    )
    return [entry.disc_id for entry in query]


@pytest.fixture
def opened(database: Database, tmp_path: Path) -> Iterator[Database]:
    """A backup of that database, as a restored server has it."""
    copy = tmp_path / "copy" / "boz.db"
    copy.parent.mkdir()
    backup.write(database, copy)
    assert backup.inspect(copy, thoroughly=True).problem is None
    restored = Database(f"sqlite:///{copy}")
    yield restored
    restored.close()


def test_it_finds_a_disc_in_a_backup(opened):
    assert schema_report.differences(opened) == []
    assert found(opened) == ["disc"]
    renew_entries(["disc"])
    assert found(opened) == ["disc"]


def test_it_finds_the_same_after_a_vacuum(database):
    for number in range(50):
        disc(f"d{number}", disc_name=f"D{number} X", drive=f"{number}")
    renew_entries([f"d{number}" for number in range(50)])
    LibraryEntry.delete().where(LibraryEntry.disc_id == "disc").execute()
    upkeep.vacuum(database)
    assert found(database, ["d17"]) == ["d17"]
    assert found(database) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("DROP TRIGGER library_search_update", "trigger library_search_update is missing"),
        ("DROP TABLE library_search", "table library_search is missing"),
        ("CREATE VIRTUAL TABLE more USING fts5(a)", "table more is not in the models"),
    ],
)
def test_it_is_compared_with_the_models(database, change, said):
    database.peewee.execute_sql(change)
    assert any(line.startswith(said) for line in schema_report.differences(database))


def test_it_is_found_where_it_is_declared_in_another_way(database):
    database.peewee.execute_sql("DROP TABLE library_search")
    database.peewee.execute_sql("CREATE VIRTUAL TABLE library_search USING fts5(text)")
    told = [line for line in schema_report.differences(database) if line.startswith("table")]
    assert told[0].startswith("table library_search differs: the models have CREATE VIRTUAL")


def test_it_ignores_the_tables_that_sqlite_keeps_the_index_in(database):
    assert {"library_search_data", "library_search_idx"} <= set(database.peewee.get_tables())
    database.peewee.execute_sql("DROP TABLE library_search_config")
    assert schema_report.differences(database) == []


def test_it_is_not_listed_as_a_table_of_ours(database):
    assert {name for name in database.tables() if name.startswith("library")} == {"library_entries"}


def test_it_is_counted_as_one_table(database):
    (size,) = [each for each in upkeep.sizes(database) if each.table.startswith("library_search")]
    assert (size.table, size.rows) == ("library_search", 1)
    assert size.size_bytes > 0


def test_it_is_found_where_it_is_damaged(database):
    assert database.path is not None
    assert {each.severity for each in findings.of_sqlite(database, database.path)} == {"ok"}
    database.peewee.execute_sql("DELETE FROM library_search_data WHERE id > 10")
    damaged = [each for each in findings.of_sqlite(database, database.path) if each.fix]
    assert [each.check for each in damaged] == ["integrity"]


def test_it_is_read_by_pythons_own_sqlite_too(database, tmp_path):
    """For platforms without our wheel, and for people who open a copy of the file."""
    assert database.path is not None
    database.close()
    copy = shutil.copy(database.path, tmp_path / "copy.db")
    system = pytest.importorskip("sqlite3")
    for library in (sqlite3, system):
        connection = library.connect(copy)
        query = "SELECT rowid FROM library_search WHERE library_search MATCH 'firef*'"
        assert len(connection.execute(query).fetchall()) == 1
        connection.close()


def test_it_is_empty_without_discs(database):
    LibraryEntry.delete().execute()
    Disc.delete().execute()
    Agent.delete().execute()
    assert found(database) == []
