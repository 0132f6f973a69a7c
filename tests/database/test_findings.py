"""The faults that a look at an SQLite file finds, and the advice for each."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from boz_server.database import findings
from boz_server.database.connection import Database
from boz_server.database.findings import Finding, Severity, of_sqlite

OK, WARNING, ERROR = Severity


@pytest.fixture
def database(sqlite_template: Path, tmp_path: Path) -> Iterator[Database]:
    found = Database(f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'boz.db')}")
    yield found
    found.close()


def look(database: Database) -> dict[str, Finding]:
    assert database.path is not None
    return {finding.check: finding for finding in of_sqlite(database, database.path)}


def assert_found(database: Database, check: str, severity: Severity, *mentions: str) -> None:
    """Check that only one look found something, and that it says what to do."""
    found = look(database)
    assert {name for name, finding in found.items() if finding.severity is not OK} == {check}
    assert found[check].severity is severity
    for mention in mentions:
        assert mention in found[check].detail
    assert found[check].fix.endswith(".")


def test_it_finds_nothing_wrong_where_nothing_is(database):
    found = look(database)
    assert list(found) == [
        "file system", "version", "pragmas", "integrity", "foreign keys", "free pages", "log"
    ]  # fmt: skip
    assert {(finding.severity, finding.fix) for finding in found.values()} == {(OK, "")}


def test_it_warns_of_an_sqlite_that_can_corrupt_a_log(database, monkeypatch):
    monkeypatch.setattr(findings, "SOUND_SQLITE", (99, 0, 0))
    assert_found(database, "version", WARNING, "can corrupt a database")


def test_it_finds_a_network_file_system(database, monkeypatch):
    monkeypatch.setattr(findings, "network_type", lambda _: "nfs4")
    assert_found(database, "file system", ERROR, str(database.path), "(nfs4)")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("journal_mode", "delete", "journal_mode is delete, not wal"),
        ("synchronous", "off", "synchronous is 0, not full"),
        ("foreign_keys", "0", "foreign_keys is 0, not 1"),
    ],
)
def test_it_finds_a_pragma_that_is_not_in_force(database, name, value, said):
    database.peewee.execute_sql(f"PRAGMA {name} = {value}")
    assert_found(database, "pragmas", ERROR, said)


def test_it_finds_an_index_that_lacks_a_row(database):
    execute: Callable[..., object] = database.peewee.execute_sql
    execute("INSERT INTO leases (name, renewed_at) VALUES ('a', '2026-01-24 12:00:00')")
    execute("PRAGMA writable_schema = 1")
    execute(
        "UPDATE sqlite_master SET rootpage = (SELECT rootpage FROM sqlite_master"
        " WHERE name = 'idx_agents_status') WHERE name = 'sqlite_autoindex_leases_1'"
    )
    execute("PRAGMA writable_schema = RESET")
    assert_found(database, "integrity", ERROR, "index")


def test_it_finds_references_to_nothing(database):
    database.peewee.execute_sql("PRAGMA foreign_keys = 0")
    database.peewee.execute_sql(
        "INSERT INTO job_events (job_id, at, to_status, actor, attempt)"
        " VALUES ('gone', '2026-01-24 12:00:00', 'queued', 'person', 0)"
    )
    database.peewee.execute_sql("PRAGMA foreign_keys = 1")
    assert_found(database, "foreign keys", ERROR, "1 references", "job_events row 1 to jobs")


def test_it_finds_free_pages_that_are_worth_a_vacuum(database, monkeypatch):
    monkeypatch.setattr(findings, "FREE_BYTES", 0)
    database.peewee.execute_sql("CREATE TABLE filler AS SELECT randomblob(2000000) AS bytes")
    database.peewee.execute_sql("DROP TABLE filler")
    assert_found(database, "free pages", WARNING, "pages are free")


def test_it_finds_a_log_that_does_not_shrink(database, monkeypatch):
    database.peewee.execute_sql("CREATE TABLE filler AS SELECT randomblob(10000) AS bytes")
    monkeypatch.setattr(findings, "WAL_LIMIT_BYTES", 9999)
    assert_found(database, "log", WARNING, "bytes in the write-ahead log")


def test_it_finds_a_damaged_page_and_goes_on(database):
    path = database.path
    assert path is not None
    database.peewee.execute_sql("PRAGMA journal_mode = delete")
    root = database.peewee.execute_sql(
        "SELECT rootpage FROM sqlite_master WHERE name = 'jobs'"
    ).fetchone()[0]
    database.close()
    content = bytearray(path.read_bytes())
    content[(root - 1) * 4096 : root * 4096] = bytes(4096)
    path.write_bytes(content)
    assert look(database)["integrity"].severity is ERROR


def test_it_says_of_every_look_that_a_file_is_no_database(database):
    assert database.path is not None
    database.close()
    for end in ("", "-wal", "-shm"):
        database.path.with_name(f"boz.db{end}").unlink(missing_ok=True)
    database.path.write_text("Dear diary, " * 100)
    found = look(database)
    assert found["integrity"].severity is ERROR
    assert found["integrity"].detail == "file is not a database."
    assert "flask db restore" in found["integrity"].fix
