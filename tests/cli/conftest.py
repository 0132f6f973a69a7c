"""`flask db` on a database of the test's own."""

import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask

from boz_server import create_app
from boz_server.api.context import EXTENSION
from boz_server.cli import db
from boz_server.database.migrations import Migrations
from boz_server.settings import Settings
from tests.database.folders import folder_with

PROJECT = Path(__file__).parents[2]

Run = Callable[..., Result]


def runner_on(url: str, **settings: Any) -> Run:
    """`flask db …` of an application on that database; returns how it went."""
    app: Flask = create_app(Settings(database_url=url, **settings))
    runner = app.test_cli_runner()

    def run(*arguments: str) -> Result:
        result = runner.invoke(args=["db", *arguments])
        assert isinstance(result.exception, SystemExit | None), result.exception
        app.extensions[EXTENSION].context.database.close()
        return result

    return run


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """`flask db …` on a database without tables."""
    return runner_on(f"sqlite:///{tmp_path}/boz.db")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of migrations that the commands work on, with the server's own."""
    folder = folder_with(tmp_path)
    monkeypatch.setattr(db, "Migrations", partial(Migrations, folder=folder))
    return folder


def refused(result: Result, *mentions: str) -> None:
    """Check that a command failed with one sentence on standard error."""
    assert result.exit_code == 1, result.output
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert line.startswith("Error: ")
    assert line.endswith(".")
    for mention in mentions:
        assert mention in line


def flask(
    *arguments: str, typed: str = "", **environment: str
) -> "subprocess.CompletedProcess[str]":
    """The real command, as an admin types it in the project's folder."""
    return subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "flask", *arguments],
        cwd=PROJECT,
        env={"PATH": os.environ["PATH"], **environment},
        input=typed,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
