"""What machines send all day costs the same, however much waits."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import pytest
from werkzeug.test import TestResponse

from boz_server.database.models import Job
from boz_server.services.wiring import Services
from tests.client import Client, ok
from tests.remote import approved, wanted


@contextmanager
def counted(services: Services) -> Iterator[list[str]]:
    """The statements that run meanwhile."""
    seen: list[str] = []

    def note(event: Any) -> None:
        seen.append(event.sql)

    services.context.database.peewee.query_hooks.append(note)
    yield seen
    services.context.database.peewee.query_hooks.remove(note)


def copies(services: Services, row: dict[str, Any], number: int) -> None:
    """Enter as many jobs more like that one: thousands of requests would take a minute."""
    rows = [row | {"job_id": str(uuid4())} for _ in range(number)]
    with services.context.database.write():
        for start in range(0, number, 500):
            Job.insert_many(rows[start : start + 500]).execute()


def costs(client: Client, services: Services) -> dict[str, int]:
    """How many statements each request of a day's work takes."""
    (running,) = client.worker()["current_jobs"]
    pending = client.create_job()["job_id"]
    requests: dict[str, Callable[[], TestResponse]] = {
        "approval": lambda: client.post(
            f"/api/jobs/{pending}/approve", json={"worker_id": "gpu", "preset": "Fast 1080p30"}
        ),
        "begin": lambda: client.report(running, "running"),
        "progress": lambda: client.report(running, "running", progress=50),
        "agent's heartbeat": lambda: client.post("/api/agents/pc/heartbeat"),
        "worker's heartbeat": lambda: client.post("/api/workers/gpu/heartbeat", json={}),
        "agent's jobs": lambda: client.get("/api/agents/pc/jobs"),
        "completion": lambda: client.report(running, "completed"),
        "entry": lambda: client.post("/api/jobs", json={"job_type": "transcode"}),
        "poll": lambda: client.post("/api/workers/farm/jobs/poll", json={"max_jobs": 1}),
    }
    found = {}
    for name, request in requests.items():
        with counted(services) as statements:
            ok(request())
        found[name] = len(statements)
    # As it was before: what a worker holds has its price, whatever waits.
    for job_id in client.worker("farm")["current_jobs"]:
        ok(client.report(job_id, "completed"))
    return found


@pytest.fixture
def waiting(client) -> dict[str, Any]:
    """The row of a job that waits behind another."""
    client.register_agent()
    client.register_worker(capabilities={"max_concurrent": 1})
    client.queued_job(priority=1)
    job_id = client.queued_job()
    return dict(Job.select().where(Job.job_id == job_id).dicts().get())


def test_it_runs_as_many_statements_for_2000_waiting_jobs_as_for_10(client, services, waiting):
    client.register_worker("farm", None)
    copies(services, waiting, 9)
    few = costs(client, services)
    copies(services, waiting, 1990)
    assert ok(client.get("/api/jobs/stats"))["queued"] >= 1990
    many = costs(client, services)
    assert many == few
    assert min(few.values()) > 0


def test_it_tells_of_2000_files_that_are_to_come_with_as_many_statements_as_of_10(client, services):
    row = dict(Job.select().where(Job.job_id == approved(client)).dicts().get())
    found = []
    for more in (9, 1990):
        copies(services, row | {"source_job_id": None}, more)
        costs = []
        for request in (
            lambda: client.get("/api/agents/pc/jobs"),
            lambda: client.post("/api/workers/farm/jobs/poll", json={}),
        ):
            with counted(services) as statements:
                answer = ok(request())
            costs.append(len(statements))
            assert answer["jobs"] == []
        found.append(costs)
    assert found[0] == found[1]
    # A bounded answer: what is behind these gets its turn.
    assert len(wanted(client)) == 100


def test_it_takes_a_progress_report_in_one_statement(client, services, waiting):
    (running,) = client.worker()["current_jobs"]
    ok(client.report(running, "running", progress=10))
    with counted(services) as statements:
        ok(client.report(running, "running", progress=20))
    assert [sql for sql in statements if not sql.startswith(("BEGIN", "COMMIT", "PRAGMA"))] == [
        next(sql for sql in statements if sql.startswith("UPDATE"))
    ]


def test_it_explains_a_hundred_jobs_with_as_many_queries_as_one(client, services, waiting):
    """The first of the list is a rip that waits for its drive: the dearest kind."""
    disc_id = client.detect().approve().id
    _, *rips = client.rip(disc_id, title_indices=[0, 1, 2])
    ok(client.post(f"/api/jobs/{rips[0]}/bump"))
    assert client.assigned(rips) == [False, False]
    copies(services, waiting, 100)
    found = {}
    for limit in (1, 100):
        with counted(services) as statements:
            jobs = ok(client.get(f"/api/jobs/pending?limit={limit}"))
        assert len(jobs) == limit
        assert all(job["waiting_reason"] for job in jobs)
        found[limit] = len(statements)
    assert found[100] == found[1]
    assert jobs[0]["job_id"] == rips[0]
