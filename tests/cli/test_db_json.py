"""`flask db … --json` of what concerns the schema: facts for scripts, in place of sentences."""

import json
from pathlib import Path
from typing import Any

import pytest

from boz_server.cli.db import db_group
from boz_server.database.connection import Database
from tests.cli.conftest import Run, refused, runner_on
from tests.database.folders import NOTHING, OURS

#: A person types there; the result of all others can be read by a script.
INTERACTIVE = {"shell"}


def told(run: Run, *arguments: str, exit_code: int = 0) -> Any:
    """What a command tells a script."""
    result = run(*arguments, "--json")
    assert result.exit_code == exit_code, result.output
    return json.loads(result.stdout)


@pytest.mark.parametrize("name", sorted(db_group.commands))
def test_it_lets_every_command_tell_scripts_its_result(name: str) -> None:
    options = {option for param in db_group.commands[name].params for option in param.opts}
    assert ("--json" in options) is (name not in INTERACTIVE)


def test_it_tells_what_was_applied_and_undone(run: Run) -> None:
    assert told(run, "upgrade") == {"applied": OURS}
    assert told(run, "upgrade") == {"applied": []}
    assert told(run, "downgrade") == {"undone": [OURS[-1]]}
    assert told(run, "downgrade", "base") == {"undone": OURS[-2::-1]}


def test_it_tells_where_the_database_is(run: Run) -> None:
    assert told(run, "current") == {"name": None}
    assert told(run, "stamp", "head") == told(run, "current") == {"name": OURS[-1]}
    assert told(run, "stamp", "base") == {"name": None}


def test_it_tells_what_there_is(run: Run, folder: Path) -> None:
    run("upgrade")
    (folder / "901_nothing.py").write_text(NOTHING)
    assert told(run, "heads") == {"name": "901_nothing"}
    assert told(run, "history") == [
        *({"name": name, "applied": True} for name in OURS),
        {"name": "901_nothing", "applied": False},
    ]


def test_it_tells_what_it_made(run: Run, folder: Path) -> None:
    run("upgrade")
    assert told(run, "init") == {"folder": str(folder), "made": False}
    name = told(run, "revision", "-m", "Give discs a colour")["name"]
    assert (folder / f"{name}.py").is_file()
    (folder / f"{name}.py").unlink()
    assert told(run, "revision", "-m", "nothing", "--auto") == {"name": None}


def test_it_tells_each_difference(run: Run, tmp_path: Path) -> None:
    run("upgrade")
    assert told(run, "check") == {"differences": []}
    database = Database(f"sqlite:///{tmp_path}/boz.db")
    database.peewee.execute_sql("DROP INDEX idx_agents_status")
    database.close()
    (difference,) = told(run, "check", exit_code=1)["differences"]
    assert difference.startswith("index idx_agents_status is missing")


@pytest.mark.parametrize("command", ["upgrade", "downgrade", "stamp"])
def test_it_fails_in_one_sentence(run: Run, command: str) -> None:
    refused(run(command, "999", "--json"), "'999'")


@pytest.mark.parametrize(
    "command",
    [["current"], ["history"], ["heads"], ["check"], ["init"], ["revision", "-m", "x"]],
)
def test_it_fails_in_one_sentence_without_a_database(tmp_path: Path, command: list[str]) -> None:
    run = runner_on(f"sqlite:///{tmp_path}/nowhere/boz.db")
    refused(run(*command, "--json"), f"{tmp_path}/nowhere")
