"""Which files a job accepts, and who may download its input."""

import hmac
from datetime import timedelta

from boz_server.context import Context
from boz_server.database.models import Job
from boz_server.domain.naming.names import file_key, file_stem, split_extension
from boz_server.domain.queue.job_states import HELD, OPEN, JobStatus, JobType
from boz_server.domain.uploads.upload_states import UploadPurpose
from boz_server.errors import Conflict, Forbidden, Invalid, JobNotFound
from boz_server.services.queue import transitions
from boz_server.services.queue.file_names import CANCELLED_COUNTS
from boz_server.services.queue.transitions import SERVER

REFUSED = "Its result was refused, because the job was cancelled."
#: For how long a refused file may be sent again: today's agents try three times at once.
SENT_AGAIN = timedelta(minutes=5)


def require(
    context: Context, purpose: UploadPurpose, job_id: str | None, lease_token: str | None = None
) -> Job | None:
    """Return the job that a file is for, if the job accepts it; None for a file without a job.

    Raises Invalid when the job isn't named, JobNotFound, and Conflict when the job doesn't need
    the file or the sender has lost its attempt.
    """
    if purpose is UploadPurpose.LIBRARY:
        return None
    if job_id is None:
        raise Invalid("job_id", f"Missing: a {purpose} belongs to a transcode job, so name it.")
    job = _get(context, job_id)
    if job.job_type is not JobType.TRANSCODE:
        raise Conflict(f"The job is a {job.job_type} job: only transcodes have such files.")
    if purpose is UploadPurpose.JOB_INPUT:
        _require_input_needed(job)
    else:
        _require_result_due(job, lease_token)
    return job


def find_owner(context: Context, *names: str) -> Job | None:
    """Return the transcode that is waiting for a result with one of these names, or None.

    Raises Conflict for the result of a job that was cancelled, and notes that in its history:
    today's agents go on with it. Not for use in a transaction, which would take back the note.
    """
    bare = {split_extension(name)[0] for name in names} - {""}
    found, jobs = {*names, *bare, *map(file_stem, bare)} - {""}, context.stores.jobs
    owner = jobs.awaiting_result(found)
    if owner is None and _is_refused(context, {file_key(name) for name in bare}):
        raise Conflict("The job of that name was cancelled, so no result of it is due: drop it.")
    return owner


def _is_refused(context: Context, keys: set[str]) -> bool:
    """Whether a file of these names is the result of a cancelled job: each has one, whose refusal
    is noted. The name is free for other files afterwards."""
    now, jobs = context.clock.now(), context.stores.jobs
    due: list[Job] = []
    for job in jobs.cancelled_named(keys, now - CANCELLED_COUNTS):
        refused_at = jobs.noted_at(job.job_id, REFUSED, job.completed_at)
        if refused_at is None:
            due.append(job)
        elif now - refused_at < SENT_AGAIN:
            return True
    if due:
        with context.database.write():
            transitions.note(context, due[0], actor=SERVER, detail=REFUSED)
    return bool(due)


def still_owner(context: Context, owner: Job | None) -> Job | None:
    """Return the transcode that was found when a file with its name began to arrive, if that
    attempt still awaits its result; None otherwise. Another of that name may have begun since."""
    job = context.stores.jobs.get(owner.job_id) if owner is not None else None
    if owner is None or job is None or job.lease_token != owner.lease_token:
        return None
    is_due = job.status in {JobStatus.RUNNING, JobStatus.COMPLETED}
    return job if is_due and (job.output_file is None or job.upload_failed) else None


def require_holder(context: Context, job_id: str, lease_token: str | None) -> Job:
    """Return a job whose input is being downloaded, if the token is that of its current attempt.

    Raises JobNotFound, Forbidden without a token, and Conflict when the attempt was taken away or
    the job is over.
    """
    job = _get(context, job_id)
    if lease_token is None:
        raise Forbidden(
            "Only the worker that has this job may fetch its file: send the lease_token that"
            " came with the job."
        )
    if job.status not in HELD or not _is_same(lease_token, job.lease_token):
        raise Conflict("This attempt was taken away, or the job is over: drop it.")
    return job


def _get(context: Context, job_id: str) -> Job:
    job = context.stores.jobs.get(job_id)
    if job is None:
        raise JobNotFound(job_id)
    return job


def _require_input_needed(job: Job) -> None:
    if job.status not in OPEN:
        raise Conflict(f"The job is {job.status}: its file is not needed any more.")
    if job.input_upload_id is not None:
        raise Conflict("The job's file is here already: don't send it again.")


def _require_result_due(job: Job, lease_token: str | None) -> None:
    if job.status not in HELD | {JobStatus.COMPLETED}:
        raise Conflict(f"The job is {job.status}, so no result of it is due: drop it.")
    must_match = lease_token is not None or job.token_used
    if must_match and not _is_same(lease_token or "", job.lease_token):
        raise Conflict("This attempt was taken away: drop its result.")


def _is_same(sent: str, token: str | None) -> bool:
    return token is not None and hmac.compare_digest(sent.encode(), token.encode())
