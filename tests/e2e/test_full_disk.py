"""Full disks: nothing is lost, other work goes on, and the blocked work resumes when there is
room."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.e2e.files.disks import disk
from tests.e2e.files.films import Film, unfinished
from tests.e2e.files.tus_sender import TUS
from tests.e2e.gunicorn_server import GunicornServer, until

MIB = 1024 * 1024
FILM = Film("Heat (1995).mkv", os.urandom(12 * MIB))
SENT = {"Content-Type": "application/offset+octet-stream"}


@pytest.fixture
def output(server: GunicornServer) -> Iterator[Path]:
    """An output folder on a disk of 16 MiB; the database is elsewhere."""
    with disk(server.folder / "output", "16m") as folder:
        server.environment["BOZ_MIN_FREE_BYTES"] = "0"
        yield folder
        if server.is_running():
            server.kill()


def fill(folder: Path, size: int) -> Path:
    """Use up room on a disk."""
    path = folder / ".ballast"
    path.write_bytes(b"x" * size)
    return path


def in_pieces(content: bytes) -> Iterator[bytes]:
    """A form of unknown length."""
    yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.mkv"\r\n\r\n'
    yield from (content[start : start + MIB] for start in range(0, len(content), MIB))
    yield b"\r\n--b--\r\n"


def send_form(server: GunicornServer, content: bytes) -> requests.Response:
    return requests.post(
        f"{server.url}/api/files/upload",
        data=in_pieces(content),
        headers={"Content-Type": "multipart/form-data; boundary=b"},
        timeout=30,
    )


def begin(server: GunicornServer, size: int) -> requests.Response:
    said = {"Upload-Length": str(size), "Upload-Metadata": "filename SGVhdCAoMTk5NSkubWt2"}
    return requests.post(f"{server.url}/api/uploads", headers=TUS | said, timeout=30)


def send(url: str, content: bytes, offset: int = 0) -> requests.Response:
    said = {"Upload-Offset": str(offset)}
    return requests.patch(url, data=content, headers=TUS | SENT | said, timeout=30)


def assert_full(answer: requests.Response, words: str) -> None:
    assert answer.status_code == 507, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert words in answer.json()["detail"]


def test_it_leaves_nothing_of_a_form_that_does_not_fit(server, output):
    server.start()
    assert_full(send_form(server, FILM.content * 2), "full")
    assert list(output.iterdir()) == []
    answer = send_form(server, FILM.content)
    assert answer.status_code == 200, answer.text
    assert Path(answer.json()["path"]).read_bytes() == FILM.content


def test_it_takes_no_byte_of_what_can_not_fit(server, output):
    server.environment["BOZ_MIN_FREE_BYTES"] = str(5 * MIB)
    server.start()
    assert_full(begin(server, len(FILM.content)), "BOZ_MIN_FREE_BYTES")
    form = {"file": (FILM.name, FILM.content)}
    answer = requests.post(f"{server.url}/api/files/upload", files=form, timeout=30)
    assert_full(answer, "BOZ_MIN_FREE_BYTES")
    assert list(output.iterdir()) == []
    assert begin(server, 10 * MIB).status_code == 201


def test_it_keeps_what_came_by_tus_before_the_disk_was_full(server, output):
    server.start()
    url = begin(server, len(FILM.content)).headers["Location"]
    ballast = fill(output, 10 * MIB)
    assert_full(send(url, FILM.content), "full")
    # Sending more changes nothing.
    here = int(requests.head(url, headers=TUS, timeout=30).headers["Upload-Offset"])
    assert 5 * MIB < here <= 6 * MIB
    assert_full(send(url, FILM.content[here:], here), "full")
    for path in ("/api/jobs", "/api/files", "/health", "/readyz"):
        server.get(path)
    assert server.post("/api/jobs", job_type="transcode", input_file="x.mkv")["job_id"]
    server.kill()
    server.start()
    ballast.unlink()
    assert send(url, FILM.content[here:], here).status_code == 204
    found = requests.get(url, timeout=30).json()
    assert found["state"] == "complete"
    assert Path(found["path"]).read_bytes() == FILM.content
    assert unfinished(output) == []


def test_it_begins_no_rip_while_room_is_low(server, output):
    server.environment["BOZ_MIN_FREE_BYTES"] = str(8 * MIB)
    server.made_impatient().start()
    ballast = fill(output, 9 * MIB)
    assert any("make room" in warning for warning in server.get("/readyz")["warnings"])
    assert "make room" in server.get("/health")["storage"]["warning"]
    server.post("/api/agents/register", agent_id="pc", name="Den PC")
    (rip_id,) = server.ordered_rips("HEAT", 120)
    rip = server.get(f"/api/jobs/{rip_id}")
    assert rip["status"] == "queued"
    assert "make room" in rip["waiting_reason"]

    ballast.unlink()
    assert server.get("/readyz")["warnings"] == []
    until(lambda: given(server, rip_id), 20)


def given(server: GunicornServer, job_id: str) -> bool:
    server.get("/api/agents/pc/jobs")
    return bool(server.get(f"/api/jobs/{job_id}")["status"] == "assigned")


def test_it_keeps_a_film_that_a_full_library_does_not_take(server):
    with disk(server.folder / "nas", "16m") as library:
        server.environment |= {
            "BOZ_NAS_ENABLED": "true",
            "BOZ_NAS_MOUNT": str(library),
            "BOZ_MIN_FREE_BYTES": "0",
        }
        (library / "Movies").mkdir()
        ballast = fill(library, 10 * MIB)
        server.made_impatient().start()
        form = {"file": (FILM.name, FILM.content)}
        answer = requests.post(f"{server.url}/api/files/upload", files=form, timeout=30).json()
        assert not answer["organized"]
        source = Path(answer["path"])
        job = until(lambda: failed(server, answer["organize_job_id"]), 20)
        assert "No space left" in job["error"]
        assert str(library) in job["error"], job["error"]
        assert job["scheduled_at"] is not None
        assert source.read_bytes() == FILM.content
        assert unfinished(library) == [ballast]
        assert list((library / "Movies").rglob("*.*")) == []

        ballast.unlink()
        server.post(f"/api/jobs/{job['job_id']}/retry")
        until(lambda: not source.exists(), 20)
        (filed,) = (library / "Movies").rglob("*.mkv")
        assert filed.read_bytes() == FILM.content
        server.kill()


def failed(server: GunicornServer, job_id: str) -> dict[str, Any] | None:
    job: dict[str, Any] = server.get(f"/api/jobs/{job_id}")
    return job if job["status"] == "failed" else None
