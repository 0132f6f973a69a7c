"""`flask db` where it can't: one sentence and a non-zero exit code; and as the real command."""

from pathlib import Path

import pytest

from boz_server.database.migrations import MIGRATIONS_FOLDER
from tests.cli.conftest import PROJECT, Run, flask, refused, runner_on
from tests.database.folders import NOTHING, OURS


@pytest.mark.parametrize("command", ["upgrade", "downgrade", "stamp"])
def test_it_refuses_a_name_that_it_does_not_know(run: Run, command: str) -> None:
    refused(run(command, "999"), "'999'", "'flask db history'")


@pytest.mark.parametrize("command", ["upgrade", "current", "history", "check", "init"])
def test_it_names_folder_and_variable_where_the_folder_is_missing(
    tmp_path: Path, command: str
) -> None:
    run = runner_on(f"sqlite:///{tmp_path}/nowhere/boz.db")
    refused(run(command), f"{tmp_path}/nowhere", "BOZ_DATABASE_URL")


def test_it_refuses_a_database_of_a_newer_server(run: Run, folder: Path) -> None:
    (folder / "901_nothing.py").write_text(NOTHING)
    run("upgrade")
    (folder / "901_nothing.py").unlink()
    refused(run("upgrade"), "newer than this server", "901_nothing")


def test_it_refuses_a_file_that_is_no_database(run: Run, tmp_path: Path) -> None:
    (tmp_path / "boz.db").write_text("Dear diary, " * 100)
    refused(
        run("upgrade"),
        "The database that BOZ_DATABASE_URL names can't be used: file is not a database.",
    )


def test_it_refuses_a_server_that_does_not_answer() -> None:
    run = runner_on("postgresql://boz:hunter2@127.0.0.1:1/boz")
    result = run("upgrade")
    refused(
        result, "The database that BOZ_DATABASE_URL names can't be used: ", "Connection refused"
    )
    assert "hunter2" not in result.output


def test_it_works_as_a_command(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/boz.db"
    done = flask("db", "upgrade", BOZ_DATABASE_URL=url)
    assert (done.returncode, done.stdout) == (0, f"Applied: {', '.join(OURS)}.\n")
    done = flask("db", "check", BOZ_DATABASE_URL=url)
    assert (done.returncode, done.stdout) == (0, "The database fits the models.\n")


def test_it_fails_as_a_command_with_one_sentence(tmp_path: Path) -> None:
    done = flask("db", "upgrade", BOZ_DATABASE_URL=f"sqlite:///{tmp_path}/nowhere/boz.db")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: The database folder")
    assert len(done.stderr.splitlines()) == 1


def test_it_fails_as_a_command_at_a_wrong_setting() -> None:
    done = flask("db", "upgrade", BOZ_PORT="eighty")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "BOZ_PORT is 'eighty', but must be a whole number from 1 to 65535.\n"


def test_it_ships_migrations_that_the_commands_find() -> None:
    assert MIGRATIONS_FOLDER == PROJECT / "migrations"
