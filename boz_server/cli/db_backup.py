"""`flask db backup`, `backups`, `restore`."""

from pathlib import Path
from typing import Any

import click

from boz_server.api.context import context
from boz_server.cli.output import Result, age, reported, size
from boz_server.database import backup as backup_file
from boz_server.restore import restore as restore_from
from boz_server.services.maintenance import backups as files
from boz_server.services.maintenance.backups import Backup


@click.command()
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write it to this file, which must not exist, and keep all other backups.",
)
@click.option("--keep", type=click.IntRange(1), help="Backups to keep.  [default: BOZ_BACKUP_KEEP]")
@reported
def backup(output: Path | None, keep: int | None) -> Result:
    """Write the database to a backup file and check it; the server may be running."""
    if output and keep:
        raise click.UsageError("--keep is for the folder of backups: leave it out with --output.")
    context().database.require_file()
    made = files.make(context(), output, keep)
    return Result(f"Backup made: {made.path} ({size(made.size_bytes)}).", _facts(made))


@click.command()
@reported
def backups() -> Result:
    """List the backups, newest first, and check each of them."""
    now = context().clock.now()
    lines, facts = [], []
    for one in files.stored(context()):
        found = backup_file.inspect(one.path)
        version = found.schema_version or "unknown schema"
        facts.append(
            _facts(one)
            | {
                "age_seconds": (now - one.taken_at).total_seconds(),
                "schema_version": found.schema_version,
                "problem": found.problem,
            }
        )
        lines.append(
            f"{one.path} {size(one.size_bytes)}, {age(now - one.taken_at)} old, {version}:"
            f" {found.problem or 'ok'}"
        )
    return Result(lines or [f"No backup is in {files.folder(context())}."], facts)


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@reported
def restore(file: Path) -> Result:
    """Go back to the backup FILE, with the server stopped; the present database is kept.

    Jobs that were under way are queued again, and reports from after the backup are rejected.
    """
    done = restore_from(context(), file)
    before = (
        "There was no database before"
        if done.previous is None
        else f"Kept the one before: {done.previous}"
    )
    return Result(
        f"Restored: {file} ({done.schema_version}; jobs queued again: {done.requeued}). {before}.",
        {
            "path": str(file),
            "schema_version": done.schema_version,
            "requeued": done.requeued,
            "kept": None if done.previous is None else str(done.previous),
        },
    )


def _facts(one: Backup) -> dict[str, Any]:
    return {"path": str(one.path), "size_bytes": one.size_bytes, "taken_at": one.taken_at}
