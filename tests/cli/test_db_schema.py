"""`flask db` on the schema: what each command does, and how it says so to people and to scripts."""

import json
from functools import partial
from pathlib import Path
from typing import Any

import peewee
import pytest

from boz_server.cli import db
from boz_server.cli.db import db_group
from boz_server.database import migrations as migrations_module
from boz_server.database.migrations import MIGRATIONS_FOLDER, Migrations
from boz_server.database.models import MODELS
from boz_server.database.models.base import BaseModel
from tests.cli.conftest import PROJECT, Run, flask, refused, runner_on
from tests.database.folders import NOTHING, OURS

#: The newest migration, and the number of the one that is written next.
NEWEST = OURS[-1]
NEXT = f"{len(OURS) + 1:03}"
FITS = "The database fits the models.\n"

#: People type in it; scripts can read the result of every other command.
INTERACTIVE = {"shell"}


def said(run: Run, *arguments: str, exit_code: int = 0) -> str:
    """What a command says to people."""
    result = run(*arguments)
    assert result.exit_code == exit_code, result.output
    return result.output


def told(run: Run, *arguments: str, exit_code: int = 0) -> Any:
    """What a command tells a script."""
    return json.loads(said(run, *arguments, "--json", exit_code=exit_code))


@pytest.fixture
def further(folder: Path) -> Path:
    """A migration of our own behind the server's."""
    path = folder / "901_nothing.py"
    path.write_text(NOTHING)
    return path


@pytest.mark.parametrize("name", sorted(db_group.commands))
def test_every_command_can_tell_its_result_to_scripts(name):
    options = {option for param in db_group.commands[name].params for option in param.opts}
    assert ("--json" in options) is (name not in INTERACTIVE)


def test_it_upgrades_and_downgrades(run):
    assert said(run, "upgrade") == f"Applied: {', '.join(OURS)}.\n"
    assert said(run, "upgrade") == "Nothing to apply.\n"
    assert told(run, "upgrade") == {"applied": []}
    assert said(run, "downgrade", "base") == f"Undone: {', '.join(reversed(OURS))}.\n"
    assert told(run, "upgrade") == {"applied": OURS}
    assert told(run, "downgrade") == {"undone": [NEWEST]}
    assert told(run, "downgrade", "base") == {"undone": OURS[-2::-1]}
    refused(run("downgrade"), "nothing to undo")


def test_it_upgrades_to_a_named_migration(run, further):
    assert said(run, "upgrade", NEWEST) == f"Applied: {', '.join(OURS)}.\n"
    assert said(run, "upgrade", "901") == "Applied: 901_nothing.\n"
    assert said(run, "downgrade") == "Undone: 901_nothing.\n"


def test_it_says_and_stamps_where_the_database_is(run):
    assert said(run, "current") == "base (no migration applied)\n"
    assert told(run, "current") == {"name": None}
    assert said(run, "stamp", "head") == f"Stamped: {NEWEST}.\n"
    assert said(run, "current") == f"{NEWEST}\n"
    assert told(run, "current") == told(run, "stamp", "head") == {"name": NEWEST}
    assert said(run, "stamp", "base") == "Stamped: base.\n"
    assert told(run, "stamp", "base") == told(run, "current") == {"name": None}
    run("upgrade")
    assert said(run, "current") == f"{NEWEST}\n"


def test_it_lists_migrations_and_names_the_newest(run, folder):
    run("upgrade")
    (folder / "901_nothing.py").write_text(NOTHING)
    applied = [f"{name} (applied)" for name in OURS]
    assert said(run, "history").splitlines() == [*applied, "901_nothing (pending)"]
    assert told(run, "history") == [
        *({"name": name, "applied": True} for name in OURS),
        {"name": "901_nothing", "applied": False},
    ]
    assert said(run, "heads") == "901_nothing\n"
    assert told(run, "heads") == {"name": "901_nothing"}
    for file in folder.glob("*.py"):
        file.unlink()
    refused(run("heads"), "No migration", str(folder))


def test_it_makes_the_folder_once(run, tmp_path, monkeypatch):
    new = tmp_path / "some" / "where"
    monkeypatch.setattr(db, "Migrations", partial(Migrations, folder=new))
    assert said(run, "init") == f"{new} made.\n"
    assert new.is_dir()
    assert said(run, "init") == f"{new} was there already.\n"
    assert told(run, "init") == {"folder": str(new), "made": False}


def test_it_checks_the_schema(run, folder, tmp_path):
    run("upgrade")
    assert said(run, "check") == FITS
    assert told(run, "check") == {"differences": []}
    (folder / "901_nothing.py").write_text(NOTHING)
    pending = said(run, "check", exit_code=1).splitlines()[0]
    assert pending == "migration 901_nothing is pending"
    (folder / "901_nothing.py").unlink()
    drifted = peewee.SqliteDatabase(tmp_path / "boz.db")
    drifted.execute_sql("DROP INDEX idx_agents_status")
    drifted.close()
    missing, number = said(run, "check", exit_code=1).splitlines()
    assert missing == (
        "index idx_agents_status is missing: the models have CREATE INDEX idx_agents_status ON"
        " agents (status)"
    )
    assert number == "Differences: 1."
    assert told(run, "check", exit_code=1)["differences"] == [missing]


def test_it_writes_a_migration_to_be_filled_in(run, folder):
    run("upgrade")
    name = f"{NEXT}_give_discs_a_colour"
    assert said(run, "revision", "-m", "Give discs a colour!") == f"Wrote {name}.py.\n"
    assert (folder / f"{name}.py").is_file()
    assert said(run, "upgrade") == f"Applied: {name}.\n"
    assert said(run, "downgrade") == f"Undone: {name}.\n"
    (folder / f"{name}.py").unlink()
    assert told(run, "revision", "-m", "Give discs a colour") == {"name": name}
    assert (folder / f"{name}.py").is_file()


def test_it_writes_nothing_if_the_models_ask_for_nothing(run, folder):
    run("upgrade")
    command = ("revision", "-m", "nothing", "--auto")
    assert said(run, *command) == "The models ask for no change: nothing written.\n"
    assert told(run, *command) == {"name": None}
    assert sorted(file.stem for file in folder.glob("*.py")) == OURS


def test_it_drafts_a_migration_from_the_models(run, folder, monkeypatch):
    class Shelf(BaseModel):
        name = peewee.TextField()

        class Meta:
            table_name = "shelves"

    run("upgrade")
    monkeypatch.setattr(migrations_module, "MODELS", (*MODELS, Shelf))
    first, warning = said(run, "revision", "-m", "shelves", "--auto").splitlines()
    assert first == f"Wrote {NEXT}_shelves.py."
    assert "CHECK, DEFAULT and partial indexes are missing" in warning
    assert said(run, "upgrade") == f"Applied: {NEXT}_shelves.\n"
    assert "table shelves is not in the models" in run("check").output  # as MODELS are unpatched
    assert said(run, "downgrade") == f"Undone: {NEXT}_shelves.\n"
    assert "shelves is not" not in run("check").output


def test_it_wants_a_message(run):
    result = run("revision")
    assert result.exit_code == 2
    assert "Missing option '-m'" in result.stderr


@pytest.mark.parametrize("options", [[], ["--json"]])
@pytest.mark.parametrize("command", ["upgrade", "downgrade", "stamp"])
def test_it_refuses_an_unknown_name(run, command, options):
    refused(run(command, "999", *options), "'999'", "'flask db history'")


@pytest.mark.parametrize("options", [[], ["--json"]])
@pytest.mark.parametrize(
    "command",
    [["upgrade"], ["current"], ["history"], ["heads"], ["check"], ["init"],
     ["revision", "-m", "x"]],
)  # fmt: skip
def test_it_names_folder_and_variable_if_the_folder_is_missing(tmp_path, command, options):
    run = runner_on(f"sqlite:///{tmp_path}/nowhere/boz.db")
    refused(run(*command, *options), f"{tmp_path}/nowhere", "BOZ_DATABASE_URL")


def test_it_refuses_a_database_of_a_newer_server(run, further):
    run("upgrade")
    further.unlink()
    refused(run("upgrade"), "newer than this server", "901_nothing")


def test_it_refuses_a_file_that_is_no_database(run, tmp_path):
    (tmp_path / "boz.db").write_text("Dear diary, " * 100)
    wrong = "The database that BOZ_DATABASE_URL names can't be used: file is not a database."
    refused(run("upgrade"), wrong)


def test_it_refuses_a_server_that_does_not_answer():
    result = runner_on("postgresql://boz:hunter2@127.0.0.1:1/boz")("upgrade")
    wrong = "The database that BOZ_DATABASE_URL names can't be used: "
    refused(result, wrong, "Connection refused")
    assert "hunter2" not in result.output


def test_it_works_as_a_command(tmp_path):
    url = f"sqlite:///{tmp_path}/boz.db"
    done = flask("db", "upgrade", BOZ_DATABASE_URL=url)
    assert (done.returncode, done.stdout) == (0, f"Applied: {', '.join(OURS)}.\n")
    done = flask("db", "check", BOZ_DATABASE_URL=url)
    assert (done.returncode, done.stdout) == (0, FITS)


def test_it_fails_as_a_command_with_one_sentence(tmp_path):
    done = flask("db", "upgrade", BOZ_DATABASE_URL=f"sqlite:///{tmp_path}/nowhere/boz.db")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: The database folder")
    assert len(done.stderr.splitlines()) == 1
    done = flask("db", "upgrade", BOZ_PORT="eighty")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "BOZ_PORT is 'eighty', but must be a whole number from 1 to 65535.\n"


def test_it_ships_migrations_that_the_commands_find():
    assert MIGRATIONS_FOLDER == PROJECT / "migrations"
