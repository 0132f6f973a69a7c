"""From the drive to the library with the transcoder on another machine, over real connections."""

import hashlib
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from tusclient.client import TusClient

from tests.e2e.gunicorn_server import GunicornServer, until

EPISODE = "TV Shows/Firefly/Season 01/Firefly - S01E01.mkv"
Job = dict[str, Any]


@pytest.fixture
def library(server: GunicornServer, tmp_path: Path) -> Iterator[Path]:
    """The library of a server that runs."""
    root = tmp_path / "nas"
    for name in ("Movies", "TV Shows"):
        (root / name).mkdir(parents=True)
    server.environment |= {"BOZ_NAS_ENABLED": "true", "BOZ_NAS_MOUNT": str(root)}
    server.made_impatient().start()
    yield root
    assert server.stop() == 0


def video(path: Path) -> Path:
    """A second of video if ffmpeg is installed, else arbitrary bytes."""
    if shutil.which("ffmpeg") is None:
        path.write_bytes(hashlib.sha256(b"raw").digest() * 40_000)
        return path
    source = ["-f", "lavfi", "-i", "testsrc=duration=1:size=640x360:rate=25"]
    ffmpeg(*source, "-c:v", "mpeg2video", str(path))
    return path


def transcoded(path: Path, to: Path) -> Path:
    """The transcoded file."""
    if shutil.which("ffmpeg") is None:
        to.write_bytes(path.read_bytes()[::-1])
    else:
        ffmpeg("-i", str(path), "-c:v", "mpeg4", str(to))
    return to


def ffmpeg(*arguments: str) -> None:
    command = ["ffmpeg", "-v", "error", "-y", *arguments]
    subprocess.run(command, check=True, timeout=60)  # noqa: S603 - a test's own words


class SendingAgent:
    """An agent that rips, and sends raw titles on request."""

    def __init__(self, server: GunicornServer) -> None:
        self.server = server
        server.post(
            "/api/agents/register",
            agent_id="pc",
            name="Living room",
            capabilities={"can_rip": True, "can_upload_raw": True},
        )

    def rip(self, path: Path) -> Job:
        """Rip the one title of a disc that a person has approved; returns its transcode."""
        title = {"index": 0, "name": "Title 1", "duration_seconds": 2580, "size_bytes": 0}
        both = [title, {**title, "index": 1}]
        disc_id = self.server.detected("FIREFLY_S01_D1", drive="/dev/sr0", titles=both)
        self.server.post(f"/api/discs/{disc_id}/preview/approve")
        self.server.post(f"/api/discs/{disc_id}/rip", title_indices=[0])
        (rip,) = self.server.get("/api/agents/pc/jobs")["jobs"]
        self.server.patch(f"/api/jobs/{rip['job_id']}", status="running", progress=50)
        self.server.patch(f"/api/jobs/{rip['job_id']}", status="completed", output_file=str(path))
        job: Job = self.server.post(
            "/api/jobs",
            job_type="transcode",
            disc_id=disc_id,
            title_index=0,
            input_file=str(path),
            requires_approval=True,
        )
        return job

    def send(self, wanted: Job) -> None:
        """Send a raw title, with one interruption."""
        client = TusClient(f"{self.server.url}/api/uploads")
        path = Path(wanted["input_file"])
        said = {"filename": path.name, "purpose": "job_input", "job_id": wanted["job_id"]}
        half = path.stat().st_size // 2
        with path.open("rb") as file:
            uploader = client.uploader(file_stream=file, chunk_size=half, metadata=said)
            uploader.upload_chunk()
            (again,) = self.server.get("/api/agents/pc/jobs")["uploads_wanted"]
            assert uploader.url.endswith(again["upload_id"])
            client.uploader(file_stream=file, chunk_size=half, url=uploader.url).upload()


class RemoteWorker:
    """A worker on another machine."""

    def __init__(self, server: GunicornServer) -> None:
        self.server = server
        server.post(
            "/api/workers/register", worker_id="farm", worker_type="remote", hostname="farm"
        )

    def poll(self) -> list[Job]:
        """Poll for jobs."""
        jobs: list[Job] = self.server.post("/api/workers/farm/jobs/poll", max_jobs=1)["jobs"]
        return jobs

    def fetch(self, job: Job, to: Path) -> Path:
        """Fetch a job's file, in two parts."""
        url = self.server.url + job["download_url"]
        head = requests.head(url, timeout=30)
        size, tag = int(head.headers["Content-Length"]), head.headers["ETag"]
        with to.open("wb") as file:
            for part in (f"bytes=0-{size // 2}", f"bytes={size // 2 + 1}-"):
                headers = {"Range": part, "If-Range": tag}
                answer = requests.get(url, headers=headers, timeout=30)
                assert answer.status_code == 206
                file.write(answer.content)
        return to

    def send(self, job: Job, path: Path) -> None:
        """Send a result, whose checksum tells whether it is whole."""
        said = {
            "filename": path.name,
            "purpose": "job_output",
            "job_id": job["job_id"],
            "lease_token": job["lease_token"],
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        }
        client = TusClient(f"{self.server.url}/api/uploads")
        with path.open("rb") as file:
            client.uploader(file_stream=file, chunk_size=100_000, metadata=said).upload()


def test_it_transcodes_a_title_on_another_machine(server, library, tmp_path):
    agent, worker = SendingAgent(server), RemoteWorker(server)
    raw = video(tmp_path / "title_t00.mkv")
    job_id = agent.rip(raw)["job_id"]
    server.post(f"/api/jobs/{job_id}/approve", worker_id="farm", preset="Fast 1080p30")
    waiting = server.get(f"/api/jobs/{job_id}")["waiting_reason"]
    assert waiting == "Agent 'pc' has yet to send the file."
    assert worker.poll() == []

    (wanted,) = server.get("/api/agents/pc/jobs")["uploads_wanted"]
    assert (wanted["job_id"], wanted["input_file"]) == (job_id, str(raw))
    agent.send(wanted)
    assert server.get("/api/agents/pc/jobs")["uploads_wanted"] == []

    (job,) = worker.poll()
    fetched = worker.fetch(job, tmp_path / "fetched.mkv")
    assert fetched.read_bytes() == raw.read_bytes()
    token = {"lease_token": job["lease_token"]}
    server.patch(f"/api/jobs/{job_id}", status="running", progress=10, **token)
    result = transcoded(fetched, tmp_path / "result.mkv")
    content = result.read_bytes()
    server.patch(f"/api/jobs/{job_id}", status="running", progress=99, **token)
    worker.send(job, result)
    server.post("/api/workers/farm/jobs/complete", job_id=job_id, duration_seconds=60, **token)

    path = library / EPISODE
    until(path.is_file, seconds=20)
    until(lambda: server.get(f"/api/jobs/{job_id}")["output_file"] == str(path), seconds=20)
    assert path.read_bytes() == content
    done = server.get(f"/api/jobs/{job_id}")
    assert (done["status"], done["progress"], done["error"]) == ("completed", 100, None)
    refused = requests.get(server.url + job["download_url"], timeout=30)
    assert refused.status_code == 409
    assert list((tmp_path / "output").iterdir()) == []
    # Steps that run every minute run at once after a start.
    assert server.stop() == 0
    server.start()
    until(lambda: not list((tmp_path / "temp" / "inputs").iterdir()), seconds=30)
    until(lambda: server.get(f"/api/jobs/{job_id}")["input_upload_id"] is None, seconds=5)
