"""The history of a job: every step, who made it and why, written with the step itself."""

import re
from collections.abc import Callable, Iterator

import pytest
from werkzeug.test import TestResponse

from boz_server.services.queue import leases
from tests.client import UNREADABLE, Client, ok
from tests.support import NEW_DISC_SECONDS, assert_problem, unchanged


def assign_to_den(client: Client, job_id: str) -> TestResponse:
    return client.post(f"/api/jobs/{job_id}/assign?agent_id=den")


def approve(client: Client, job_id: str) -> TestResponse:
    body = {"worker_id": "gpu", "preset": "Fast 1080p30"}
    return client.post(f"/api/jobs/{job_id}/approve", json=body)


def cancel(client: Client, job_id: str) -> TestResponse:
    return client.post(f"/api/jobs/{job_id}/cancel")


def bump(client: Client, job_id: str) -> TestResponse:
    return client.post(f"/api/jobs/{job_id}/priority", json={"priority": 9})


def late(client: Client, job_id: str) -> TestResponse:
    return client.report(job_id, "running", lease_token="0" * 32)


#: What changes a job in each state, and so its history.
CHANGES: dict[str, tuple[Callable[[Client, str], TestResponse], ...]] = {
    "pending": (approve, cancel, bump, assign_to_den),
    "assigned": (
        cancel,
        bump,
        assign_to_den,
        *(
            lambda client, job_id, status=status: client.report(job_id, status, error="Odd")
            for status in ("running", "completed", "failed", "cancelled")
        ),
    ),
}


@pytest.fixture(autouse=True)
def machine(client):
    client.register_agent()
    client.register_agent("den")
    client.register_worker(capabilities={"max_concurrent": 4})


@pytest.fixture
def silent(client, services) -> Iterator[dict[str, str]]:
    """A job in each state, of which the database takes no further event."""
    jobs = {"pending": str(client.create_job()["job_id"]), "assigned": client.approved_job()}
    sql = services.context.database.peewee.execute_sql
    sql(
        "DELETE FROM job_events WHERE event_id NOT IN"
        " (SELECT MAX(event_id) FROM job_events GROUP BY job_id)"
    )
    sql("CREATE UNIQUE INDEX one_event ON job_events (job_id)")
    yield jobs
    sql("DROP INDEX one_event")


@pytest.mark.parametrize("state", CHANGES)
def test_it_changes_nothing_that_it_can_not_write_down(client, services, silent, state):
    with unchanged(services):
        for change in CHANGES[state]:
            assert_problem(change(client, silent[state]), 500)
    assert client.job(silent[state])["status"] == state


def test_it_tells_nothing_of_an_assignment_for_which_no_place_was(client, services):
    job_id = str(client.create_job()["job_id"])
    for _ in range(4):
        client.approved_job()
    with unchanged(services):
        assert_problem(assign_to_den(client, job_id), 400, "Ask again")
    assert [event["to_status"] for event in client.history(job_id)] == ["pending"]


@pytest.mark.parametrize(("request_fails", "status"), [(approve, 400), (late, 409)])
def test_it_tells_nothing_of_a_request_that_was_refused(client, services, request_fails, status):
    job_id = client.approved_job()
    with unchanged(services):
        assert_problem(request_fails(client, job_id), status)


@pytest.mark.parametrize("limit", [1, 2, 5, 100])
def test_it_tells_a_long_story_page_by_page(client, limit):
    job_id = client.approved_job()
    for status in ("running", "assigned") * 3:
        ok(client.report(job_id, status))
    events, address = [], f"/api/jobs/{job_id}/events?limit={limit}"
    while address:
        response = client.get(address)
        page = ok(response)
        assert 0 < len(page) <= limit
        events += page
        link = re.fullmatch(
            r"<http://localhost(.+)>; rel=\"next\"", response.headers.get("Link", "")
        )
        address = link[1] if link else ""
    assert events == client.history(job_id)
    assert len(events) == 9


def test_it_refuses_a_strange_page(client):
    address = f"/api/jobs/{client.approved_job()}/events"
    for limit in ("0", "5001", "all"):
        assert_problem(client.get(f"{address}?limit={limit}"), 422, "limit", field="limit")


UPLOAD = "Upload failed: no route to host"
#: from, to, who, attempt, why
Told = tuple[str | None, str, str, int, str | None]
APPROVED = "Approved for worker 'gpu' with 'H.265 NVENC 1080p'."


def told(client: Client, job_id: str) -> list[Told]:
    return [
        (event["from_status"], event["to_status"], event["actor"], event["attempt"],
         event["detail"])
        for event in client.history(job_id)
    ]  # fmt: skip


def given_to_gpu(attempt: int = 1) -> Told:
    return ("queued", "assigned", "server", attempt, None)


def test_it_tells_a_job_from_its_entry_to_its_end(client, clock):
    job_id = str(client.create_job()["job_id"])
    clock.advance(1)
    client.approve_job(job_id, preset="H.265 NVENC 1080p")
    for status in ("running", "assigned", "running", "completed"):
        clock.advance(1)
        ok(client.report(job_id, status))
    assert told(client, job_id) == [
        (None, "pending", "server", 0, None),
        ("pending", "queued", "person", 0, APPROVED),
        ("queued", "assigned", "server", 1, None),
        ("assigned", "running", "agent:pc", 1, None),
        ("running", "assigned", "agent:pc", 1, None),
        ("assigned", "running", "agent:pc", 1, None),
        ("running", "completed", "agent:pc", 1, None),
    ]
    seconds = [event["at"][17:19] for event in client.history(job_id)]
    assert seconds == ["56", "57", "57", "58", "59", "00", "01"]
    assert client.history(job_id)[0]["at"] == "2026-01-24T12:34:56.123456Z"


def test_it_gives_the_reason_of_a_failure(client):
    job_id = client.approved_job()
    ok(client.report(job_id, "failed", error="HandBrake exited with 3"))
    assert told(client, job_id)[-1] == (
        "assigned", "queued", "agent:pc", 1, "HandBrake exited with 3"
    )  # fmt: skip


@pytest.mark.parametrize("by", ["person", "agent:pc"])
def test_it_says_who_cancelled_a_job(client, by):
    job_id = client.approved_job()
    if by == "person":
        client.cancel(job_id)
    else:
        ok(client.report(job_id, "cancelled"))
    assert told(client, job_id)[-1] == ("assigned", "cancelled", by, 1, None)


def test_it_names_a_worker_without_an_agent(client):
    ok(client.post("/api/workers/gpu/disable"))
    client.register_worker("farm", agent_id=None)
    job_id = client.queued_job()
    client.poll()
    ok(client.post("/api/workers/farm/jobs/complete", json={"job_id": job_id}))
    assert told(client, job_id) == [
        (None, "queued", "server", 0, None),
        ("queued", "assigned", "worker:farm", 1, None),
        ("assigned", "completed", "worker:farm", 1, None),
    ]


def test_it_tells_a_persons_choice_of_another_agent(client):
    client.register_agent("den")
    job_id = client.assigned_job()
    ok(client.post(f"/api/jobs/{job_id}/assign?agent_id=den"))
    assert told(client, job_id)[1:] == [
        ("pending", "queued", "person", 0, "Chosen for agent 'pc'."),
        ("queued", "assigned", "person", 1, None),
        ("assigned", "queued", "person", 1, "Chosen for agent 'den'."),
        ("queued", "assigned", "person", 2, None),
    ]


def test_it_tells_a_rescue_and_the_attempt_that_followed(client, services, clock):
    job_id = client.approved_job()
    ok(client.report(job_id, "running"))
    clock.advance(121)
    leases.rescue(services.context)
    client.register_worker()
    assert told(client, job_id)[3:] == [
        ("assigned", "running", "agent:pc", 1, None),
        ("running", "queued", "server", 1, "Agent 'pc' was not heard from in time."),
        given_to_gpu(2),
    ]


def test_it_tells_how_an_agent_signed_off(client):
    _, (job_id, *_) = client.ordered_rips()
    client.sign_off()
    client.register_agent()
    assert told(client, job_id)[1:] == [
        given_to_gpu(),
        ("assigned", "queued", "agent:pc", 1, "The agent signed off."),
        given_to_gpu(2),
    ]


def test_it_tells_retries_and_who_wanted_them(client, services, clock):
    job_id = client.approved_job()
    ok(client.report(job_id, "completed", error=UPLOAD))
    clock.advance(75)
    leases.retry_due(services.context)
    ok(client.report(job_id, "failed", error=UNREADABLE))
    ok(client.post(f"/api/jobs/{job_id}/retry"))
    assert told(client, job_id)[3:] == [
        ("assigned", "completed", "agent:pc", 1, UPLOAD),
        ("completed", "queued", "server", 1, "It failed for a reason that passes."),
        given_to_gpu(2),
        ("assigned", "failed", "agent:pc", 2, UNREADABLE),
        ("failed", "queued", "person", 2, "Tried again by a person."),
        given_to_gpu(3),
    ]


def test_it_tells_a_change_of_priority(client):
    job_id = client.approved_job()
    ok(client.post(f"/api/jobs/{job_id}/priority", json={"priority": 5}))
    client.queued_job(preset="H.265 QSV 1080p", priority=9)
    ok(client.post(f"/api/jobs/{job_id}/bump"))
    assert told(client, job_id)[3:] == [
        ("assigned", "assigned", "person", 1, "Priority 0 became 5."),
        ("assigned", "assigned", "person", 1, "Priority 5 became 10."),
    ]


def test_it_tells_that_a_disc_left_its_drive(client):
    _, (job_id, *_) = client.ordered_rips()
    client.eject()
    assert told(client, job_id) == [
        (None, "queued", "server", 0, None), ("queued", "assigned", "server", 1, None),
        ("assigned", "queued", "agent:pc", 1, "The disc left its drive."),
    ]  # fmt: skip


def test_it_tells_that_a_disc_did_not_come_back(client, services, clock):
    _, (_, job_id, *_) = client.ordered_rips()
    client.eject()
    clock.advance(NEW_DISC_SECONDS)
    services.maintenance.tick()
    gone = "The disc left its drive before this title was ripped: put it in and rip it anew."
    assert told(client, job_id) == [
        (None, "queued", "server", 0, None), ("queued", "failed", "server", 0, gone)
    ]  # fmt: skip


def test_it_tells_no_progress(client, clock):
    job_id = client.approved_job()
    ok(client.report(job_id, "running"))
    before = client.history(job_id)
    for progress in range(0, 100, 5):
        clock.advance(2)
        ok(client.report(job_id, "running", progress=progress))
    ok(client.post("/api/agents/pc/heartbeat"))
    assert client.history(job_id) == before


def test_it_leaves_no_gap_between_two_steps(client, services, clock):
    _, rips = client.ordered_rips()
    for number in range(8):
        for job in client.agent_jobs():
            status = ("running", "failed", "completed", "assigned")[number % 4]
            client.report(job["job_id"], status, error=UPLOAD, output_file=f"{number}.mkv")
        clock.advance(70)
        client.register_agent()
        leases.rescue(services.context)
        leases.retry_due(services.context)
    for job in ok(client.get("/api/jobs")):
        events = client.history(job["job_id"])
        assert [event["from_status"] for event in events] == [
            None, *(event["to_status"] for event in events[:-1])
        ]  # fmt: skip
        assert (events[-1]["to_status"], events[-1]["attempt"]) == (job["status"], job["attempt"])
    assert max(len(client.history(job_id)) for job_id in rips) > 5
