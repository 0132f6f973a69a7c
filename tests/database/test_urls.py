"""Addresses of databases, as existing installations and people write them."""

from pathlib import Path

import pytest

from boz_server.database.connection import Database
from boz_server.errors import SettingsError


@pytest.mark.parametrize("scheme", ["sqlite", "sqlite+aiosqlite", "sqlite+pysqlite", "SQLite"])
def test_it_takes_every_form_of_an_sqlite_url(scheme: str, tmp_path: Path) -> None:
    assert Database(f"{scheme}:///{tmp_path}/boz.db").path == tmp_path / "boz.db"


def test_it_takes_a_relative_path() -> None:
    assert Database("sqlite:///boz.db").path == Path("boz.db")


@pytest.mark.parametrize("scheme", ["postgresql", "postgresql+asyncpg", "postgres"])
def test_it_takes_every_form_of_a_postgres_url(scheme: str, postgres_migrated: str) -> None:
    database = Database(postgres_migrated.replace("postgresql", scheme, 1))
    assert database.peewee.table_exists("agents")
    database.close()


@pytest.mark.parametrize(
    "url",
    ["sqlite://", "sqlite:///", "sqlite:////", "sqlite:////data/", "sqlite:///:memory:",
     "sqlite://data/boz.db", "/data/boz.db", "mysql://host/boz", "postgresql://", "boz"],
)  # fmt: skip
def test_it_refuses_urls_that_name_no_database_of_ours(url: str) -> None:
    with pytest.raises(SettingsError, match=r"BOZ_DATABASE_URL must .*sqlite:////path/to/file\.db"):
        Database(url)


@pytest.mark.parametrize("url", ["postgresql://boz:hunter%2@db/boz", "postgresql://db/boz?ssl=1"])
def test_it_refuses_postgres_urls_that_libpq_can_not_read(url: str) -> None:
    with pytest.raises(SettingsError, match="BOZ_DATABASE_URL") as refused:
        Database(url)
    assert "hunter" not in str(refused.value)
    assert refused.value.__suppress_context__
