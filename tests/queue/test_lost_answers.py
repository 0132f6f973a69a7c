"""Work whose answer a worker never got is sent again; how a worker says that it is done."""

from typing import Any

import pytest

from boz_server.services.queue import leases
from tests.client import Client, ok
from tests.support import assert_problem, unchanged

Work = dict[str, Any]


def farm(client: Client, room: int, worker_id: str = "farm") -> None:
    """A worker without an agent."""
    client.register_worker(worker_id, None, capabilities={"max_concurrent": room})


def polled(client: Client, number: int = 1) -> list[str]:
    return [work["job_id"] for work in client.poll(max_jobs=number)]


def complete(client: Client, job_id: str, worker_id: str = "farm", **body: Any) -> Any:
    address = f"/api/workers/{worker_id}/jobs/complete"
    return client.post(address, json={"job_id": job_id, **body})


@pytest.fixture
def jobs(client, clock) -> list[str]:
    """Four jobs that wait, the oldest first."""
    jobs = []
    for _ in range(4):
        jobs.append(client.queued_job())
        clock.advance(1)
    return jobs


def test_it_answers_a_worker_that_asks_for_more_than_it_has_room_for_with_the_same_again(
    client, jobs
):
    farm(client, 1)
    first = client.poll()
    assert [work["job_id"] for work in first] == jobs[:1]
    assert client.poll() == first
    assert client.job(jobs[0])["attempt"] == 1


def test_it_sends_all_again_that_were_lost_together(client, jobs):
    farm(client, 3)
    assert polled(client, 3) == jobs[:3]
    assert sorted(polled(client, 3)) == sorted(jobs[:3])


def test_it_sends_nothing_again_to_a_worker_that_asks_within_its_room(client, jobs):
    farm(client, 3)
    assert [polled(client) for _ in range(3)] == [[job_id] for job_id in jobs[:3]]


def test_it_never_sends_again_what_a_worker_has_begun(client, jobs):
    farm(client, 2)
    first, second = polled(client, 2)
    ok(client.report(first, "running"))
    assert polled(client, 2) == [second]
    ok(client.report(second, "running"))
    assert polled(client, 2) == []


def test_it_sends_the_latest_again_first_and_then_the_one_before(client, clock, jobs):
    farm(client, 2)
    for job_id in jobs[:2]:
        assert polled(client) == [job_id]
        clock.advance(5)
    assert [polled(client) for _ in range(4)] == [
        [jobs[1]], [jobs[0]], [jobs[1]], [jobs[0]]
    ]  # fmt: skip


def test_it_sends_what_a_person_gave_a_worker_before_anything_else(client, clock, jobs):
    farm(client, 3)
    assert polled(client) == [jobs[0]]
    given = client.approved_job("farm", priority=-9)
    assert polled(client, 2) == [given, jobs[1]]


def test_it_sends_a_worker_that_gets_no_more_what_it_has(client, jobs):
    farm(client, 1)
    assert polled(client) == [jobs[0]]
    ok(client.post("/api/workers/farm/disable"))
    assert polled(client) == [jobs[0]]
    ok(client.report(jobs[0], "completed"))
    assert polled(client) == []


def test_it_does_not_send_again_what_was_cancelled(client, jobs):
    farm(client, 1)
    assert polled(client) == [jobs[0]]
    client.cancel(jobs[0])
    assert polled(client) == [jobs[1]]


@pytest.mark.parametrize(
    ("body", "status"),
    [({}, "completed"), ({"duration_seconds": 9}, "completed"), ({"success": False}, "queued")],
)
@pytest.mark.parametrize("with_token", [True, False])
def test_it_takes_the_end_of_a_job_with_its_token_or_without(
    client, jobs, body, status, with_token
):
    farm(client, 1)
    (work,) = client.poll()
    token = {"lease_token": work["lease_token"]} if with_token else {}
    for _ in range(2):
        assert ok(complete(client, jobs[0], **body, **token)) == {"status": "ok"}
    assert client.job(jobs[0])["status"] == status
    assert client.worker("farm")["current_jobs"] == []
    assert polled(client) == [jobs[1]]


def test_it_takes_the_token_in_reports_as_well(client, jobs):
    farm(client, 1)
    (work,) = client.poll()
    token = {"lease_token": work["lease_token"]}
    ok(client.report(jobs[0], "running", progress=30, **token))
    assert_problem(complete(client, jobs[0]), 409, "lease_token")
    ok(complete(client, jobs[0], **token))


def test_it_refuses_the_end_of_another_workers_job(client, services, jobs):
    farm(client, 1)
    farm(client, 1, "barn")
    (work,) = client.poll()
    client.poll(worker_id="barn")
    with unchanged(services):
        for token in ({}, {"lease_token": work["lease_token"]}):
            assert_problem(complete(client, jobs[0], "barn", **token), 409, "not this worker's")


def test_it_refuses_the_end_of_a_job_that_no_one_has(client, services, jobs):
    farm(client, 1)
    with unchanged(services):
        assert_problem(complete(client, jobs[3]), 409, "not this worker's")


def test_it_refuses_a_wrong_token(client, services, jobs):
    farm(client, 2)
    _, other = client.poll(max_jobs=2)
    with unchanged(services):
        for token in ("wrong", "", other["lease_token"]):
            answer = complete(client, jobs[0], lease_token=token)
            assert_problem(answer, 409, "taken away")


def test_it_refuses_the_end_of_an_attempt_that_was_taken_away(client, services, clock, jobs):
    farm(client, 1)
    (lost,) = client.poll()
    clock.advance(91)
    assert leases.rescue(services.context) == 1
    (again,) = client.poll()
    assert (again["job_id"], again["attempt"]) == (lost["job_id"], 2)
    assert again["lease_token"] != lost["lease_token"]
    with unchanged(services):
        answer = complete(client, lost["job_id"], lease_token=lost["lease_token"])
        assert_problem(answer, 409, "taken away")
    ok(complete(client, again["job_id"], lease_token=again["lease_token"]))


def test_it_hands_work_of_a_worker_that_is_gone_to_another(client, services, jobs):
    farm(client, 1)
    assert polled(client) == [jobs[0]]
    ok(client.delete("/api/workers/farm"))
    farm(client, 1, "barn")
    (work,) = client.poll(worker_id="barn")
    assert (work["job_id"], work["attempt"]) == (jobs[0], 2)
    with unchanged(services):
        assert_problem(complete(client, jobs[0]), 404, "farm")
