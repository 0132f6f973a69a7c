"""`flask db copy`: what it says of a copy, and of one that can't be."""

import json
from pathlib import Path

import pytest

from boz_server.database.connection import Database
from boz_server.database.models import MODELS
from tests.cli.conftest import Run, refused, runner_on
from tests.database.rows import agent, job


@pytest.fixture
def run(database_url: str) -> Run:
    """`flask db …` on a database with two rows, on each engine in turn."""
    database = Database(database_url)
    agent()
    job()
    database.close()
    return runner_on(database_url)


def test_it_copies_and_says_what(run: Run, tmp_path: Path) -> None:
    result = run("copy", "--to", f"sqlite:///{tmp_path}/other.db")
    assert (result.exit_code, result.stdout) == (
        0,
        f"Copied: 2 rows of {len(MODELS)} tables, and each table's count and checksum are the same."
        " What the server has written since it began is not among them.\n",
    )
    assert runner_on(f"sqlite:///{tmp_path}/other.db")("check").exit_code == 0


def test_it_tells_scripts_of_each_table(run: Run, tmp_path: Path) -> None:
    told = json.loads(run("copy", "--json", "--to", f"sqlite:///{tmp_path}/other.db").stdout)
    assert told["rows"] == 2
    assert [one["table"] for one in told["tables"]] == [model._meta.table_name for model in MODELS]
    found = {one["table"]: one for one in told["tables"]}
    assert found["jobs"]["rows"] == 1
    assert len(found["jobs"]["checksum"]) == 64
    assert found["discs"] == {"table": "discs", "rows": 0, "checksum": "0" * 64}


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_it_refuses_to_fill_a_database_twice(run: Run, tmp_path: Path, options: list[str]) -> None:
    to = ("--to", f"sqlite:///{tmp_path}/other.db")
    run("copy", *to)
    refused(run("copy", *to, *options), "has rows already", "name an empty one")


def test_it_never_shows_a_password(run: Run) -> None:
    result = run("copy", "--to", "postgresql://boz:hunter2@127.0.0.1:1/boz")
    refused(result, "--to", "Connection refused")
    assert "hunter2" not in result.output


def test_it_wants_to_know_where_to(run: Run) -> None:
    result = run("copy")
    assert result.exit_code == 2
    assert "Missing option '--to'" in result.stderr


def test_it_copies_no_database_that_is_not_there(tmp_path: Path) -> None:
    run = runner_on(f"sqlite:///{tmp_path}/none.db")
    refused(run("copy", "--to", f"sqlite:///{tmp_path}/b.db"), "none.db", "BOZ_DATABASE_URL")
    assert list(tmp_path.iterdir()) == []
