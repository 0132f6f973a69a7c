"""Runs PostgreSQL's own programs for backups, which must be installed beside the server."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from boz_server.database.migrations import HISTORY_TABLE
from boz_server.errors import BackupError

#: The first bytes of pg_dump's custom format.
MAGIC = b"PGDMP"
#: A setting that pg_restore writes since version 17, and the bytes of a script to look for it in.
_SINCE_17, _HEAD_BYTES = b"SET transaction_timeout = 0;\n", 2048
#: Tabs in a dumped line of the history table.
_TABS = 2


def hindrance(database: Any) -> str | None:
    """Return why pg_dump can't dump a database, as the start of a sentence; None if it can.

    Asks the database for its version.
    """
    if shutil.which("pg_dump") is None:
        return "pg_dump is not installed here"
    printed, _ = _run("pg_dump", "--version")
    ours = int(re.findall(r"\d+", printed)[0])
    ((theirs,),) = database.execute_sql("SHOW server_version_num").fetchall()
    newer = int(theirs) // 10_000
    return f"pg_dump is {ours} here, and the database server {newer}" if newer > ours else None


def dump(url: str, path: Path) -> None:
    """Dump the database at a URL into a file. Raises BackupError."""
    _, trouble = _run("pg_dump", "--format=custom", "--no-owner", f"--file={path}", url=url)
    if trouble is not None:
        raise BackupError(f"No backup was made: {trouble}.")


def inspect(path: Path) -> tuple[str | None, str | None]:
    """Read a dump to the end; return its schema version and what is wrong with it (None: intact).

    Raises BackupError if pg_restore is not installed.
    """
    _, trouble = _run("pg_restore", "--file=/dev/null", str(path))
    if trouble is not None:
        return None, f"is damaged ({trouble})"
    rows, _ = _run("pg_restore", "--data-only", f"--table={HISTORY_TABLE}", "--file=-", str(path))
    # COPY's columns: id, name, time.
    names = [line.split("\t")[1] for line in rows.splitlines() if line.count("\t") == _TABS]
    return (max(names), None) if names else (None, "is the database of another program")


def restore(url: str, path: Path, *, instead_of: set[str]) -> None:
    """Replace the named tables of the database at a URL by a dump, all or nothing.

    Raises BackupError.
    """
    drops = "".join(f'DROP TABLE IF EXISTS "{table}" CASCADE;\n' for table in sorted(instead_of))
    with TemporaryDirectory(dir=path.parent) as folder:
        script = Path(folder, "restore.sql")
        _, trouble = _run("pg_restore", "--no-owner", f"--file={script}", str(path))
        if trouble is None:
            _let_older_servers_read(script)
            once = ("--single-transaction", "--set=ON_ERROR_STOP=1", "--quiet", "--no-psqlrc")
            _, trouble = _run("psql", *once, f"--command={drops}", f"--file={script}", url=url)
    if trouble is not None:
        raise BackupError(f"{path} can't be restored: {trouble}; nothing was changed.")


def _let_older_servers_read(script: Path) -> None:
    """Comment out the setting that pg_restore writes since version 17; older servers reject it."""
    with script.open("r+b") as file:
        at = file.read(_HEAD_BYTES).find(_SINCE_17)
        if at >= 0:
            file.seek(at)
            file.write(b"--")


def address(url: str) -> tuple[dict[str, Any], dict[str, str]]:
    """Split a database's URL into arguments for a program, and an environment with the password.

    Every user of the machine can read arguments.
    """
    parts = conninfo_to_dict(url)
    environment = dict(os.environ)
    if password := parts.pop("password", None):
        environment["PGPASSWORD"] = str(password)
    return parts, environment


def _run(program: str, *arguments: str, url: str | None = None) -> tuple[str, str | None]:
    """Run a program, on a database if a URL is given; return its output, and its last line of error
    output if it failed. Raises BackupError if it is not installed."""
    if shutil.which(program) is None:
        raise BackupError(
            f"{program} is not installed here: install PostgreSQL's client programs, of the"
            " database server's version or newer, or run it where they are."
        )
    environment = dict(os.environ)
    command = [program, *arguments]
    if url is not None:
        parts, environment = address(url)
        command.append(f"--dbname={make_conninfo('', **parts)}")
    done = subprocess.run(  # noqa: S603 - PostgreSQL's own programs, without a shell
        command, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode == 0:
        return done.stdout, None
    last = (done.stderr.strip().splitlines() or ["it gave no reason"])[-1]
    return done.stdout, last.removesuffix(".")
