"""Backups of the database: when they are made, how many are kept, and that all are whole."""

import errno
import logging
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from boz_server.context import Context
from boz_server.database import backup
from boz_server.database.connection import Database
from boz_server.database.migrations import Migrations
from boz_server.database.models import Agent
from boz_server.disk import own
from boz_server.errors import BackupError
from boz_server.services.maintenance import backups
from boz_server.services.maintenance.backups import (
    BackupStep,
    BackupUnderWay,
    make_before_change,
)
from boz_server.services.wiring import Services
from boz_server.settings import Settings
from tests.database.folders import OURS
from tests.support import FakeClock

DAY = 86_400

pytestmark = pytest.mark.usefixtures("postgres_programs")


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    return replace(settings, backup_dir=tmp_path / "kept", backup_interval_hours=24, backup_keep=3)


@pytest.fixture
def server(services: Services) -> Context:
    """A server that makes backups."""
    return services.context


@pytest.fixture
def on_sqlite(sqlite_template: Path, tmp_path: Path, clock: FakeClock) -> Iterator[Context]:
    """A server with a row in an SQLite database, and backups in the default folder."""
    path = tmp_path / "database" / "boz.db"
    path.parent.mkdir()
    path.write_bytes(sqlite_template.read_bytes())
    database = Database(f"sqlite:///{path}")
    Agent.create(agent_id="pc", name="PC", registered_at=clock.now(), last_heartbeat=clock.now())
    yield Context.build(Settings(), clock, database)
    database.close()


def names(folder: Path) -> list[str]:
    """All files of a folder, with hidden ones."""
    return sorted(path.name for path in folder.iterdir())


def test_it_makes_one_that_is_whole(server):
    made = backups.make(server)
    assert backup.inspect(made.path, thoroughly=True) == backup.Verdict(OURS[-1], None)
    assert made.path.stat().st_size == made.size_bytes > 0
    assert made.path.stat().st_mode & 0o777 == 0o600
    assert backups.stored(server) == [made]
    assert names(backups.folder(server)) == [made.path.name]


def test_it_keeps_the_newest(server, clock):
    backups.folder(server).mkdir()
    (backups.folder(server) / "boz-of-a-person.db").touch()
    made = []
    for _ in range(5):
        made.append(backups.make(server))
        clock.advance(DAY)
    assert backups.stored(server) == made[:1:-1]
    assert backups.make(server, keep=1).path.name in names(backups.folder(server))
    assert len(names(backups.folder(server))) == 2


def test_it_keeps_two_of_the_same_second_apart(server):
    first, second = backups.make(server), backups.make(server)
    assert second.path.name == f"{first.path.stem} (2){first.path.suffix}"
    assert [made.path for made in backups.stored(server)] == [second.path, first.path]


def test_it_makes_one_when_the_latest_is_old(server, clock):
    assert BackupStep().run(server) is not None
    clock.advance(DAY - 10)
    assert BackupStep().run(server) is None
    clock.advance(10)
    assert BackupStep().run(server) is not None
    clock.advance(-3 * DAY)  # the clock was put back: the latest backup is from the future
    assert BackupStep().run(server) is not None


def test_it_makes_one_in_the_course_of_maintenance(services, server):
    services.maintenance.tick()
    services.maintenance.tick()
    assert len(backups.stored(server)) == 1


def test_it_says_that_old_ones_can_not_be_deleted(server, monkeypatch):
    backups.make(server)

    unlink = Path.unlink

    def refuse(path: Path, missing_ok: bool = False) -> None:
        if path.suffix in (".db", ".dump"):
            raise PermissionError(errno.EACCES, "Permission denied")
        unlink(path, missing_ok)

    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(BackupError, match=r"older ones can't be deleted \(Permission denied\)"):
        backups.make(server, keep=1)
    assert len(backups.stored(server)) == 2


def test_it_makes_none_by_itself_where_that_is_not_wanted(services, settings, clock):
    server = replace(services.context, settings=replace(settings, backup_interval_hours=0))
    assert BackupStep().run(server) is None
    assert make_before_change(server) is None
    assert backups.make(server).path.exists()


def test_it_writes_where_it_is_told_and_over_nothing(server, tmp_path):
    output = tmp_path / "elsewhere" / "mine.db"
    assert backups.make(server, output).path == output
    before = output.read_bytes()
    with pytest.raises(BackupError, match="is there already: name another file"):
        backups.make(server, output)
    assert output.read_bytes() == before
    assert names(output.parent) == ["mine.db"]
    assert backups.stored(server) == []


def test_it_overwrites_what_a_killed_backup_left(on_sqlite):
    backups.folder(on_sqlite).mkdir()
    part = backups.folder(on_sqlite) / ".boz.part"
    part.write_bytes(b"half a backup")
    made = backups.make(on_sqlite)
    assert names(backups.folder(on_sqlite)) == [made.path.name]


def test_it_is_beside_the_database_by_default(on_sqlite):
    assert on_sqlite.database.path is not None
    assert backups.make(on_sqlite).path.parent == on_sqlite.database.path.parent / "backups"


@pytest.mark.parametrize(
    ("written", "problem"),
    [(b"Dear diary", "is no backup of a database"), (b"SQLite format 3\0", "is damaged")],
)
def test_it_gives_no_final_name_to_an_incomplete_backup(on_sqlite, monkeypatch, written, problem):
    monkeypatch.setattr(backup, "_copy_sqlite", lambda _, path: path.write_bytes(written))
    with pytest.raises(BackupError, match=f"No backup was made: what was written {problem}"):
        backups.make(on_sqlite)
    assert names(backups.folder(on_sqlite)) == []


def test_it_says_where_it_can_not_write(server):
    backups.folder(server).touch()  # a file stands in its place
    with pytest.raises(BackupError, match=f"{backups.folder(server)} can't be written to"):
        backups.make(server)


def test_it_waits_for_another_one_and_leaves_what_that_made_alone(on_sqlite):
    backups.folder(on_sqlite).mkdir()
    part = backups.folder(on_sqlite) / ".boz.part"
    other = own(part)
    assert other is not None
    with other:
        with pytest.raises(BackupUnderWay):
            backups.make(on_sqlite, wait_seconds=0)
        assert BackupStep().run(on_sqlite) is None
        made: list[object] = []
        waiting = threading.Thread(target=lambda: made.append(backups.make(on_sqlite)))
        waiting.start()
        whole = part.rename(backups.folder(on_sqlite) / "whole.db")
        whole.write_bytes(b"all of it")
    waiting.join()
    assert (len(made), whole.read_bytes()) == (1, b"all of it")


def test_it_says_what_is_missing_without_pg_dump(
    postgres_migrated, tmp_path, clock, monkeypatch, caplog
):
    monkeypatch.setenv("PATH", str(tmp_path))
    database = Database(postgres_migrated)
    server = Context.build(Settings(backup_dir=tmp_path / "kept"), clock, database)
    step = BackupStep()
    with pytest.raises(BackupError, match="pg_dump is not installed here: install PostgreSQL's"):
        backups.make(server)
    with caplog.at_level(logging.WARNING):
        assert step.run(server) is None
        assert step.run(server) is None
    assert caplog.text.count("pg_dump is not installed") == 1
    database.close()


def test_it_makes_none_by_itself_with_programs_that_are_too_old(
    postgres_migrated, tmp_path, clock, monkeypatch, caplog
):
    """Otherwise no server would start on a database that is newer than its programs."""
    old = tmp_path / "pg_dump"
    old.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 9.6.24'\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    database = Database(postgres_migrated)
    server = Context.build(Settings(backup_dir=tmp_path / "kept"), clock, database)
    assert BackupStep().run(server) is None
    assert "No backups are made: pg_dump is 9 here, and the database server 18." in caplog.text
    database.close()


def test_it_hides_the_password_from_other_users(tmp_path, clock, monkeypatch):
    spy = tmp_path / "pg_dump"
    spy.write_text(f'#!/bin/sh\necho "$@ PGPASSWORD=$PGPASSWORD" > {tmp_path}/seen\nexit 1\n')
    spy.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    database = Database("postgresql://boz:hunter2@127.0.0.1:1/boz")
    server = Context.build(Settings(backup_dir=tmp_path / "kept"), clock, database)
    with pytest.raises(BackupError, match="No backup was made: it gave no reason"):
        backups.make(server)
    arguments, _, password = (tmp_path / "seen").read_text().strip().partition(" PGPASSWORD=")
    assert (password, "hunter2" in arguments, "user=boz" in arguments) == ("hunter2", False, True)


def test_it_makes_one_before_the_schema_changes(on_sqlite):
    migrations = Migrations(
        on_sqlite.database, before_change=partial(make_before_change, on_sqlite)
    )
    assert migrations.upgrade() == []
    assert backups.stored(on_sqlite) == []
    migrations.downgrade(OURS[-2])
    (one,) = backups.stored(on_sqlite)
    assert backup.inspect(one.path).schema_version == OURS[-1]
    migrations.upgrade()
    assert [
        backup.inspect(found.path).schema_version for found in backups.stored(on_sqlite)
    ] == OURS[-2:]


def test_it_makes_none_where_there_is_nothing_to_lose(on_sqlite):
    Agent.delete().execute()
    Migrations(on_sqlite.database, before_change=partial(make_before_change, on_sqlite)).downgrade()
    assert backups.stored(on_sqlite) == []


def test_it_leaves_the_schema_as_it_is_where_no_backup_can_be_made(on_sqlite):
    backups.folder(on_sqlite).touch()
    migrations = Migrations(
        on_sqlite.database, before_change=partial(make_before_change, on_sqlite)
    )
    with pytest.raises(BackupError, match="can't be written to"):
        migrations.downgrade()
    assert migrations.applied() == OURS


def test_it_reckons_with_the_age_that_the_name_tells(server, clock):
    made = backups.make(server)
    made.path.touch()
    assert backups.latest_at(server) == clock.now() - timedelta(microseconds=123456)
