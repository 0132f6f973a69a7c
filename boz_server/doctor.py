"""Examines the database: what `flask db doctor` looks at."""

from collections.abc import Iterator
from datetime import timedelta

from boz_server.database import postgres_tools, schema_report
from boz_server.database.findings import (
    MOVE_TO_LOCAL_DISK,
    Finding,
    Severity,
    guarded,
    of_sqlite,
)
from boz_server.database.migrations import Migrations
from boz_server.disk import free_bytes
from boz_server.services.wiring import Services

_SHOWN = 3
#: After so many intervals without a backup something is wrong with them.
LATE_INTERVALS = 2


def examine(services: Services, migrations: Migrations) -> Iterator[Finding]:
    """Yield what each look found, the good included; changes nothing, whatever it finds."""
    database = services.context.database
    if database.path is not None:
        for finding in of_sqlite(database, database.path.resolve()):
            yield _as_allowed(services, finding)
    yield guarded("migrations", lambda: _migrations(migrations))
    yield guarded("schema", lambda: _schema(services))
    if database.path is not None:
        yield _disk(services)
    yield guarded("backups", lambda: _backups(services))


def _as_allowed(services: Services, finding: Finding) -> Finding:
    """Take what the settings allow for a warning."""
    if finding.fix == MOVE_TO_LOCAL_DISK and services.context.settings.allow_network_fs:
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


def _schema(services: Services) -> Finding:
    found = schema_report.differences(services.context.database)
    if not found:
        return Finding("schema", Severity.OK, "It fits the models.")
    return Finding(
        "schema",
        Severity.ERROR,
        f"{len(found)} differences from the models: {'; '.join(found[:_SHOWN])}.",
        "Where no migration is pending, someone has changed it by hand: 'flask db check' lists all"
        " differences; undo them, or go back to a backup.",
    )


def _disk(services: Services) -> Finding:
    path = services.context.database.path
    assert path is not None  # noqa: S101 - asked of files only
    free, size = free_bytes(path.resolve().parent), path.stat().st_size if path.exists() else 0
    detail = f"{free} bytes are free where the database is, which has {size}."
    if free >= max(services.context.settings.min_free_bytes, 2 * size):
        return Finding("disk", Severity.OK, detail)
    return Finding(
        "disk",
        Severity.WARNING,
        detail,
        "Make room for at least its double and BOZ_MIN_FREE_BYTES.",
    )


def _backups(services: Services) -> Finding:
    settings, latest = services.context.settings, services.backups.latest_at()
    detail = (
        f"There is none in {services.backups.folder}."
        if latest is None
        else f"The latest is of {latest:%Y-%m-%d %H:%M} UTC."
    )
    if services.context.database.path is None:
        hindrance = postgres_tools.hindrance(services.context.database.peewee)
        if hindrance is not None:
            fix = "Install pg_dump of the database server's version or newer beside this server."
            return Finding("backups", Severity.WARNING, f"{detail} {hindrance}.", fix)
    late = LATE_INTERVALS * timedelta(hours=settings.backup_interval_hours)
    if not late or (latest is not None and services.context.clock.now() - latest < late):
        return Finding("backups", Severity.OK, detail)
    fix = (
        "Start the server, which makes them, or see its log for why it does not; 'flask db backup'."
    )
    return Finding("backups", Severity.WARNING, detail, fix)
