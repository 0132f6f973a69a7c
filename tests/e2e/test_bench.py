"""`make bench` measures a real server, and its history is one that the server could have."""

import json
import subprocess
import sys
from itertools import count, pairwise
from statistics import median

from bench.load import history, report
from bench.load.client import open_loop
from bench.load.workloads import request
from boz_server.database.connection import Database
from boz_server.database.models import Job, JobEvent
from boz_server.domain.queue.job_states import JobStatus
from tests.e2e.gunicorn_server import PROJECT

#: Two discs of twelve jobs, and the jobs that wait for approval.
JOBS = 24 + history.AWAITING
LEAST = f"--jobs {JOBS} --rounds 1 --seconds 0.2 --holders 2 --only progress --json".split()


def summary(*ratios: float) -> report.Summary:
    """What was measured of a workload in some rounds."""
    return report.Summary(100, median(ratios), [*ratios], p50_ms=1, p95_ms=2, p99_ms=3, errors={})


def test_it_measures_a_server(tmp_path):
    path = tmp_path / "found.json"
    subprocess.run(  # noqa: S603
        [sys.executable, "-m", "bench.load", *LEAST, path], cwd=PROJECT, timeout=120, check=True
    )
    (size,) = json.loads(path.read_text())["sizes"]
    row = size["rows"]["progress"]
    assert (size["jobs"], row["errors"], row["statements"]) == (JOBS, {}, 1)
    assert row["rate"] > 0
    assert 0 < row["ratio"] < 1
    assert 0 < row["p50_ms"] <= row["p99_ms"]


def test_it_finds_what_is_slower_than_in_an_earlier_run(tmp_path):
    size = report.SizeReport(JOBS, 1, 50, 50, ceilings={}, rows={})
    found = report.Report("sqlite", [size])
    for name in ("poll", "stats", "list"):
        size.rows[name] = summary(0.48, 0.5, 0.52)
    found.save(tmp_path / "earlier.json")
    size.rows = {
        "poll": summary(0.46, 0.47, 0.48),
        "stats": summary(0.4, 0.4, 0.4),
        "list": summary(0.3, 0.4, 0.55),  # noise
    }
    text, is_worse = report.compared(found, tmp_path / "earlier.json", 0.1)
    assert is_worse
    assert [line.split()[1] for line in text.splitlines() if line.endswith("!")] == ["stats"]


def test_it_finds_nothing_slower_than_itself(tmp_path):
    size = report.SizeReport(JOBS, 1, 50, 50, ceilings={}, rows={"poll": summary(0.5)})
    found = report.Report("sqlite", [size])
    found.save(tmp_path / "earlier.json")
    assert not report.compared(found, tmp_path / "earlier.json", 0.1)[1]


def test_it_sends_each_agents_requests_when_they_are_due(server):
    server.start()
    days = [((0.05 + 0.1 * n, request("GET", "/livez")) for n in count()) for _ in range(3)]
    result = open_loop(("127.0.0.1", server.port), days, 0.5, 0.2)
    assert not result.errors
    assert len(result.latencies) == 3 * 5


def test_its_history_holds_together(tmp_path):
    url = f"sqlite:///{tmp_path}/boz.db"
    history.fill(tmp_path, url, JOBS, lambda _: None)
    database = Database(url)
    try:
        assert database.peewee.execute_sql("PRAGMA foreign_key_check").fetchall() == []
        assert Job.select().count() == JOBS
        jobs = list(Job.select().where(Job.status == JobStatus.COMPLETED))
        assert len(jobs) == JOBS - history.AWAITING
        for job in jobs:
            events = list(JobEvent.select().where(JobEvent.job == job).order_by(JobEvent.event_id))
            assert events[0].from_status is None
            assert all(one.to_status == next_.from_status for one, next_ in pairwise(events))
            assert events[-1].to_status == job.status
    finally:
        database.close()
