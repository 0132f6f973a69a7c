"""What was acknowledged is there after kill -9 of every process, at any point of the main flow."""

import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest
import requests

from tests.client import titles
from tests.e2e.gunicorn_server import GunicornServer
from tests.support import JPEG

Step = Callable[[], Any]
SEASON = "Firefly:s1"


class MainFlow:
    """The main flow: jobs, agents, workers, and a season over two discs."""

    def __init__(self, server: GunicornServer) -> None:
        self.server = server
        self.disc_id = ""
        self.rips: list[str] = []
        self.transcode = ""

    def steps(self) -> list[Step]:
        """The steps in order; each is one request that a machine or a person makes."""
        return [
            self.register_agent,
            self.register_worker,
            lambda: self.detect("FIREFLY_S01_D1"),
            self.approve_preview,
            self.order_rips,
            lambda: self.report(self.rips[0], "running", progress=40.0),
            lambda: self.report(self.rips[0], "completed", output_file="C:\\rips\\t00.mkv"),
            self.create_transcode,
            self.approve_transcode,
            lambda: self.report(self.transcode, "running", progress=55.5),
            lambda: self.report(self.transcode, "completed"),
            lambda: self.report(self.transcode, "completed", output_file="/out/S01E01.mkv"),
            lambda: self.report(self.rips[1], "failed", error="Scratched"),
            self.eject,
            lambda: self.detect("FIREFLY_S01_D2"),
            self.approve_preview,
            self.order_rips,
            lambda: self.server.post("/api/agents/pc/unregister"),
            self.register_agent,
        ]

    def register_agent(self) -> None:
        self.server.post("/api/agents/register", agent_id="pc", name="Den PC")

    def register_worker(self) -> None:
        self.server.post(
            "/api/workers/register", worker_id="gpu", hostname="den", agent_id="pc", priority=10
        )

    def detect(self, label: str) -> None:
        # The second disc has another layout, like real ones.
        extra = len(label + self.disc_id)
        seen = titles(43 + extra / 60, 42.5, thumbnails=[JPEG], thumbnail_timestamps=[60])
        self.disc_id = self.server.detected(label, titles=seen)

    def approve_preview(self) -> None:
        self.server.post(f"/api/discs/{self.disc_id}/preview/approve")

    def order_rips(self) -> None:
        self.rips = self.server.post(f"/api/discs/{self.disc_id}/rip")["job_ids"]

    def report(self, job_id: str, status: str, **said: Any) -> None:
        self.server.patch(f"/api/jobs/{job_id}", status=status, **said)

    def create_transcode(self) -> None:
        job = self.server.post(
            "/api/jobs",
            job_type="transcode",
            disc_id=self.disc_id,
            input_file="C:\\rips\\t00.mkv",
            output_name="Firefly - S01E01",
            requires_approval=True,
            thumbnails=[JPEG],
        )
        self.transcode = job["job_id"]

    def approve_transcode(self) -> None:
        self.server.post(
            f"/api/jobs/{self.transcode}/approve", worker_id="gpu", preset="Fast 1080p30"
        )

    def eject(self) -> None:
        self.server.post("/api/discs/ejected", agent_id="pc", drive="D:")

    def everything(self) -> dict[str, Any]:
        """The server's whole state, with the history of the jobs.

        Not what an agent gets that asks for its jobs: it would be taken to be there.
        """
        paths = ["/api/agents", "/api/workers", "/api/discs", "/api/jobs"]
        paths += [f"/api/jobs/{job['job_id']}/events" for job in self.server.get("/api/jobs")]
        return {path: self._read(path) for path in [*paths, f"/api/tv-seasons/{SEASON}"]}

    def _read(self, path: str) -> Any:
        answer = requests.get(self.server.url + path, timeout=30)
        found = answer.json()
        for each in found if path == "/api/jobs" else ():
            if each["completed_at"]:
                # The server deletes them some time after the job is over.
                del each["thumbnails"], each["thumbnail_timestamps"]
        return answer.status_code, found


def test_it_has_everything_after_kill_9_between_any_two_steps(server):
    server.start()
    flow = MainFlow(server)
    for step in flow.steps():
        step()
        before = flow.everything()
        server.kill()
        server.start()
        assert flow.everything() == before

    numbers = [
        title["episode_number"]
        for disc in reversed(server.get("/api/discs"))
        for title in disc["titles"]
    ]
    assert numbers == [1, 2, 3, 4]
    season = server.get(f"/api/tv-seasons/{SEASON}")
    assert season["last_episode_assigned"] == 4
    assert len(season["disc_ids"]) == 2
    worker = server.get("/api/workers/gpu")
    assert (worker["total_jobs_completed"], worker["priority"]) == (1, 10)
    job = server.get(f"/api/jobs/{flow.transcode}")
    assert (job["status"], job["output_file"]) == ("completed", "/out/S01E01.mkv")
    # The rips of the second disc: one was given away, released, and given away again.
    jobs = [server.get(f"/api/jobs/{job_id}") for job_id in flow.rips]
    assert [(job["status"], job["attempt"]) for job in jobs] == [("assigned", 2), ("queued", 0)]


@pytest.mark.parametrize("rounds", [3])
def test_it_keeps_every_acknowledged_job_when_killed_under_load(server, rounds):
    acknowledged: list[str] = []

    def enqueue_until_the_server_dies() -> None:
        body = {"job_type": "transcode", "input_file": "x.mkv", "requires_approval": True}
        with requests.Session() as session:
            while True:
                try:
                    answer = session.post(f"{server.url}/api/jobs", json=body, timeout=10)
                    acknowledged.append(answer.json()["job_id"])
                except (requests.RequestException, KeyError):
                    return

    for round_number in range(1, rounds + 1):
        server.start()
        writers = [threading.Thread(target=enqueue_until_the_server_dies) for _ in range(4)]
        for writer in writers:
            writer.start()
        while len(acknowledged) < round_number * 50:
            writers[0].join(0.01)
        server.kill()
        for writer in writers:
            writer.join()

    server.start()
    kept = {job["job_id"] for job in server.get("/api/jobs?limit=5000")}
    assert set(acknowledged) <= kept
    with closing(sqlite3.connect(server.database)) as file:
        assert file.execute("PRAGMA integrity_check").fetchone() == ("ok",)
