"""BOZ_AUTO_TRANSCODE: a preset that no one names is chosen by disc and hardware."""

from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from boz_server.settings import Settings
from tests.support import (
    FakeClock,
    assigned_job,
    job_of,
    ok,
    ordered_rips,
    poll,
    queued_job,
    register_agent,
    register_worker,
    report,
    restart,
)

NVENC = {"nvenc": True, "hevc": True}
QSV = {"qsv": True, "hevc": True}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, auto_transcode=True)


@pytest.fixture(autouse=True)
def agent(client: FlaskClient) -> None:
    """Every disc lies in a drive of a registered agent."""
    register_agent(client)


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
def test_it_chooses_the_preset_by_disc_and_hardware(
    client: FlaskClient, disc_type: str, hardware: dict[str, bool], preset: str, way: str
) -> None:
    _, (rip_id, *_) = ordered_rips(client, disc_type=disc_type)
    ok(report(client, rip_id, "completed", output_file="C:\\rips\\title_t00.mkv"))
    waiting = ok(client.get("/api/jobs/pending"))
    (job,) = [job for job in waiting if job["source_job_id"] == rip_id]
    if way == "dispatched":
        register_worker(client, capabilities=hardware)
    else:
        ok(client.post("/api/agents/pc/unregister"))
        register_worker(client, capabilities=hardware)
        assert [each["handbrake_preset"] for each in poll(client, "gpu")] == [preset]
    assert job_of(client, job["job_id"])["preset"] == preset


def test_it_chooses_the_preset_of_a_job_that_a_person_assigns(client: FlaskClient) -> None:
    register_worker(client, capabilities=QSV)
    assert job_of(client, assigned_job(client))["preset"] == "H.265 QSV 1080p"


def test_it_keeps_a_preset_that_is_named(client: FlaskClient) -> None:
    register_worker(client, capabilities=NVENC)
    register_worker(client, "farm", None, capabilities=NVENC)
    named = {"preset": "H.265 CPU 1080p"}
    assert job_of(client, queued_job(client, **named))["preset"] == "H.265 CPU 1080p"
    ok(client.post("/api/workers/gpu/disable"))
    queued_job(client, **named)
    assert poll(client)[0]["handbrake_preset"] == "H.265 CPU 1080p"


def test_it_asks_no_hardware_for_a_default_preset_that_it_does_not_choose(
    app: Flask, client: FlaskClient
) -> None:
    restart(app, default_transcode_preset="H.265 NVENC 1080p")
    register_worker(client, "cpu")
    first = queued_job(client)
    assert job_of(client, first)["waiting_reason"] == (
        "No worker that may have it can do the preset 'H.265 NVENC 1080p'."
    )
    register_worker(client, capabilities=QSV)
    register_worker(client, "farm", None, capabilities=QSV | {"max_concurrent": 1})
    assert job_of(client, first)["preset"] == "H.265 QSV 1080p"
    ok(client.post("/api/workers/gpu/disable"))
    queued_job(client)
    assert poll(client)[0]["handbrake_preset"] == "H.265 QSV 1080p"


def test_it_rescues_a_job_to_a_worker_that_can_do_the_preset(
    client: FlaskClient, clock: FakeClock
) -> None:
    register_worker(client, "farm", None, capabilities=NVENC)
    job_id = queued_job(client)
    assert poll(client)[0]["handbrake_preset"] == "H.265 NVENC 1080p"
    ok(client.delete("/api/workers/farm"))
    register_worker(client, "cpu")
    assert "'H.265 NVENC 1080p'" in job_of(client, job_id)["waiting_reason"]
    register_worker(client, "big", capabilities=NVENC)
    job = job_of(client, job_id)
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
def test_it_tells_an_agent_that_asks_which_preset_fits(
    app: Flask,
    client: FlaskClient,
    disc_type: str,
    hardware: dict[str, bool],
    preset: str,
) -> None:
    register_worker(client, capabilities=hardware)
    body = {"agent_id": "pc", "disc_type": disc_type}
    for auto_transcode in (False, True):
        restart(app, auto_transcode=auto_transcode)
        assert ok(client.post("/api/workers/assign", json=body))["handbrake_preset"] == preset
