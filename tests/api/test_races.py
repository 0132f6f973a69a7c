"""Two at the same moment: one gets it, the other is told so, and nothing is done twice."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from boz_server.services.wiring import Services
from tests.support import (
    approve,
    approved_job,
    assert_problem,
    assigned_job,
    at_once,
    create_job,
    detect,
    ok,
    register_agent,
    register_worker,
    report,
    rip,
)


@contextmanager
def meeting_behind(owner: Any, method: str) -> Iterator[None]:
    """Let two callers of a method wait for each other behind it, so that neither is ahead.

    Where only one gets in at a time, it goes on alone after a moment.
    """
    original = getattr(owner, method)
    barrier = threading.Barrier(2)

    def met(*args: Any, **kwargs: Any) -> Any:
        answer = original(*args, **kwargs)
        with suppress(threading.BrokenBarrierError):
            barrier.wait(0.2)
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, method, met)
        yield


@pytest.fixture
def machines(client: FlaskClient) -> None:
    """Two agents, each with a worker."""
    for agent_id, worker_id in (("pc", "gpu"), ("den", "cpu")):
        register_agent(client, agent_id)
        register_worker(client, worker_id, agent_id)


def post(app: Flask, address: str, **body: Any) -> Callable[[], TestResponse]:
    return lambda: app.test_client().post(address, json=body or None)


def reported(app: Flask, job_id: str, status: str) -> Callable[[], TestResponse]:
    return lambda: report(app.test_client(), job_id, status)


def statuses(answers: list[TestResponse]) -> list[int]:
    return sorted(answer.status_code for answer in answers)


@pytest.mark.usefixtures("machines")
def test_it_lets_one_of_two_approve_a_job(
    app: Flask, client: FlaskClient, services: Services
) -> None:
    job_id = create_job(client)["job_id"]
    address = f"/api/jobs/{job_id}/approve"
    with meeting_behind(services.queue.worker_manager, "get"):
        answers = at_once(
            post(app, address, worker_id="gpu", preset="A"),
            post(app, address, worker_id="cpu", preset="B"),
        )
    assert statuses(answers) == [200, 400]
    lost, won = sorted(answers, key=lambda answer: -answer.status_code)
    assert_problem(lost, 400, "is assigned")
    job = ok(client.get(f"/api/jobs/{job_id}"))
    assert (job["assigned_worker_id"], job["preset"]) == (
        won.json["worker_id"], won.json["preset"]
    )  # fmt: skip
    held = {
        worker["worker_id"]: worker["current_jobs"] for worker in ok(client.get("/api/workers"))
    }
    assert held == {"gpu": [], "cpu": []} | {job["assigned_worker_id"]: [job_id]}


@pytest.mark.usefixtures("machines")
def test_it_either_approves_or_cancels(app: Flask, client: FlaskClient, services: Services) -> None:
    job_id = create_job(client)["job_id"]
    with meeting_behind(services.queue.jobs, "get"):
        approval, cancellation = at_once(
            post(app, f"/api/jobs/{job_id}/approve", worker_id="gpu", preset="A"),
            post(app, f"/api/jobs/{job_id}/cancel"),
        )
    # A job that was approved first can still be cancelled, never the other way round.
    assert cancellation.status_code == 200
    assert approval.status_code in (200, 400)
    job = ok(client.get(f"/api/jobs/{job_id}"))
    assert job["status"] == "cancelled"
    assert ok(client.get("/api/workers/gpu"))["current_jobs"] == []


@pytest.mark.usefixtures("machines")
def test_it_lets_one_end_win(app: Flask, client: FlaskClient) -> None:
    for _ in range(4):
        job_id = assigned_job(client)
        report(client, job_id, "running")
        ends = ("completed", "failed", "cancelled")
        answers = at_once(*[reported(app, job_id, end) for end in ends])
        assert statuses(answers) == [200, 409, 409]
        (won,) = [answer.json for answer in answers if answer.status_code == 200]
        assert ok(client.get(f"/api/jobs/{job_id}")) == won
        assert ok(client.get("/api/agents/pc"))["status"] == "online"


@pytest.mark.usefixtures("machines")
def test_it_counts_a_completion_once_that_is_reported_twice_at_once(
    app: Flask, client: FlaskClient
) -> None:
    for number in range(1, 5):
        job_id = approved_job(client)
        answers = at_once(*[reported(app, job_id, "completed")] * 3)
        assert statuses(answers) == [200, 200, 200]
        assert ok(client.get("/api/workers/gpu"))["total_jobs_completed"] == number


@pytest.mark.usefixtures("machines")
def test_it_counts_every_completion_of_several_at_once(app: Flask, client: FlaskClient) -> None:
    jobs = [approved_job(client) for _ in range(6)]
    answers = at_once(*[reported(app, job_id, "completed") for job_id in jobs])
    assert statuses(answers) == [200] * 6
    worker = ok(client.get("/api/workers/gpu"))
    assert (worker["total_jobs_completed"], worker["current_jobs"]) == (6, [])


@pytest.mark.usefixtures("machines")
def test_it_frees_an_agent_whose_last_jobs_end_at_once(
    app: Flask, client: FlaskClient, services: Services
) -> None:
    for _ in range(3):
        jobs = [assigned_job(client), assigned_job(client)]
        for job_id in jobs:
            report(client, job_id, "running")
        with meeting_behind(services.reports.jobs, "move"):
            at_once(*[reported(app, job_id, "failed") for job_id in jobs])
        agent = ok(client.get("/api/agents/pc"))
        assert (agent["status"], agent["current_job_id"]) == ("online", None)


def test_it_frees_a_worker_whose_last_jobs_end_at_once(
    app: Flask, client: FlaskClient, services: Services
) -> None:
    register_worker(client, "farm", agent_id=None)
    for _ in range(3):
        jobs = [approved_job(client, "farm"), approved_job(client, "farm")]
        with meeting_behind(services.reports.agents, "refresh_work"):
            at_once(*[reported(app, job_id, "failed") for job_id in jobs])
        assert ok(client.get("/api/workers/farm"))["current_jobs"] == []


@pytest.mark.usefixtures("machines")
def test_it_completes_a_disc_whose_last_rips_end_at_once(
    app: Flask, client: FlaskClient, services: Services
) -> None:
    for number in range(3):
        disc_id = detect(client, label=f"FIREFLY_S0{number + 1}_D1")["disc_id"]
        approve(client, disc_id)
        (first,) = rip(client, disc_id, title_indices=[0])
        # These two no agent has yet: nothing but the disc is common to them.
        body = {"job_type": "rip", "disc_id": disc_id}
        last = [
            ok(client.post("/api/jobs", json=body | {"title_index": index}))["job_id"]
            for index in (1, 2)
        ]
        report(client, first, "completed")
        with meeting_behind(services.reports.jobs, "move"):
            at_once(*[post(app, f"/api/jobs/{job_id}/cancel") for job_id in last])
        assert ok(client.get(f"/api/discs/{disc_id}"))["status"] == "completed"


def test_it_registers_an_agent_once(app: Flask, client: FlaskClient) -> None:
    body = {"agent_id": "pc", "name": "Pc"}
    worker = {"worker_id": "gpu", "hostname": "h", "agent_id": "pc"}
    answers = at_once(
        *[post(app, "/api/agents/register", **body)] * 2,
        *[post(app, "/api/workers/register", **worker)] * 2,
    )
    assert statuses(answers) == [200] * 4
    assert [agent["status"] for agent in ok(client.get("/api/agents"))] == ["online"]
    assert len(ok(client.get("/api/workers"))) == 1


@pytest.mark.usefixtures("machines")
def test_it_enters_one_of_two_rips_of_a_title(app: Flask, client: FlaskClient) -> None:
    disc_id = detect(client)["disc_id"]
    body = {"job_type": "rip", "disc_id": disc_id, "title_index": 0}
    answers = at_once(*[post(app, "/api/jobs", **body)] * 3)
    assert statuses(answers) == [200, 409, 409]
    assert len(ok(client.get("/api/jobs"))) == 1


def test_it_overwrites_no_upload_of_the_same_name(app: Flask, client: FlaskClient) -> None:
    contents = [f"film {number}".encode() for number in range(6)]

    def upload(content: bytes) -> TestResponse:
        head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.mkv"\r\n\r\n'
        return app.test_client().post(
            "/api/files/upload",
            data=head + content + b"\r\n--b--\r\n",
            content_type="multipart/form-data; boundary=b",
        )

    answers = at_once(*[lambda content=content: upload(content) for content in contents])
    paths = [ok(answer)["path"] for answer in answers]
    kept = []
    for path in paths:
        with open(path, "rb") as file:
            kept.append(file.read())
    assert kept == contents
    assert len(ok(client.get("/api/files"))["files"]) == 6
