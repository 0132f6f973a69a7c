"""How urgent jobs are: the most urgent goes first, then the oldest."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from boz_server.services.wiring import Services
from tests.support import (
    FakeClock,
    approve,
    approved_job,
    assert_problem,
    create_job,
    detect,
    job_of,
    ok,
    ordered_rips,
    poll,
    queued_job,
    register_agent,
    register_worker,
    report,
    rip,
    unchanged,
)

HIGHEST = 2**31 - 1


def prioritise(client: FlaskClient, job_id: str, priority: int) -> TestResponse:
    return client.post(f"/api/jobs/{job_id}/priority", json={"priority": priority})


def bump(client: FlaskClient, job_id: str) -> TestResponse:
    return client.post(f"/api/jobs/{job_id}/bump")


def waiting_jobs(client: FlaskClient, clock: FakeClock, number: int = 3) -> list[str]:
    """Jobs that wait behind one that has the only place, oldest first."""
    register_worker(client, capabilities={"max_concurrent": 1})
    approved_job(client)
    jobs = []
    for _ in range(number):
        clock.advance(1)
        jobs.append(approved_job(client))
    return jobs


def pending(client: FlaskClient) -> list[str]:
    return [job["job_id"] for job in ok(client.get("/api/jobs/pending"))]


def order_of_work(client: FlaskClient) -> list[str]:
    """The jobs in the order in which the worker gets them, one after the other."""
    order: list[str] = []
    while jobs := ok(client.get("/api/agents/pc/jobs"))["jobs"]:
        (job,) = jobs
        order.append(job["job_id"])
        ok(report(client, job["job_id"], "completed"))
    return order[1:]


@pytest.fixture(autouse=True)
def agent(client: FlaskClient) -> None:
    register_agent(client)


def test_it_gives_equally_urgent_jobs_away_oldest_first(
    client: FlaskClient, clock: FakeClock
) -> None:
    jobs = waiting_jobs(client, clock)
    assert pending(client) == jobs
    assert order_of_work(client) == jobs


@pytest.mark.parametrize(
    "priorities", [(1, 2, 3), (0, 0, 1), (-1, 0, -2), (-(2**31) + 1, 5, HIGHEST)]
)
def test_it_gives_the_most_urgent_job_away_first(
    client: FlaskClient, clock: FakeClock, priorities: tuple[int, ...]
) -> None:
    jobs = waiting_jobs(client, clock)
    for job_id, priority in zip(jobs, priorities, strict=True):
        assert ok(prioritise(client, job_id, priority))["priority"] == priority
    expected = sorted(jobs, key=lambda job_id: -priorities[jobs.index(job_id)])
    assert pending(client) == expected
    assert order_of_work(client) == expected


def test_it_takes_the_priority_that_a_job_is_entered_with(
    client: FlaskClient, clock: FakeClock
) -> None:
    first = waiting_jobs(client, clock, 1)[0]
    urgent, later = approved_job(client, priority=5), approved_job(client, priority=-5)
    assert order_of_work(client) == [urgent, first, later]


def test_it_bumps_a_job_before_all_that_wait(client: FlaskClient, clock: FakeClock) -> None:
    first, second, third = waiting_jobs(client, clock)
    ok(prioritise(client, first, 7))
    assert ok(bump(client, third))["priority"] == 8
    assert ok(bump(client, second))["priority"] == 9
    assert order_of_work(client) == [second, third, first]


def test_it_bumps_a_job_before_what_awaits_approval_too(
    client: FlaskClient, clock: FakeClock
) -> None:
    job_id = waiting_jobs(client, clock, 1)[0]
    create_job(client, priority=3)
    ok(bump(client, job_id))
    assert pending(client)[0] == job_id


def test_it_changes_nothing_when_a_job_is_first_already(
    client: FlaskClient, services: Services, clock: FakeClock
) -> None:
    first, *_ = waiting_jobs(client, clock)
    ok(bump(client, first))
    with unchanged(services):
        assert ok(bump(client, first))["priority"] == 1
        assert ok(prioritise(client, first, 1))["priority"] == 1


def test_it_bumps_the_only_job_that_waits(client: FlaskClient, services: Services) -> None:
    job_id = queued_job(client)
    with unchanged(services):
        assert ok(bump(client, job_id))["priority"] == 0


def test_it_bumps_no_higher_than_priorities_go(client: FlaskClient, clock: FakeClock) -> None:
    first, second, _ = waiting_jobs(client, clock)
    ok(prioritise(client, first, HIGHEST))
    assert ok(bump(client, second))["priority"] == HIGHEST
    assert pending(client)[:2] == [first, second]


def test_it_gives_a_polling_worker_the_most_urgent_job(
    client: FlaskClient, clock: FakeClock
) -> None:
    first = queued_job(client)
    clock.advance(1)
    second = queued_job(client)
    ok(bump(client, second))
    register_worker(client, "farm", agent_id=None)
    assert [job["job_id"] for job in poll(client, max_jobs=2)] == [second, first]


def test_it_rips_the_most_urgent_title_first(client: FlaskClient) -> None:
    _, (first, second, third) = ordered_rips(client)
    ok(bump(client, third))
    ok(report(client, first, "completed"))
    assert (job_of(client, second)["status"], job_of(client, third)["status"]) == (
        "queued", "assigned"
    )  # fmt: skip


def test_it_gives_the_transcode_of_a_rip_the_rips_priority(client: FlaskClient) -> None:
    _, (job_id, *_) = ordered_rips(client)
    ok(prioritise(client, job_id, 4))
    ok(report(client, job_id, "completed", output_file="C:\\rips\\a.mkv"))
    (transcode,) = ok(client.get("/api/jobs/awaiting-approval"))
    assert transcode["priority"] == 4


def test_it_lists_an_agents_jobs_in_the_order_in_which_to_do_them(client: FlaskClient) -> None:
    register_worker(client, capabilities={"max_concurrent": 4})
    jobs = [approved_job(client) for _ in range(3)]
    for priority, job_id in enumerate(jobs):
        ok(prioritise(client, job_id, priority))
    listed = [job["job_id"] for job in ok(client.get("/api/agents/pc/jobs"))["jobs"]]
    assert listed == jobs[::-1]


@pytest.mark.parametrize("change", [bump, lambda client, job_id: prioritise(client, job_id, 5)])
@pytest.mark.parametrize("end", ["completed", "failed", "cancelled"])
def test_it_refuses_to_hurry_what_is_over(
    client: FlaskClient,
    services: Services,
    end: str,
    change: Callable[[FlaskClient, str], TestResponse],
) -> None:
    register_worker(client)
    job_id = approved_job(client)
    ok(report(client, job_id, end))
    with unchanged(services):
        assert_problem(change(client, job_id), 409, end)


def test_it_answers_404_for_an_unknown_job(client: FlaskClient) -> None:
    assert_problem(bump(client, "lost"), 404, "'lost'")
    assert_problem(prioritise(client, "lost", 1), 404, "'lost'")


@pytest.mark.parametrize("priority", [None, "high", 1.5, True, 2**31, -(2**31)])
def test_it_refuses_a_strange_priority(
    client: FlaskClient, services: Services, priority: object
) -> None:
    job_id = queued_job(client)
    with unchanged(services):
        for body in ({"priority": priority}, {}):
            response = client.post(f"/api/jobs/{job_id}/priority", json=body)
            assert_problem(response, 422, "priority", field="priority")


def test_it_rips_several_discs_by_their_urgency(client: FlaskClient, clock: FakeClock) -> None:
    # Two drives, and place for both; the third waits.
    rips = []
    for drive in ("D:", "E:", "F:", "G:"):
        disc = detect(client, f"FILM_{drive[0]}", (90,), drive=drive)
        approve(client, disc["disc_id"])
        rips += rip(client, disc["disc_id"])
        clock.advance(1)
    ok(bump(client, rips[3]))
    ok(report(client, rips[0], "completed"))
    assert [job_of(client, job_id)["status"] for job_id in rips] == [
        "completed", "assigned", "queued", "assigned"
    ]  # fmt: skip
