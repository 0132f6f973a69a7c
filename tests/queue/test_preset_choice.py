"""BOZ_AUTO_TRANSCODE: a preset that no one names is chosen by disc and hardware."""

from dataclasses import replace

import pytest

from boz_server.settings import Settings
from tests.client import ok
from tests.support import restart

pytestmark = pytest.mark.usefixtures("pc")

NVENC = {"nvenc": True, "hevc": True}
QSV = {"qsv": True, "hevc": True}


@pytest.fixture
def settings(settings) -> Settings:
    return replace(settings, auto_transcode=True)


@pytest.mark.parametrize(
    ("disc_type", "hardware", "preset"),
    [
        ("DVD disc", NVENC, "H.265 NVENC 1080p"),
        ("Blu-ray disc", QSV, "H.265 QSV 1080p"),
        ("Blu-ray disc", {"nvenc": True}, "H.264 NVENC 1080p"),
        ("UHD Blu-ray disc", NVENC, "H.265 NVENC 4K"),
        ("Blu-ray disc", {}, "Fast 1080p30"),
    ],
)
@pytest.mark.parametrize("way", ["dispatched", "polled"])
def test_it_chooses_the_preset_by_disc_and_hardware(client, disc_type, hardware, preset, way):
    _, (rip_id, *_) = client.ordered_rips(disc_type=disc_type)
    ok(client.report(rip_id, "completed", output_file="C:\\rips\\title_t00.mkv"))
    waiting = ok(client.get("/api/jobs/pending"))
    (job,) = [job for job in waiting if job["source_job_id"] == rip_id]
    if way == "dispatched":
        client.register_worker(capabilities=hardware)
    else:
        client.sign_off()
        client.register_worker(capabilities=hardware)
        assert [each["handbrake_preset"] for each in client.poll("gpu")] == [preset]
    assert client.job(job["job_id"])["preset"] == preset


def test_it_chooses_the_preset_of_a_job_that_a_person_assigns(client):
    client.register_worker(capabilities=QSV)
    assert client.job(client.assigned_job())["preset"] == "H.265 QSV 1080p"


def test_it_keeps_a_preset_that_is_named(client):
    client.register_worker(capabilities=NVENC)
    client.register_worker("farm", None, capabilities=NVENC)
    named = {"preset": "H.265 CPU 1080p"}
    assert client.job(client.queued_job(**named))["preset"] == "H.265 CPU 1080p"
    ok(client.post("/api/workers/gpu/disable"))
    client.queued_job(**named)
    assert client.poll()[0]["handbrake_preset"] == "H.265 CPU 1080p"


def test_it_asks_no_hardware_for_a_default_preset_that_it_does_not_choose(app, client):
    restart(app, default_transcode_preset="H.265 NVENC 1080p")
    client.register_worker("cpu")
    first = client.queued_job()
    assert client.job(first)["waiting_reason"] == (
        "No worker that may have it can do the preset 'H.265 NVENC 1080p'."
    )
    client.register_worker(capabilities=QSV)
    client.register_worker("farm", None, capabilities=QSV | {"max_concurrent": 1})
    assert client.job(first)["preset"] == "H.265 QSV 1080p"
    ok(client.post("/api/workers/gpu/disable"))
    client.queued_job()
    assert client.poll()[0]["handbrake_preset"] == "H.265 QSV 1080p"


def test_it_rescues_a_job_to_a_worker_that_can_do_the_preset(client, clock):
    client.register_worker("farm", None, capabilities=NVENC)
    job_id = client.queued_job()
    assert client.poll()[0]["handbrake_preset"] == "H.265 NVENC 1080p"
    ok(client.delete("/api/workers/farm"))
    client.register_worker("cpu")
    assert "'H.265 NVENC 1080p'" in client.job(job_id)["waiting_reason"]
    client.register_worker("big", capabilities=NVENC)
    job = client.job(job_id)
    assert (job["assigned_worker_id"], job["preset"]) == ("big", "H.265 NVENC 1080p")


@pytest.mark.parametrize(
    ("disc_type", "hardware", "preset"),
    [
        ("dvd", {}, "Fast 1080p30"),
        ("dvd", NVENC, "H.265 NVENC 1080p"),
        ("bluray", QSV, "H.265 QSV 1080p"),
        ("uhd", NVENC, "H.265 NVENC 4K"),
        ("4k", {}, "Fast 1080p30"),
    ],
)
def test_it_tells_an_agent_that_asks_which_preset_fits(app, client, disc_type, hardware, preset):
    client.register_worker(capabilities=hardware)
    body = {"agent_id": "pc", "disc_type": disc_type}
    for auto_transcode in (False, True):
        restart(app, auto_transcode=auto_transcode)
        assert ok(client.post("/api/workers/assign", json=body))["handbrake_preset"] == preset
