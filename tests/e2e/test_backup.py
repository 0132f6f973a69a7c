"""Backups of a server under load, and restoring one."""

import logging
import os
import signal
import sqlite3
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.e2e.gunicorn_server import PROJECT, GunicornServer, until
from tests.e2e.write_load import WriteLoad

log = logging.getLogger(__name__)

#: The size of other rows, so that a backup takes a while.
FILLER_BYTES = 30_000_000
MEASURED_SECONDS = 1.0


def command(server: GunicornServer, *arguments: str) -> "subprocess.Popen[str]":
    """`flask db …` with the server's environment, under way."""
    return subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "flask", "db", *arguments],
        cwd=PROJECT,
        env=server.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def done(process: "subprocess.Popen[str]") -> tuple[int, str]:
    """A command's exit code and its last line."""
    out, err = process.communicate(timeout=60)
    return process.returncode, (out or err).strip().splitlines()[-1]


def fill(path: Path) -> None:
    """Fill a database that no server uses."""
    database = sqlite3.connect(path)
    rows = (
        (f"{number}", f'"{os.urandom(30_000).hex()}"', datetime.now(UTC).strftime("%F %T"))
        for number in range(FILLER_BYTES // 60_000)
    )
    database.executemany(
        "INSERT INTO provider_cache (provider, key, answer, fetched_at) VALUES ('x', ?, ?, ?)", rows
    )
    database.commit()
    database.close()


@pytest.fixture
def server(server: GunicornServer) -> GunicornServer:
    """A server on a large database that makes no backups by itself."""
    server.environment["BOZ_BACKUP_INTERVAL_HOURS"] = "0"
    assert done(command(server, "upgrade"))[0] == 0
    fill(server.database)
    return server


def jobs_in(path: Path) -> set[str]:
    database = sqlite3.connect(path)
    found = {job_id for (job_id,) in database.execute("SELECT job_id FROM jobs")}
    database.close()
    return found


def test_it_has_all_that_was_acknowledged_before(server, tmp_path):
    server.start()
    backup = tmp_path / "backup.db"
    with WriteLoad(server) as load:
        time.sleep(0.3)
        began, jobs = time.monotonic(), len(load.jobs)
        time.sleep(MEASURED_SECONDS)
        usual_p99 = load.p99(began, time.monotonic())
        usual = load.rate(began, time.monotonic(), len(load.jobs) - jobs)
        before, began = list(load.jobs), time.monotonic()
        code, said = done(command(server, "backup", "--output", str(backup)))
        ended = time.monotonic()
        p99 = load.p99(began, ended)
        meanwhile = load.rate(began, ended, len(load.jobs) - len(before))
        refused = done(command(server, "restore", str(backup)))
    log.warning(
        "%.0f requests/s before, %.0f meanwhile; heartbeats' p99 %.1f ms before, %.1f ms meanwhile;"
        " %s in %.1f s",
        usual, meanwhile, usual_p99 * 1000, p99 * 1000, said, ended - began,
    )  # fmt: skip
    assert (code, load.refused) == (0, [])
    assert refused[0] == 1
    assert "A server has the database open: stop it first" in refused[1]

    server.kill()
    until(lambda: done(command(server, "restore", str(backup)))[0] == 0, 30)
    assert set(before) <= jobs_in(server.database) < set(load.jobs)
    server.start()
    assert server.get("/health")["queue"]["pending"] == len(jobs_in(server.database))


def test_it_lets_others_write_however_long_it_takes(server):
    server.start()
    part = server.database.parent / "backups" / f".{server.database.stem}.part"
    process = command(server, "backup")
    while process.poll() is None and not (part.exists() and part.stat().st_size > 0):
        pass
    process.send_signal(signal.SIGSTOP)
    assert part.stat().st_size < FILLER_BYTES
    server.post("/api/agents/register", agent_id="pc", name="PC")
    process.send_signal(signal.SIGCONT)
    assert done(process)[0] == 0


def test_it_leaves_no_half_backup_when_it_is_killed(server):
    folder = server.database.parent / "backups"
    part = folder / f".{server.database.stem}.part"
    for least_bytes in (1, FILLER_BYTES // 3):
        process = command(server, "backup")
        until(lambda least=least_bytes: part.exists() and part.stat().st_size >= least, 30)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        left = {path.name for path in folder.iterdir()}
        assert {part.name} <= left <= {part.name, f"{part.name}-journal"}
    assert done(command(server, "backup"))[0] == 0
    (made,) = folder.iterdir()
    assert made.stat().st_size > FILLER_BYTES
