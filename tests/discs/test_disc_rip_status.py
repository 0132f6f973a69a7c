"""Agents follow a disc's rips, and eject it when none is left to do."""

from typing import Any

import pytest

from tests.client import Client, ok


@pytest.fixture
def disc_id(client) -> str:
    """An approved disc with three selected episodes and an extra that is not."""
    client.register_agent()
    return str(client.detect().approve().id)


def progress(client: Client, disc_id: str) -> dict[str, Any]:
    """How far a disc's rips are."""
    return dict(ok(client.get(f"/api/discs/{disc_id}/rip-status")))


def test_it_has_ripped_nothing_before_a_rip_is_ordered(client, disc_id):
    assert progress(client, disc_id) == {
        "all_rips_complete": False,
        "total_jobs": 0,
        "completed_jobs": 0,
        "failed_jobs": 0,
    }


@pytest.mark.parametrize("unfinished", ["assigned", "running"])
def test_it_waits_for_the_last_rip(client, disc_id, unfinished):
    first, second, third = client.rip(disc_id)
    ok(client.report(first, "completed"))
    ok(client.report(second, "failed", error="Scratched"))
    ok(client.report(third, unfinished))
    assert progress(client, disc_id) == {
        "all_rips_complete": False,
        "total_jobs": 3,
        "completed_jobs": 1,
        "failed_jobs": 1,
    }
    assert client.disc(disc_id)["status"] == "ripping"


@pytest.mark.parametrize(("end", "failed"), [("completed", 0), ("failed", 1), ("cancelled", 0)])
def test_it_completes_the_disc_with_its_last_rip(client, disc_id, end, failed):
    first, second, third = client.rip(disc_id)
    ok(client.report(first, "completed"))
    ok(client.report(second, "completed"))
    ok(client.report(third, end))
    assert progress(client, disc_id) == {
        "all_rips_complete": True,
        "total_jobs": 3,
        "completed_jobs": 3 if end == "completed" else 2,
        "failed_jobs": failed,
    }
    assert client.disc(disc_id)["status"] == "completed"


def test_it_waits_for_no_transcode(client, disc_id):
    (job_id,) = client.rip(disc_id, title_indices=[0])
    body = {"job_type": "transcode", "disc_id": disc_id, "requires_approval": True}
    ok(client.post("/api/jobs", json=body))
    ok(client.report(job_id, "completed"))
    assert progress(client, disc_id)["all_rips_complete"] is True
