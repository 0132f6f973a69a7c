"""Requests that machines send all day read by an index, however long the history is."""

import pytest
from flask.testing import FlaskClient

from boz_server.services.wiring import Services
from tests.plans import noted, scans
from tests.support import (
    approve,
    approved_job,
    create_job,
    detect,
    ok,
    poll,
    queued_job,
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
    "SCAN t1 USING INDEX idx_library_newest",
    "SCAN t1 USING INDEX idx_tv_seasons_order",
)


# PostgreSQL plans by statistics: on tables this small an index is no gain to it.
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_it_reads_by_index_in_the_main_flow(client: FlaskClient, services: Services) -> None:
    with noted(services) as statements:
        register_agent(client)
        register_worker(client)
        disc_id = detect(client)["disc_id"]
        approve(client, disc_id)
        first, second, *_ = rip(client, disc_id)
        ok(report(client, first, "running", progress=10))
        ok(report(client, first, "completed", output_file="C:\\t00.mkv"))
        offered = {"disc_id": disc_id, "title_index": 0, "input_file": "C:\\t00.mkv"}
        assert create_job(client, **offered)["source_job_id"] == first
        ok(report(client, second, "failed"))
        ok(client.post(f"/api/jobs/{second}/retry"))
        transcode = approved_job(client)
        ok(report(client, transcode, "running"))
        ok(report(client, transcode, "completed"))
        ok(report(client, transcode, "completed", error="Upload failed"))
        waiting = create_job(client)["job_id"]
        ok(client.post(f"/api/jobs/{waiting}/priority", json={"priority": 3}))
        ok(client.post(f"/api/jobs/{waiting}/bump"))
        ok(client.post(f"/api/jobs/{waiting}/cancel"))
        ok(client.post("/api/agents/pc/heartbeat"))
        ok(client.post("/api/workers/gpu/heartbeat", json={}))
        register_worker(client, "farm", agent_id=None, worker_type="remote")
        queued_job(client)
        poll(client)
        services.maintenance.tick()
        for path in (
            "/api/agents/pc/jobs",
            "/api/jobs",
            "/api/jobs?status=failed",
            "/api/jobs/pending",
            "/api/jobs/awaiting-approval",
            "/api/jobs/upload-errors",
            "/api/jobs/stats",
            f"/api/jobs/{second}/events",
            "/api/system/maintenance",
            "/api/discs",
            f"/api/discs/{disc_id}/rip-status",
            "/api/tv-seasons/Firefly:s1",
            "/api/library",
            "/api/seasons",
            "/api/vlc/commands/pc",
        ):
            ok(client.get(path))
        ok(client.post("/api/discs/ejected", json={"agent_id": "pc", "drive": "D:"}))
        ok(client.post("/api/agents/pc/unregister"))

    assert scans(services, statements, ALLOWED) == set()
