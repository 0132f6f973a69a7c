"""Does a request cost more when there is more history? Prints the ratio, measured in one run.

Fills a scratch SQLite database with few and then with many completed jobs with their history,
ejected discs, jobs that wait for an agent that is away, and statistics of 30 jobs a day, and times
the requests that machines send all day and the steps of maintenance, in one process without a
network. What counts is the last column: about 1 means that the cost does not grow. Of statistics,
those of ten years and of all the time grow with the days that there were.

    make bench, or: python -m bench.growth [--few 1000] [--many 100000]
"""

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from flask.testing import FlaskClient

from boz_server import create_app
from boz_server.api.context import services_of
from boz_server.database.models import DailyStats, Disc, Job, JobEvent, Title
from boz_server.domain.job_states import JobStatus, JobType
from boz_server.domain.statistics import Outcome, Run, merged
from boz_server.services.wiring import Services
from boz_server.settings import Settings
from boz_server.start import prepare

BATCH = 1000
TITLES = 6
EVENTS = 4
NEW_JOB = {"job_type": "transcode", "requires_approval": True}
ROUNDS = 300
#: What takes long is timed less often.
LONGEST_MS = 10_000
JOBS_A_DAY = 30


def fill(count: int) -> None:
    """Add jobs, most of them completed by one agent and one in fifty waiting for another, and a
    tenth as many ejected discs with titles."""
    began = datetime(2025, 1, 1, tzinfo=UTC)
    for start in range(0, count, BATCH):
        jobs = [job_row(number, began) for number in range(start, start + BATCH)]
        Job.insert_many(jobs).execute()
        JobEvent.insert_many(
            {
                "job": job["job_id"],
                "at": job["created_at"],
                "to_status": job["status"],
                "actor": "server",
                "attempt": 1,
            }
            for job in jobs
            for _ in range(EVENTS)
        ).execute()
    for start in range(0, count // 10, BATCH // 10):
        discs = [str(uuid4()) for _ in range(BATCH // 10)]
        Disc.insert_many(
            {
                "disc_id": disc_id,
                "agent": "pc",
                "drive": "D:",
                "disc_name": f"DISC_{start}",
                "fingerprint": disc_id,
                "detected_at": began + timedelta(seconds=start),
                "status": "ejected",
                "media_type": "movie",
            }
            for disc_id in discs
        ).execute()
        Title.insert_many(
            {
                "disc": disc_id,
                "title_index": index,
                "name": f"Title {index}",
                "duration_seconds": 2600,
                "size_bytes": 0,
            }
            for disc_id in discs
            for index in range(TITLES)
        ).execute()


def fill_statistics(few: int, many: int) -> None:
    """Add the statistics of transcodes, of which the latest `few` are there already."""
    chance, now = random.Random(few), datetime.now(UTC)  # noqa: S311
    rows = merged(
        Run(
            ended_at=now - timedelta(days=number // JOBS_A_DAY),
            job_type=JobType.TRANSCODE,
            outcome=Outcome.COMPLETED if number % 20 else Outcome.FAILED,
            worker_id=chance.choice(["pc", "far"]),
            preset=chance.choice(["H.265 NVENC 1080p", "H.265 NVENC 4K", "Fast 1080p30"]),
            seconds=chance.lognormvariate(7, 0.7),
            input_bytes=8_000_000_000,
            output_bytes=2_000_000_000,
        ).row()
        for number in range(few, many)
    )
    for start in range(0, len(rows), BATCH):
        DailyStats.insert_many(rows[start : start + BATCH]).on_conflict_ignore().execute()


def job_row(number: int, began: datetime) -> dict[str, Any]:
    """A job that is over, or one in fifty times waits for an agent that is away."""
    waits = number % 50 == 0
    created_at = began + timedelta(seconds=number)
    return {
        "job_id": str(uuid4()),
        "job_type": JobType.TRANSCODE,
        "status": JobStatus.QUEUED if waits else JobStatus.COMPLETED,
        "for_agent_id": "away" if waits else "pc",
        "assigned_agent_id": None if waits else "pc",
        "requires_approval": True,
        "progress": 0.0 if waits else 100.0,
        "thumbnail_timestamps": [],
        "created_at": created_at,
        "completed_at": None if waits else created_at + timedelta(seconds=1),
    }


def requests(
    client: FlaskClient, services: Services, job_id: str
) -> dict[str, Callable[[], object]]:
    """The requests and steps to time, by name."""
    disc = {
        "agent_id": "pc",
        "drive": "E:",
        "titles": [
            {"index": index, "duration_seconds": 2580 + index, "name": "x"} for index in range(8)
        ],
    }
    years_ago = datetime.now(UTC).date() - timedelta(days=3650)
    labels = (f"SHOW_{number}_S01" for number in range(1_000_000))
    return {
        "heartbeat": lambda: client.post("/api/agents/pc/heartbeat"),
        "poll": lambda: client.get("/api/agents/pc/jobs"),
        "progress": lambda: client.patch(
            f"/api/jobs/{job_id}", json={"status": "running", "progress": 12.5}
        ),
        "stats": lambda: client.get("/api/jobs/stats"),
        "awaiting": lambda: client.get("/api/jobs/awaiting-approval?limit=20"),
        "newest 20": lambda: client.get("/api/jobs?limit=20"),
        "discs 20": lambda: client.get("/api/discs?limit=20"),
        "upload errors": lambda: client.get("/api/jobs/upload-errors"),
        "jobs 30 days": lambda: client.get("/api/analytics/jobs"),
        "workers 30 days": lambda: client.get("/api/analytics/workers"),
        "weeks 10 years": lambda: client.get(f"/api/analytics/jobs?from={years_ago}&group=week"),
        "saved ever": lambda: client.get("/api/analytics/storage"),
        "worker poll": lambda: client.post("/api/workers/far/jobs/poll"),
        "dispatch": services.dispatcher.dispatch_now,
        "rescue": services.attempts.rescue,
        "retry": services.attempts.retry_due,
        "create": lambda: client.post("/api/jobs", json=NEW_JOB),
        "disc": lambda: client.post("/api/discs/detected", json=disc | {"disc_name": next(labels)}),
    }


def measure(client: FlaskClient, services: Services, job_id: str) -> dict[str, float]:
    """Median milliseconds of each request."""
    medians = {}
    for name, request in requests(client, services, job_id).items():
        samples: list[float] = []
        while len(samples) < ROUNDS and sum(samples) < LONGEST_MS:
            began = time.perf_counter()
            request()
            samples.append((time.perf_counter() - began) * 1000)
        medians[name] = statistics.median(samples)
    return medians


def main() -> None:
    """Measure with few rows, then with many, and print both and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--few", type=int, default=1000)
    parser.add_argument("--many", type=int, default=100_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        settings = Settings(
            database_url=f"sqlite:///{home}/boz.db",
            temp_dir=home / "temp",
            output_dir=home / "output",
        )
        prepare(settings)
        app = create_app(settings)
        client, services = app.test_client(), services_of(app)
        client.post("/api/agents/register", json={"agent_id": "pc", "name": "PC"})
        for worker_id, agent_id in (("pc", "pc"), ("far", None)):
            worker = {"worker_id": worker_id, "hostname": worker_id, "agent_id": agent_id}
            client.post("/api/workers/register", json=worker)
        job_id = client.post("/api/jobs", json=NEW_JOB).get_json()["job_id"]
        for _ in range(20):
            client.post("/api/jobs", json=NEW_JOB)
        approval = {"worker_id": "pc", "preset": "Fast 1080p30"}
        client.post(f"/api/jobs/{job_id}/approve", json=approval)
        fill(options.few)
        fill_statistics(0, options.few)
        few = measure(client, services, job_id)
        fill(options.many - options.few)
        fill_statistics(options.few, options.many)
        many = measure(client, services, job_id)
        services.database.close()
    print(f"{'median ms':15}{options.few:>10}{options.many:>10}{'ratio':>8}")
    for name in few:
        print(f"{name:15}{few[name]:10.2f}{many[name]:10.2f}{many[name] / few[name]:8.2f}")


if __name__ == "__main__":
    main()
