"""`flask db doctor`: one line for each check, advice, and an exit code."""

import json
import shutil
from pathlib import Path
from typing import Any

import peewee
import pytest

from boz_server.database import findings
from tests.cli.conftest import Run, refused, runner_on
from tests.database.folders import OURS


@pytest.fixture
def path(sqlite_template: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(sqlite_template, tmp_path / "boz.db"))


def examined(run: Run) -> tuple[int, dict[str, dict[str, Any]]]:
    """The exit code, and the findings by their checks."""
    result = run("doctor", "--json")
    return result.exit_code, {one["check"]: one for one in json.loads(result.output)}


def test_it_says_what_it_looked_at(path):
    run = runner_on(f"sqlite:///{path}", min_free_bytes=0)
    run("backup")
    result = run("doctor")
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert len(lines) == 11
    assert all(line.startswith("ok: ") for line in lines)
    assert f"ok: migrations: At {OURS[-1]}, the newest." in lines
    assert "ok: schema: It fits the models." in lines


def test_it_tells_a_script_what_is_wrong_and_what_to_do(path):
    run = runner_on(f"sqlite:///{path}", min_free_bytes=0)
    drifted = peewee.SqliteDatabase(path)
    drifted.execute_sql("DROP INDEX idx_agents_status")
    drifted.close()
    code, found = examined(run)
    assert (code, found["schema"]["severity"]) == (1, "error")
    assert "index idx_agents_status is missing" in found["schema"]["detail"]
    assert "'flask db check'" in found["schema"]["fix"]
    assert (found["integrity"]["severity"], found["integrity"]["fix"]) == ("ok", "")


def test_it_finds_migrations_that_are_pending(path):
    run = runner_on(f"sqlite:///{path}", min_free_bytes=0)
    run("downgrade", "005")
    code, found = examined(run)
    assert (code, found["migrations"]["detail"]) == (1, f"{len(OURS) - 5} pending, next {OURS[5]}.")
    assert "flask db upgrade" in found["migrations"]["fix"]


def test_it_exits_with_0_after_a_warning(path):
    run = runner_on(f"sqlite:///{path}", min_free_bytes=2**60)
    code, found = examined(run)
    warnings = {name for name, one in found.items() if one["severity"] == "warning"}
    assert (code, warnings) == (0, {"disk", "backups"})
    assert "Make room" in found["disk"]["fix"]
    assert found["backups"]["detail"] == f"There is none in {path.parent}/backups."


def test_it_warns_of_a_backup_that_is_late(path):
    run = runner_on(f"sqlite:///{path}", min_free_bytes=0)
    folder = path.parent / "backups"
    folder.mkdir()
    (folder / "boz-20250101T120000Z.db").touch()
    _, found = examined(run)
    assert found["backups"]["severity"] == "warning"
    assert found["backups"]["detail"] == "The latest is of 2025-01-01 12:00 UTC."
    _, found = examined(runner_on(f"sqlite:///{path}", backup_interval_hours=0))
    assert found["backups"]["severity"] == "ok"


@pytest.mark.parametrize(
    ("allowed", "code", "severity"), [(False, 1, "error"), (True, 0, "warning")]
)
def test_it_holds_a_network_share_against_it_unless_that_is_allowed(
    path, monkeypatch, allowed, code, severity
):
    monkeypatch.setattr(findings, "network_type", lambda _: "cifs")
    run = runner_on(f"sqlite:///{path}", min_free_bytes=0, allow_network_fs=allowed)
    found = examined(run)
    assert (found[0], found[1]["file system"]["severity"]) == (code, severity)
    assert "Move it to a disk of this machine" in found[1]["file system"]["fix"]


def test_it_makes_no_database(tmp_path):
    refused(runner_on(f"sqlite:///{tmp_path}/boz.db")("doctor"), "There is no database at")
    assert not list(tmp_path.iterdir())


def test_it_examines_postgresql(postgres_migrated, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    code, found = examined(runner_on(postgres_migrated, backup_dir=tmp_path))
    assert (code, list(found)) == (0, ["migrations", "schema", "backups"])
    assert "pg_dump is not installed here." in found["backups"]["detail"]
    assert "Install pg_dump" in found["backups"]["fix"]
