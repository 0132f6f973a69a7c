"""`flask db`: the database's schema, backups, health and moves."""

import os
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import click
from flask.cli import AppGroup

from boz_server.api.context import context
from boz_server.cli.output import Result, age, reported, size
from boz_server.database import backup as backup_file
from boz_server.database import schema_report, transfer, upkeep
from boz_server.database import shell as shells
from boz_server.database.connection import in_a_sentence
from boz_server.database.dialects import ENGINE_ERRORS
from boz_server.database.findings import Severity
from boz_server.database.legacy.adoption import adopt_file
from boz_server.database.migrations import BASE, HEAD, Migrations
from boz_server.doctor import examine
from boz_server.errors import BozError
from boz_server.restore import restore as restore_from
from boz_server.services.discs.thumbnails import store_of
from boz_server.services.maintenance import backups as files
from boz_server.services.maintenance import retention


class OneSentenceGroup(AppGroup):
    """Commands that fail with one sentence on standard error and exit code 1."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BozError as error:
            raise click.ClickException(str(error)) from error
        except ENGINE_ERRORS as error:
            raise click.ClickException(in_a_sentence(error)) from error


db_group = OneSentenceGroup("db", help="The database: its schema, backups, health, and moves.")


@db_group.command()
@reported
def init() -> Result:
    """Create the folder for migrations, if it does not exist."""
    folder = _migrations().folder
    there = folder.is_dir()
    folder.mkdir(parents=True, exist_ok=True)
    line = f"{folder} {'was there already' if there else 'made'}."
    return Result(line, {"folder": str(folder), "made": not there})


@db_group.command()
@click.argument("name", default=HEAD)
@reported
def upgrade(name: str) -> Result:
    """Apply pending migrations, up to NAME or all of them; all or none."""
    done = _migrations().upgrade(name)
    line = f"Applied: {', '.join(done)}." if done else "Nothing to apply."
    return Result(line, {"applied": done})


@db_group.command()
@click.argument("name", required=False)
@reported
def downgrade(name: str | None) -> Result:
    """Undo the newest migration, or all after NAME ("base": all). Drops what they added."""
    undone = _migrations().downgrade(name)
    return Result(f"Undone: {', '.join(undone)}.", {"undone": undone})


@db_group.command()
@click.option("-m", "--message", required=True, help="What it changes, in a few words.")
@click.option("--auto", is_flag=True, help="Draft it from the models; read it before use.")
@reported
def revision(message: str, auto: bool) -> Result:
    """Write a new migration file."""
    name = _migrations().revision(message, auto=auto)
    if name is None:
        return Result("The models ask for no change: nothing written.", {"name": None})
    lines = [f"Wrote {name}.py."]
    if auto:
        lines.append(
            "Read it before use: CHECK, DEFAULT and partial indexes are missing from a draft, and"
            " a rename reads as drop and add. 'flask db check' tells what is left."
        )
    return Result(lines, {"name": name})


@db_group.command()
@reported
def current() -> Result:
    """Say which migration the database is at."""
    applied = _migrations().applied()
    name = applied[-1] if applied else None
    return Result(name or f"{BASE} (no migration applied)", {"name": name})


@db_group.command()
@reported
def history() -> Result:
    """List all migrations, oldest first, and which are applied."""
    migrations = _migrations()
    applied = set(migrations.applied())
    found = {name: name in applied for name in migrations.available()}
    return Result(
        [f"{name} ({'applied' if done else 'pending'})" for name, done in found.items()],
        [{"name": name, "applied": done} for name, done in found.items()],
    )


@db_group.command()
@reported
def heads() -> Result:
    """Name the newest migration."""
    name = _migrations().newest()
    return Result(name, {"name": name})


@db_group.command()
@click.argument("name")
@reported
def stamp(name: str) -> Result:
    """Record NAME ("head", "base") as the database's version, and run nothing."""
    noted = _migrations().stamp(name)
    return Result(f"Stamped: {noted}.", {"name": None if noted == BASE else noted})


@db_group.command()
@reported
def check() -> Result:
    """Compare the database with the models; exit code 1 if they differ."""
    pending = _migrations().pending()
    found = [f"migration {name} is pending" for name in pending]
    found += schema_report.differences(context().database)
    last = f"Differences: {len(found)}." if found else "The database fits the models."
    return Result([*found, last], {"differences": found}, failed=bool(found))


@db_group.command()
@click.argument("file", type=click.Path(path_type=Path))
@reported
def adopt(file: Path) -> Result:
    """Take over FILE, a database of the old system; ours must be empty, or that very file.

    The JSON lists every row that was lost.
    """
    database, now = context().database, context().clock.now()
    database.require_folder()
    report, old = adopt_file(database, file, now, store_of(context()).has)
    return Result(
        [*report.lines(), f"Adopted {file}; the old database is {old}."],
        report.as_json() | {"old_database": str(old)},
    )


@db_group.command()
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


@db_group.command()
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


@db_group.command()
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


@db_group.command()
@click.option(
    transfer.OPTION,
    "url",
    required=True,
    metavar="URL",
    help="The empty database, as BOZ_DATABASE_URL would name it.",
)
@reported
def copy(url: str) -> Result:
    """Copy all rows to an empty database, of either engine, and compare them.

    The copy is of the moment when it begins: to move there, stop the server first.
    """
    copied = transfer.copy(context().database, url)
    rows = sum(one.rows for one in copied)
    return Result(
        f"Copied: {rows} rows of {len(copied)} tables, and each table's count and checksum are the"
        " same. What the server has written since it began is not among them.",
        {"rows": rows, "tables": [asdict(one) for one in copied]},
    )


@db_group.command()
@reported
def doctor() -> Result:
    """Examine the database; exit code 1 if something is wrong. The server may be running."""
    context().database.require_file()
    found = list(examine(context(), Migrations(context().database)))
    lines = [
        f"{one.severity}: {one.check}: {one.detail}{f' {one.fix}' if one.fix else ''}"
        for one in found
    ]
    failed = any(one.severity is Severity.ERROR for one in found)
    return Result(lines, [asdict(one) for one in found], failed=failed)


@db_group.command()
@reported
def vacuum() -> Result:
    """Return the space that the database has freed to the disk.

    On SQLite, writers have to wait: about a second per 100 MB.
    """
    database = context().database
    database.require_file()
    before = upkeep.size(database)
    upkeep.vacuum(database)
    after = upkeep.size(database)
    line = f"Vacuumed: {size(before)} before, {size(after)} now."
    return Result(line, {"before_bytes": before, "after_bytes": after})


@db_group.command()
@reported
def optimize() -> Result:
    """Update the statistics that queries are planned by; the server does this every hour."""
    database = context().database
    database.require_file()
    upkeep.optimize(database)
    return Result("Optimized.", {"log_bytes": upkeep.fold_in_log(database)})


@db_group.command()
@reported
def stats() -> Result:
    """Show the rows and bytes of each table.

    On SQLite the bytes are those of its values; on PostgreSQL those of table and indexes on disk.
    """
    database = context().database
    database.require_file()
    found = upkeep.sizes(database)
    total = upkeep.size(database)
    lines = [f"{one.table}: {one.rows} rows, {size(one.size_bytes)}" for one in found]
    lines.append(f"In all: {size(total)} on the disk.")
    facts = {"tables": [asdict(one) for one in found], "size_bytes": total}
    return Result(lines, facts)


@db_group.command()
@click.option("--dry-run", is_flag=True, help="Say what would be pruned, and change nothing.")
@reported
def prune(dry_run: bool) -> Result:
    """Delete old finished jobs with their events and old VLC commands, and archive old discs.

    The BOZ_RETENTION_* settings say how old. The server does this every hour, and may be running.
    """
    context().database.require_file()
    went = retention.count_prunable(context()) if dry_run else retention.prune(context())
    return Result(
        f"{'Would prune' if dry_run else 'Pruned'}: {went.jobs} jobs with {went.job_events} events,"
        f" {went.vlc_commands} commands for VLC; {went.archived_discs} discs into the archive.",
        asdict(went),
    )


@db_group.command()
@click.option("--write", is_flag=True, help="Allow statements that change the database.")
def shell(write: bool) -> None:
    """Open sqlite3 or psql on the database, for reading; the server may be running.

    Statements can also be piped in; the exit code is the program's.
    """
    database = context().database
    database.require_file()
    command, environment = shells.command(database, write=write)
    os.execvpe(command[0], command, environment)  # noqa: S606 - the engine's own program


def _migrations() -> Migrations:
    context().database.require_folder()
    return Migrations(
        context().database, before_change=partial(files.make_before_change, context())
    )


def _facts(one: files.Backup) -> dict[str, Any]:
    return {"path": str(one.path), "size_bytes": one.size_bytes, "taken_at": one.taken_at}
