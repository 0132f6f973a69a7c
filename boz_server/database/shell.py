"""The command that opens the engine's own SQL shell on a database.

`flask shell` is a Python console already; for a look into the database people want SQL and the
program's own commands (`.schema`, `\\d`). Python's `sqlite3` has no shell before 3.12.
"""

import os
import re
import shutil
import subprocess

from psycopg.conninfo import make_conninfo

from boz_server.database import postgres_tools
from boz_server.database.connection import Database
from boz_server.database.findings import SOUND_SQLITE
from boz_server.errors import StartError


def command(database: Database, *, write: bool) -> tuple[list[str], dict[str, str]]:
    """Return the command and its environment. write: whether statements may change data.

    Raises StartError if the program is missing, or can't be trusted to write.
    """
    if database.path is None:
        return _psql(database.url, write=write)
    program = ["sqlite3", "-cmd", f".timeout {int(database.wait_seconds * 1000)}"]
    version = _version()
    if not write:
        program.append("-readonly")
    elif version < SOUND_SQLITE:
        raise StartError(
            f"sqlite3 is {'.'.join(map(str, version))} here, which can corrupt a database that the"
            f" server uses: install {'.'.join(map(str, SOUND_SQLITE))} or newer, or leave out"
            " --write."
        )
    else:
        # Otherwise SQLite ignores foreign keys, and could leave rows without their parents.
        program += ["-cmd", "PRAGMA foreign_keys = 1"]
    return [*program, str(database.path.resolve())], dict(os.environ)


def _psql(url: str, *, write: bool) -> tuple[list[str], dict[str, str]]:
    _require("psql", "PostgreSQL's client programs")
    parts, environment = postgres_tools.address(url)
    if not write:
        parts["options"] = f"{parts.get('options', '')} -c default_transaction_read_only=on"
    return ["psql", f"--dbname={make_conninfo('', **parts)}"], environment


def _version() -> tuple[int, ...]:
    _require("sqlite3", "SQLite's command-line program")
    printed = subprocess.run(
        ["sqlite3", "--version"],  # noqa: S607 - the program that will be started
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    return tuple(map(int, re.findall(r"\d+", printed.partition(" ")[0])))


def _require(program: str, what: str) -> None:
    if shutil.which(program) is None:
        raise StartError(f"{program} is not installed here: install {what}, or run it elsewhere.")
