"""Does a request cost more when there is more history? Prints the ratio, measured in one run.

Fills a scratch SQLite database with few and then with many completed jobs and ejected discs, and
times the requests that machines send all day, in one process without a network. What counts is the
last column: about 1 means that the cost does not grow.

    make bench, or: python -m bench.growth [--few 1000] [--many 100000]
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

from flask.testing import FlaskClient

from boz_server import create_app
from boz_server.api.context import EXTENSION
from boz_server.database.models import Disc, Job, Title
from boz_server.domain.job_states import JobStatus, JobType
from boz_server.settings import Settings
from boz_server.start import prepare

BATCH = 1000
TITLES = 6
ROUNDS = 300


def fill(count: int) -> None:
    """Add completed jobs of one agent, and a tenth as many ejected discs with titles."""
    began = datetime(2025, 1, 1, tzinfo=UTC)
    for start in range(0, count, BATCH):
        Job.insert_many(
            {
                "job_id": str(uuid4()),
                "job_type": JobType.TRANSCODE,
                "status": JobStatus.COMPLETED,
                "assigned_agent_id": "pc",
                "requires_approval": True,
                "progress": 100.0,
                "thumbnail_timestamps": [],
                "created_at": began + timedelta(seconds=number),
                "completed_at": began + timedelta(seconds=number + 1),
            }
            for number in range(start, start + BATCH)
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


def requests(client: FlaskClient, job_id: str) -> dict[str, Callable[[], object]]:
    """The requests to time, by name."""
    disc = {
        "agent_id": "pc",
        "drive": "E:",
        "titles": [
            {"index": index, "duration_seconds": 2580 + index, "name": "x"} for index in range(8)
        ],
    }
    labels = (f"SHOW_{number}_S01" for number in range(1_000_000))
    return {
        "heartbeat": lambda: client.post("/api/agents/pc/heartbeat"),
        "poll": lambda: client.get("/api/agents/pc/jobs"),
        "progress": lambda: client.patch(
            f"/api/jobs/{job_id}", json={"status": "running", "progress": 12.5}
        ),
        "stats": lambda: client.get("/api/jobs/stats"),
        "awaiting": lambda: client.get("/api/jobs/awaiting-approval"),
        "newest 20": lambda: client.get("/api/jobs?limit=20"),
        "discs 20": lambda: client.get("/api/discs?limit=20"),
        "upload errors": lambda: client.get("/api/jobs/upload-errors"),
        "create": lambda: client.post("/api/jobs", json={"job_type": "transcode"}),
        "disc": lambda: client.post("/api/discs/detected", json=disc | {"disc_name": next(labels)}),
    }


def measure(client: FlaskClient, job_id: str) -> dict[str, float]:
    """Median milliseconds of each request."""
    medians = {}
    for name, request in requests(client, job_id).items():
        samples = []
        for _ in range(ROUNDS):
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
        client = app.test_client()
        client.post("/api/agents/register", json={"agent_id": "pc", "name": "PC"})
        client.post("/api/workers/register", json={"worker_id": "pc", "hostname": "pc"})
        body = {"job_type": "transcode", "requires_approval": True}
        job_id = client.post("/api/jobs", json=body).get_json()["job_id"]
        approval = {"worker_id": "pc", "preset": "Fast 1080p30"}
        client.post(f"/api/jobs/{job_id}/approve", json=approval)
        fill(options.few)
        few = measure(client, job_id)
        fill(options.many - options.few)
        many = measure(client, job_id)
        app.extensions[EXTENSION].database.close()
    print(f"{'median ms':15}{options.few:>10}{options.many:>10}{'ratio':>8}")
    for name in few:
        print(f"{name:15}{few[name]:10.2f}{many[name]:10.2f}{many[name] / few[name]:8.2f}")


if __name__ == "__main__":
    main()
