"""A result whose upload a kill cuts off: its job is an upload error, and can be retried."""

import socket
import sqlite3
from contextlib import closing

import pytest
import requests

from tests.e2e.gunicorn_server import GunicornServer, until

SIZE = 3_000_000
NAME = "Firefly - S01E01"


def completed_job(server: GunicornServer) -> str:
    """A transcode that a worker of today has done, and is about to upload; its id."""
    server.post("/api/agents/register", agent_id="pc", name="Boz Agent")
    server.post(
        "/api/workers/register", worker_id="gpu", agent_id="pc", hostname="pc", worker_type="agent"
    )
    body = {"job_type": "transcode", "input_file": "C:\\rips\\t00.mkv", "output_name": NAME}
    job_id = str(server.post("/api/jobs", **body, requires_approval=True)["job_id"])
    server.post(f"/api/jobs/{job_id}/approve", worker_id="gpu", preset="Fast 1080p30")
    for status in ("running", "completed"):
        server.patch(f"/api/jobs/{job_id}", status=status)
    return job_id


def half_a_form(server: GunicornServer) -> socket.socket:
    """Send the first half of a result, as a form that has only its name."""
    head = (
        f'--b\r\nContent-Disposition: form-data; name="name"\r\n\r\n{NAME}\r\n'
        '--b\r\nContent-Disposition: form-data; name="file"; filename="a.mkv"\r\n\r\n'
    )
    request = (
        f"POST /api/files/upload HTTP/1.1\r\nHost: boz\r\nContent-Length: {SIZE}\r\n"
        f"Content-Type: multipart/form-data; boundary=b\r\n\r\n{head}"
    )
    connection = socket.create_connection(("127.0.0.1", server.port))
    connection.sendall(request.encode() + b"x" * (SIZE // 2))
    output = server.folder / "output"
    until(lambda: any(path.stat().st_size > SIZE // 4 for path in output.glob(".arriving-*")), 20)
    return connection


def let_pass(server: GunicornServer, minutes: int) -> None:
    """Make everything that moved seem to have moved earlier."""
    with closing(sqlite3.connect(server.database, timeout=30)) as rows, rows:
        rows.execute(
            "UPDATE jobs SET moved_at = strftime('%Y-%m-%d %H:%M:%f000', moved_at, ?)",
            [f"-{minutes} minutes"],
        )


@pytest.mark.parametrize("killed", ["server", "agent"])
def test_it_ends_as_an_upload_error_that_can_be_retried(server, killed):
    server.made_impatient().start()
    job_id = completed_job(server)
    with half_a_form(server):
        if killed == "server":
            server.kill()
    if killed == "server":
        server.start()
    assert server.get("/api/jobs/upload-errors") == []
    let_pass(server, 15)
    (job,) = until(lambda: server.get("/api/jobs/upload-errors"), 30)
    assert job["job_id"] == job_id
    assert "no byte of the result has arrived" in job["error"]
    answer = requests.post(f"{server.url}/api/jobs/{job_id}/retry", timeout=30)
    assert answer.status_code == 200, answer.text
    assert server.get(f"/api/jobs/{job_id}")["status"] in ("queued", "assigned")
