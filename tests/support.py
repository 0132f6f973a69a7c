"""Helpers of the tests: a clock, checks, and factories that reach a state by real requests."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import quote

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from boz_server.api.context import EXTENSION
from boz_server.database.models import MODELS
from boz_server.services.wiring import Services, build_services

Answer = TypeVar("Answer")

JPEG = (
    "/9j/4AAQSkZJRgABAQEAYABgAAD/2wBDAAgGBgcGBQgHBwcJCQgKDBQNDAsLDBkSEw8UHRofHh0aHBwgJC4nICIs"
    "IxwcKDcpLDAxNDQ0Hyc5PTgyPC4zNDL/wAALCAABAAEBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAACf/EABQQAQAA"
    "AAAAAAAAAAAAAAAAAAD/2gAIAQEAAD8AVN//2Q=="
)


class FakeClock:
    """A clock that a test moves by hand."""

    def __init__(self) -> None:
        self.time = datetime(2026, 1, 24, 12, 34, 56, 123456, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time

    def advance(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


def assert_problem(
    response: TestResponse, status: int, mentions: str = "", field: str | None = None
) -> None:
    """Check that an answer is a problem whose detail mentions something, at a field if named."""
    assert response.status_code == status, response.text
    assert response.content_type == "application/problem+json"
    body = response.get_json()
    assert body["status"] == status
    assert {"type", "title", "detail", "instance"} <= body.keys()
    assert mentions in body["detail"]
    if field is not None:
        assert field in body["errors"], body["errors"]


def ok(response: TestResponse) -> Any:
    """Return the JSON of an answer that must be 200."""
    assert response.status_code == 200, response.text
    return response.get_json()


def titles(*minutes: float, **extra: Any) -> list[dict[str, Any]]:
    """Titles of such lengths, as an agent of today reports them."""
    return [
        {
            "index": index,
            "name": f"Title {index + 1}",
            "duration_seconds": int(length * 60),
            "size_bytes": 0,
            "chapters": 8,
            **extra,
        }
        for index, length in enumerate(minutes)
    ]


def register_agent(client: FlaskClient, agent_id: str = "pc", **extra: Any) -> dict[str, Any]:
    """An agent that is online."""
    body = {"agent_id": agent_id, "name": agent_id.title(), **extra}
    return dict(ok(client.post("/api/agents/register", json=body)))


def register_worker(
    client: FlaskClient, worker_id: str = "gpu", agent_id: str | None = "pc", **extra: Any
) -> dict[str, Any]:
    """A worker that is available, beside an agent."""
    body = {"worker_id": worker_id, "hostname": worker_id, "agent_id": agent_id, **extra}
    return dict(ok(client.post("/api/workers/register", json=body)))


def detect(
    client: FlaskClient,
    label: str = "FIREFLY_S01_D1",
    minutes: tuple[float, ...] = (43, 42.5, 44, 3),
    **extra: Any,
) -> dict[str, Any]:
    """A disc that its agent has reported."""
    body = {
        "agent_id": "pc",
        "drive": "D:",
        "disc_name": label,
        "disc_type": "DVD disc",
        "titles": titles(*minutes),
        **extra,
    }
    return dict(ok(client.post("/api/discs/detected", json=body)))


def approve(client: FlaskClient, disc_id: str, **body: Any) -> dict[str, Any]:
    """A disc whose names a person has accepted."""
    return dict(ok(client.post(f"/api/discs/{disc_id}/preview/approve", json=body)))


def rip(client: FlaskClient, disc_id: str, **body: Any) -> list[str]:
    """Rip jobs of an approved disc; their ids."""
    return list(ok(client.post(f"/api/discs/{disc_id}/rip", json=body))["job_ids"])


def create_job(client: FlaskClient, **extra: Any) -> dict[str, Any]:
    """A transcode job that awaits approval."""
    body = {
        "job_type": "transcode",
        "input_file": "C:\\rips\\title_t00.mkv",
        "output_name": "Firefly - S01E01",
        "requires_approval": True,
        **extra,
    }
    return dict(ok(client.post("/api/jobs", json=body)))


def approved_job(client: FlaskClient, worker_id: str = "gpu", **extra: Any) -> str:
    """A transcode job that was given to a worker; its id."""
    job_id = str(create_job(client, **extra)["job_id"])
    body = {"worker_id": worker_id, "preset": "H.265 NVENC 1080p"}
    ok(client.post(f"/api/jobs/{job_id}/approve", json=body))
    return job_id


def assigned_job(client: FlaskClient, agent_id: str = "pc", **extra: Any) -> str:
    """A transcode job that was given to an agent; its id."""
    job_id = str(create_job(client, **extra)["job_id"])
    ok(client.post(f"/api/jobs/{job_id}/assign?agent_id={agent_id}"))
    return job_id


def queued_job(client: FlaskClient, **extra: Any) -> str:
    """A transcode job that needs no approval, with a machine if one has a place; its id."""
    return str(create_job(client, **{"requires_approval": False, **extra})["job_id"])


def job_of(client: FlaskClient, job_id: str) -> dict[str, Any]:
    """A job as it now is."""
    return dict(ok(client.get(f"/api/jobs/{job_id}")))


def given(client: FlaskClient, job_ids: Sequence[str]) -> list[bool]:
    """Which of the jobs machines have."""
    return [job_of(client, job_id)["status"] in ("assigned", "running") for job_id in job_ids]


def history(client: FlaskClient, job_id: str) -> list[dict[str, Any]]:
    """What became of a job, oldest first."""
    return list(ok(client.get(f"/api/jobs/{job_id}/events")))


def lease_token(client: FlaskClient, job_id: str, agent_id: str = "pc") -> str:
    """The token of a job's latest attempt, as its agent gets it."""
    jobs = ok(client.get(f"/api/agents/{agent_id}/jobs"))["jobs"]
    return next(str(job["lease_token"]) for job in jobs if job["job_id"] == job_id)


def poll(client: FlaskClient, worker_id: str = "farm", max_jobs: int = 1) -> list[dict[str, Any]]:
    """What a worker gets that asks for work."""
    response = client.post(f"/api/workers/{worker_id}/jobs/poll", json={"max_jobs": max_jobs})
    return list(ok(response)["jobs"])


def ordered_rips(client: FlaskClient, **extra: Any) -> tuple[str, list[str]]:
    """A disc that a person has approved and ordered to be ripped, and its rip jobs."""
    disc_id = str(detect(client, **extra)["disc_id"])
    approve(client, disc_id)
    return disc_id, rip(client, disc_id)


def restart(app: Flask, **changes: Any) -> Services:
    """Build the services anew on the same database, as a restart with other settings does."""
    context = app.extensions[EXTENSION].context
    new = build_services(replace(context.settings, **changes), context.database, context.clock)
    app.extensions[EXTENSION] = new
    return new


def report(client: FlaskClient, job_id: str, status: str, **extra: Any) -> TestResponse:
    """A report as agents of today send it: all four keys, null where unknown."""
    body = {"status": status, "progress": None, "error": None, "output_file": None, **extra}
    return client.patch(f"/api/jobs/{job_id}", json=body)


@contextmanager
def unchanged(services: Services) -> Iterator[None]:
    """Check that whatever happens meanwhile leaves the database as it was."""
    before = _rows(services)
    yield
    assert _rows(services) == before


def _rows(services: Services) -> dict[str, list[str]]:
    tables = [model._meta.table_name for model in MODELS]
    select = services.context.database.peewee.execute_sql
    return {
        table: sorted(map(repr, select(f"SELECT * FROM {table}").fetchall()))  # noqa: S608
        for table in tables
    }


def at_once(*calls: Callable[[], Answer]) -> list[Answer]:
    """Make calls in threads that start at the same moment; returns their answers in order."""
    start = threading.Barrier(len(calls))

    def run(call: Callable[[], Answer]) -> Answer:
        start.wait(10)
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def told(client: FlaskClient, disc_id: str, action: str, **body: Any) -> dict[str, Any]:
    """A disc after a person said something of it: "preview/update-season", "identify", …"""
    return dict(ok(client.post(f"/api/discs/{disc_id}/{action}", json=body)))


def disc_of(client: FlaskClient, disc_id: str) -> dict[str, Any]:
    """A disc as it now is."""
    return dict(ok(client.get(f"/api/discs/{disc_id}")))


def eject(client: FlaskClient, drive: str = "D:", agent_id: str = "pc") -> None:
    """A drive that is open."""
    ok(client.post("/api/discs/ejected", json={"agent_id": agent_id, "drive": drive}))


def season(client: FlaskClient, season_id: str) -> dict[str, Any]:
    """What is known of a season."""
    return dict(ok(client.get(f"/api/tv-seasons/{quote(season_id, safe='')}")))


def file_names(disc: dict[str, Any]) -> list[str]:
    """The proposed file names of a disc's selected titles."""
    return [title["proposed_filename"] for title in disc["titles"] if title["selected"]]


def episodes(disc: dict[str, Any]) -> list[int | None]:
    """The episode numbers of a disc's selected titles."""
    return [title["episode_number"] for title in disc["titles"] if title["selected"]]
