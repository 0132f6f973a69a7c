"""How many jobs are given away at once, and in which order."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from boz_server.services.wiring import Services
from tests.support import (
    FakeClock,
    approve,
    approved_job,
    create_job,
    detect,
    given,
    job_of,
    ok,
    queued_job,
    register_agent,
    register_worker,
    report,
    restart,
    rip,
)


def discs(client: FlaskClient, *drives: tuple[str, str]) -> list[str]:
    """Approved discs, one in each of these drives: agent and drive."""
    ids = []
    for number, (agent_id, drive) in enumerate(drives):
        disc = detect(client, f"FIREFLY_S01_D{number + 1}", agent_id=agent_id, drive=drive)
        ids.append(approve(client, disc["disc_id"])["disc_id"])
    return ids


def room(client: FlaskClient, number: int, worker_id: str = "gpu", **hardware: Any) -> None:
    """A worker that takes so many jobs at a time."""
    register_worker(client, worker_id, capabilities={"max_concurrent": number, **hardware})


def queue(client: FlaskClient, clock: FakeClock, number: int) -> list[str]:
    """So many jobs, the oldest first."""
    jobs = []
    for _ in range(number):
        jobs.append(queued_job(client))
        clock.advance(1)
    return jobs


@pytest.fixture(autouse=True)
def agent(client: FlaskClient) -> None:
    register_agent(client)


def test_it_gives_away_the_most_urgent_first_then_the_oldest(
    client: FlaskClient, clock: FakeClock
) -> None:
    jobs = []
    for priority in (0, 5, 0, 5, -1):
        jobs.append(queued_job(client, priority=priority))
        clock.advance(1)
    room(client, 1)
    order = []
    for _ in jobs:
        (job_id,) = ok(client.get("/api/workers/gpu"))["current_jobs"]
        order.append(job_id)
        ok(report(client, job_id, "completed"))
    assert order == [jobs[index] for index in (1, 3, 0, 2, 4)]


def test_it_rips_the_titles_of_a_disc_in_order(client: FlaskClient) -> None:
    (disc_id,) = discs(client, ("pc", "D:"))
    first, second, third = rip(client, disc_id, title_indices=[0, 1, 2])
    for running, waiting in ((first, [second, third]), (second, [third]), (third, [])):
        assert given(client, [running, *waiting]) == [True, *[False] * len(waiting)]
        ok(report(client, running, "completed"))


def test_it_rips_one_title_a_drive_and_two_drives_of_an_agent_at_once(
    client: FlaskClient,
) -> None:
    one, two = discs(client, ("pc", "D:"), ("pc", "E:"))
    rips = [*rip(client, one, title_indices=[0, 1]), *rip(client, two, title_indices=[0, 1])]
    assert given(client, rips) == [True, False, True, False]
    ok(report(client, rips[0], "failed"))
    assert given(client, rips) == [False, True, True, False]


def test_it_rips_drives_of_the_same_name_on_two_agents_at_once(client: FlaskClient) -> None:
    register_agent(client, "den")
    ids = discs(client, ("pc", "D:"), ("den", "D:"))
    rips = [rip(client, disc_id, title_indices=[0])[0] for disc_id in ids]
    assert given(client, rips) == [True, True]
    assert [job_of(client, job_id)["assigned_agent_id"] for job_id in rips] == ["pc", "den"]


def test_it_rips_no_more_discs_than_the_limit_when_several_could_begin(
    app: Flask, client: FlaskClient
) -> None:
    restart(app, max_concurrent_rips=2)
    ids = discs(client, ("pc", "D:"), ("pc", "E:"), ("pc", "F:"))
    ok(client.post("/api/agents/pc/unregister"))
    rips = [rip(client, disc_id, title_indices=[0])[0] for disc_id in ids]
    register_agent(client)
    assert given(client, rips).count(True) == 2


def test_it_rips_no_more_discs_at_once_than_the_limit(app: Flask, client: FlaskClient) -> None:
    register_agent(client, "den")
    ids = discs(client, ("pc", "D:"), ("pc", "E:"), ("den", "D:"))
    rips = [rip(client, disc_id, title_indices=[0])[0] for disc_id in ids]
    assert given(client, rips) == [True, True, False]
    ok(report(client, rips[1], "running"))
    ok(report(client, rips[0], "completed"))
    assert given(client, rips) == [False, True, True]
    restart(app, max_concurrent_rips=1)
    another = rip(client, ids[0], title_indices=[1])
    ok(report(client, rips[2], "completed"))
    assert given(client, [rips[1], *another]) == [True, False]


def test_it_transcodes_no_more_at_once_than_the_limit(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    restart(app, max_concurrent_transcodes=3)
    room(client, 2)
    room(client, 8, "tower")
    jobs = queue(client, clock, 5)
    assert given(client, jobs) == [True, True, True, False, False]
    ok(report(client, jobs[0], "running"))
    assert given(client, jobs) == [True, True, True, False, False]
    ok(report(client, jobs[1], "completed"))
    assert given(client, jobs) == [True, False, True, True, False]


def test_it_gives_a_worker_no_more_than_it_takes(client: FlaskClient) -> None:
    room(client, 2)
    jobs = [queued_job(client) for _ in range(3)]
    assert given(client, jobs) == [True, True, False]
    room(client, 3)
    assert given(client, jobs) == [True, True, True]


def test_it_does_not_count_rips_among_transcodes(app: Flask, client: FlaskClient) -> None:
    restart(app, max_concurrent_transcodes=1, max_concurrent_rips=1)
    room(client, 1)
    job_id = queued_job(client)
    (disc_id,) = discs(client, ("pc", "D:"))
    assert given(client, [job_id, *rip(client, disc_id, title_indices=[0])]) == [True, True]


def test_it_keeps_approvals_beyond_the_limits_for_when_a_place_is_free(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    restart(app, max_concurrent_transcodes=2)
    room(client, 8)
    jobs = []
    for _ in range(4):
        jobs.append(approved_job(client))
        clock.advance(1)
    assert [job_of(client, job_id)["status"] for job_id in jobs] == [
        "assigned", "assigned", "queued", "queued"
    ]  # fmt: skip
    for end, waiting in zip(("completed", "failed"), (jobs[2], jobs[3]), strict=True):
        assert given(client, [waiting]) == [False]
        ok(report(client, next(job for job in jobs if given(client, [job])[0]), end))
        assert given(client, [waiting]) == [True]
        assert job_of(client, waiting)["assigned_worker_id"] == "gpu"


def test_it_is_not_blocked_by_a_head_that_goes_nowhere(
    client: FlaskClient, services: Services
) -> None:
    register_worker(client, capabilities={"max_concurrent": 3})
    register_worker(client, "away", "den")
    ok(client.post("/api/workers/away/disable"))
    urgent: dict[str, Any] = {"priority": 9, "requires_approval": True}
    stuck = [
        queued_job(client, preset="H.265 QSV 1080p", priority=9),
        approved_job(client, "away", **urgent),
        create_job(client, **urgent)["job_id"],
    ]
    assert given(client, [*stuck, queued_job(client)]) == [False, False, False, True]
    register_agent(client, "den")
    there, here = discs(client, ("den", "D:"), ("pc", "D:"))
    ok(client.post("/api/agents/den/unregister"))
    rips = [rip(client, disc_id, title_indices=[0])[0] for disc_id in (there, here)]
    assert given(client, rips) == [False, True]
