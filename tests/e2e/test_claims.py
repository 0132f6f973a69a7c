"""Many workers claim from two server processes at once: each job goes to one of them, in order."""

import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http import HTTPStatus
from typing import Any

import pytest
import requests
from peewee import sqlite3

from boz_server.domain.queue.job_states import HELD
from tests.e2e.gunicorn_server import GunicornServer
from tests.support import at_once

CLIENTS = 8
WRITERS = 4
#: How long one request is retried.
PATIENCE_SECONDS = 60
ROOM = 10_000
Job = dict[str, Any]


class ClaimingWorker:
    """A worker without an agent, which has to claim its jobs."""

    def __init__(self, server: GunicornServer, name: str, room: int) -> None:
        self.server = server
        self.name = name
        self.room = room
        self.claimed: list[Job] = []

    def register(self) -> None:
        self.server.post(
            "/api/workers/register",
            worker_id=self.name,
            worker_type="remote",
            hostname=self.name,
            capabilities={"max_concurrent": self.room},
        )

    def poll(self, session: requests.Session, max_jobs: int) -> list[Job]:
        url = f"{self.server.url}/api/workers/{self.name}/jobs/poll"
        jobs: list[Job] = sent(session, url, {"max_jobs": max_jobs})["jobs"]
        self.claimed += jobs
        return jobs

    def complete(self, session: requests.Session, job_id: str) -> None:
        url = f"{self.server.url}/api/workers/{self.name}/jobs/complete"
        sent(session, url, {"job_id": job_id, "duration_seconds": 1})

    def claim_until_empty(self) -> None:
        """Ask for one to five jobs at a time until there are none."""
        sizes = random.Random(self.name)  # noqa: S311 - a test's own choices
        with requests.Session() as session:
            while self.poll(session, sizes.randint(1, 5)):
                pass


def sent(session: requests.Session, url: str, body: Job) -> Job:
    """POST, retrying while the server is busy; returns the answer."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        answer = session.post(url, json=body, timeout=30)
        if answer.status_code != HTTPStatus.SERVICE_UNAVAILABLE or time.monotonic() > deadline:
            assert answer.status_code == HTTPStatus.OK, answer.text
            found: Job = answer.json()
            return found


class UnderWay:
    """Counts the jobs under way, and the most there have been at once."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.now = self.most = 0

    @contextmanager
    def one_more(self) -> Iterator[None]:
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        yield
        with self.lock:
            self.now -= 1


def enter_jobs(server: GunicornServer, number: int) -> list[Job]:
    """Enter jobs of random priorities from several clients at once; return them."""
    priorities = random.Random(number)  # noqa: S311 - a test's own choices

    def enter(bodies: list[Job]) -> list[Job]:
        with requests.Session() as session:
            return [sent(session, f"{server.url}/api/jobs", body) for body in bodies]

    bodies = [
        {
            "job_type": "transcode",
            "input_file": f"/mnt/share/{index}.mkv",
            "requires_approval": False,
            "priority": priorities.randint(-5, 5),
        }
        for index in range(number)
    ]
    shares = [bodies[start::WRITERS] for start in range(WRITERS)]
    entered = at_once(*(_bound(enter, share) for share in shares))
    return [job for share in entered for job in share]


def started_workers(server: GunicornServer, number: int, room: int) -> list[ClaimingWorker]:
    """Workers that are registered."""
    workers = [ClaimingWorker(server, f"remote-{index}", room) for index in range(number)]
    for worker in workers:
        worker.register()
    return workers


def most_held(server: GunicornServer) -> int:
    """The most jobs that machines had at once, by the jobs' history."""
    held: set[str] = set()
    most = 0
    with closing(sqlite3.connect(server.database)) as file:
        for job_id, status in file.execute(
            "SELECT job_id, to_status FROM job_events ORDER BY event_id"
        ):
            (held.add if status in HELD else held.discard)(job_id)
            most = max(most, len(held))
    return most


def _bound(call: Callable[[list[Job]], list[Job]], share: list[Job]) -> Callable[[], list[Job]]:
    return lambda: call(share)


@pytest.mark.parametrize("number", [int(os.environ.get("CLAIMS", "200"))])
def test_it_gives_each_job_to_one_worker_most_urgent_first(server, number):
    server.environment |= {"BOZ_WEB_WORKERS": "2", "BOZ_MAX_CONCURRENT_TRANSCODES": str(ROOM)}
    server.start()
    entered = {job["job_id"]: job for job in enter_jobs(server, number)}
    workers = started_workers(server, CLIENTS, ROOM)

    at_once(*(worker.claim_until_empty for worker in workers))

    claims = Counter(job["job_id"] for worker in workers for job in worker.claimed)
    assert set(claims.values()) == {1}
    assert claims.keys() == entered.keys()
    assert len({job["lease_token"] for worker in workers for job in worker.claimed}) == number
    for worker in workers:
        places = [
            (-entered[job["job_id"]]["priority"], entered[job["job_id"]]["created_at"])
            for job in worker.claimed
        ]
        assert places == sorted(places)
        assert sorted(server.get(f"/api/workers/{worker.name}")["current_jobs"]) == sorted(
            job["job_id"] for job in worker.claimed
        )


def test_it_never_has_more_under_way_than_the_limit(server):
    # More workers than the limit, with one slot each: fewer could not exceed it.
    number, clients, limit = 100, 12, 8
    server.environment |= {"BOZ_WEB_WORKERS": "2", "BOZ_MAX_CONCURRENT_TRANSCODES": str(limit)}
    server.start()
    entered = {job["job_id"] for job in enter_jobs(server, number)}
    workers = started_workers(server, clients, room=1)
    under_way = UnderWay()

    def work_until_all_are_done(worker: ClaimingWorker) -> None:
        with requests.Session() as session:
            while sum(len(each.claimed) for each in workers) < number:
                for job in worker.poll(session, 1):
                    with under_way.one_more():
                        pass  # the work takes no time; the job is under way until it is reported
                    worker.complete(session, job["job_id"])

    at_once(*(lambda worker=worker: work_until_all_are_done(worker) for worker in workers))

    claims = Counter(job["job_id"] for worker in workers for job in worker.claimed)
    assert claims.keys() == entered
    assert set(claims.values()) == {1}
    assert under_way.most <= limit
    assert most_held(server) <= limit
    assert server.get("/api/jobs/stats")["completed"] == number
