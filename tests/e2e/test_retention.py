"""Old jobs are deleted under load, also by a server that is killed meanwhile."""

import logging
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.e2e.gunicorn_server import GunicornServer, until
from tests.e2e.write_load import WriteLoad

log = logging.getLogger(__name__)

EVENTS_A_JOB = 4
#: Each related to no other disc.
DISCS = 20
SECONDS_A_THOUSAND = 5
MEASURED_SECONDS = 1.0
#: What heartbeats may take at most meanwhile, times what they take else; or less than this, which
#: tells a request that waited for all of the pruning from one on a machine on which others work.
SLOWER, LEAST_SECONDS = 3.0, 1.0


def fill(path: Path, jobs: int) -> None:
    """Enter jobs that were done a year ago, with their events, and discs as old; no server has the
    file."""
    ended = (datetime.now(UTC) - timedelta(days=365)).strftime("%F %T.%f")
    job_ids = [f"old-{number}" for number in range(jobs)]
    with closing(sqlite3.connect(path)) as database:
        database.executemany(
            "INSERT INTO jobs (job_id, job_type, status, thumbnail_timestamps, created_at,"
            " completed_at) VALUES (?, 'transcode', 'completed', '[]', ?, ?)",
            ((job_id, ended, ended) for job_id in job_ids),
        )
        database.execute(
            "INSERT INTO agents (agent_id, name, status, capabilities)"
            " VALUES ('old', 'Old', 'offline', '{}')"
        )
        database.executemany(
            "INSERT INTO discs (disc_id, agent_id, drive, disc_name, fingerprint, status,"
            " detected_at) VALUES (?, 'old', 'D:', ?, ?, 'ejected', ?)",
            ((name, name, name, ended) for name in job_ids[:DISCS]),
        )
        database.executemany(
            "INSERT INTO job_events (job_id, at, to_status, actor, attempt)"
            " VALUES (?, ?, 'completed', 'server', 0)",
            ((job_id, ended) for job_id in job_ids for _ in range(EVENTS_A_JOB)),
        )
        database.commit()


class Onlooker:
    """Reads the database of a running server."""

    def __init__(self, path: Path) -> None:
        self.connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30)

    def count(self, rows: str) -> int:
        query = f"SELECT COUNT(*) FROM {rows}"  # noqa: S608 - our own text
        found: int = self.connection.execute(query).fetchone()[0]
        return found

    def old_jobs(self) -> int:
        return self.count("jobs WHERE job_id LIKE 'old-%'")


@pytest.fixture
def onlooker(server: GunicornServer) -> Iterator[Onlooker]:
    server.start()
    found = Onlooker(server.database)
    yield found
    found.connection.close()


@pytest.mark.parametrize("number", [int(os.environ.get("OLD_JOBS", "1000"))])
def test_it_deletes_old_jobs_beside_live_traffic(server, onlooker, number):
    server.stop()
    fill(server.database, number)
    longest = 30 + SECONDS_A_THOUSAND * number / 1000

    server.start()
    until(lambda: onlooker.old_jobs() < number, longest)
    server.kill()
    left = onlooker.old_jobs()
    assert onlooker.count("job_events WHERE job_id LIKE 'old-%'") == left * EVENTS_A_JOB
    assert 0 < left < number

    with closing(sqlite3.connect(server.database)) as database:
        # the wait for the leader that was killed is over.
        assert database.execute("DELETE FROM leases").rowcount == 1
        database.commit()
    server.start()
    with WriteLoad(server) as load:
        began = time.monotonic()
        until(lambda: onlooker.old_jobs() == onlooker.count("discs") == 0, longest)
        ended = time.monotonic()
        meanwhile = load.p99(began, ended)
        rate = load.rate(began, ended, len(load.jobs))
        time.sleep(MEASURED_SECONDS)
        usual = load.p99(ended, time.monotonic())
    log.warning(
        "%d jobs with %d events in %.1f s beside %.0f requests/s; heartbeats' p99 %.1f ms"
        " meanwhile, %.1f ms else",
        left, left * EVENTS_A_JOB, ended - began, rate, meanwhile * 1000, usual * 1000,
    )  # fmt: skip
    assert load.refused == []
    assert meanwhile < max(SLOWER * usual, LEAST_SECONDS)
    assert onlooker.count("job_events WHERE job_id LIKE 'old-%'") == 0
    assert onlooker.count("jobs") == len(load.jobs)
    assert onlooker.count("archived_discs") == DISCS
