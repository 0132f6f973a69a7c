"""Files finished files into the library: the server's own jobs, in the background.

One thread of each server process asks for them; a job is one process's by its lease token, and a
file by a lock on it, which ends with the process.
"""

import errno
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import IO

from boz_server.context import Context
from boz_server.database.models import Job
from boz_server.disk import lock
from boz_server.domain.queue.job_states import HELD, JobStatus
from boz_server.repositories.attempt_repository import AttemptRepository, by_agent
from boz_server.repositories.filing_repository import FilingRepository
from boz_server.repositories.job_repository import Guard, JobRepository, JobValues
from boz_server.services.library.filing_attempt import FilingAttempt
from boz_server.services.library.mover import Moved, Mover, Stopped
from boz_server.services.library.nas import LibraryShare
from boz_server.services.library.output_folder import is_finished_file
from boz_server.services.queue import leases, transitions
from boz_server.services.queue.transitions import HOLDER, SERVER

log = logging.getLogger(__name__)

#: When to look again for a file that another process has, or whose name another is to have.
BUSY_SECONDS = 10


class Library:
    """Takes organize jobs from the queue, one at a time, and does them."""

    def __init__(
        self,
        context: Context,
        *,
        jobs: JobRepository,
        filings: FilingRepository,
        attempt_rows: AttemptRepository,
        share: LibraryShare,
    ) -> None:
        self.context = context
        self.settings = context.settings
        self.clock = context.clock
        self.database = context.database
        self.jobs = jobs
        self.filings = filings
        self.attempt_rows = attempt_rows
        self.share = share
        self._stop = threading.Event()

    def run(self) -> int:
        """Do what can be done now; returns how many jobs that were."""
        done = 0
        while self.run_one():
            done += 1
        return done

    def run_one(self) -> bool:
        """Do the first job that can be done now; False where there is none."""
        job = None if self._stop.is_set() else self._claim()
        if job is not None:
            self._do(job)
        return job is not None

    def stop(self) -> None:
        """Have a job that is under way given back at its next block: the server stops."""
        self._stop.set()

    def release(self) -> int:
        """Take back what servers had that are gone, at the start of one; returns how many jobs.

        Where another server runs after all, it finds that the job is not its any more.
        """
        with self.database.write_queue():
            held = self.attempt_rows.held(by_agent(HOLDER))
            for job in held:
                transitions.requeue(
                    self.context, job, actor=SERVER, detail="The server was started anew."
                )
        return len(held)

    def _claim(self) -> Job | None:
        """Take the first job whose place is there; None without one."""
        waiting = self.filings.queued(self.clock.now()) if self.settings.nas_enabled else []
        away = self.share.away([job.library_path for job in waiting])
        for job in waiting:
            if job.library_path in away:
                continue
            with self.database.write_queue():
                taken = transitions.assign(self.context, job, HOLDER, None, actor=SERVER)
                if taken is not None:
                    now = self.clock.now()
                    return transitions.move(
                        self.context,
                        job.job_id,
                        JobStatus.RUNNING,
                        actor=SERVER,
                        guard=Guard(lease_token=taken.lease_token),
                        values={"started_at": now, "reported_at": now},
                    )
        return None

    def _do(self, job: Job) -> None:
        """Carry out a job that is ours, whatever comes of it."""
        try:
            with self._held(job) as attempt:
                filed = self._file(job, attempt)
        except Stopped:
            self._give_back(job, "The server stops.")
        except BlockingIOError:
            self._give_back(job, "Another job has the file, or its name, just now.", BUSY_SECONDS)
        except OSError as error:
            self._fail(job, f"{error.strerror or error}: {error.filename or job.input_file}.")
        else:
            self._complete(job, filed)

    def _file(self, job: Job, attempt: FilingAttempt) -> Moved:
        source = Path(job.input_file or "")
        is_ours = is_finished_file(self.settings.output_dir, source) and not source.is_symlink()
        if job.library_path is None or not is_ours:
            raise OSError(errno.EPERM, "Only finished files of the output folder are filed")
        target = self.settings.nas_mount / job.library_path
        try:
            file = _open(source)
        except FileNotFoundError:
            if job.filing_as is not None and Path(job.filing_as).is_file():
                # An earlier attempt was killed between its last two steps.
                return Moved(Path(job.filing_as), is_known=True)
            raise
        with file:
            _require_lock(file)
            return Mover(
                source,
                target,
                self.settings.nas_mount,
                job_id=job.job_id,
                policy=self.settings.collision_policy,
                reserve=attempt.note,
                on_progress=attempt.seen,
            ).run()

    @contextmanager
    def _held(self, job: Job) -> Iterator[FilingAttempt]:
        """Keep a job's lease alive meanwhile, by a thread of its own: a slow share may hold up the
        copying for minutes."""
        attempt = FilingAttempt(
            self.settings,
            self.clock,
            self.database,
            jobs=self.jobs,
            filings=self.filings,
            attempt_rows=self.attempt_rows,
            job=job,
            stopping=self._stop,
        )
        keeper = threading.Thread(target=attempt.keep, name="library-lease", daemon=True)
        keeper.start()
        try:
            yield attempt
        finally:
            attempt.done.set()
            keeper.join()

    def _complete(self, job: Job, filed: Moved) -> None:
        note = None
        if filed.is_skipped:
            note = "Another file has that name in the library: it stays in the output folder."
        with self.database.write_queue():
            self._end(
                job,
                JobStatus.COMPLETED,
                note,
                {
                    "output_file": str(filed.path),
                    # The same bytes as before, which was looked at.
                    "output_file_size": job.input_file_size,
                    "progress": 100.0,
                },
            )
        log.info("File filed", extra={"job_id": job.job_id, "path": str(filed.path)})

    def _fail(self, job: Job, error: str) -> None:
        """Plan another attempt, as far as there are any left."""
        with self.database.write_queue():
            planned = leases.plan_retry(self.context, job, passes=True)
            self._end(job, JobStatus.FAILED, error, planned)
        log.warning("File not filed", extra={"job_id": job.job_id, "why": error})

    def _end(
        self, job: Job, target: JobStatus, detail: str | None, values: JobValues
    ) -> Job | None:
        """End a job, if it is still ours; detail: its error, or None."""
        return transitions.end(
            self.context,
            job.job_id,
            target,
            actor=SERVER,
            guard=Guard(only_from=HELD, lease_token=job.lease_token),
            detail=detail,
            values=values | JobValues(error=detail),
        )

    def _give_back(self, job: Job, detail: str, wait_seconds: float = 0) -> None:
        later = self.clock.now() + timedelta(seconds=wait_seconds) if wait_seconds else None
        with self.database.write_queue():
            current = self.jobs.get(job.job_id)
            if current is not None and current.lease_token == job.lease_token:
                transitions.requeue(
                    self.context,
                    current,
                    actor=SERVER,
                    detail=detail,
                    values={"scheduled_at": later},
                )


def _open(path: Path) -> IO[bytes]:
    """Open a file to be locked: for writing, else network shares don't lock it (flock(2))."""
    try:
        return path.open("r+b")
    except PermissionError:
        return path.open("rb")


def _require_lock(file: IO[bytes]) -> None:
    """Raise BlockingIOError where another process files the same file."""
    if not lock(file):
        raise BlockingIOError
