"""The data of the server and its database at the end."""

from collections import defaultdict
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import requests
from peewee import sqlite3

from tests.e2e.gunicorn_server import GunicornServer

Row = dict[str, Any]


class Event(NamedTuple):
    """One step of a job's history."""

    job_id: str
    from_status: str | None
    to_status: str
    actor: str
    attempt: int
    detail: str | None

    def __str__(self) -> str:
        return (
            f"{self.from_status} → {self.to_status} by {self.actor}, attempt {self.attempt}"
            f" {self.detail or ''}"
        )


@dataclass
class Found:
    """All data, by id."""

    jobs: dict[str, Row]
    discs: dict[str, Row]
    agents: list[Row]
    workers: list[Row]
    file_names: set[str]
    #: The thumbnails' addresses that could not be fetched.
    lost_thumbnails: list[str]
    integrity: str
    #: All steps of all jobs, in order.
    events: list[Event]
    #: The daily statistics, by type of job.
    statistics: dict[str, Row]
    histories: dict[str, list[Event]] = field(init=False)

    def __post_init__(self) -> None:
        self.histories = defaultdict(list)
        for event in self.events:
            self.histories[event.job_id].append(event)

    def of_type(self, job_type: str) -> list[Row]:
        return [job for job in self.jobs.values() if job["job_type"] == job_type]


def find(server: GunicornServer) -> Found:
    """Ask the server for all its data, and read its file."""
    jobs = {job["job_id"]: job for job in pages(server, "/api/jobs?limit=5000")}
    with requests.Session() as session:
        lost = [
            address
            for job in jobs.values()
            for address in job["thumbnails"]
            if session.get(server.url + address, timeout=30).status_code != 200
            # They may have been deleted since the job was read: finished jobs lose theirs.
            and address in server.get(f"/api/jobs/{job['job_id']}")["thumbnails"]
        ]
    with closing(sqlite3.connect(server.database)) as file:
        (integrity,) = file.execute("PRAGMA integrity_check").fetchone()
        events = [
            Event(*row)
            for row in file.execute(
                "SELECT job_id, from_status, to_status, actor, attempt, detail"
                " FROM job_events ORDER BY event_id"
            )
        ]
    return Found(
        jobs=jobs,
        discs={disc["disc_id"]: disc for disc in pages(server, "/api/discs?limit=5000")},
        agents=server.get("/api/agents"),
        workers=server.get("/api/workers"),
        file_names={file["name"] for file in server.get("/api/files")["files"]},
        lost_thumbnails=lost,
        integrity=integrity,
        events=events,
        statistics={
            group["key"]: group for group in server.get("/api/analytics/jobs?group=type")["groups"]
        },
    )


def pages(server: GunicornServer, path: str) -> list[Row]:
    """All pages of a list."""
    rows: list[Row] = []
    url: str | None = server.url + path
    while url is not None:
        answer = requests.get(url, timeout=30)
        assert answer.status_code == 200, answer.text
        rows += answer.json()
        url = answer.links.get("next", {}).get("url")
        if url is not None and url.startswith("/"):
            url = server.url + url
    return rows
