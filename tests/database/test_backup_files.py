"""What a file is worth as a backup."""

import shutil
from pathlib import Path

import peewee
import pytest

from boz_server.database import backup
from boz_server.database.connection import Database
from tests.database.folders import OURS


@pytest.fixture
def file(sqlite_template: Path, tmp_path: Path) -> Path:
    """A backup that is whole."""
    return Path(shutil.copy(sqlite_template, tmp_path / "backup.db"))


def problem(path: Path, *, thoroughly: bool = False) -> str:
    found = backup.inspect(path, thoroughly=thoroughly).problem
    assert found is not None
    return found


def test_it_takes_one_that_is_whole_and_writes_nothing_beside_it(file):
    assert backup.inspect(file, thoroughly=True) == backup.Verdict(OURS[-1], None)
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_it_refuses_what_is_not_there(tmp_path):
    assert problem(tmp_path / "nowhere.db") == "can't be read (No such file or directory)"


def test_it_refuses_what_is_no_database(file):
    file.write_text("Dear diary, " * 100)
    assert problem(file) == "is no backup of a database"


def test_it_refuses_the_database_of_another_program(file):
    file.unlink()
    other = peewee.SqliteDatabase(file)
    other.execute_sql("CREATE TABLE shelves (name TEXT)")
    other.close()
    assert problem(file) == "is the database of another program"


def test_it_refuses_one_that_was_cut_off(file):
    whole = file.read_bytes()
    for length in (50, 5000, len(whole) - 4096):
        file.write_bytes(whole[:length])
        assert problem(file).startswith("is damaged (")


def test_it_refuses_one_with_a_damaged_page(file):
    whole = bytearray(file.read_bytes())
    page = whole.index(b"002_queue") // 4096 * 4096
    whole[page : page + 64] = bytes(64)
    file.write_bytes(whole)
    assert problem(file).startswith("is damaged (")


def test_it_refuses_rows_that_refer_to_nothing_where_it_looks_thoroughly(file):
    broken = peewee.SqliteDatabase(file)
    broken.execute_sql(
        "INSERT INTO job_events (job_id, at, to_status, actor, attempt)"
        " VALUES ('gone', '2026-01-24 12:00:00', 'queued', 'person', 0)"
    )
    broken.close()
    assert problem(file, thoroughly=True) == ("has rows of 'job_events' that refer to missing ones")
    assert backup.inspect(file).problem is None


@pytest.mark.usefixtures("postgres_programs")
def test_it_reads_a_dump_of_postgresql(postgres_migrated, tmp_path):
    database, dump = Database(postgres_migrated), tmp_path / "boz.dump"
    dump.touch()
    backup.write(database, dump)
    assert backup.inspect(dump) == backup.Verdict(OURS[-1], None)
    dump.write_bytes(dump.read_bytes()[:-2000])
    assert problem(dump).startswith("is damaged (")
    database.close()
