"""`flask db backup` and `backups`: what they say, to people and to scripts."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import peewee
import pytest

from tests.cli.conftest import Run, refused
from tests.database.folders import OURS

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def run(run: Run, sqlite_template: Path, tmp_path: Path) -> Run:
    """`flask db …` on a database that is migrated."""
    shutil.copy(sqlite_template, tmp_path / "boz.db")
    return run


def test_it_makes_a_backup_and_says_where(run, tmp_path):
    result = run("backup")
    (made,) = (tmp_path / "backups").iterdir()
    size = f"{made.stat().st_size / 1024:.1f} KiB"
    assert (result.exit_code, result.output) == (0, f"Backup made: {made} ({size}).\n")


def test_it_makes_a_backup_for_a_script(run, tmp_path):
    made = json.loads(run("backup", "--json", "--output", f"{tmp_path}/mine.db").output)
    assert made.keys() == {"path", "size_bytes", "taken_at"}
    assert (made["path"], made["taken_at"][-1]) == (f"{tmp_path}/mine.db", "Z")
    assert made["size_bytes"] == (tmp_path / "mine.db").stat().st_size


def test_it_keeps_as_many_as_it_is_told(run, tmp_path):
    for _ in range(3):
        run("backup", "--keep", "2")
    assert len(list((tmp_path / "backups").iterdir())) == 2


def test_it_lists_them_newest_first_with_what_they_are_worth(run, tmp_path):
    assert run("backups").output == f"No backup is in {tmp_path}/backups.\n"
    assert json.loads(run("backups", "--json").output) == []
    old = json.loads(run("backup", "--json").output)["path"]
    new = json.loads(run("backup", "--json").output)["path"]
    size = f"{Path(new).stat().st_size / 1024:.1f} KiB"
    Path(old).write_text("Dear diary")
    first, second = run("backups").output.splitlines()
    assert first == f"{new} {size}, 0 min old, {OURS[-1]}: ok"
    assert second == f"{old} 10 B, 0 min old, unknown schema: is no backup of a database"
    listed = json.loads(run("backups", "--json").output)
    assert [(one["path"], one["schema_version"], one["problem"]) for one in listed] == [
        (new, OURS[-1], None),
        (old, None, "is no backup of a database"),
    ]
    assert 0 <= listed[0]["age_seconds"] < 60


def test_it_backs_up_by_itself_before_the_schema_changes(run, tmp_path):
    used = peewee.SqliteDatabase(tmp_path / "boz.db")
    used.execute_sql("INSERT INTO leases (name, renewed_at) VALUES ('a', '2026-01-24 12:00:00')")
    used.close()
    assert run("upgrade").output == "Nothing to apply.\n"
    assert not (tmp_path / "backups").exists()
    run("downgrade")
    run("upgrade")
    listed = json.loads(run("backups", "--json").output)
    assert [one["schema_version"] for one in listed] == OURS[-2:]


def test_it_refuses_to_write_over_a_file(run, tmp_path):
    (tmp_path / "mine.db").touch()
    refused(run("backup", "--output", f"{tmp_path}/mine.db"), "mine.db is there already")


def test_it_refuses_a_database_that_is_not_there(run, tmp_path):
    (tmp_path / "boz.db").unlink()
    refused(run("backup"), f"There is no database at {tmp_path}/boz.db")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("options", [["--keep", "0"], ["--keep", "2", "--output", "mine.db"]])
def test_it_refuses_options_that_make_no_sense(run, options):
    assert run("backup", *options).exit_code == 2


def test_it_leaves_nothing_on_a_disk_that_is_full(tmp_path, sqlite_template):
    """On a disk of 60 KiB, which only this process and its children see."""
    disk = tmp_path / "disk"
    disk.mkdir()
    alone = ["unshare", "--map-root-user", "--mount", "sh", "-c"]
    mount = f"mount -t tmpfs -o size=60k tmpfs {disk}"
    if subprocess.run([*alone, mount], capture_output=True, check=False).returncode:  # noqa: S603
        pytest.skip("this machine lets no one mount")
    done = subprocess.run(  # noqa: S603 - our own command
        [*alone, f"{mount} && {sys.executable} -m flask db backup --output {disk}/boz.db;"
         f" echo exit $?; ls -A {disk}"],
        cwd=PROJECT,
        env={"PATH": "/bin:/usr/bin", "BOZ_DATABASE_URL": f"sqlite:///{sqlite_template}"},
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert done.stdout == "exit 1\n"
    assert done.stderr == "Error: No backup was made: database or disk is full.\n"
