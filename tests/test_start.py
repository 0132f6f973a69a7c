"""A server starts only where its folders and its database are in order, and says what is not."""

import logging
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from boz_server import start
from boz_server.database.connection import Database
from boz_server.database.legacy.filling import AdoptionError
from boz_server.database.migrations import Migrations
from boz_server.errors import SettingsError, StartError
from boz_server.settings import Settings
from boz_server.start import prepare
from tests.database.folders import OURS
from tests.database.legacy import LegacyDatabase

PROJECT = Path(__file__).parents[1]


@pytest.fixture
def fresh(tmp_path: Path) -> Settings:
    """Settings of a server that has never started; only the database's folder is there."""
    return Settings(
        database_url=f"sqlite:///{tmp_path}/boz.db",
        temp_dir=tmp_path / "some" / "temp",
        output_dir=tmp_path / "some" / "output",
        thediscdb_enabled=False,
    )


def applied(settings: Settings) -> list[str]:
    """The migrations that the settings' database has had."""
    database = Database.from_settings(settings)
    found = Migrations(database).applied()
    database.close()
    return found


def test_it_makes_folders_and_schema(fresh):
    prepare(fresh)
    assert fresh.temp_dir.is_dir()
    assert fresh.output_dir.is_dir()
    assert OURS[0] == "001_initial_schema"
    assert applied(fresh) == OURS


def test_it_leaves_no_probe_behind(fresh, tmp_path):
    prepare(fresh)
    left = {path.name for path in tmp_path.rglob("*") if path.is_file()}
    assert left <= {f"boz.db{ending}" for ending in ("", "-wal", "-shm", ".turn", ".next")}


def test_it_tolerates_another_server_that_probes_the_folders(fresh, monkeypatch):
    touch = Path.touch

    def touch_and_lose(path: Path) -> None:
        touch(path)
        path.unlink()  # as the other one does, just before we do

    monkeypatch.setattr(Path, "touch", touch_and_lose)
    prepare(fresh)
    assert [*fresh.temp_dir.iterdir()] == [*fresh.output_dir.iterdir()] == []
    assert applied(fresh) == OURS


def test_it_starts_again_on_what_is_there(fresh):
    prepare(fresh)
    (fresh.output_dir / "film.mkv").touch()
    prepare(fresh)
    assert (fresh.output_dir / "film.mkv").exists()
    assert applied(fresh) == OURS


def test_it_backs_up_what_is_there_before_it_migrates(fresh, tmp_path):
    prepare(fresh)
    assert not (tmp_path / "backups").exists()
    database = Database(fresh.database_url)
    database.peewee.execute_sql("INSERT INTO leases (name, renewed_at) VALUES ('a', '2026-01-24')")
    Migrations(database).downgrade()
    database.close()
    prepare(fresh)
    assert len(list((tmp_path / "backups").iterdir())) == 1
    prepare(fresh)
    assert len(list((tmp_path / "backups").iterdir())) == 1


def test_it_leaves_no_connection_open_to_be_carried_over_a_fork(settings, monkeypatch):
    made: list[Database] = []

    class Watched(Database):
        def __init__(self, url: str, **limits: float) -> None:
            super().__init__(url, **limits)  # type: ignore[arg-type]
            made.append(self)

    monkeypatch.setattr(start, "Database", Watched)
    prepare(settings)
    (database,) = made
    assert database.peewee.is_closed()
    assert (database.peewee._connections, database.peewee._in_use) == ([], {})


def test_it_asks_for_the_command_where_it_must_not_migrate(fresh):
    by_hand = replace(fresh, auto_migrate=False)
    with pytest.raises(StartError, match="run 'flask db upgrade', or set BOZ_AUTO_MIGRATE=true"):
        prepare(by_hand)
    assert applied(fresh) == []
    prepare(fresh)
    prepare(by_hand)


@pytest.fixture
def legacy(tmp_path: Path) -> LegacyDatabase:
    """A database of the old system where ours is to be."""
    legacy = LegacyDatabase(tmp_path / "boz.db")
    legacy.add("agents")
    legacy.add("jobs", disc_id="gone")
    return legacy


def test_it_adopts_a_database_of_the_old_system(fresh, legacy, tmp_path, caplog):
    with caplog.at_level(logging.INFO, "boz_server"):
        prepare(fresh)
    assert applied(fresh)
    (backup,) = tmp_path.glob("boz.db.legacy-*")
    assert "jobs: disc_id: the disc is gone, set to null (1 row)." in caplog.messages
    (told,) = [record for record in caplog.records if hasattr(record, "backup")]
    assert told.backup == str(backup)
    caplog.clear()
    prepare(fresh)
    assert len(list(tmp_path.glob("boz.db.legacy-*"))) == 1
    assert not [record for record in caplog.records if "adopt" in record.getMessage()]


def test_it_asks_for_the_command_where_it_must_not_adopt(fresh, legacy):
    before = legacy.path.read_bytes()
    with pytest.raises(StartError, match=f"run 'flask db adopt {legacy.path}', or set BOZ_AUTO"):
        prepare(replace(fresh, auto_migrate=False))
    assert legacy.path.read_bytes() == before


def test_it_leaves_the_old_database_that_it_can_not_adopt(fresh, legacy, tmp_path):
    before = legacy.damage()
    with pytest.raises(AdoptionError, match=r"boz\.db can't be adopted, and is as it was: .*\.$"):
        prepare(fresh)
    assert legacy.path.read_bytes() == before
    assert {path.name for path in tmp_path.iterdir() if path.is_file()} == {"boz.db"}


@pytest.mark.parametrize("auto_migrate", [True, False])
def test_it_refuses_the_database_of_another_program(fresh, tmp_path, auto_migrate):
    database = Database(fresh.database_url)
    database.peewee.execute_sql("CREATE TABLE agents (agent_id VARCHAR(100))")
    database.close()
    before = (tmp_path / "boz.db").read_bytes()
    with pytest.raises(StartError, match="'agents' that this server did not make"):
        prepare(replace(fresh, auto_migrate=auto_migrate))
    assert (tmp_path / "boz.db").read_bytes() == before


def test_it_refuses_a_database_of_a_newer_server(fresh, tmp_path):
    prepare(fresh)
    database = Database(fresh.database_url)
    database.peewee.execute_sql(
        "INSERT INTO migratehistory (name, migrated_at) VALUES ('999_future', '2030-01-01')"
    )
    database.close()
    with pytest.raises(StartError, match="newer than this server"):
        prepare(fresh)


@pytest.mark.parametrize("name", ["temp_dir", "output_dir"])
def test_it_names_folder_and_variable_where_a_folder_can_not_be_made(fresh, tmp_path, name):
    (tmp_path / "file").touch()
    folder = tmp_path / "file" / "folder"
    with pytest.raises(StartError, match=f"{folder} .*BOZ_{name.upper()}"):
        prepare(replace(fresh, **{name: folder}))


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a folder that takes no file")
@pytest.mark.parametrize("name", ["temp_dir", "output_dir"])
def test_it_names_folder_and_variable_where_a_folder_takes_no_file(fresh, name):
    with pytest.raises(StartError, match=f"/proc/self .*BOZ_{name.upper()}"):
        prepare(replace(fresh, **{name: Path("/proc/self")}))


def test_it_names_folder_and_variable_where_the_databases_folder_is_missing(fresh, tmp_path):
    with pytest.raises(StartError, match=f"{tmp_path}/nowhere .*BOZ_DATABASE_URL"):
        prepare(replace(fresh, database_url=f"sqlite:///{tmp_path}/nowhere/boz.db"))


def test_it_refuses_a_database_on_a_network_share_unless_that_is_allowed(
    fresh, monkeypatch, tmp_path
):
    monkeypatch.setattr(start, "network_type", lambda _: "nfs4")
    with pytest.raises(StartError, match=r"\(nfs4\).* or set BOZ_ALLOW_NETWORK_FS=true"):
        prepare(fresh)
    assert not (tmp_path / "boz.db").exists()
    prepare(replace(fresh, allow_network_fs=True))


def test_it_refuses_an_address_that_names_no_database(fresh):
    with pytest.raises(SettingsError, match="BOZ_DATABASE_URL"):
        prepare(replace(fresh, database_url="mysql://host/boz"))


def test_it_says_what_is_wrong_with_a_file_that_is_no_database(fresh, tmp_path):
    (tmp_path / "boz.db").write_text("Dear diary, " * 100)
    sentence = r"^The database that BOZ_DATABASE_URL names can't be used: file is not a database\.$"
    with pytest.raises(StartError, match=sentence):
        prepare(fresh)


def test_it_names_the_variable_where_a_folder_stands_for_the_database(fresh, tmp_path):
    with pytest.raises(StartError, match=r"BOZ_DATABASE_URL .*unable to open database file\.$"):
        prepare(replace(fresh, database_url=f"sqlite:///{tmp_path}"))


def test_it_says_why_a_server_does_not_answer(fresh):
    url = "postgresql://boz:hunter2@127.0.0.1:1/boz"
    with pytest.raises(StartError, match=r"can't be used: .*Connection refused\.$") as refused:
        prepare(replace(fresh, database_url=url))
    assert "hunter2" not in str(refused.value)


def started(module: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """A process of gunicorn's that only reads its configuration or its application."""
    return subprocess.run(  # noqa: S603 - our own server
        [sys.executable, "-m", "gunicorn", "--check-config", *module.split()],
        cwd=PROJECT,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_gunicorn_takes_its_configuration_from_the_settings():
    done = started("--print-config", BOZ_HOST="127.0.0.1", BOZ_PORT="8123", BOZ_WEB_THREADS="3")
    assert done.returncode == 0, done.stderr
    found = dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)
    found = {name.strip(): value.strip() for name, value in found.items()}
    assert (found["bind"], found["threads"], found["workers"]) == ("['127.0.0.1:8123']", "3", "2")


def test_gunicorn_stops_at_a_wrong_setting_with_one_sentence():
    done = started("", BOZ_PORT="eighty")
    assert done.returncode == 1
    assert done.stderr == "BOZ_PORT is 'eighty', but must be a whole number from 1 to 65535.\n"


def test_gunicorn_stops_at_an_address_that_names_no_database_with_one_sentence():
    done = started("", BOZ_DATABASE_URL="mysql://host/boz")
    assert done.returncode == 1
    assert done.stderr.startswith("BOZ_DATABASE_URL must read sqlite:////path/to/file.db or")
    assert len(done.stderr.splitlines()) == 1
