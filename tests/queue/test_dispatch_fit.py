"""To which machines a job is given, and to which never."""

import pytest

from tests.client import ok
from tests.support import restart

pytestmark = pytest.mark.usefixtures("pc")

NVENC = {"nvenc": True, "hevc": True}


@pytest.mark.parametrize(
    ("preset", "hardware", "fits"),
    [
        ("H.265 NVENC 4K", {"nvenc": True}, False),
        ("H.265 NVENC 4K", NVENC, True),
        ("Fast 1080p30", {}, True),
        ("A preset of my own", {}, True),
        (None, {}, True),
    ],
)
def test_it_gives_a_job_to_hardware_that_can_do_its_preset(client, preset, hardware, fits):
    client.register_worker(capabilities=hardware)
    assert client.assigned([client.queued_job(preset=preset)]) == [fits]


def test_it_names_the_default_preset_where_none_is_asked_for(client):
    client.register_worker(capabilities={"max_concurrent": 1})
    jobs = [client.queued_job() for _ in range(2)]
    presets = [client.job(job_id)["preset"] for job_id in jobs]
    assert presets == ["Fast 1080p30", None]


def test_it_asks_the_hardware_for_the_default_preset_where_none_is_named(app, client):
    restart(app, default_transcode_preset="H.265 NVENC 1080p")
    client.register_worker()
    job_id = client.queued_job()
    assert client.assigned([job_id]) == [False]
    client.register_worker("big", capabilities=NVENC)
    assert client.job(job_id)["assigned_worker_id"] == "big"


def test_it_gives_a_file_to_a_worker_where_it_lies(client):
    disc_id = client.detect()["disc_id"]
    client.register_agent("den")
    client.register_worker("den", "den", capabilities=NVENC, priority=1)
    here, anywhere = client.queued_job(disc_id=disc_id), client.queued_job()
    assert client.assigned([here, anywhere]) == [False, True]
    client.register_worker()
    assert client.job(here)["assigned_agent_id"] == "pc"


@pytest.mark.parametrize("absence", ["offline", "silent", "disabled", "paused", "agent gone"])
def test_it_gives_nothing_to_a_worker_that_can_take_nothing(client, clock, absence):
    client.register_worker()
    if absence == "offline":
        ok(client.post("/api/workers/gpu/heartbeat", json={"status": "offline"}))
    if absence == "silent":
        clock.advance(91)
    if absence == "disabled":
        ok(client.post("/api/workers/gpu/disable"))
    if absence == "paused":
        for _ in range(3):
            ok(client.report(client.queued_job(), "failed", error="HandBrake stopped"))
    if absence == "agent gone":
        client.sign_off()
    job_id = client.queued_job()
    assert client.assigned([job_id]) == [False]
    client.register_agent("den")
    client.register_worker("den", "den")
    assert client.job(job_id)["assigned_worker_id"] == "den"
