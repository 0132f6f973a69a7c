"""Agents and workers on different machines, as they speak with the server."""

import base64
from io import BytesIO
from typing import Any
from urllib.parse import urlencode

from flask import Flask
from werkzeug.test import TestResponse

from boz_server.services.queue import leases
from boz_server.services.wiring import Services
from boz_server.settings import Settings
from tests.client import Client, ok
from tests.support import (
    restart,
)

RAW = bytes(range(256)) * 4
FILM = b"\x1aE\xdf\xa3 a film"
APPROVAL = {"worker_id": "farm", "preset": "Fast 1080p30"}


def sending_agent(client: Client, agent_id: str = "pc") -> None:
    """An agent that sends raw titles when it is asked to."""
    client.register_agent(agent_id, capabilities={"can_upload_raw": True})


def farm(client: Client, worker_id: str = "farm", **capabilities: Any) -> None:
    """A worker on a machine of its own, without an agent."""
    client.register_worker(worker_id, None, worker_type="remote", capabilities=capabilities)


def ripped(client: Client, number: int = 0, agent_id: str = "pc", path: str | None = None) -> str:
    """A pending transcode of a title that an agent has ripped from an approved disc; its id."""
    path = path or f"C:\\rips\\t{number:02}.mkv"
    disc_id = client.detect(agent_id=agent_id)["disc_id"]
    client.approve(disc_id)
    (rip_id,) = client.rip(disc_id, title_indices=[number])
    ok(client.report(rip_id, "completed", output_file=path))
    body = {"input_file": path, "output_name": None, "source_disc_name": "FIREFLY_S01_D1"}
    job = client.create_job(disc_id=disc_id, title_index=number, **body)
    assert job["source_job_id"] == rip_id
    return str(job["job_id"])


def approved(client: Client, number: int = 0, **body: Any) -> str:
    """A transcode of an agent's title that a person approved for the worker elsewhere; its id."""
    sending_agent(client)
    farm(client)
    job_id = ripped(client, number)
    ok(client.post(f"/api/jobs/{job_id}/approve", json=APPROVAL | body))
    return job_id


def here(client: Client, number: int = 0, **body: Any) -> str:
    """The same, whose file has been sent here; its id."""
    job_id = approved(client, number, **body)
    ok(send_input(client, job_id))
    return job_id


def polled(client: Client, worker_id: str = "farm") -> dict[str, Any]:
    """The one job that a worker gets that asks for work."""
    (work,) = ok(client.post(f"/api/workers/{worker_id}/jobs/poll", json={}))["jobs"]
    return dict(work)


def given_away(client: Client, number: int = 0, **body: Any) -> dict[str, Any]:
    """A job whose file is here and that its worker has, as the worker got it."""
    here(client, number, **body)
    return polled(client)


def wanted(client: Client, agent_id: str = "pc") -> list[str]:
    """The ids of the jobs whose files an agent is to send."""
    asked = ok(client.get(f"/api/agents/{agent_id}/jobs"))["uploads_wanted"]
    return [each["job_id"] for each in asked]


def send(client: Client, content: bytes, name: str, headers: Any = None,
         **query: str) -> TestResponse:  # fmt: skip
    """A file sent as a form."""
    return client.post(
        f"/api/files/upload?{urlencode(query)}",
        data={"file": (BytesIO(content), f"{name}.mkv"), "name": name},
        headers=headers,
    )


def send_input(client: Client, job_id: str, content: bytes = RAW) -> TestResponse:
    """A raw title, sent to the address that its agent was given."""
    return send(client, content, "t00", purpose="job_input", job_id=job_id)


def send_result(
    client: Client, work: dict[str, Any], content: bytes = FILM, **query: str
) -> TestResponse:
    """A result, sent as a form to the address that came with the job, or with other words."""
    said = {"purpose": "job_output", "job_id": work["job_id"], "lease_token": work["lease_token"]}
    return send(client, content, "result", **(said | query))


def begin(client: Client, size: int, **metadata: str) -> TestResponse:
    """An upload that can be resumed, begun."""
    said = {"filename": "t00.mkv", **metadata}
    pairs = (f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in said.items())
    headers = {"Tus-Resumable": "1.0.0", "Upload-Length": str(size),
               "Upload-Metadata": ",".join(pairs)}  # fmt: skip
    return client.post("/api/uploads", headers=headers)


def begun(client: Client, size: int, **metadata: str) -> str:
    """The id of an upload that has begun."""
    response = begin(client, size, **metadata)
    assert response.status_code == 201, response.text
    return response.headers["Location"].rpartition("/")[2]


def go_on(client: Client, upload_id: str, offset: int, content: bytes) -> TestResponse:
    """More bytes of an upload that can be resumed."""
    headers = {"Tus-Resumable": "1.0.0", "Upload-Offset": str(offset),
               "Content-Type": "application/offset+octet-stream"}  # fmt: skip
    return client.patch(f"/api/uploads/{upload_id}", headers=headers, data=content)


def lost(client: Client, services: Any, clock: Any, *others: str) -> None:
    """The worker that has the job falls silent, and the job is taken from it."""
    clock.advance(91)
    for name in others:
        ok(client.post(f"/api/workers/{name}/heartbeat", json={}))
    assert leases.rescue(services.context) == 1


def shared(app: Flask, settings: Settings) -> Services:
    """A server with a library."""
    for name in ("Movies", "TV Shows"):
        (settings.nas_mount / name).mkdir(parents=True)
    return restart(app, nas_enabled=True, organize_wait_seconds=0)


def library_files(settings: Settings) -> dict[str, bytes]:
    """The files of the library, by their path in it."""
    root = settings.nas_mount
    return {
        str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()
    }
