"""`flask db shell`: the engine's own shell, read-only unless --write is given."""

import os
import shutil
from pathlib import Path

import pytest

from boz_server.database.connection import Database
from boz_server.database.models import Agent
from tests.cli.conftest import flask
from tests.database.rows import agent

#: Replaces a program: prints its version, or its arguments and input.
PRETENDS = """#!/bin/sh
if [ "$1" = --version ]; then echo "3.51.3 2026-03-13 10:38:09 abc (64-bit)"; exit; fi
tr '\\0' '\\n' < /proc/$$/cmdline
echo "password: $PGPASSWORD"
cat
exit 3
"""


@pytest.fixture
def in_use(request: pytest.FixtureRequest, database_url: str) -> Database:
    """A database with an agent, on each engine in turn, whose program is installed."""
    if database_url.startswith("postgresql"):
        request.getfixturevalue("postgres_programs")
    elif shutil.which("sqlite3") is None:
        pytest.skip("sqlite3 is not installed on this machine")
    database = Database(database_url)
    agent()
    database.close()
    return database


@pytest.fixture
def pretended(tmp_path: Path) -> str:
    """A PATH with programs that only print how they were started."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("sqlite3", "psql"):
        (folder / name).write_text(PRETENDS)
        (folder / name).chmod(0o755)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"


def test_it_runs_what_is_typed(in_use):
    done = flask("db", "shell", typed="SELECT agent_id FROM agents;\n", BOZ_DATABASE_URL=in_use.url)
    assert (done.returncode, done.stderr) == (0, "")
    assert "pc" in done.stdout.split()


def test_it_changes_nothing(in_use):
    done = flask("db", "shell", typed="DELETE FROM agents;\n", BOZ_DATABASE_URL=in_use.url)
    assert "read" in done.stderr  # readonly, read-only
    assert Agent.select().count() == 1
    in_use.close()


@pytest.mark.usefixtures("postgres_programs")
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_it_changes_what_it_is_told_to(database_url):
    database = Database(database_url)
    insert = "INSERT INTO agents (agent_id, name, capabilities) VALUES ('new', 'New', '{}');\n"
    done = flask("db", "shell", "--write", typed=insert, BOZ_DATABASE_URL=database_url)
    assert (done.returncode, done.stderr) == (0, "")
    assert [one.agent_id for one in Agent.select()] == ["new"]
    database.close()


def test_it_opens_sqlite_for_writing_with_references_enforced(pretended, sqlite_template):
    url = f"sqlite:///{sqlite_template}"
    done = flask("db", "shell", "--write", PATH=pretended, BOZ_DATABASE_URL=url)
    assert done.returncode == 3  # the program's own
    _, _, *arguments, _ = done.stdout.splitlines()
    assert arguments == [
        "-cmd", ".timeout 10000", "-cmd", "PRAGMA foreign_keys = 1", str(sqlite_template)
    ]  # fmt: skip


def test_it_lets_no_sqlite_write_that_can_corrupt_the_file(pretended, sqlite_template, tmp_path):
    program = tmp_path / "bin" / "sqlite3"
    program.write_text(PRETENDS.replace("3.51.3 2026-03-13", "3.51.2 2026-01-09"))
    url = f"sqlite:///{sqlite_template}"
    done = flask("db", "shell", "--write", PATH=pretended, BOZ_DATABASE_URL=url)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "Error: sqlite3 is 3.51.2 here, which can corrupt a database that the server uses: install"
        " 3.51.3 or newer, or leave out --write.\n"
    )
    assert "-readonly" in flask("db", "shell", PATH=pretended, BOZ_DATABASE_URL=url).stdout


@pytest.mark.parametrize("options", [[], ["--write"]])
def test_it_keeps_the_password_out_of_the_arguments(pretended, options):
    url = "postgresql+asyncpg://boz:hunter%202@db:5433/boz?sslmode=require"
    done = flask("db", "shell", *options, PATH=pretended, BOZ_DATABASE_URL=url)
    *arguments, password = done.stdout.splitlines()
    assert password == "password: hunter 2"
    (address,) = [one for one in arguments if one.startswith("--dbname=")]
    for part in ("user=boz", "host=db", "port=5433", "dbname=boz", "sslmode=require"):
        assert part in address
    assert ("default_transaction_read_only=on" in address) is (not options)
    assert "hunter" not in "".join(arguments)


def test_it_asks_for_the_password_where_the_url_has_none(pretended):
    done = flask(
        "db", "shell", PATH=pretended, BOZ_DATABASE_URL="postgresql://boz@db/boz", PGPASSWORD="mine"
    )
    assert done.stdout.splitlines()[-1] == "password: mine"


@pytest.mark.parametrize(
    ("url", "program"), [("sqlite:///{}", "sqlite3"), ("postgresql://boz@db/boz", "psql")]
)
def test_it_names_the_program_that_is_missing(sqlite_template, tmp_path, url, program):
    url = url.format(sqlite_template)
    done = flask("db", "shell", PATH=str(tmp_path), BOZ_DATABASE_URL=url)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"Error: {program} is not installed here: install ")
    assert len(done.stderr.splitlines()) == 1


def test_it_opens_no_file_that_is_not_there(tmp_path):
    done = flask("db", "shell", BOZ_DATABASE_URL=f"sqlite:///{tmp_path}/none.db")
    assert done.returncode == 1
    assert "There is no database at" in done.stderr
    assert list(tmp_path.iterdir()) == []
