"""Clients that send writes as fast as the server answers."""

import http.client
import json
import math
import threading
import time
from contextlib import closing
from typing import Any, Self

from tests.e2e.gunicorn_server import GunicornServer

AGENTS, CREATORS = 2, 4


class WriteLoad:
    """Agents that send heartbeats and people who create jobs, each without a pause."""

    def __init__(self, server: GunicornServer) -> None:
        self.server = server
        #: When each heartbeat was answered (monotonic), and how long that took, in seconds.
        self.heartbeats: list[tuple[float, float]] = []
        #: Acknowledged jobs, in order.
        self.jobs: list[str] = []
        self.refused: list[tuple[int, bytes]] = []
        self._stopping = threading.Event()
        self._threads = [
            *(threading.Thread(target=self._beat, args=(f"pc-{n}",)) for n in range(AGENTS)),
            *(threading.Thread(target=self._create) for _ in range(CREATORS)),
        ]

    def __enter__(self) -> Self:
        for number in range(AGENTS):
            self.server.post("/api/agents/register", agent_id=f"pc-{number}", name="PC")
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def p99(self, begin: float, end: float) -> float:
        """The 99th percentile of the heartbeats answered in that time, in seconds; NaN if none
        was, on a machine that is too busy."""
        took = sorted(took for at, took in self.heartbeats if begin <= at <= end)
        return took[int(len(took) * 0.99)] if took else math.nan

    def rate(self, begin: float, end: float, jobs: int) -> float:
        """Requests a second, including these created jobs."""
        beats = sum(begin <= at <= end for at, _ in self.heartbeats)
        return (beats + jobs) / (end - begin)

    def _beat(self, agent_id: str) -> None:
        with self._connection() as connection:
            while not self._stopping.is_set():
                began = time.monotonic()
                self._post(connection, f"/api/agents/{agent_id}/heartbeat", {})
                now = time.monotonic()
                self.heartbeats.append((now, now - began))

    def _create(self) -> None:
        body = {"job_type": "transcode", "input_file": "a.mkv", "requires_approval": True}
        with self._connection() as connection:
            while not self._stopping.is_set():
                job = self._post(connection, "/api/jobs", body)
                if job is not None:
                    self.jobs.append(job["job_id"])

    def _connection(self) -> "closing[http.client.HTTPConnection]":
        return closing(http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30))

    def _post(self, connection: http.client.HTTPConnection, path: str, body: Any) -> Any:
        connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        content = answer.read()
        if answer.status != http.client.OK:
            self.refused.append((answer.status, content))
            return None
        return json.loads(content)
