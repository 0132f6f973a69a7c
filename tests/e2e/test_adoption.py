"""A real server adopts a database of the old system, also when it is killed meanwhile or another
server starts at the same time."""

import time
from pathlib import Path

from boz_server.database.legacy.legacy_file import is_legacy
from tests.database.legacy import LegacyDatabase
from tests.database.legacy_in_use import DISCS, JOBS, fill
from tests.e2e.gunicorn_server import GunicornServer, until


def old_database(server: GunicornServer) -> Path:
    """A database of the old system at the place of the server's."""
    legacy = LegacyDatabase(server.database)
    fill(legacy)
    return legacy.path


def assert_all_is_there(server: GunicornServer) -> None:
    """Check that the server serves what the old database held."""
    assert len(server.get("/api/jobs?limit=5000")) == JOBS
    assert len(server.get("/api/discs")) == DISCS
    assert server.get("/health")["workers"]["total_workers"] == 5


def backups(server: GunicornServer) -> list[Path]:
    """The backups of the old database."""
    return list(server.database.parent.glob("boz.db.legacy-*Z*"))


def test_it_serves_what_the_old_database_held(server):
    old_database(server)
    server.start()
    assert_all_is_there(server)
    assert "boz_server.database.legacy.adoption" in server.log.read_text()
    (backup,) = backups(server)
    assert is_legacy(backup)
    server.kill()
    server.start()
    assert_all_is_there(server)
    assert backups(server) == [backup]


def test_it_goes_on_after_kills_while_it_adopts(server):
    path = old_database(server)
    part = path.with_name("boz.db.adopted.part")
    for moment in (0.0, 0.1, 0.3):
        server.launch()
        until(lambda: part.exists() or not is_legacy(path), 30)
        time.sleep(moment)
        server.kill()
    server.start()
    assert_all_is_there(server)
    assert not list(path.parent.glob("*.part*"))
    assert all(is_legacy(backup) for backup in backups(server))


def test_two_servers_that_start_at_once_adopt_once(server):
    old_database(server)
    other = GunicornServer(server.folder)
    other.launch()
    try:
        server.start()
        assert_all_is_there(server)
        assert len(backups(server)) == 1
    finally:
        other.kill()
