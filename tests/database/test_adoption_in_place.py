"""At every moment, the file is the old database or the new one, whatever is killed or in the
way."""

import os
import re
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import NoReturn

import pytest

from boz_server.database.connection import Database
from boz_server.database.legacy import in_place, legacy_file
from boz_server.database.legacy.filling import AdoptionError
from boz_server.database.legacy.in_place import Adopted, adopt_in_place
from boz_server.database.legacy.legacy_file import is_legacy
from boz_server.database.models.base import database_proxy
from tests.database.legacy import LegacyDatabase
from tests.database.processes import all_at_once, child, die, ended
from tests.database.rows import NOW

BACKUP = "boz.db.legacy-20260124T123456Z"

#: Has the file open for this many seconds.
LOOKS = """
import sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1])
connection.execute("SELECT * FROM agents").fetchall()
print("ready", flush=True)
time.sleep(float(sys.argv[2]))
"""


@pytest.fixture
def old(tmp_path: Path) -> LegacyDatabase:
    """The old database at the place of ours."""
    legacy = LegacyDatabase(tmp_path / "boz.db")
    legacy.add_all([("agents", {}), *(("jobs", {"job_id": str(number)}) for number in range(200))])
    return legacy


def adopted(path: Path) -> Adopted | None:
    """What adopting a file in its place comes to."""
    return adopt_in_place(path, NOW, lambda *_: False)


def left_half_done(path: Path, mode: str) -> NoReturn:
    """Leave a row in a -wal file, or half a change with its -journal, as a killed program does."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(f"PRAGMA journal_mode = {mode}").fetchone()
    connection.execute("PRAGMA cache_size = 1")
    connection.execute("PRAGMA cache_spill = 1")
    connection.execute("UPDATE agents SET name = 'Committed'")
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("UPDATE agents SET name = 'Half done'")
    for number in range(200):
        connection.execute("UPDATE jobs SET error = ? WHERE job_id = ?", ["x" * 3000, str(number)])
    die()


def names(path: Path) -> list[str]:
    """The names of the agents in a database of either system."""
    with closing(sqlite3.connect(path)) as connection:
        return [name for (name,) in connection.execute("SELECT name FROM agents")]


def files(folder: Path) -> set[str]:
    """The files of a folder."""
    return {path.name for path in folder.iterdir()}


def test_it_leaves_the_new_database_and_a_backup(old, tmp_path):
    done = adopted(old.path)
    assert done is not None
    assert done.backup == tmp_path / BACKUP
    assert files(tmp_path) == {"boz.db", BACKUP}
    assert not is_legacy(old.path)
    assert is_legacy(done.backup)
    assert names(old.path) == names(done.backup) == ["Living room"]


def test_it_adopts_once(old, tmp_path):
    adopted(old.path)
    before = old.path.read_bytes()
    assert adopted(old.path) is None
    assert old.path.read_bytes() == before
    assert files(tmp_path) == {"boz.db", BACKUP}


def test_it_writes_over_no_earlier_backup(old, tmp_path):
    first = adopted(old.path)
    assert first is not None
    shutil.copy(first.backup, old.path)  # someone went back
    again = adopted(old.path)
    assert again is not None
    assert again.backup != first.backup
    assert len(files(tmp_path)) == 3


@pytest.mark.parametrize("mode", ["wal", "delete"])
def test_it_sets_right_what_a_killed_program_left(old, tmp_path, mode):
    assert ended(child(lambda: left_half_done(old.path, mode))) == -signal.SIGKILL
    assert files(tmp_path) > {"boz.db"}
    done = adopted(old.path)
    assert done is not None
    assert names(old.path) == names(done.backup) == ["Committed"]
    assert files(tmp_path) == {"boz.db", done.backup.name}


@pytest.mark.parametrize("suffix", ["-wal", "-shm", "-journal"])
def test_it_leaves_nothing_beside_the_new_database_that_was_beside_the_old_one(
    old, tmp_path, suffix
):
    old.path.with_name(old.path.name + suffix).write_bytes(b"\x00" * 4096)
    adopted(old.path)
    assert files(tmp_path) == {"boz.db", BACKUP}
    assert names(old.path) == ["Living room"]


STEPS = [
    (legacy_file, "copy"),
    (in_place, "adopt_into"),
    (legacy_file, "require_sound"),
    (legacy_file, "sync"),
    (in_place, "_hand_over"),
    (in_place, "_exchange"),
    (in_place, "rename_noreplace"),
    (os, "replace"),
    (in_place, "sync_folder"),
]
IDS = [step for _, step in STEPS]


@pytest.mark.parametrize(("module", "step"), STEPS[:-1], ids=IDS[:-1])
def test_it_leaves_the_old_database_where_a_step_fails(old, tmp_path, monkeypatch, module, step):
    before = old.path.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(module, step, fails)
        with pytest.raises(OSError, match="no more"):
            adopted(old.path)
    assert old.path.read_bytes() == before
    assert files(tmp_path) == {"boz.db"}
    assert adopted(old.path) is not None


def fails(*_: object) -> None:
    """What a step does on a disk that does no more."""
    raise OSError("no more")


@pytest.mark.parametrize(("module", "step"), STEPS, ids=IDS)
def test_it_goes_on_after_a_kill_at_any_step(old, tmp_path, module, step):
    def work() -> int:
        setattr(module, step, die)
        adopted(old.path)
        return 0

    assert ended(child(work)) == -signal.SIGKILL
    assert is_legacy(old.path) == (step != "sync_folder")
    assert names(old.path) == ["Living room"]
    adopted(old.path)
    assert not is_legacy(old.path)
    assert names(old.path) == ["Living room"]
    assert not any(name.endswith(".part") for name in files(tmp_path))
    backups = [name for name in files(tmp_path) if ".legacy-" in name]
    assert all(is_legacy(tmp_path / name) for name in backups)
    assert backups


@pytest.mark.parametrize("mode", ["wal", "delete"])
def test_it_is_done_once_where_several_servers_start_at_once(old, tmp_path, mode):
    old.run(f"PRAGMA journal_mode = {mode}")
    assert all_at_once(3, lambda: adopted(old.path) is not None) == [0, 0, 1]
    assert files(tmp_path) == {"boz.db", BACKUP}


@pytest.mark.parametrize("mode", ["wal", "delete"])
def test_it_refuses_while_the_old_server_writes(old, monkeypatch, mode):
    monkeypatch.setattr(legacy_file, "WAIT_SECONDS", 0.1)
    # By the same copy of SQLite: another one in this process would not see its locks.
    with legacy_file.connected(old.path) as server:
        server.execute(f"PRAGMA journal_mode = {mode}")
        server.execute("BEGIN IMMEDIATE")
        with pytest.raises(AdoptionError, match="stop the old server"):
            adopted(old.path)
        server.execute("UPDATE agents SET name = 'Written meanwhile'")
        server.execute("COMMIT")
    assert is_legacy(old.path)
    assert adopted(old.path) is not None
    assert names(old.path) == ["Written meanwhile"]


def test_it_waits_for_a_look_that_another_server_takes(old):
    looking = looks_at(old, seconds=0.5)
    assert adopted(old.path) is not None
    looking.communicate(timeout=60)


def test_it_refuses_while_the_old_server_idles(old, monkeypatch):
    monkeypatch.setattr(legacy_file, "WAIT_SECONDS", 0.1)
    idle = looks_at(old, seconds=600)
    words = f"Another program has the database {old.path} open: stop the old server"
    with pytest.raises(AdoptionError, match=re.escape(words)):
        adopted(old.path)
    idle.kill()
    idle.communicate(timeout=60)
    assert is_legacy(old.path)
    assert adopted(old.path) is not None


def looks_at(old: LegacyDatabase, seconds: float) -> "subprocess.Popen[str]":
    """A process that has the old database open, in WAL mode, for so long."""
    old.run("PRAGMA journal_mode = wal")
    looking = subprocess.Popen(  # noqa: S603 - a process of ours
        [sys.executable, "-c", LOOKS, str(old.path), str(seconds)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert looking.stdout is not None
    assert looking.stdout.readline() == "ready\n"
    return looking


def test_it_refuses_a_damaged_file(old, tmp_path):
    before = old.damage()
    # Of the copy of SQLite that the server uses.
    with pytest.raises(legacy_file.sqlite3.DatabaseError):
        adopted(old.path)
    assert old.path.read_bytes() == before
    assert files(tmp_path) == {"boz.db"}


def test_it_keeps_the_old_database_where_the_new_one_is_not_one_file(old, tmp_path, monkeypatch):
    beside = tmp_path / "boz.db.adopted.part-wal"
    monkeypatch.setattr(in_place, "_hand_over", lambda *_: beside.touch())
    with pytest.raises(AdoptionError, match=r"-wal could not be merged"):
        adopted(old.path)
    assert files(tmp_path) == {"boz.db"}
    assert is_legacy(old.path)


def test_it_keeps_the_files_mode(old):
    old.path.chmod(0o640)
    done = adopted(old.path)
    assert done is not None
    for path in (old.path, done.backup):
        assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_it_follows_a_link_to_the_file(old, tmp_path):
    link = tmp_path / "link" / "boz.db"
    link.parent.mkdir()
    link.symlink_to(old.path)
    done = adopted(link)
    assert done is not None
    assert link.is_symlink()
    assert not is_legacy(old.path)
    assert done.backup.parent == tmp_path


def test_it_leaves_the_models_in_the_database_they_were_in(old, tmp_path):
    database = Database(f"sqlite:///{tmp_path}/other.db")
    adopted(old.path)
    assert database_proxy.obj is database.peewee


def test_it_does_not_wait_for_another_process_for_good(old, monkeypatch):
    monkeypatch.setattr(in_place, "MIGRATION_WAIT_SECONDS", 0)
    monkeypatch.setattr(in_place, "_LOOK_SECONDS", 0.01)
    monkeypatch.setattr(in_place, "lock_folder", lambda _: False)
    with pytest.raises(AdoptionError, match="Another process has been adopting"):
        adopted(old.path)
    assert is_legacy(old.path)
