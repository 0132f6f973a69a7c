"""Connections to databases: their addresses, their pool, what each starts with, and its folder."""

import platform
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic

import peewee
import psycopg
import pytest
from flask import Flask
from peewee import sqlite3
from playhouse.pool import MaxConnectionsExceeded

from boz_server import create_app
from boz_server.api.context import EXTENSION
from boz_server.database import dialects
from boz_server.database.connection import Database
from boz_server.errors import DatabaseBusy, SettingsError, StartError, StorageFull
from boz_server.settings import Settings
from tests.database.conftest import WAIT_SECONDS

PRAGMAS = {
    "journal_mode": "wal",
    "synchronous": 2,  # FULL
    "foreign_keys": 1,
    "busy_timeout": int(WAIT_SECONDS * 1000),
    "cache_size": -16000,
    "temp_store": 2,  # MEMORY
    "mmap_size": 0,
    "journal_size_limit": 64 * 1024 * 1024,
}


def test_it_sets_its_pragmas_on_every_connection(sqlite):
    all_open = threading.Barrier(3)

    def pragmas() -> tuple[int, dict[str, object]]:
        connection = id(sqlite.peewee.connection())
        all_open.wait(timeout=10)
        found = {
            name: sqlite.peewee.execute_sql(f"PRAGMA {name}").fetchone()[0] for name in PRAGMAS
        }
        sqlite.release()
        return connection, found

    with ThreadPoolExecutor(3) as threads:
        answers = [threads.submit(pragmas) for _ in range(3)]
        connections, found = zip(*[answer.result() for answer in answers], strict=True)
    assert len(set(connections)) == 3
    assert list(found) == [PRAGMAS] * 3


def test_it_waits_ten_seconds_unless_told_otherwise(sqlite_template):
    database = Database(f"sqlite:///{sqlite_template}")
    assert database.peewee.execute_sql("PRAGMA busy_timeout").fetchone() == (10_000,)
    database.close()


@pytest.mark.skipif(
    (sys.platform, platform.machine()) != ("linux", "x86_64"), reason="there is no wheel"
)
def test_it_runs_on_an_sqlite_that_does_not_corrupt_wal_databases():
    assert peewee.sqlite3.__name__.startswith("pysqlite3")
    assert peewee.sqlite3.sqlite_version_info >= (3, 51, 3)


def test_it_keeps_postgres_sessions_in_utc_and_their_waits_bounded(postgres):
    execute = postgres.peewee.execute_sql
    assert execute("SHOW timezone").fetchone() == ("UTC",)
    assert execute("SHOW lock_timeout").fetchone() == ("200ms",)


def test_it_refuses_another_connection_after_a_bounded_wait(database_url):
    database = Database(database_url, max_connections=1, wait_seconds=WAIT_SECONDS)
    database.peewee.connection()

    def ask() -> tuple[Exception, float]:
        start = monotonic()
        with pytest.raises(MaxConnectionsExceeded) as refused:
            database.peewee.connection()
        return refused.value, monotonic() - start

    with ThreadPoolExecutor(1) as threads:
        error, waited = threads.submit(ask).result()
    database.close()
    assert WAIT_SECONDS <= waited < 2
    assert isinstance(database.explain(error), DatabaseBusy)


def test_it_lends_a_released_connection_to_the_thread_that_waits(database_url):
    database = Database(database_url, max_connections=1, wait_seconds=10)
    mine = id(database.peewee.connection())
    with ThreadPoolExecutor(1) as threads:
        theirs = threads.submit(lambda: id(database.peewee.connection()))
        database.release()
        assert theirs.result() == mine
        threads.submit(database.release).result()
    database.close()


def test_it_has_room_for_the_pool_and_its_overflow():
    database = Database.from_settings(Settings(database_pool_size=2, database_max_overflow=3))
    assert database.peewee._max_connections == 5


@pytest.fixture
def new_file(tmp_path: Path) -> Iterator[tuple[Database, sqlite3.Connection]]:
    """A file that is not in WAL mode yet, and another connection that is writing to it."""
    database = Database(f"sqlite:///{tmp_path}/new.db", wait_seconds=WAIT_SECONDS)
    other = sqlite3.connect(tmp_path / "new.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    yield database, other
    other.close()
    database.close()


def test_it_tries_again_where_a_new_file_can_not_be_turned_to_wal(new_file, monkeypatch):
    database, other = new_file
    monkeypatch.setattr(dialects, "sleep", lambda _: other.execute("COMMIT"))
    assert database.peewee.execute_sql("PRAGMA journal_mode").fetchone() == ("wal",)


def test_it_tries_no_longer_than_its_wait(new_file):
    database, _ = new_file
    start = monotonic()
    with pytest.raises(peewee.OperationalError) as refused:
        database.peewee.connection()
    assert WAIT_SECONDS <= monotonic() - start < 2
    assert isinstance(database.explain(refused.value), DatabaseBusy)


@pytest.fixture
def narrow_app(settings: Settings) -> Flask:
    """The application with a single connection: a thread that keeps it blocks all others."""
    narrow = {"database_pool_size": 1, "database_max_overflow": 0}
    return create_app(Settings(**{**vars(settings), **narrow}))


@pytest.mark.parametrize("path", ["/api/agents", "/api/agents/nobody", "/api/jobs?cursor=x"])
def test_it_returns_the_connection_after_each_request(narrow_app, path):
    def ask(_: int) -> int:
        return narrow_app.test_client().get(path).status_code

    # Each thread would keep the only connection from the next one.
    for _ in range(3):
        with ThreadPoolExecutor(1) as thread:
            assert thread.submit(ask, 0).result() in (200, 404, 422)
    narrow_app.extensions[EXTENSION].context.database.close()


def test_it_names_folder_and_variable_where_the_folder_is_missing(tmp_path):
    database = Database(f"sqlite:///{tmp_path}/nowhere/boz.db")
    with pytest.raises(StartError, match=f"{tmp_path}/nowhere .*BOZ_DATABASE_URL"):
        database.require_folder()


def test_it_names_folder_and_variable_where_the_folder_takes_no_file(tmp_path):
    (tmp_path / "file").touch()
    for folder in [tmp_path / "file", *filter(Path.exists, [Path("/proc")])]:
        with pytest.raises(StartError, match=f"{folder} .*BOZ_DATABASE_URL"):
            Database(f"sqlite:///{folder}/boz.db").require_folder()


def test_it_leaves_nothing_behind_in_a_good_folder(tmp_path):
    Database(f"sqlite:///{tmp_path}/boz.db").require_folder()
    assert list(tmp_path.iterdir()) == []


def test_it_asks_for_no_folder_where_the_engine_is_a_server(postgres):
    assert postgres.path is None
    postgres.require_folder()


@pytest.mark.parametrize(
    "error",
    [
        psycopg.OperationalError("connection refused"),
        psycopg.errors.ConnectionFailure(),
        psycopg.errors.TooManyConnections(),
        psycopg.errors.SerializationFailure(),
        psycopg.errors.DeadlockDetected(),
        psycopg.errors.LockNotAvailable(),
        psycopg.errors.AdminShutdown(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_it_calls_what_passes_by_itself_busy(postgres, error):
    wrapped = peewee.OperationalError("as Peewee raises it")
    wrapped.__cause__ = error
    assert isinstance(postgres.explain(wrapped), DatabaseBusy)


def test_it_calls_a_full_disk_of_postgres_full(postgres):
    assert isinstance(postgres.explain(psycopg.errors.DiskFull()), StorageFull)


@pytest.mark.parametrize(
    "error",
    [
        psycopg.errors.UniqueViolation(),
        psycopg.DataError("PostgreSQL text fields cannot contain NUL bytes"),
        psycopg.ProgrammingError("the query has 1 placeholder but 2 parameters were passed"),
        ValueError(),
    ],
)
def test_it_calls_faults_of_ours_neither(postgres, error):
    assert postgres.explain(error) is None


def test_it_connects_anew_where_the_server_ended_a_connection(postgres):
    pid = postgres.peewee.execute_sql("SELECT pg_backend_pid()").fetchone()[0]
    with psycopg.connect(postgres.url, autocommit=True) as admin:
        admin.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))
    with pytest.raises(peewee.OperationalError) as lost:
        postgres.peewee.execute_sql("SELECT 1")
    postgres.release()
    assert isinstance(postgres.explain(lost.value), DatabaseBusy)
    assert postgres.peewee.execute_sql("SELECT 1").fetchone() == (1,)


@pytest.mark.parametrize("scheme", ["sqlite", "sqlite+aiosqlite", "sqlite+pysqlite", "SQLite"])
def test_it_takes_every_form_of_an_sqlite_url(scheme, tmp_path):
    assert Database(f"{scheme}:///{tmp_path}/boz.db").path == tmp_path / "boz.db"


def test_it_takes_a_relative_path():
    assert Database("sqlite:///boz.db").path == Path("boz.db")


@pytest.mark.parametrize("scheme", ["postgresql", "postgresql+asyncpg", "postgres"])
def test_it_takes_every_form_of_a_postgres_url(scheme, postgres_migrated):
    database = Database(postgres_migrated.replace("postgresql", scheme, 1))
    assert database.peewee.table_exists("agents")
    database.close()


@pytest.mark.parametrize(
    "url",
    ["sqlite://", "sqlite:///", "sqlite:////", "sqlite:////data/", "sqlite:///:memory:",
     "sqlite://data/boz.db", "/data/boz.db", "mysql://host/boz", "postgresql://", "boz"],
)  # fmt: skip
def test_it_refuses_urls_that_name_no_database_of_ours(url):
    with pytest.raises(SettingsError, match=r"BOZ_DATABASE_URL must .*sqlite:////path/to/file\.db"):
        Database(url)


@pytest.mark.parametrize("url", ["postgresql://boz:hunter%2@db/boz", "postgresql://db/boz?ssl=1"])
def test_it_refuses_postgres_urls_that_libpq_can_not_read(url):
    with pytest.raises(SettingsError, match="BOZ_DATABASE_URL") as refused:
        Database(url)
    assert "hunter" not in str(refused.value)
    assert refused.value.__suppress_context__
