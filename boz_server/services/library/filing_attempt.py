"""An organize job that this process has, as long as it has it."""

import logging
import threading
from pathlib import Path

import peewee

from boz_server.clock import Clock
from boz_server.database.connection import Database
from boz_server.database.models import Job
from boz_server.domain.queue.job_states import JobStatus
from boz_server.repositories.attempt_repository import AttemptRepository
from boz_server.repositories.filing_repository import FilingRepository
from boz_server.repositories.job_repository import Guard, JobRepository
from boz_server.services.library.mover import Stopped
from boz_server.settings import Settings

log = logging.getLogger(__name__)

#: How often a job under way is said to be: its lease is one of an agent's length.
RENEWAL_SECONDS = 5.0
#: The bytes of a file are worked on twice: to copy them, and to read the copy back.
TURNS = 2


class FilingAttempt:
    """Keeps the lease, says how far it is, and notices that someone else has the job.

    stopping: set when the server stops.
    """

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        database: Database,
        *,
        jobs: JobRepository,
        filings: FilingRepository,
        attempt_rows: AttemptRepository,
        job: Job,
        stopping: threading.Event,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.database = database
        self.jobs = jobs
        self.filings = filings
        self.attempt_rows = attempt_rows
        self.job = job
        self.stopping = stopping
        self.done = threading.Event()
        self._lost = threading.Event()
        self._seen_bytes = 0

    def note(self, path: Path) -> bool:
        """Note where the file is about to be; False where another job's is. Raises Stopped."""
        with self.database.write_queue():
            if self.filings.is_filing(str(path), besides=self.job.job_id):
                return False
            ours = self.jobs.change(
                self.job.job_id,
                {"filing_as": str(path)},
                Guard(only_from={JobStatus.RUNNING}, lease_token=self.job.lease_token),
            )
        if ours is None:
            raise Stopped
        return True

    def seen(self, size_bytes: int) -> None:
        """Count bytes that were copied or read back; raises Stopped when that is to end."""
        self._seen_bytes += size_bytes
        if self._lost.is_set() or self.stopping.is_set():
            raise Stopped

    def keep(self) -> None:
        """Renew the lease until the work is done, or someone else has the job."""
        period = min(RENEWAL_SECONDS, self.settings.agent_timeout_seconds / 4)
        while not self.done.wait(period):
            try:
                if not self._renew():
                    self._lost.set()
                    return
            except peewee.PeeweeException:
                # A database that is busy now may let us in at the next turn.
                log.warning("Lease not renewed", extra={"job_id": self.job.job_id}, exc_info=True)
            finally:
                self.database.release()

    def _renew(self) -> bool:
        work = TURNS * max(1, self.job.input_file_size or 1)
        progress = min(99.0, 100.0 * self._seen_bytes / work)
        with self.database.write():
            return (
                self.attempt_rows.progress(
                    self.job.job_id,
                    self.job.lease_token,
                    self.clock.now(),
                    {"progress": progress},
                )
                is not None
            )
