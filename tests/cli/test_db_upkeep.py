"""`flask db stats`, `vacuum` and `optimize`: what they say."""

import json
import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import Run, refused, runner_on


@pytest.fixture
def path(sqlite_template: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(sqlite_template, tmp_path / "boz.db"))


@pytest.fixture
def run(path: Path) -> Run:
    return runner_on(f"sqlite:///{path}")


def test_it_tells_rows_and_bytes(run: Run, path: Path) -> None:
    lines = run("stats").output.splitlines()
    assert "agents: 0 rows, 0 B" in lines
    assert lines[-1] == f"In all: {path.stat().st_size / 1024:.1f} KiB on the disk."
    told = json.loads(run("stats", "--json").output)
    assert told["size_bytes"] == path.stat().st_size
    assert {"table": "agents", "rows": 0, "size_bytes": 0} in told["tables"]


def test_it_vacuums_and_says_what_that_gave(run: Run, path: Path) -> None:
    run("vacuum")  # a schema that grew step by step may lie in a page less or more
    size = path.stat().st_size
    shown = f"{size / 1024:.1f} KiB"
    assert run("vacuum").output == f"Vacuumed: {shown} before, {shown} now.\n"
    assert json.loads(run("vacuum", "--json").output) == {
        "before_bytes": size, "after_bytes": size
    }  # fmt: skip


def test_it_optimizes_and_says_so(run: Run) -> None:
    assert run("optimize").output == "Optimized.\n"
    assert json.loads(run("optimize", "--json").output).keys() == {"log_bytes"}
    assert run("check").output == "The database fits the models.\n"


@pytest.mark.parametrize("command", ["stats", "vacuum", "optimize"])
def test_it_makes_no_database(run: Run, path: Path, command: str) -> None:
    path.unlink()
    refused(run(command), "There is no database at")
    assert not path.exists()
