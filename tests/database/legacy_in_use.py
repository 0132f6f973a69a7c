"""A database of the old system as users have it: 200 discs, 2,000 jobs, and rows that break rules
nobody enforced."""

import json
import random
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from tests.database.legacy import LegacyDatabase
from tests.database.rows import NOW

DISCS, JOBS = 200, 2000
#: Enough for tests that do not depend on the number.
FEW_JOBS = 100
AGENTS = ("pc", "den", "attic")
#: Two have signed off, and their rows are gone.
DRIVES = [(agent_id, drive) for agent_id in (*AGENTS, "shed", "barn") for drive in ("D:", "E:")]
STATES = ("pending", "queued", "assigned", "running", "completed", "failed", "cancelled")


def at(minutes: int) -> str:
    """A time as the old system writes it, some without the fraction."""
    time = NOW - timedelta(minutes=minutes)
    return time.strftime("%Y-%m-%d %H:%M:%S.%f" if minutes % 3 else "%Y-%m-%d %H:%M:%S")


def disc_rows(chance: random.Random) -> Iterator[tuple[str, dict[str, Any]]]:
    """Discs in all states, several of them in one drive, with titles, some of them twice."""
    for number in range(DISCS):
        agent_id, drive = DRIVES[number % len(DRIVES)]
        season = number // 8
        yield "discs", {
            "disc_id": f"disc-{number}", "agent_id": agent_id, "drive": drive,
            "disc_name": f"SHOW_{season}_S01_D{number % 8 + 1}", "detected_at": at(5000 - number),
            "status": chance.choice(["detected", "ripping", "completed", "ejected"]),
            "preview_status": chance.choice(["pending", "approved", "rejected"]),
            "tv_show_name": f"Show {season}",
            "tv_season_id": chance.choice([f"Show {season}:s1", f"show-{season}-S1"]),
        }  # fmt: skip
        for index in (0, 1, 2, 3, *([1] if number % 10 == 0 else [])):
            yield "titles", {
                "disc_id": f"disc-{number}", "title_index": index, "name": f"Title {index} ü",
                "episode_number": number % 8 * 4 + index + 1, "duration_seconds": 2500 + number,
                "proposed_filename": "x.mkv",
            }  # fmt: skip
    yield "titles", {"disc_id": "deleted", "title_index": 0}


def job_rows(chance: random.Random, jobs: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Jobs of all types and states, of discs, agents and workers that exist or are gone."""
    for number in range(jobs):
        disc = chance.choice([*range(DISCS), None])
        status = chance.choice(STATES)
        yield "jobs", {
            "job_id": f"job-{number}", "job_type": chance.choice(["rip", "transcode", "organize"]),
            "status": status, "priority": chance.choice([0, 5, -2**40]),
            "disc_id": chance.choice([f"disc-{disc}", "deleted", None]),
            "title_index": chance.choice([0, 1, 2, 3, None]),
            "input_file": chance.choice([None, f"C:\\rips\\{number}.mkv"]),
            "assigned_agent_id": chance.choice([*AGENTS, "shed", "farm", None]),
            "progress": chance.choice([0, 50.5, 100, -1, 101]), "created_at": at(4000 - number),
            "completed_at": at(100) if status == "completed" else None,
            "requires_approval": number % 2,
        }  # fmt: skip


def season_rows() -> Iterator[tuple[str, dict[str, Any]]]:
    """Seasons with ids of all kinds, some of deleted discs, with episodes, some of them twice."""
    for number in range(DISCS // 8 + 2):
        season_id = f"Show {number}:s1" if number % 2 else f"show-{number}-S1"
        yield "tv_seasons", {
            "season_id": season_id, "show_name": f"Show {number}", "last_episode_assigned": 40,
            "disc_ids": json.dumps([f"disc-{number * 8 + each}" for each in range(8)]),
            "last_disc_name": f"SHOW_{number}_S01_D9",
        }  # fmt: skip
        for episode in (*range(1, 9), 3):
            yield "tv_episodes", {"season_id": season_id, "episode_number": episode}
    yield "tv_episodes", {"season_id": "deleted"}


def machine_rows() -> Iterator[tuple[str, dict[str, Any]]]:
    """Agents and workers whose own columns are out of date."""
    for agent_id in AGENTS:
        yield "agents", {"agent_id": agent_id, "current_job_id": "job-7", "status": "busy"}
        yield "workers", {
            "worker_id": f"{agent_id}-gpu", "agent_id": agent_id, "priority": 0,
            "current_jobs": '["job-1", "job-2", "deleted"]',
        }  # fmt: skip
    yield "workers", {"worker_id": "farm", "agent_id": None, "worker_type": "remote"}
    yield "workers", {"worker_id": "shed-gpu", "agent_id": "shed"}
    yield "vlc_commands", {"agent_id": "barn", "status": "pending"}


def fill(legacy: LegacyDatabase, jobs: int = JOBS) -> None:
    """Write a database as users have it."""
    chance = random.Random(6)  # noqa: S311 - the same rows each time
    legacy.add_all([*machine_rows(), *season_rows(), *disc_rows(chance), *job_rows(chance, jobs)])
