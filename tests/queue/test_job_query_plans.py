"""Requests that machines send all day read by an index, however long the history is."""

import pytest

from tests.client import ok
from tests.plans import noted, scans

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
def test_it_reads_by_index_in_the_main_flow(client, services):
    with noted(services) as statements:
        client.register_agent()
        client.register_worker()
        disc_id = client.detect().approve().id
        first, second, *_ = client.rip(disc_id)
        ok(client.report(first, "running", progress=10))
        ok(client.report(first, "completed", output_file="C:\\t00.mkv"))
        offered = {"disc_id": disc_id, "title_index": 0, "input_file": "C:\\t00.mkv"}
        assert client.create_job(**offered)["source_job_id"] == first
        ok(client.report(second, "failed"))
        ok(client.post(f"/api/jobs/{second}/retry"))
        transcode = client.approved_job()
        ok(client.report(transcode, "running"))
        ok(client.report(transcode, "completed"))
        ok(client.report(transcode, "completed", error="Upload failed"))
        waiting = client.create_job()["job_id"]
        ok(client.post(f"/api/jobs/{waiting}/priority", json={"priority": 3}))
        ok(client.post(f"/api/jobs/{waiting}/bump"))
        client.cancel(waiting)
        ok(client.post("/api/agents/pc/heartbeat"))
        ok(client.post("/api/workers/gpu/heartbeat", json={}))
        client.register_worker("farm", agent_id=None, worker_type="remote")
        client.queued_job()
        client.poll()
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
        client.eject()
        client.sign_off()

    assert scans(services, statements, ALLOWED) == set()
