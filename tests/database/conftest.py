"""Databases for the tests of the database itself: migrated ones and blank ones."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from boz_server.database.connection import Database
from boz_server.database.legacy.filling import adopt_into
from boz_server.database.legacy.report import Report
from tests.conftest import ENGINES
from tests.database.legacy import LOOSE, LegacyDatabase
from tests.database.rows import NOW

#: Short, to keep the tests of refusals short.
WAIT_SECONDS = 0.2


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A migrated, empty database with two connections, on each engine in turn."""
    database = Database(database_url, max_connections=2, wait_seconds=WAIT_SECONDS)
    yield database
    database.close()


@pytest.fixture
def sqlite(sqlite_template: Path, tmp_path: Path) -> Iterator[Database]:
    """A migrated, empty SQLite database with three connections."""
    path = tmp_path / "boz.db"
    shutil.copy(sqlite_template, path)
    database = Database(f"sqlite:///{path}", max_connections=3, wait_seconds=WAIT_SECONDS)
    yield database
    database.close()


@pytest.fixture
def postgres(postgres_migrated: str) -> Iterator[Database]:
    """A migrated PostgreSQL database with two connections and without agents."""
    database = Database(postgres_migrated, max_connections=2, wait_seconds=WAIT_SECONDS)
    database.peewee.execute_sql("TRUNCATE agents CASCADE")
    yield database
    database.close()


@pytest.fixture(scope="session")
def postgres_scratch(postgres_server: str) -> str:
    """The URL of a PostgreSQL database that tests may empty."""
    with psycopg.connect(postgres_server, autocommit=True) as admin:
        admin.execute("CREATE DATABASE scratch")
    return postgres_server.replace("/postgres?", "/scratch?")


@pytest.fixture
def blank_postgres(postgres_scratch: str) -> str:
    """The URL of a PostgreSQL database without any table."""
    with psycopg.connect(postgres_scratch, autocommit=True) as admin:
        admin.execute("DROP SCHEMA public CASCADE")
        admin.execute("CREATE SCHEMA public")
    return postgres_scratch


@pytest.fixture(params=ENGINES)
def blank_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database without any table, on each engine in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'blank.db'}"
    return str(request.getfixturevalue("blank_postgres"))


@pytest.fixture
def blank(blank_url: str) -> Iterator[Database]:
    """A database without any table, on each engine in turn."""
    database = Database(blank_url, wait_seconds=WAIT_SECONDS)
    yield database
    database.close()


@pytest.fixture
def other_url(request: pytest.FixtureRequest, database_url: str, tmp_path: Path) -> str:
    """A database without tables, of the engine that `database` is not of."""
    if database_url.startswith("sqlite"):
        return str(request.getfixturevalue("blank_postgres"))
    return f"sqlite:///{tmp_path}/other.db"


@pytest.fixture
def legacy(tmp_path: Path) -> LegacyDatabase:
    """An empty database of the old system, without constraints."""
    return LegacyDatabase(tmp_path / "legacy.db", LOOSE)


@pytest.fixture
def adopt(database: Database, legacy: LegacyDatabase) -> Callable[[], Report]:
    """Adopts that database into an empty one of ours, on each engine in turn, as of NOW."""

    def adopt() -> Report:
        return adopt_into(database, legacy.path, NOW, lambda *_: False)

    return adopt
