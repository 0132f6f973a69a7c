"""Priorities: the most urgent job goes first, then the oldest."""

import pytest
from werkzeug.test import TestResponse

from tests.client import Client, ok
from tests.support import FakeClock, assert_problem, unchanged

pytestmark = pytest.mark.usefixtures("pc")

HIGHEST = 2**31 - 1


def prioritise(client: Client, job_id: str, priority: int) -> TestResponse:
    return client.post(f"/api/jobs/{job_id}/priority", json={"priority": priority})


def bump(client: Client, job_id: str) -> TestResponse:
    return client.post(f"/api/jobs/{job_id}/bump")


def waiting_jobs(client: Client, clock: FakeClock, number: int = 3) -> list[str]:
    """Jobs that wait behind one that has the only place, oldest first."""
    client.register_worker(capabilities={"max_concurrent": 1})
    client.approved_job()
    jobs = []
    for _ in range(number):
        clock.advance(1)
        jobs.append(client.approved_job())
    return jobs


def pending(client: Client) -> list[str]:
    return [job["job_id"] for job in ok(client.get("/api/jobs/pending"))]


def order_of_work(client: Client) -> list[str]:
    """The jobs in the order in which the worker gets them, one after the other."""
    order: list[str] = []
    while jobs := client.agent_jobs():
        (job,) = jobs
        order.append(job["job_id"])
        ok(client.report(job["job_id"], "completed"))
    return order[1:]


def test_it_gives_equally_urgent_jobs_away_oldest_first(client, clock):
    jobs = waiting_jobs(client, clock)
    assert pending(client) == jobs
    assert order_of_work(client) == jobs


@pytest.mark.parametrize(
    "priorities", [(1, 2, 3), (0, 0, 1), (-1, 0, -2), (-(2**31) + 1, 5, HIGHEST)]
)
def test_it_gives_the_most_urgent_job_away_first(client, clock, priorities):
    jobs = waiting_jobs(client, clock)
    for job_id, priority in zip(jobs, priorities, strict=True):
        assert ok(prioritise(client, job_id, priority))["priority"] == priority
    expected = sorted(jobs, key=lambda job_id: -priorities[jobs.index(job_id)])
    assert pending(client) == expected
    assert order_of_work(client) == expected


def test_it_takes_the_priority_that_a_job_is_entered_with(client, clock):
    first = waiting_jobs(client, clock, 1)[0]
    urgent, later = client.approved_job(priority=5), client.approved_job(priority=-5)
    assert order_of_work(client) == [urgent, first, later]


def test_it_bumps_a_job_before_all_that_wait(client, clock):
    first, second, third = waiting_jobs(client, clock)
    ok(prioritise(client, first, 7))
    assert ok(bump(client, third))["priority"] == 8
    assert ok(bump(client, second))["priority"] == 9
    assert order_of_work(client) == [second, third, first]


def test_it_bumps_a_job_before_what_awaits_approval_too(client, clock):
    job_id = waiting_jobs(client, clock, 1)[0]
    client.create_job(priority=3)
    ok(bump(client, job_id))
    assert pending(client)[0] == job_id


def test_it_changes_nothing_when_a_job_is_first_already(client, services, clock):
    first, *_ = waiting_jobs(client, clock)
    ok(bump(client, first))
    with unchanged(services):
        assert ok(bump(client, first))["priority"] == 1
        assert ok(prioritise(client, first, 1))["priority"] == 1


def test_it_bumps_the_only_job_that_waits(client, services):
    job_id = client.queued_job()
    with unchanged(services):
        assert ok(bump(client, job_id))["priority"] == 0


def test_it_bumps_no_higher_than_priorities_go(client, clock):
    first, second, _ = waiting_jobs(client, clock)
    ok(prioritise(client, first, HIGHEST))
    assert ok(bump(client, second))["priority"] == HIGHEST
    assert pending(client)[:2] == [first, second]


def test_it_gives_a_polling_worker_the_most_urgent_job(client, clock):
    first = client.queued_job()
    clock.advance(1)
    second = client.queued_job()
    ok(bump(client, second))
    client.register_worker("farm", agent_id=None)
    assert [job["job_id"] for job in client.poll(max_jobs=2)] == [second, first]


def test_it_rips_the_most_urgent_title_first(client):
    _, (first, second, third) = client.ordered_rips()
    ok(bump(client, third))
    ok(client.report(first, "completed"))
    assert (client.job(second)["status"], client.job(third)["status"]) == (
        "queued", "assigned"
    )  # fmt: skip


def test_it_gives_the_transcode_of_a_rip_the_rips_priority(client):
    _, (job_id, *_) = client.ordered_rips()
    ok(prioritise(client, job_id, 4))
    ok(client.report(job_id, "completed", output_file="C:\\rips\\a.mkv"))
    (transcode,) = client.awaiting_approval()
    assert transcode["priority"] == 4


@pytest.mark.parametrize("change", [bump, lambda client, job_id: prioritise(client, job_id, 5)])
@pytest.mark.parametrize("end", ["completed", "failed", "cancelled"])
def test_it_refuses_to_hurry_what_is_over(client, services, end, change):
    client.register_worker()
    job_id = client.approved_job()
    client.end(job_id, end)
    with unchanged(services):
        assert_problem(change(client, job_id), 409, end)


def test_it_rips_several_discs_by_their_urgency(client, clock):
    # Two drives, and place for both; the third waits.
    rips = []
    for drive in ("D:", "E:", "F:", "G:"):
        disc = client.detect(f"FILM_{drive[0]}", (90,), drive=drive)
        client.approve(disc["disc_id"])
        rips += client.rip(disc["disc_id"])
        clock.advance(1)
    ok(bump(client, rips[3]))
    ok(client.report(rips[0], "completed"))
    assert [client.job(job_id)["status"] for job_id in rips] == [
        "completed", "assigned", "queued", "assigned"
    ]  # fmt: skip
