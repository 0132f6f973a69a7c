"""A disc goes from the drive to the transcoder without a click, or waits for a person."""

from dataclasses import replace
from typing import Any

import pytest

from boz_server.services.discs import thumbnails
from boz_server.settings import Settings
from tests.client import Client, ok, titles
from tests.support import JPEG


@pytest.fixture
def settings(settings) -> Settings:
    return replace(settings, auto_approve_previews=True, auto_rip=True, auto_transcode=True)


@pytest.fixture(autouse=True)
def machine(client):
    """A PC with a drive and a graphics card."""
    client.register_agent()
    client.register_worker(capabilities={"nvenc": True, "hevc": True, "max_concurrent": 4})


def work(client: Client) -> dict[str, dict[str, Any]]:
    """What the agent is given to do, as it learns of it by polling, by file names."""
    jobs = client.agent_jobs()
    return {f"{job['job_type']} {job['output_name']}": job for job in jobs}


def do_rip(client: Client, job: dict[str, Any]) -> None:
    """Rip as today's agents do: the report of the end, then a POST for the transcode."""
    file = f"C:\\rips\\title_t{job['title_index']:02}.mkv"
    ok(client.report(job["job_id"], "running", progress=50))
    ok(client.report(job["job_id"], "completed", output_file=file))
    client.create_job(
        disc_id=job["disc_id"],
        title_index=job["title_index"],
        input_file=file,
        output_name=job["output_name"],
        thumbnails=[JPEG],
    )


def test_it_takes_a_clear_disc_all_the_way(client, services, clock):
    shown = titles(43, 42.5, 44, 3, thumbnails=[JPEG])
    disc_id = client.detect(titles=shown)["disc_id"]
    services.maintenance.tick()
    for number in (1, 2, 3):
        do_rip(client, work(client)[f"rip Firefly - S01E0{number}"])
        clock.advance(60)
    progress = ok(client.get(f"/api/discs/{disc_id}/rip-status"))
    assert progress["all_rips_complete"] is True
    given = work(client)
    assert list(given) == [f"transcode Firefly - S01E0{number}" for number in (1, 2, 3)]
    for job in given.values():
        assert (job["status"], job["preset"]) == ("assigned", "H.265 NVENC 1080p")
        ok(client.report(job["job_id"], "running"))
        ok(client.report(job["job_id"], "completed", output_file="C:\\out\\a.mkv"))
    stats = ok(client.get("/api/jobs/stats"))
    assert (stats["completed"], stats["total_jobs"], stats["awaiting_approval"]) == (6, 6, 0)
    assert client.disc(disc_id)["status"] == "completed"
    thumbnails.clean_up(services.context)
    assert thumbnails.store_of(services.context).owners() == []


def test_it_leaves_a_doubtful_disc_to_a_person_and_goes_on_from_there(client, services):
    disc = client.detect("FIREFLY_S01_D2")  # disc 1 has not been seen
    assert disc["identification"]["confidence"] < 0.9
    services.maintenance.tick()
    assert client.disc(disc["disc_id"])["preview_status"] == "pending"
    assert work(client) == {}
    client.approve(disc["disc_id"])
    assert services.auto_rip.run(services.context) == 1
    (job,) = work(client).values()
    do_rip(client, job)
    assert sorted(one["job_type"] for one in work(client).values()) == ["rip", "transcode"]
