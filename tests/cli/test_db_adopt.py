"""`flask db adopt` takes over a database of the old system and reports on its rows."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from boz_server.database.legacy.legacy_file import is_legacy
from boz_server.database.models import Agent, Job
from boz_server.database.models.base import database_proxy
from tests.cli.conftest import Run, refused, runner_on
from tests.database.legacy import LegacyDatabase


@pytest.fixture
def legacy(tmp_path: Path) -> LegacyDatabase:
    """A database of the old system, of one agent and a job of a disc that is gone."""
    legacy = LegacyDatabase(tmp_path / "old.db")
    legacy.add("agents")
    legacy.add("jobs", disc_id="gone", completed_at="2026-01-20 10:00:00")
    legacy.add("titles", disc_id="gone")
    return legacy


@pytest.fixture
def run_on(database_url: str) -> Iterator[Run]:
    """`flask db …` on an empty database, on each engine in turn."""
    yield runner_on(database_url)
    database_proxy.obj.close_all()


def test_it_adopts_into_an_empty_database(run_on, legacy):
    before = legacy.path.read_bytes()
    result = run_on("adopt", str(legacy.path))
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert "agents: 1 adopted, of 1." in lines
    assert "jobs: disc_id: the disc is gone, set to null (1 row)." in lines
    assert "titles: dropped, as its disc is gone (1 row)." in lines
    assert lines[-1] == f"Adopted {legacy.path}; the old database is {legacy.path}."
    assert (Agent.get().agent_id, Job.get().job_id) == ("pc", "job")
    assert legacy.path.read_bytes() == before


def test_it_tells_scripts_of_every_lost_row(run_on, legacy):
    told = json.loads(run_on("adopt", "--json", str(legacy.path)).stdout)
    assert told["tables"]["jobs"] == {
        "found": 1, "adopted": 1, "added": 0, "merged": 0, "dropped": 0
    }  # fmt: skip
    assert told["lost"] == [
        {"table": "titles", "key": "1", "into": None, "why": "as its disc is gone"}
    ]
    assert told["old_database"] == str(legacy.path)


def test_it_adopts_the_file_in_its_place_that_is_to_be_ours(legacy, tmp_path):
    run = runner_on(f"sqlite:///{legacy.path}")
    result = run("adopt", str(legacy.path))
    assert result.exit_code == 0, result.output
    (backup,) = tmp_path.glob("old.db.legacy-*")
    assert result.stdout.splitlines()[-1].endswith(f"the old database is {backup}.")
    assert is_legacy(backup)
    assert run("check").stdout == "The database fits the models.\n"


def test_it_adopts_once(run_on, legacy):
    run_on("adopt", str(legacy.path))
    refused(run_on("adopt", str(legacy.path)), "has agents already")
    run = runner_on(f"sqlite:///{legacy.path}")
    run("adopt", str(legacy.path))
    refused(run("adopt", str(legacy.path)), "was adopted already")


def test_it_refuses_what_is_no_old_database(run_on, tmp_path):
    (tmp_path / "diary").write_text("Dear diary, " * 100)
    for name in ("none.db", "diary", "."):
        refused(run_on("adopt", str(tmp_path / name)), "is no database of the old system")


def test_it_says_what_is_wrong_with_a_damaged_file(run_on, legacy):
    legacy.damage()
    refused(run_on("adopt", str(legacy.path)), "can't be adopted, and is as it was: ")
    assert not Agent.select().exists()


def test_an_upgrade_points_to_it(legacy):
    run = runner_on(f"sqlite:///{legacy.path}")
    refused(run("upgrade"), "'flask db adopt FILE'")
