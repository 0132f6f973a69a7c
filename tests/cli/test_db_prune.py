"""`flask db prune`: what it says, and does."""

import json
import shutil
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from boz_server.clock import Clock
from boz_server.database.connection import Database
from boz_server.database.dialects import sqlite3
from boz_server.database.models import Job
from boz_server.domain.queue.job_states import JobStatus, JobType
from tests.cli.conftest import Run, refused, runner_on


@pytest.fixture
def path(sqlite_template: Path, tmp_path: Path) -> Path:
    """A database with an old job and a young one."""
    path = Path(shutil.copy(sqlite_template, tmp_path / "boz.db"))
    database = Database(f"sqlite:///{path}")
    now = Clock().now()
    for job_id, days in (("old", 31), ("young", 1)):
        Job.create(
            job_id=job_id,
            job_type=JobType.TRANSCODE,
            status=JobStatus.COMPLETED,
            created_at=now - timedelta(days=days),
            completed_at=now - timedelta(days=days),
        )
    database.close()
    return path


def jobs(path: Path) -> set[str]:
    with closing(sqlite3.connect(path)) as connection:
        return {job_id for (job_id,) in connection.execute("SELECT job_id FROM jobs")}


def test_it_says_what_would_go_and_changes_nothing(path: Path) -> None:
    result = runner_on(f"sqlite:///{path}")("prune", "--dry-run")
    assert result.output == (
        "Would prune: 1 jobs with 0 events, 0 commands for VLC; 0 discs into the archive.\n"
    )
    assert jobs(path) == {"old", "young"}


def test_it_prunes_and_says_what_went(path: Path) -> None:
    run = runner_on(f"sqlite:///{path}")
    assert run("prune").output.startswith("Pruned: 1 jobs with 0 events, ")
    assert jobs(path) == {"young"}
    assert json.loads(run("prune", "--json").output) == {
        "jobs": 0,
        "job_events": 0,
        "vlc_commands": 0,
        "archived_discs": 0,
    }


def test_it_goes_by_the_settings(path: Path) -> None:
    result = runner_on(f"sqlite:///{path}", retention_jobs_days=0)("prune")
    assert result.output.startswith("Pruned: 0 jobs")
    assert jobs(path) == {"old", "young"}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return runner_on(f"sqlite:///{tmp_path}/none.db")


def test_it_makes_no_database(run: Run) -> None:
    refused(run("prune"), "There is no database at")
