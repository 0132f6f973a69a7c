"""What is kept no longer: old jobs and commands go, old discs into the archive."""

import logging
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

from boz_server.clock import Clock
from boz_server.database.connection import Database
from boz_server.domain.identification.kinship import Kin, families, may_go
from boz_server.repositories.archive_repository import ArchiveRepository
from boz_server.repositories.retention_repository import Cutoffs, RetentionRepository
from boz_server.settings import Settings

log = logging.getLogger(__name__)

#: How long a run of the step may take: rescues wait for it.
RUN_SECONDS = 3.0
#: How long the step rests once nothing is left to do.
REST_SECONDS = 3600.0
#: Nothing is from before then.
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
#: A family that is held together by more is looked for among all discs.
MAX_TIES = 500


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

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        database: Database,
        *,
        rows: RetentionRepository,
        archive: ArchiveRepository,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.database = database
        self.rows = rows
        self.archive = archive
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
            discs = sum(map(len, self._spare_families(cutoffs)))
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
        for family in self._spare_families(cutoffs):
            with self.database.write_queue():
                # Since it was looked for, another disc of it may have come.
                is_spare = self._is_spare_still(family, cutoffs)
                if is_spare:
                    self.archive.put_away([disc.disc_id for disc in family], self.clock.now())
            yield Pruned(archived_discs=len(family) if is_spare else 0)

    def _spare_families(self, cutoffs: Cutoffs) -> list[list[Kin]]:
        """The discs that may go into the archive, by families: what numbers the episodes of a
        show's next disc, or knows a disc that is put in again, is there as a whole or not at all
        (see ArchiveRepository.bring_back)."""
        return [family for family in families(self.archive.kin(cutoffs)) if may_go(family)]

    def _is_spare_still(self, family: list[Kin], cutoffs: Cutoffs) -> bool:
        ties = {tie for disc in family for tie in disc.ties}
        live = self.archive.kin(cutoffs, ties if len(ties) <= MAX_TIES else None)
        ids = {disc.disc_id for disc in family}
        return any(
            ids == {disc.disc_id for disc in each} and may_go(each) for each in families(live)
        )
