"""Requests that machines send all day read by an index, however long the history is."""

from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from boz_server.services.wiring import Services
from tests.support import (
    approve,
    approved_job,
    create_job,
    detect,
    ok,
    register_agent,
    register_worker,
    report,
    rip,
)

#: What may read a whole table, or walk a whole index in order until a page is full.
ALLOWED = (
    "SCAN CONSTANT ROW",
    "SCAN t1 USING COVERING INDEX idx_jobs_type",  # the counts
    "SCAN t1 USING INDEX idx_jobs_newest",  # the list of all jobs, a page of it
    "SCAN t1 USING INDEX idx_discs_newest",  # likewise of discs
)
#: One row a machine: tens, not thousands.
SMALL = ('FROM "workers"', 'FROM "agents"')


@pytest.fixture
def statements(services: Services) -> Iterator[dict[str, tuple[object, ...]]]:
    """Every statement that a test runs on SQLite, with the parameters of its first run."""
    if services.database.path is None:
        pytest.skip("PostgreSQL plans by statistics: on tables this small an index is no gain")
    seen: dict[str, tuple[object, ...]] = {}
    hooks = services.database.peewee.query_hooks
    hooks.append(lambda event: seen.setdefault(event.sql, event.params))
    yield seen
    hooks.clear()


def plan_of(services: Services, sql: str, parameters: tuple[object, ...]) -> list[str]:
    rows = services.database.peewee.execute_sql(f"EXPLAIN QUERY PLAN {sql}", parameters)
    return [row[3] for row in rows.fetchall()]


def test_it_reads_by_index_in_the_main_flow(
    client: FlaskClient, services: Services, statements: dict[str, tuple[object, ...]]
) -> None:
    register_agent(client)
    register_worker(client)
    disc_id = detect(client)["disc_id"]
    approve(client, disc_id)
    first, *_ = rip(client, disc_id)
    ok(report(client, first, "running", progress=10))
    ok(report(client, first, "completed", output_file="C:\\t00.mkv"))
    transcode = approved_job(client)
    ok(report(client, transcode, "running"))
    ok(report(client, transcode, "completed"))
    ok(report(client, transcode, "completed", error="Upload failed"))
    ok(client.post(f"/api/jobs/{create_job(client)['job_id']}/cancel"))
    ok(client.post("/api/agents/pc/heartbeat"))
    ok(client.post("/api/workers/gpu/heartbeat", json={}))
    for path in (
        "/api/agents/pc/jobs",
        "/api/jobs",
        "/api/jobs?status=failed",
        "/api/jobs/pending",
        "/api/jobs/awaiting-approval",
        "/api/jobs/upload-errors",
        "/api/jobs/stats",
        "/api/discs",
        f"/api/discs/{disc_id}/rip-status",
        "/api/tv-seasons/Firefly:s1",
        "/api/vlc/commands/pc",
    ):
        ok(client.get(path))
    ok(client.post("/api/discs/ejected", json={"agent_id": "pc", "drive": "D:"}))

    scans = {
        f"{step}: {sql}"
        for sql, parameters in list(statements.items())
        if sql.startswith(("SELECT", "UPDATE", "DELETE")) and not any(s in sql for s in SMALL)
        for step in plan_of(services, sql, parameters)
        if step.startswith("SCAN") and not step.startswith(ALLOWED)
    }
    assert scans == set()
