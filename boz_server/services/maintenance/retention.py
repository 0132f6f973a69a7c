"""What is kept no longer: old jobs and commands go, old discs into the archive."""

import logging
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

from boz_server.context import Context
from boz_server.repositories.retention_repository import Cutoffs
from boz_server.services.collection import archive

log = logging.getLogger(__name__)

#: How long a run of the step may take: rescues wait for it.
RUN_SECONDS = 3.0
#: How long the step rests once nothing is left to do.
REST_SECONDS = 3600.0
#: Nothing is from before then.
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Pruned:
    """How many rows went, or would; discs go into the archive."""

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


class Retention:
    """Prunes in batches, each a short transaction: wherever it is killed, it goes on there."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.settings = context.settings
        self.clock = context.clock
        self.database = context.database
        self.rows = context.stores.retention
        self._due = 0.0

    def run(self) -> None:
        """A maintenance step: prune for a moment, and go on at the next run."""
        began = time.monotonic()
        if began < self._due:
            return
        pruned = Pruned()
        for batch in self._batches():
            pruned += batch
            if time.monotonic() >= began + RUN_SECONDS:
                break
        else:
            self._due = time.monotonic() + REST_SECONDS
        if pruned != Pruned():
            log.info("Pruned", extra=asdict(pruned))

    def prune(self) -> Pruned:
        """Prune all there is; returns what went."""
        return sum(self._batches(), start=Pruned())

    def foresee(self) -> Pruned:
        """Say what `prune` would do, and change nothing."""
        cutoffs = self._cutoffs()
        with self.database.read():
            jobs, events = self.rows.count_jobs(cutoffs)
            commands = self.rows.count_commands(cutoffs)
            discs = sum(map(len, archive.archivable(self.context, cutoffs)))
        return Pruned(jobs, events, commands, discs)

    def _cutoffs(self) -> Cutoffs:
        now = self.clock.now()

        def before(days: int) -> datetime:
            return now - timedelta(days=days) if days else BEGINNING

        return Cutoffs(
            jobs=before(self.settings.retention_jobs_days),
            failed_jobs=before(self.settings.retention_failed_jobs_days),
            discs=before(self.settings.retention_discs_days),
        )

    def _batches(self) -> Iterator[Pruned]:
        """Prune batch after batch; behind each, others have as long to write as it took."""
        cutoffs = self._cutoffs()
        for kind in (self._jobs(cutoffs), self._commands(cutoffs), self._discs(cutoffs)):
            began = time.monotonic()
            for batch in kind:
                time.sleep(time.monotonic() - began)
                yield batch
                began = time.monotonic()

    def _jobs(self, cutoffs: Cutoffs) -> Iterator[Pruned]:
        last = None
        while batch := self.rows.old_jobs(cutoffs, last):
            with self.database.write_queue():
                gone = self.rows.delete_jobs(batch, cutoffs)
            yield Pruned(
                jobs=len(gone),
                job_events=sum(job.events for job in batch if job.job_id in gone),
            )
            last = batch[-1]

    def _commands(self, cutoffs: Cutoffs) -> Iterator[Pruned]:
        gone = None
        while gone != 0:
            with self.database.write():
                gone = self.rows.delete_commands(cutoffs)
            yield Pruned(vlc_commands=gone)

    def _discs(self, cutoffs: Cutoffs) -> Iterator[Pruned]:
        for archived in archive.put_away(self.context, cutoffs, self.clock.now()):
            yield Pruned(archived_discs=archived)
