"""Which machines get jobs, how many at once, and in which order."""

from typing import Any

import pytest

from tests.client import Client, ok
from tests.support import FakeClock, restart

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
        failed = []
        for _ in range(3):
            failed.append(client.queued_job())
            ok(client.report(failed[-1], "failed", error="HandBrake stopped"))
        for each in failed:
            client.cancel(each)
    if absence == "agent gone":
        client.sign_off()
    job_id = client.queued_job()
    assert client.assigned([job_id]) == [False]
    client.register_agent("den")
    client.register_worker("den", "den")
    assert client.job(job_id)["assigned_worker_id"] == "den"


def discs(client: Client, *drives: tuple[str, str]) -> list[str]:
    """Approved discs, one in each of these drives: agent and drive."""
    ids = []
    for number, (agent_id, drive) in enumerate(drives):
        disc = client.detect(f"FIREFLY_S01_D{number + 1}", agent_id=agent_id, drive=drive)
        ids.append(client.approve(disc["disc_id"])["disc_id"])
    return ids


def room(client: Client, number: int, worker_id: str = "gpu", **hardware: Any) -> None:
    """A worker that takes that many jobs at a time."""
    client.register_worker(worker_id, capabilities={"max_concurrent": number, **hardware})


def queue(client: Client, clock: FakeClock, number: int) -> list[str]:
    """That many jobs, the oldest first."""
    jobs = []
    for _ in range(number):
        jobs.append(client.queued_job())
        clock.advance(1)
    return jobs


def test_it_gives_away_the_most_urgent_first_then_the_oldest(client, clock):
    jobs = []
    for priority in (0, 5, 0, 5, -1):
        jobs.append(client.queued_job(priority=priority))
        clock.advance(1)
    room(client, 1)
    order = []
    for _ in jobs:
        (job_id,) = client.worker()["current_jobs"]
        order.append(job_id)
        ok(client.report(job_id, "completed"))
    assert order == [jobs[index] for index in (1, 3, 0, 2, 4)]


def test_it_rips_the_titles_of_a_disc_in_order(client):
    (disc_id,) = discs(client, ("pc", "D:"))
    first, second, third = client.rip(disc_id, title_indices=[0, 1, 2])
    for running, waiting in ((first, [second, third]), (second, [third]), (third, [])):
        assert client.assigned([running, *waiting]) == [True, *[False] * len(waiting)]
        ok(client.report(running, "completed"))


def test_it_rips_one_title_a_drive_and_two_drives_of_an_agent_at_once(client):
    one, two = discs(client, ("pc", "D:"), ("pc", "E:"))
    rips = [*client.rip(one, title_indices=[0, 1]), *client.rip(two, title_indices=[0, 1])]
    assert client.assigned(rips) == [True, False, True, False]
    ok(client.report(rips[0], "failed", error="Scratched"))
    assert client.assigned(rips) == [False, True, True, False]


def test_it_rips_drives_of_the_same_name_on_two_agents_at_once(client):
    client.register_agent("den")
    ids = discs(client, ("pc", "D:"), ("den", "D:"))
    rips = [client.rip(disc_id, title_indices=[0])[0] for disc_id in ids]
    assert client.assigned(rips) == [True, True]
    assert [client.job(job_id)["assigned_agent_id"] for job_id in rips] == ["pc", "den"]


def test_it_rips_no_more_discs_than_the_limit_when_several_could_begin(app, client):
    restart(app, max_concurrent_rips=2)
    ids = discs(client, ("pc", "D:"), ("pc", "E:"), ("pc", "F:"))
    client.sign_off()
    rips = [client.rip(disc_id, title_indices=[0])[0] for disc_id in ids]
    client.register_agent()
    assert client.assigned(rips).count(True) == 2


def test_it_rips_no_more_discs_at_once_than_the_limit(app, client):
    client.register_agent("den")
    ids = discs(client, ("pc", "D:"), ("pc", "E:"), ("den", "D:"))
    rips = [client.rip(disc_id, title_indices=[0])[0] for disc_id in ids]
    assert client.assigned(rips) == [True, True, False]
    ok(client.report(rips[1], "running"))
    ok(client.report(rips[0], "completed"))
    assert client.assigned(rips) == [False, True, True]
    restart(app, max_concurrent_rips=1)
    another = client.rip(ids[0], title_indices=[1])
    ok(client.report(rips[2], "completed"))
    assert client.assigned([rips[1], *another]) == [True, False]


def test_it_transcodes_no_more_at_once_than_the_limit(app, client, clock):
    restart(app, max_concurrent_transcodes=3)
    room(client, 2)
    room(client, 8, "tower")
    jobs = queue(client, clock, 5)
    assert client.assigned(jobs) == [True, True, True, False, False]
    ok(client.report(jobs[0], "running"))
    assert client.assigned(jobs) == [True, True, True, False, False]
    ok(client.report(jobs[1], "completed"))
    assert client.assigned(jobs) == [True, False, True, True, False]


def test_it_gives_a_worker_no_more_than_it_takes(client):
    room(client, 2)
    jobs = [client.queued_job() for _ in range(3)]
    assert client.assigned(jobs) == [True, True, False]
    room(client, 3)
    assert client.assigned(jobs) == [True, True, True]


def test_it_does_not_count_rips_among_transcodes(app, client):
    restart(app, max_concurrent_transcodes=1, max_concurrent_rips=1)
    room(client, 1)
    job_id = client.queued_job()
    (disc_id,) = discs(client, ("pc", "D:"))
    assert client.assigned([job_id, *client.rip(disc_id, title_indices=[0])]) == [True, True]


def test_it_keeps_approvals_beyond_the_limits_for_when_a_place_is_free(app, client, clock):
    restart(app, max_concurrent_transcodes=2)
    room(client, 8)
    jobs = []
    for _ in range(4):
        jobs.append(client.approved_job())
        clock.advance(1)
    assert [client.job(job_id)["status"] for job_id in jobs] == [
        "assigned", "assigned", "queued", "queued"
    ]  # fmt: skip
    for end, waiting in zip(("completed", "failed"), (jobs[2], jobs[3]), strict=True):
        assert client.assigned([waiting]) == [False]
        client.end(next(job for job in jobs if client.assigned([job])[0]), end)
        assert client.assigned([waiting]) == [True]
        assert client.job(waiting)["assigned_worker_id"] == "gpu"


def test_it_is_not_blocked_by_a_head_that_goes_nowhere(client):
    client.register_worker(capabilities={"max_concurrent": 3})
    client.register_worker("away", "den")
    ok(client.post("/api/workers/away/disable"))
    urgent: dict[str, Any] = {"priority": 9, "requires_approval": True}
    stuck = [
        client.queued_job(preset="H.265 QSV 1080p", priority=9),
        client.approved_job("away", **urgent),
        client.create_job(**urgent)["job_id"],
    ]
    assert client.assigned([*stuck, client.queued_job()]) == [False, False, False, True]
    client.register_agent("den")
    there, here = discs(client, ("den", "D:"), ("pc", "D:"))
    client.sign_off("den")
    rips = [client.rip(disc_id, title_indices=[0])[0] for disc_id in (there, here)]
    assert client.assigned(rips) == [False, True]
