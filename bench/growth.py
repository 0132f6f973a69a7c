"""Measures whether pages, statistics and maintenance cost more when there is more history.

Fills a temporary SQLite database with few and then with many rows: completed jobs with their
history, ejected discs, jobs that wait for an absent agent, and statistics of 30 jobs a day. Times
what people look at and the maintenance steps, in one process without a network; `make bench` does
so for the requests of machines.
The last column is the result: about 1 means that the cost does not grow. Statistics of ten years
and of all time grow with the number of days. "search all" looks for a word that every disc has, and
has to sort everything it finds.

    python -m bench.growth [--few 1000] [--many 100000] [--only library search]
"""

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

from flask.testing import FlaskClient

from boz_server import create_app
from boz_server.api.context import services_of
from boz_server.database.connection import Database
from boz_server.database.models import DailyStats, Disc, Job, JobEvent, Title, TVSeason
from boz_server.domain.collection.search import key
from boz_server.domain.queue.job_states import JobStatus, JobType
from boz_server.domain.statistics.runs import Outcome, Run, merged
from boz_server.repositories.archive_repository import ArchiveRepository
from boz_server.repositories.disc_repository import DiscRepository, renew_entries
from boz_server.services.queue import dispatcher, leases
from boz_server.services.wiring import Services
from boz_server.settings import Settings
from boz_server.start import prepare

BATCH = 1000
TITLES = 6
EVENTS = 4
ROUNDS = 300
#: Slow requests are timed less often.
LONGEST_MS = 10_000
JOBS_A_DAY = 30


def fill(database: Database, count: int) -> None:
    """Add jobs, most of them completed by one agent and one in fifty waiting for another, and a
    tenth as many ejected discs with titles, half of them archived."""
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
        with database.write():
            at = began + timedelta(seconds=start)
            enter_discs(database, at, archived=start % (BATCH // 5) != 0)


def enter_discs(database: Database, at: datetime, *, archived: bool) -> None:
    """Add a tenth of a batch of discs: films, and seasons of four discs. A search finds each one by
    a word of its own, and all by a common word."""
    shows = [uuid4().hex for _ in range(BATCH // 50)]
    discs = [
        disc_row(show, number, at + timedelta(milliseconds=5 * row + number))
        for row, show in enumerate(shows)
        for number in range(5)
    ]
    TVSeason.insert_many(
        {
            "season_id": f"{show}:s1",
            "show_name": show,
            "show_key": key(show),
            "season_number": 1,
            "last_disc_name": "DISC",
            "created_at": at,
            "updated_at": at,
        }
        for show in shows
    ).execute()
    Disc.insert_many(discs).execute()
    Title.insert_many(
        {
            "disc": disc["disc_id"],
            "title_index": index,
            "name": f"Title {index}",
            "duration_seconds": 2600,
            "size_bytes": 0,
            "selected": True,
            "episode_number": TITLES * (number % 5) + index,
            "thumbnail_timestamps": [],
        }
        for number, disc in enumerate(discs)
        for index in range(TITLES)
    ).execute()
    ids = [disc["disc_id"] for disc in discs]
    renew_entries(ids)
    if archived:
        ArchiveRepository(DiscRepository(database)).put_away(ids, at)


def disc_row(show: str, number: int, detected_at: datetime) -> dict[str, Any]:
    """One of five discs: the first is a film, the others are a season of a show."""
    disc_id = str(uuid4())
    is_film = number == 0
    return {
        "disc_id": disc_id,
        "agent": "pc",
        "drive": "D:",
        "disc_name": f"DISC_{disc_id[:8]}",
        "fingerprint": disc_id,
        "detected_at": detected_at,
        "status": "ejected",
        "media_type": "movie" if is_film else "tv_show",
        "tv_show_name": None if is_film else show,
        "tv_season_number": None if is_film else 1,
        "tv_season": None if is_film else f"{show}:s1",
        "movie_title": f"Film {disc_id[:8]}" if is_film else None,
    }


def fill_statistics(few: int, many: int) -> None:
    """Add the statistics of transcodes; the latest `few` already exist."""
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
    """A completed job; every fiftieth one waits for an absent agent."""
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


def requests(client: FlaskClient, services: Services) -> dict[str, Callable[[], object]]:
    """The requests and maintenance steps to time, by name."""
    years_ago = datetime.now(UTC).date() - timedelta(days=3650)
    one = Disc.select().where(Disc.disc_name.startswith("DISC_")).get().disc_name
    far = far_page(client)
    return {
        "newest 20": lambda: client.get("/api/jobs?limit=20"),
        "discs 20": lambda: client.get("/api/discs?limit=20"),
        "library 20": lambda: client.get("/api/library?limit=20"),
        "library films": lambda: client.get("/api/library?limit=20&media_type=movie&sort=title"),
        "library far": lambda: client.get(far),
        "search one": lambda: client.get("/api/library?limit=20&search=" + one),
        "search all": lambda: client.get("/api/library?limit=20&search=disc"),
        "seasons 20": lambda: client.get("/api/seasons?limit=20"),
        "upload errors": lambda: client.get("/api/jobs/upload-errors"),
        "jobs 30 days": lambda: client.get("/api/analytics/jobs"),
        "workers 30 days": lambda: client.get("/api/analytics/workers"),
        "weeks 10 years": lambda: client.get(f"/api/analytics/jobs?from={years_ago}&group=week"),
        "saved ever": lambda: client.get("/api/analytics/storage"),
        "worker poll": lambda: client.post("/api/workers/far/jobs/poll"),
        "dispatch": partial(dispatcher.dispatch_now, services.context),
        "rescue": partial(leases.rescue, services.context),
        "retry": partial(leases.retry_due, services.context),
    }


def far_page(client: FlaskClient) -> str:
    """The address of a page of 20 discs far down the collection."""
    for limit in (5000, 50):
        answer = client.get(f"/api/library?sort=title&limit={limit}")
        if "Link" in answer.headers:
            break
    link = answer.headers["Link"].partition(">")[0].removeprefix("<")
    return link.replace(f"limit={limit}", "limit=20")


def measure(client: FlaskClient, services: Services, only: list[str]) -> dict[str, float]:
    """Median milliseconds of each request. only: prefixes of names to measure; empty: all."""
    medians = {}
    for name, request in requests(client, services).items():
        if only and not name.startswith(tuple(only)):
            continue
        samples: list[float] = []
        while len(samples) < ROUNDS and sum(samples) < LONGEST_MS:
            began = time.perf_counter()
            request()
            samples.append((time.perf_counter() - began) * 1000)
        medians[name] = statistics.median(samples)
    return medians


def main() -> None:
    """Measure with few rows and with many, and print both and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--few", type=int, default=1000)
    parser.add_argument("--many", type=int, default=100_000)
    parser.add_argument("--only", nargs="*", default=[])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        settings = Settings(
            database_url=f"sqlite:///{home}/boz.db",
            temp_dir=home / "temp",
            output_dir=home / "output",
            thediscdb_enabled=False,
        )
        prepare(settings)
        app = create_app(settings)
        client, services = app.test_client(), services_of(app)
        client.post("/api/agents/register", json={"agent_id": "pc", "name": "PC"})
        for worker_id, agent_id in (("pc", "pc"), ("far", None)):
            worker = {"worker_id": worker_id, "hostname": worker_id, "agent_id": agent_id}
            client.post("/api/workers/register", json=worker)
        fill(services.context.database, options.few)
        fill_statistics(0, options.few)
        few = measure(client, services, options.only)
        fill(services.context.database, options.many - options.few)
        fill_statistics(options.few, options.many)
        many = measure(client, services, options.only)
        services.context.database.close()
    print(f"{'median ms':15}{options.few:>10}{options.many:>10}{'ratio':>8}")
    for name in few:
        print(f"{name:15}{few[name]:10.2f}{many[name]:10.2f}{many[name] / few[name]:8.2f}")


if __name__ == "__main__":
    main()
