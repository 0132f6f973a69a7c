"""`flask db restore` returns to a backup and keeps the current database, or changes nothing."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import peewee
import pytest

from boz_server.database import in_use_lock
from boz_server.database.connection import Database
from boz_server.database.migrations import Migrations
from boz_server.database.models import Agent
from boz_server.database.models.base import database_proxy
from boz_server.errors import StartError
from boz_server.settings import Settings
from boz_server.start import lock_database
from tests.cli.conftest import Run, refused, runner_on
from tests.conftest import started_postgres
from tests.database.folders import OURS

AGENT = (
    "INSERT INTO agents (agent_id, name, status, capabilities, registered_at, last_heartbeat)"
    " VALUES ('{0}', '{0}', 'offline', '{{}}', '2026-01-24 12:00:00', '2026-01-24 12:00:00')"
)


def agents(path: Path) -> set[str]:
    """The agents in a database's file."""
    database = peewee.SqliteDatabase(path)
    found = {row[0] for row in database.execute_sql("SELECT agent_id FROM agents").fetchall()}
    database.close()
    return found


def add_agent(path: Path, name: str) -> None:
    database = peewee.SqliteDatabase(path)
    database.execute_sql(AGENT.format(name))
    database.close()


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix != ".lock"}


@pytest.fixture
def present(sqlite_template: Path, tmp_path: Path) -> Path:
    """A database with an agent, and another one added since its backup."""
    path = Path(shutil.copy(sqlite_template, tmp_path / "boz.db"))
    add_agent(path, "old")
    shutil.copy(path, tmp_path / "backup.db")
    add_agent(path, "new")
    return path


def test_it_goes_back_and_keeps_what_was_there(run, present, tmp_path):
    present.chmod(0o640)
    backup = tmp_path / "backup.db"
    result = run("restore", str(backup))
    (kept,) = tmp_path.glob("boz-before-restore-*.db")
    assert (result.exit_code, result.output) == (
        0,
        f"Restored: {backup} ({OURS[-1]}; jobs queued again: 0). Kept the one before: {kept}.\n",
    )
    assert (agents(present), agents(kept)) == ({"old"}, {"old", "new"})
    assert present.stat().st_mode & 0o777 == 0o640
    assert set(contents(tmp_path)) == {"boz.db", "backup.db", kept.name}


def test_it_says_so_to_a_script(run, present, tmp_path):
    said = json.loads(run("restore", "--json", f"{tmp_path}/backup.db").output)
    kept = said.pop("kept")
    assert agents(Path(kept)) == {"old", "new"}
    assert said == {
        "path": f"{tmp_path}/backup.db", "schema_version": OURS[-1], "requeued": 0
    }  # fmt: skip


def test_it_restores_where_there_is_no_database(run, present, tmp_path):
    present.unlink()
    assert "There was no database before." in run("restore", f"{tmp_path}/backup.db").output
    assert agents(present) == {"old"}


def test_it_keeps_what_only_the_log_has(run, present, tmp_path):
    """A killed server leaves such a log."""
    shutil.copytree(tmp_path, tmp_path / "killed")
    database = peewee.SqliteDatabase(tmp_path / "killed" / "boz.db")
    database.execute_sql("PRAGMA journal_mode = wal")
    database.execute_sql(AGENT.format("in the log"))
    for end in ("", "-wal"):
        shutil.copy(tmp_path / "killed" / f"boz.db{end}", tmp_path / f"boz.db{end}")
    database.close()
    assert run("restore", f"{tmp_path}/backup.db").exit_code == 0
    (kept,) = tmp_path.glob("boz-before-restore-*.db")
    assert agents(kept) == {"old", "new", "in the log"}
    assert not (tmp_path / "boz.db-wal").exists()


def test_it_replaces_a_database_that_is_damaged(run, present, tmp_path):
    present.write_bytes(b"garbage" * 1000)
    (tmp_path / "boz.db-wal").write_bytes(b"more of it")
    assert run("restore", f"{tmp_path}/backup.db").exit_code == 0
    (kept,) = tmp_path.glob("boz-before-restore-*.db")
    assert kept.read_bytes() == b"garbage" * 1000
    assert kept.with_name(f"{kept.name}-wal").read_bytes() == b"more of it"
    assert agents(present) == {"old"}
    assert not (tmp_path / "boz.db-wal").exists()


def test_it_overwrites_what_a_killed_restore_left(run, present, tmp_path):
    for end in ("", "-wal", "-shm"):
        (tmp_path / f".boz.db.restoring{end}").write_bytes(b"left")
    assert run("restore", f"{tmp_path}/backup.db").exit_code == 0
    assert agents(present) == {"old"}
    assert not list(tmp_path.glob(".boz*"))


def test_it_brings_an_older_backup_to_this_version(run, present, tmp_path):
    older = Database(f"sqlite:///{tmp_path}/backup.db")
    Migrations(older).downgrade("004")
    older.close()
    assert run("restore", f"{tmp_path}/backup.db").exit_code == 0
    assert run("current").output == f"{OURS[-1]}\n"


def test_it_refuses_a_backup_of_a_newer_server(run, present, tmp_path):
    newer = peewee.SqliteDatabase(tmp_path / "backup.db")
    newer.execute_sql("INSERT INTO migratehistory (name, migrated_at) VALUES ('999_x', '2030')")
    newer.close()
    before = contents(tmp_path)
    refused(run("restore", f"{tmp_path}/backup.db"), "newer than this server")
    assert contents(tmp_path) == before


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "can't be read (No such file or directory)"),
        (b"Dear diary", "is no backup of a database"),
        (b"SQLite format 3\0" + b"garbage" * 1000, "is damaged"),
    ],
)
def test_it_refuses_what_is_no_whole_backup(run, present, tmp_path, content, reason):
    file = tmp_path / "other.db"
    if content is not None:
        file.write_bytes(content)
    before = contents(tmp_path)
    refused(run("restore", str(file)), str(file), reason, "nothing was changed")
    assert contents(tmp_path) == before


def test_it_refuses_the_database_itself(run, present):
    refused(run("restore", str(present)), "is the database itself")


def test_it_refuses_a_database_in_use_for_a_backup(run, present, tmp_path):
    (tmp_path / "backup.db-wal").touch()
    refused(run("restore", f"{tmp_path}/backup.db"), "'-wal' file beside it")


def test_it_refuses_while_a_server_has_the_database(run, present, tmp_path):
    settings = Settings(database_url=f"sqlite:///{present}")
    one, other = lock_database(settings), lock_database(settings)
    assert one is not None
    assert other is not None
    one.close()
    before = contents(tmp_path)
    with other:
        refused(run("restore", f"{tmp_path}/backup.db"), "A server has the database open")
    assert contents(tmp_path) == before
    assert run("restore", f"{tmp_path}/backup.db").exit_code == 0


def test_it_refuses_while_another_program_has_the_database(run, present, tmp_path):
    other = peewee.SqliteDatabase(present)
    other.execute_sql("PRAGMA journal_mode = wal")
    other.execute_sql("SELECT * FROM agents").fetchall()
    refused(run("restore", f"{tmp_path}/backup.db"), "Another program has the database open")
    other.close()
    assert agents(present) == {"old", "new"}
    assert not list(tmp_path.glob("*before-restore*"))


def test_it_keeps_a_server_from_starting_meanwhile(present):
    settings = Settings(database_url=f"sqlite:///{present}")
    with (
        in_use_lock.exclusive(Database.from_settings(settings)),
        pytest.raises(StartError, match="is being restored"),
    ):
        lock_database(settings)


@pytest.fixture
def postgres(
    request: pytest.FixtureRequest, postgres_server: str, tmp_path: Path
) -> Iterator[tuple[Run, Database]]:
    """`flask db …` on a migrated PostgreSQL database of the test's own, and that database."""
    older = getattr(request, "param", None)
    if older is None:
        yield from restorable(postgres_server, tmp_path)
        return
    with started_postgres(postgres_version=older) as server:
        yield from restorable(server, tmp_path)


def restorable(server: str, tmp_path: Path) -> Iterator[tuple[Run, Database]]:
    """Make that database on a server."""
    before = database_proxy.obj
    admin = peewee.PostgresqlDatabase(server, prefer_psycopg3=True)
    admin.execute_sql("DROP DATABASE IF EXISTS restored WITH (FORCE)")
    admin.execute_sql("CREATE DATABASE restored")
    admin.close()
    url = server.replace("/postgres?", "/restored?")
    run = runner_on(url, backup_dir=tmp_path / "kept")
    run("upgrade")
    database = Database(url)
    yield run, database
    database.close()
    database_proxy.initialize(before)


@pytest.mark.usefixtures("postgres_programs")
def test_it_goes_back_on_postgresql(postgres, tmp_path):
    run, database = postgres
    database.peewee.execute_sql(AGENT.format("old"))
    made = json.loads(run("backup", "--json").output)["path"]
    database.peewee.execute_sql(AGENT.format("new"))
    refused(run("restore", made), "1 other connections to the database are open")
    database.close()
    result = run("restore", made)
    assert result.exit_code == 0, result.output
    assert [agent.agent_id for agent in Agent.select()] == ["old"]
    database.close()
    (kept,) = (tmp_path / "kept").glob("before-restore-*.dump")
    assert run("restore", str(kept)).exit_code == 0
    assert run("check").output == "The database fits the models.\n"


@pytest.mark.parametrize("postgres", [16], indirect=True)
@pytest.mark.usefixtures("postgres_programs")
def test_it_goes_back_with_programs_newer_than_the_server(postgres):
    run, database = postgres
    database.peewee.execute_sql(AGENT.format("old"))
    made = json.loads(run("backup", "--json").output)["path"]
    database.peewee.execute_sql(AGENT.format("new"))
    database.close()
    result = run("restore", made)
    assert result.exit_code == 0, result.output
    assert [agent.agent_id for agent in Agent.select()] == ["old"]


@pytest.mark.usefixtures("postgres_programs")
def test_it_refuses_a_backup_of_another_engine(postgres, present, tmp_path):
    run, database = postgres
    database.close()
    refused(run("restore", f"{tmp_path}/backup.db"), "of another database engine")
