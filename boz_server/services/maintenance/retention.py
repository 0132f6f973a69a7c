"""Deletes old jobs and commands, and moves old discs into the archive."""

import logging
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

from boz_server.context import Context
from boz_server.repositories.retention_repository import Cutoffs
from boz_server.services.collection import archive

log = logging.getLogger(__name__)

#: The longest run of the maintenance step: rescues wait for it.
RUN_SECONDS = 3.0
#: How long the step rests once it has pruned everything.
REST_SECONDS = 3600.0
#: Nothing in the database is older.
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Pruned:
    """How many rows were deleted, or would be; discs go into the archive."""

    jobs: int = 0
    job_events: int = 0
    vlc_commands: int = 0
    archived_discs: int = 0

    def __add__(self, other: "Pruned") -> "Pruned":
        return Pruned(
            self.jobs + other.jobs,
            self.job_events + other.job_events,
            self.vlc_commands + other.vlc_commands,
            self.archived_discs + other.archived_discs,
        )


class PruneStep:
    """The maintenance step: prunes for a moment each time, and rests when nothing is left."""

    def __init__(self) -> None:
        self._due = 0.0

    def run(self, context: Context) -> None:
        """Prune batches for a few seconds; the next run continues there."""
        began = time.monotonic()
        if began < self._due:
            return
        pruned = Pruned()
        for batch in batches(context):
            pruned += batch
            if time.monotonic() >= began + RUN_SECONDS:
                break
        else:
            self._due = time.monotonic() + REST_SECONDS
        if pruned != Pruned():
            log.info("Pruned", extra=asdict(pruned))


def prune(context: Context) -> Pruned:
    """Prune everything that is old; returns what was pruned."""
    return sum(batches(context), start=Pruned())


def count_prunable(context: Context) -> Pruned:
    """Count what `prune` would prune, without changing anything."""
    old = cutoffs(context)
    rows = context.stores.retention
    with context.database.read():
        jobs, events = rows.count_jobs(old)
        commands = rows.count_commands(old)
        discs = sum(map(len, archive.archivable(context, old)))
    return Pruned(jobs, events, commands, discs)


def cutoffs(context: Context) -> Cutoffs:
    """Return the times before which rows are pruned, by the settings."""
    settings, now = context.settings, context.clock.now()

    def before(days: int) -> datetime:
        return now - timedelta(days=days) if days else BEGINNING

    return Cutoffs(
        jobs=before(settings.retention_jobs_days),
        failed_jobs=before(settings.retention_failed_jobs_days),
        discs=before(settings.retention_discs_days),
    )


def batches(context: Context) -> Iterator[Pruned]:
    """Prune one batch after the other, each in a short transaction.

    Pauses after each one for as long as it took, so that others can write. A killed run leaves
    whole batches behind, and the next one continues there.
    """
    old = cutoffs(context)
    for kind in (_jobs(context, old), _commands(context, old), _discs(context, old)):
        began = time.monotonic()
        for batch in kind:
            time.sleep(time.monotonic() - began)
            yield batch
            began = time.monotonic()


def _jobs(context: Context, old: Cutoffs) -> Iterator[Pruned]:
    rows, last = context.stores.retention, None
    while batch := rows.old_jobs(old, last):
        with context.database.write_queue():
            deleted = rows.delete_jobs(batch, old)
        yield Pruned(
            jobs=len(deleted), job_events=sum(job.events for job in batch if job.job_id in deleted)
        )
        last = batch[-1]


def _commands(context: Context, old: Cutoffs) -> Iterator[Pruned]:
    deleted = None
    while deleted != 0:
        with context.database.write():
            deleted = context.stores.retention.delete_commands(old)
        yield Pruned(vlc_commands=deleted)


def _discs(context: Context, old: Cutoffs) -> Iterator[Pruned]:
    for archived in archive.put_away(context, old, context.clock.now()):
        yield Pruned(archived_discs=archived)
