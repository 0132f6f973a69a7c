"""Organizing: finished files move from the output folder into the library.

Each server process has one thread that takes organize jobs from the queue. The lease token says
which process has a job, and a lock on the file, which ends with the process, keeps the others off.
"""

import errno
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import IO, Self

from boz_server.context import Context
from boz_server.database.connection import TROUBLE
from boz_server.database.models import Job
from boz_server.disk import lock
from boz_server.domain.naming.library_paths import Described
from boz_server.domain.naming.names import split_extension
from boz_server.domain.queue.job_states import HELD, OPEN, OVER, JobStatus
from boz_server.errors import JobNotFound, Refused
from boz_server.repositories.attempt_repository import by_agent
from boz_server.repositories.job_repository import Guard, JobValues
from boz_server.services.library import output_folder, placement
from boz_server.services.library.mover import Moved, Mover, Stopped
from boz_server.services.library.nas import LibraryShare, is_in_library
from boz_server.services.maintenance.loop import BackgroundLoop
from boz_server.services.queue import leases, transitions
from boz_server.services.queue.enqueue import enqueue_organize
from boz_server.services.queue.results import Movement
from boz_server.services.queue.transitions import HOLDER, SERVER

log = logging.getLogger(__name__)

#: How often each process looks for jobs; uploads that arrive in it wake it at once.
LOOK_SECONDS = 2.0
#: When to retry a file that another process has locked, or whose name another job has reserved.
BUSY_SECONDS = 10
#: How often a lease is renewed; it is as long as an agent's.
RENEWAL_SECONDS = 5.0
#: The bytes of a file are worked on twice: copied, and read back.
PASSES = 2
#: The first pause of a request that waits for its file, and how much longer each next one is.
PAUSE_SECONDS, LONGER = 0.05, 1.5


@dataclass(frozen=True, slots=True)
class Organized:
    """A file on its way into the library, or there.

    original_path: in the output folder; final_path: where the file is in the library, or will be.
    """

    original_path: str | None
    final_path: str | None
    organized: bool
    organize_job_id: str


class Organizer:
    """Does organize jobs in a thread of its own; requests create them and wait for them.

    complete_uploads: called before each job: uploads that have arrived come first, because their
    senders wait.
    """

    def __init__(
        self, context: Context, share: LibraryShare, complete_uploads: Callable[[Context], object]
    ) -> None:
        self.context = context
        self.share = share
        self.complete_uploads = complete_uploads
        self.loop = BackgroundLoop(
            "library", self.tick, LOOK_SECONDS, context.database.release, interrupt=self.stop
        )
        #: Makes the thread look for jobs at once.
        self.wake: Callable[[], object] = self.loop.wake
        self._stopping = threading.Event()
        #: The jobs whose folder was unavailable when the thread last looked.
        self._skipped: frozenset[str] = frozenset()

    # What requests ask for.

    def organize(self, filename: str, name: str | None, described: Described) -> Organized:
        """Organize a file of the output folder, and wait a while for it.

        name: of the show or film, or a whole file name; None when the file's own name says it.
        Raises NotFound, and Refused without a library or for an episode without its numbers.
        """
        context = self.context
        if not context.settings.nas_enabled:
            raise Refused("This server has no library: set BOZ_NAS_ENABLED and mount the share.")
        output_folder.find(context.settings, filename)
        stem, extension = split_extension(filename)
        stem = name.removesuffix(extension) if name else stem
        path = placement.path_of_description(context.settings, stem, extension, described)
        with context.database.write_queue():
            # Again, because its job may have moved it meanwhile.
            file = output_folder.find(context.settings, filename)
            job = enqueue_organize(context, file.path, path)
        return self.wait_for(job.job_id)

    def wait_for(self, job_id: str) -> Organized:
        """Wait until an organize job is over, at most BOZ_ORGANIZE_WAIT_SECONDS; not at all while
        the library is unavailable."""
        self.context.database.refuse_transaction()
        self.wake()
        jobs, pause = self.context.stores.jobs, PAUSE_SECONDS
        deadline = time.monotonic() + self.context.settings.organize_wait_seconds
        job = jobs.get(job_id)
        is_stuck = job is not None and self.share.obstacle(job.library_path) is not None
        while job is not None and job.status in OPEN:
            left = deadline - time.monotonic()
            if left <= 0 or (is_stuck and job.status is JobStatus.QUEUED):
                break
            # Others need the connection meanwhile.
            self.context.database.release()
            time.sleep(min(pause, left))
            pause *= LONGER
            job = jobs.get(job_id)
            is_stuck = job_id in self._skipped
        if job is None:
            raise JobNotFound(job_id)
        return _describe(self.context, job)

    # What the thread does.

    def tick(self) -> None:
        """Complete all uploads and do all organize jobs that can be done now."""
        self.complete_uploads(self.context)
        while self.run_one():
            self.complete_uploads(self.context)

    def run(self) -> int:
        """Do all organize jobs that can be done now; returns how many."""
        done = 0
        while self.run_one():
            done += 1
        return done

    def run_one(self) -> bool:
        """Do the first organize job that can be done now; False when there is none."""
        job = None if self._stopping.is_set() else self._claim()
        if job is not None:
            self._organize(job)
        return job is not None

    def stop(self) -> None:
        """Give the current job back at its next block, because the server stops."""
        self._stopping.set()

    def release(self) -> int:
        """Queue the jobs again that a previous server process had; returns how many.

        Called at start. If that process still runs, it notices that it has lost the job.
        """
        with self.context.database.write_queue():
            held = self.context.stores.attempts.held(by_agent(HOLDER))
            for job in held:
                leases.lose_organize(self.context, job, leases.SERVER_RESTARTED)
        return len(held)

    def _claim(self) -> Job | None:
        """Claim the first job whose folder of the library is available; None without one."""
        context, now = self.context, self.context.clock.now()
        queued = context.stores.jobs.queued_organizes(now) if context.settings.nas_enabled else []
        unavailable = self.share.find_unavailable([job.library_path for job in queued])
        skipped = [job.job_id for job in queued if job.library_path in unavailable]
        self._skipped = frozenset(skipped)
        for job in queued:
            if job.job_id in self._skipped:
                continue
            with context.database.write_queue():
                claimed = transitions.assign(context, job, HOLDER, None, actor=SERVER)
                if claimed is not None:
                    guard = Guard(lease_token=claimed.lease_token)
                    begun = context.stores.attempts.begun(now)
                    return transitions.move(
                        context, job, JobStatus.RUNNING, actor=SERVER, guard=guard, values=begun
                    )
        return None

    def _organize(self, job: Job) -> None:
        """Do a claimed job, and end it or give it back."""
        context = self.context
        try:
            with Attempt(context, job, self._stopping) as attempt:
                moved = _move(context, job, attempt)
        except Stopped:
            _give_back(context, job, "The server stops.")
        except BlockingIOError:
            detail = "Another job has the file, or its name, just now."
            _give_back(context, job, detail, BUSY_SECONDS)
        except OSError as error:
            _fail(context, job, f"{error.strerror or error}: {error.filename or job.input_file}.")
        except Exception as error:
            log.exception("Unexpected error", extra={"job_id": job.job_id})
            fault = f"The server has a fault ({type(error).__name__})"
            _fail(context, job, f"{fault}: see its log, then retry the job.")
        else:
            _complete(context, job, moved)


class Attempt:
    """This process's attempt at an organize job, while it works on it.

    Renews the lease in a thread of its own, because a slow share can block the copying for minutes;
    records progress; and notices when the job is taken away. stopping: set when the server stops.
    """

    def __init__(self, context: Context, job: Job, stopping: threading.Event) -> None:
        self.context = context
        self.job = job
        self.stopping = stopping
        self._done = threading.Event()
        self._lost = threading.Event()
        self._passed_bytes = 0
        self._movement = Movement(context, job.job_id, job.lease_token)
        self._keeper = threading.Thread(target=self._keep, name="library-lease", daemon=True)

    def __enter__(self) -> Self:
        self._keeper.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._keeper.join()

    def reserve(self, path: Path) -> bool:
        """Record which path the file is about to get; False when another job is about to get it.

        Raises Stopped when the job was taken away.
        """
        jobs = self.context.stores.jobs
        with self.context.database.write_queue():
            if jobs.is_path_reserved(str(path), besides=self.job.job_id):
                return False
            guard = Guard(only_from={JobStatus.RUNNING}, lease_token=self.job.lease_token)
            ours = jobs.change(self.job.job_id, {"filing_as": str(path)}, guard)
        if ours is None:
            raise Stopped
        return True

    def on_progress(self, size_bytes: int) -> None:
        """Count bytes that were copied or read back; raises Stopped when the work should end.

        Reading what doesn't count is movement as well.
        """
        self._passed_bytes += size_bytes
        self._movement.note()
        if self._lost.is_set() or self.stopping.is_set():
            raise Stopped

    def _keep(self) -> None:
        """Renew the lease until the work is done or the job was taken away."""
        period = min(RENEWAL_SECONDS, self.context.settings.agent_timeout_seconds / 4)
        while not self._done.wait(period):
            try:
                if not self._renew():
                    self._lost.set()
                    return
            except TROUBLE:
                # The database may be less busy at the next turn.
                log.warning("Lease not renewed", extra={"job_id": self.job.job_id}, exc_info=True)
            finally:
                self.context.database.release()

    def _renew(self) -> bool:
        job, attempts = self.job, self.context.stores.attempts
        work = PASSES * max(1, job.input_file_size or 1)
        progress = min(99.0, 100.0 * self._passed_bytes / work)
        with self.context.database.write():
            now = self.context.clock.now()
            values: JobValues = {"progress": progress}
            return attempts.progress(job.job_id, job.lease_token, now, values) is not None


def _describe(context: Context, job: Job) -> Organized:
    """Say where a file is; one that was skipped stayed in the output folder."""
    settings, path = context.settings, job.output_file
    is_organized = job.status in OVER and is_in_library(settings, Path(path or ""))
    planned = job.library_path and str(settings.nas_mount / job.library_path)
    return Organized(
        original_path=job.input_file,
        final_path=path if is_organized else planned,
        organized=is_organized,
        organize_job_id=job.job_id,
    )


def _move(context: Context, job: Job, attempt: Attempt) -> Moved:
    settings, source = context.settings, Path(job.input_file or "")
    is_ours = output_folder.is_finished_file(settings.output_dir, source)
    if job.library_path is None or not is_ours or source.is_symlink():
        raise OSError(errno.EPERM, "Only finished files of the output folder are organized")
    try:
        file = _open(source)
    except FileNotFoundError:
        if job.filing_as is not None and Path(job.filing_as).is_file():
            # A previous attempt was killed after it had moved the file.
            return Moved(Path(job.filing_as), is_known=True)
        raise
    with file:
        if not lock(file):
            raise BlockingIOError  # another process organizes the same file
        return Mover(
            source,
            settings.nas_mount / job.library_path,
            settings.nas_mount,
            job_id=job.job_id,
            policy=settings.collision_policy,
            reserve=attempt.reserve,
            on_progress=attempt.on_progress,
        ).run()


def _open(path: Path) -> IO[bytes]:
    """Open a file to lock it: for writing, because otherwise network shares don't (flock(2))."""
    try:
        return path.open("r+b")
    except PermissionError:
        return path.open("rb")


def _complete(context: Context, job: Job, moved: Moved) -> None:
    note = None
    if moved.is_skipped:
        note = "Another file has that name in the library: it stays in the output folder."
    values: JobValues = {
        "output_file": str(moved.path),
        # The bytes are the same, which was verified.
        "output_file_size": job.input_file_size,
        "progress": 100.0,
    }
    with context.database.write_queue():
        ended = _end(context, job, JobStatus.COMPLETED, note, values)
        if ended is not None and not moved.is_skipped:
            transitions.file_organized(context, ended, moved.path)
    log.info("File organized", extra={"job_id": job.job_id, "path": str(moved.path)})


def _fail(context: Context, job: Job, error: str) -> None:
    """Fail a job, and plan another attempt if any are left."""
    with context.database.write_queue():
        planned = leases.plan_retry(context, job, passes=True)
        _end(context, job, JobStatus.FAILED, error, planned)
    log.warning("File not organized", extra={"job_id": job.job_id, "why": error})


def _end(
    context: Context, job: Job, target: JobStatus, detail: str | None, values: JobValues
) -> Job | None:
    """End a job if it is still ours, else return None; detail: its error, or None."""
    return transitions.move(
        context,
        job,
        target,
        actor=SERVER,
        guard=Guard(only_from=HELD, lease_token=job.lease_token),
        detail=detail,
        values=values | JobValues(error=detail),
    )


def _give_back(context: Context, job: Job, detail: str, wait_seconds: float = 0) -> None:
    """Queue a job again, if it is still ours, to be done after a wait."""
    later = context.clock.now() + timedelta(seconds=wait_seconds) if wait_seconds else None
    with context.database.write_queue():
        current = context.stores.jobs.get(job.job_id)
        if current is not None and current.lease_token == job.lease_token:
            values: JobValues = {"scheduled_at": later}
            transitions.requeue(context, current, actor=SERVER, detail=detail, values=values)
