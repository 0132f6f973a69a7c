"""To which machines a job is given, and to which never."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.support import (
    FakeClock,
    approved_job,
    detect,
    given,
    job_of,
    ok,
    queued_job,
    register_agent,
    register_worker,
    report,
    restart,
)

NVENC = {"nvenc": True, "hevc": True}


@pytest.fixture(autouse=True)
def agent(client: FlaskClient) -> None:
    register_agent(client)


@pytest.mark.parametrize(
    ("preset", "hardware", "fits"),
    [
        ("H.264 NVENC 1080p", {"nvenc": True}, True),
        ("H.264 NVENC 1080p", {"qsv": True, "hevc": True}, False),
        ("H.265 NVENC 4K", {"nvenc": True}, False),
        ("H.265 NVENC 4K", NVENC, True),
        ("H.265 QSV 1080p", {"qsv": True, "hevc": True}, True),
        ("H.265 QSV 1080p", {"qsv": True}, False),
        ("H.265 QSV 1080p", NVENC, False),
        ("H.265 CPU 1080p", {}, True),
        ("Fast 1080p30", {}, True),
        ("A preset of my own", {}, True),
        (None, {}, True),
    ],
)
def test_it_gives_a_job_to_hardware_that_can_do_its_preset(
    client: FlaskClient, preset: str | None, hardware: dict[str, bool], fits: bool
) -> None:
    register_worker(client, capabilities=hardware)
    assert given(client, [queued_job(client, preset=preset)]) == [fits]


def test_it_names_the_default_preset_where_none_is_asked_for(client: FlaskClient) -> None:
    register_worker(client, capabilities={"max_concurrent": 1})
    jobs = [queued_job(client) for _ in range(2)]
    presets = [job_of(client, job_id)["preset"] for job_id in jobs]
    assert presets == ["Fast 1080p30", None]


def test_it_asks_the_hardware_for_the_default_preset_where_none_is_named(
    app: Flask, client: FlaskClient
) -> None:
    restart(app, default_transcode_preset="H.265 NVENC 1080p")
    register_worker(client)
    job_id = queued_job(client)
    assert given(client, [job_id]) == [False]
    register_worker(client, "big", capabilities=NVENC)
    assert job_of(client, job_id)["assigned_worker_id"] == "big"


def test_it_does_not_second_guess_the_worker_that_a_person_chose(client: FlaskClient) -> None:
    register_worker(client, "big", capabilities=NVENC)
    register_worker(client, "cpu")
    job_id = approved_job(client, "cpu")
    job = job_of(client, job_id)
    assert (job["assigned_worker_id"], job["preset"]) == ("cpu", "H.265 NVENC 1080p")


def test_it_gives_a_file_to_a_worker_where_it_lies(client: FlaskClient) -> None:
    disc_id = detect(client)["disc_id"]
    register_agent(client, "den")
    register_worker(client, "den", "den", capabilities=NVENC, priority=1)
    here, anywhere = queued_job(client, disc_id=disc_id), queued_job(client)
    assert given(client, [here, anywhere]) == [False, True]
    register_worker(client)
    assert job_of(client, here)["assigned_agent_id"] == "pc"


@pytest.mark.parametrize("absence", ["offline", "silent", "disabled", "paused", "agent gone"])
def test_it_gives_nothing_to_a_worker_that_can_take_nothing(
    client: FlaskClient, clock: FakeClock, absence: str
) -> None:
    register_worker(client)
    if absence == "offline":
        ok(client.post("/api/workers/gpu/heartbeat", json={"status": "offline"}))
    if absence == "silent":
        clock.advance(91)
    if absence == "disabled":
        ok(client.post("/api/workers/gpu/disable"))
    if absence == "paused":
        for _ in range(3):
            ok(report(client, queued_job(client), "failed", error="HandBrake stopped"))
    if absence == "agent gone":
        ok(client.post("/api/agents/pc/unregister"))
    job_id = queued_job(client)
    assert given(client, [job_id]) == [False]
    register_agent(client, "den")
    register_worker(client, "den", "den")
    assert job_of(client, job_id)["assigned_worker_id"] == "den"


def test_it_gives_an_agent_that_signs_off_nothing_back(client: FlaskClient) -> None:
    register_worker(client)
    job_id = queued_job(client)
    assert given(client, [job_id]) == [True]
    ok(client.post("/api/agents/pc/unregister"))
    assert given(client, [job_id]) == [False]
    register_agent(client)
    register_worker(client)
    assert given(client, [job_id]) == [True]


def test_it_pauses_no_worker_that_succeeds_in_between(client: FlaskClient) -> None:
    register_worker(client)
    for end in ("failed", "failed", "completed", "failed", "failed"):
        ok(report(client, queued_job(client), end))
    assert given(client, [queued_job(client)]) == [True]
