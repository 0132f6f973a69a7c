"""What an uploaded file means to its job: an input to download, a result, or a failed upload."""

import logging
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

from boz_server.context import Context
from boz_server.database.connection import TROUBLE
from boz_server.database.models import Job
from boz_server.domain.naming.names import split_extension
from boz_server.domain.queue.job_states import HELD, OPEN, JobStatus
from boz_server.repositories.job_repository import Guard, JobValues
from boz_server.services.queue import dispatcher, file_names, leases, transitions
from boz_server.services.queue.transitions import SERVER
from boz_server.services.statistics import record

log = logging.getLogger(__name__)

#: How long the result of a completed transcode is awaited without a byte of it.
RESULT_MINUTES = 15
OVERDUE = (
    f"Upload failed: no byte of the result has arrived for {RESULT_MINUTES} minutes. See whether"
    " its machine runs and reaches the server; retry the job to transcode the title again."
)


def input_arrived(
    context: Context, job: Job, upload_id: str, filename: str, size_bytes: int
) -> None:
    """Let workers download a job's input, unless the job is over or has one already."""
    context.database.require_queue()
    values: JobValues = {
        "input_upload_id": upload_id,
        "input_file_size": size_bytes,
    }
    if job.output_name is None:
        name = split_extension(filename)[0]
        values |= file_names.renamed(context, job, name, job.for_agent_id)
    if job.input_upload_id is None:
        context.stores.jobs.change(job.job_id, values, Guard(only_from=OPEN))
    dispatcher.dispatch(context)


def result_arrived(
    context: Context, job: Job, path: Path, size_bytes: int, lease_token: str | None
) -> None:
    """Record that a job's result has arrived; an earlier failure to upload it no longer counts.

    A job that already has its result keeps it: a file that is known only by its name may belong to
    another job of the same name. lease_token: of the attempt that made the result.
    """
    context.database.require_queue()
    values: JobValues = {"output_file": str(path)}
    if job.status is JobStatus.COMPLETED and job.upload_failed:
        values |= {"error": None, "upload_failed": False, "scheduled_at": None}
    elif job.output_file is not None:
        return
    guard = Guard(only_from={*HELD, JobStatus.COMPLETED}, lease_token=lease_token)
    if _is_end(context, job):
        detail, values = "Its result arrived.", values | JobValues(progress=100.0)
        changed = transitions.move(
            context, job, JobStatus.COMPLETED, guard=guard, detail=detail, values=values
        )
        dispatcher.dispatch(context)
    else:
        changed = context.stores.jobs.change(job.job_id, values, guard)
    if changed is not None:
        record.note_result(context, changed, size_bytes)


def _is_end(context: Context, job: Job) -> bool:
    """Whether a result says that its job is done, and the report of that was lost: agents send the
    file after it. Workers that poll, and clients that send tokens, may send the file before it.

    Not if the file may be another job's, or the job's machine has not even begun it.
    """
    is_begun = job.status in HELD and job.started_at is not None
    if not is_begun or job.token_used or job.deliveries:
        return False
    return not context.stores.jobs.is_result_ambiguous(job)


def result_refused(
    context: Context, job: Job, error: str, lease_token: str | None, *, is_retried: bool
) -> None:
    """Record that a job's result could not be accepted.

    is_retried: whether another attempt may succeed; then one is planned while the job has any left.
    """
    guard = Guard(only_from={JobStatus.COMPLETED}, lease_token=lease_token)
    _fail_upload(context, job, error, guard, is_retried=is_retried)


def give_up_overdue(context: Context) -> int:
    """Let the upload of each result fail of which no byte has come for RESULT_MINUTES, as if its
    machine had reported that; returns how many.

    The sender, the server or the connection was cut off, and current agents don't try again. A
    result that comes later all the same clears the error.
    """
    before = context.clock.now() - timedelta(minutes=RESULT_MINUTES)
    attempts = context.stores.attempts
    if not attempts.results_overdue(before, limit=1):
        return 0
    with context.database.write_queue():
        overdue = attempts.results_overdue(before)
        for job in overdue:
            guard = Guard(
                only_from={JobStatus.COMPLETED}, lease_token=job.lease_token, still_since=before
            )
            _fail_upload(context, job, OVERDUE, guard, is_retried=True)
    return len(overdue)


class Movement:
    """Bytes of a job's file that move, recorded now and then: a job that moves has not stalled.

    job_id: None where no job is known. lease_token: of the attempt that they belong to; None for
    any.
    """

    def __init__(
        self, context: Context, job_id: str | None, lease_token: str | None = None
    ) -> None:
        self.context = context
        self.job_id = job_id
        self.lease_token = lease_token
        self._recorded_at: datetime | None = None

    def note(self) -> None:
        """Record that bytes have moved, unless that was done a moment ago."""
        if self.job_id is None:
            return
        now, attempts = self.context.clock.now(), self.context.stores.attempts
        last = self._recorded_at
        if last is not None and timedelta() <= now - last < attempts.moved_pause:
            return
        self._recorded_at = now
        try:
            with self.context.database.write():
                attempts.moved(self.job_id, now, self.lease_token)
        except TROUBLE:
            # The file goes on; the database may be less busy the next time.
            log.warning("Movement not recorded", extra={"job_id": self.job_id}, exc_info=True)
        finally:
            # Moving a film takes long, and others need the connection.
            self.context.database.release()

    def of(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the blocks of a file, and note each."""
        for block in blocks:
            self.note()
            yield block


def _fail_upload(context: Context, job: Job, error: str, guard: Guard, *, is_retried: bool) -> None:
    context.database.require_queue()
    values = leases.plan_retry(context, job, passes=is_retried)
    values |= {"error": error, "upload_failed": is_retried}
    changed = context.stores.jobs.change(job.job_id, values, guard)
    if changed is None:
        return
    transitions.note(context, changed, actor=SERVER, detail=error)
    if is_retried:
        transitions.result_known(context, job, changed, SERVER)
    log.warning("Result not uploaded", extra={"job_id": job.job_id, "why": error})
