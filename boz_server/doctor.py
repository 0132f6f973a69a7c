"""Examines the database: what `flask db doctor` looks at."""

from collections.abc import Iterator
from datetime import timedelta

from boz_server.context import Context
from boz_server.database import schema_report
from boz_server.database.findings import MOVE_TO_LOCAL_DISK, Finding, Severity, guarded, of_sqlite
from boz_server.database.migrations import Migrations
from boz_server.disk import free_bytes
from boz_server.services.maintenance import backups

_SHOWN = 3
#: After this many intervals without a backup something is wrong.
LATE_INTERVALS = 2


def examine(context: Context, migrations: Migrations) -> Iterator[Finding]:
    """Yield a finding for each check, good ones too; changes nothing."""
    database = context.database
    if database.path is not None:
        for finding in of_sqlite(database, database.path.resolve()):
            yield _as_allowed(context, finding)
    yield guarded("migrations", lambda: _migrations(migrations))
    yield guarded("schema", lambda: _schema(context))
    if database.path is not None:
        yield _disk(context)
    yield guarded("backups", lambda: _backups(context))


def _as_allowed(context: Context, finding: Finding) -> Finding:
    """Turn an error that the settings allow into a warning."""
    if finding.fix == MOVE_TO_LOCAL_DISK and context.settings.allow_network_fs:
        fix = "Move it to a disk of this machine."
        return Finding(finding.check, Severity.WARNING, finding.detail, fix)
    return finding


def _migrations(migrations: Migrations) -> Finding:
    pending = migrations.pending()
    if not pending:
        return Finding("migrations", Severity.OK, f"At {migrations.newest()}, the newest.")
    return Finding(
        "migrations",
        Severity.ERROR,
        f"{len(pending)} pending, next {pending[0]}.",
        "Run 'flask db upgrade', or start the server with BOZ_AUTO_MIGRATE=true.",
    )


def _schema(context: Context) -> Finding:
    found = schema_report.differences(context.database)
    if not found:
        return Finding("schema", Severity.OK, "It fits the models.")
    return Finding(
        "schema",
        Severity.ERROR,
        f"{len(found)} differences from the models: {'; '.join(found[:_SHOWN])}.",
        "Where no migration is pending, someone has changed it by hand: 'flask db check' lists all"
        " differences; undo them, or go back to a backup.",
    )


def _disk(context: Context) -> Finding:
    path = context.database.path
    assert path is not None  # noqa: S101 - called for files only
    free, size = free_bytes(path.resolve().parent), path.stat().st_size if path.exists() else 0
    detail = f"{free} bytes are free where the database is, which has {size}."
    if free >= max(context.settings.min_free_bytes, 2 * size):
        return Finding("disk", Severity.OK, detail)
    return Finding(
        "disk",
        Severity.WARNING,
        detail,
        "Make room for at least its double and BOZ_MIN_FREE_BYTES.",
    )


def _backups(context: Context) -> Finding:
    settings, latest = context.settings, backups.latest_at(context)
    detail = (
        f"There is none in {backups.folder(context)}."
        if latest is None
        else f"The latest is of {latest:%Y-%m-%d %H:%M} UTC."
    )
    if (reason := backups.obstacle(context)) is not None:
        fix = "Install pg_dump of the database server's version or newer beside this server."
        return Finding("backups", Severity.WARNING, f"{detail} {reason}.", fix)
    late = LATE_INTERVALS * timedelta(hours=settings.backup_interval_hours)
    if not late or (latest is not None and context.clock.now() - latest < late):
        return Finding("backups", Severity.OK, detail)
    fix = (
        "Start the server, which makes them, or see its log for why it does not; 'flask db backup'."
    )
    return Finding("backups", Severity.WARNING, detail, fix)
