"""`flask db` on the rows: stats, vacuum, optimize, prune and copy; what they do and say."""

import json
import shutil
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from boz_server.clock import Clock
from boz_server.database.connection import Database
from boz_server.database.dialects import sqlite3
from boz_server.database.models import MODELS, Job
from boz_server.domain.queue.job_states import JobStatus, JobType
from tests.cli.conftest import Run, refused, runner_on
from tests.database.rows import agent, job

#: Days ago that the jobs of the database were done.
AGES = {"old": 31, "young": 1}


@pytest.fixture
def path(sqlite_template: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(sqlite_template, tmp_path / "boz.db"))


@pytest.fixture
def run(path: Path) -> Run:
    return runner_on(f"sqlite:///{path}")


def test_it_tells_rows_and_bytes(run, path):
    lines = run("stats").output.splitlines()
    assert "agents: 0 rows, 0 B" in lines
    assert lines[-1] == f"In all: {path.stat().st_size / 1024:.1f} KiB on the disk."
    told = json.loads(run("stats", "--json").output)
    assert told["size_bytes"] == path.stat().st_size
    assert {"table": "agents", "rows": 0, "size_bytes": 0} in told["tables"]


def test_it_vacuums_and_says_what_that_gave(run, path):
    run("vacuum")  # a schema that grew step by step may lie in a page less or more
    size = path.stat().st_size
    shown = f"{size / 1024:.1f} KiB"
    assert run("vacuum").output == f"Vacuumed: {shown} before, {shown} now.\n"
    told = json.loads(run("vacuum", "--json").output)
    assert told == {"before_bytes": size, "after_bytes": size}


def test_it_optimizes_and_says_so(run):
    assert run("optimize").output == "Optimized.\n"
    assert json.loads(run("optimize", "--json").output).keys() == {"log_bytes"}
    assert run("check").output == "The database fits the models.\n"


@pytest.mark.parametrize("command", ["stats", "vacuum", "optimize", "prune"])
def test_it_makes_no_database(run, path, command):
    path.unlink()
    refused(run(command), "There is no database at")
    assert not path.exists()


@pytest.fixture
def aged(path: Path) -> Path:
    """A database with an old job and a young one."""
    database = Database(f"sqlite:///{path}")
    for job_id, days in AGES.items():
        at = Clock().now() - timedelta(days=days)
        done = {"job_type": JobType.TRANSCODE, "status": JobStatus.COMPLETED}
        Job.create(job_id=job_id, created_at=at, completed_at=at, **done)
    database.close()
    return path


def jobs(path: Path) -> set[str]:
    with closing(sqlite3.connect(path)) as connection:
        return {job_id for (job_id,) in connection.execute("SELECT job_id FROM jobs")}


def test_it_says_what_it_would_prune_and_prunes(aged):
    nothing = runner_on(f"sqlite:///{aged}", retention_jobs_days=0)("prune")
    assert nothing.output.startswith("Pruned: 0 jobs")
    run = runner_on(f"sqlite:///{aged}")
    assert run("prune", "--dry-run").output == (
        "Would prune: 1 jobs with 0 events, 0 commands for VLC; 0 discs into the archive.\n"
    )
    assert jobs(aged) == {"old", "young"}
    assert run("prune").output.startswith("Pruned: 1 jobs with 0 events, ")
    assert jobs(aged) == {"young"}
    told = json.loads(run("prune", "--json").output)
    assert told == {"jobs": 0, "job_events": 0, "vlc_commands": 0, "archived_discs": 0}


@pytest.fixture
def full(database_url: str) -> Run:
    """`flask db …` on a database with two rows, on each engine in turn."""
    database = Database(database_url)
    agent()
    job()
    database.close()
    return runner_on(database_url)


@pytest.fixture
def to(tmp_path: Path) -> tuple[str, str]:
    return "--to", f"sqlite:///{tmp_path}/other.db"


def test_it_copies_once_and_says_what(full, to):
    result = full("copy", *to)
    assert (result.exit_code, result.stdout) == (
        0,
        f"Copied: 2 rows of {len(MODELS)} tables, and each table's count and checksum are the same."
        " What the server has written since it began is not among them.\n",
    )
    assert runner_on(to[1])("check").exit_code == 0
    for options in ([], ["--json"]):
        refused(full("copy", *to, *options), "has rows already", "name an empty one")


def test_it_tells_scripts_of_each_table(full, to):
    told = json.loads(full("copy", "--json", *to).stdout)
    assert told["rows"] == 2
    found = {one["table"]: one for one in told["tables"]}
    assert [*found] == [model._meta.table_name for model in MODELS]
    assert found["jobs"]["rows"] == 1
    assert len(found["jobs"]["checksum"]) == 64
    assert found["discs"] == {"table": "discs", "rows": 0, "checksum": "0" * 64}


def test_it_never_shows_a_password(full):
    result = full("copy", "--to", "postgresql://boz:hunter2@127.0.0.1:1/boz")
    refused(result, "--to", "Connection refused")
    assert "hunter2" not in result.output


def test_it_copies_nothing_without_both_databases(run, path, tmp_path, to):
    result = run("copy")
    assert result.exit_code == 2
    assert "Missing option '--to'" in result.stderr
    path.unlink()
    refused(run("copy", *to), "boz.db", "BOZ_DATABASE_URL")
    assert list(tmp_path.iterdir()) == []
