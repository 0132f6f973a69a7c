"""`flask db doctor`, `stats`, `vacuum`, `optimize`, `prune`: the database's health and size."""

from dataclasses import asdict

import click

from boz_server.api.context import context
from boz_server.cli.output import Result, reported, size
from boz_server.database import upkeep
from boz_server.database.findings import Severity
from boz_server.database.migrations import Migrations
from boz_server.doctor import examine
from boz_server.services.maintenance import retention


@click.command()
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


@click.command()
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


@click.command()
@reported
def optimize() -> Result:
    """Update the statistics that queries are planned by; the server does this every hour."""
    database = context().database
    database.require_file()
    upkeep.optimize(database)
    return Result("Optimized.", {"log_bytes": upkeep.fold_in_log(database)})


@click.command()
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


@click.command()
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
