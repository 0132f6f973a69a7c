"""What an uploaded file means to its job: an input to download, a result, or a failed upload."""

from pathlib import Path

from boz_server.context import Context
from boz_server.database.models import Job
from boz_server.domain.naming.names import split_extension
from boz_server.domain.queue.job_states import HELD, OPEN, JobStatus
from boz_server.repositories.job_repository import Guard, JobValues
from boz_server.services.queue import dispatcher, file_names, leases
from boz_server.services.statistics import record


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
        own = (job.job_id, job.source_job_id)
        values |= file_names.settle(context, job.for_agent_id, name, own=own)
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
    changed = context.stores.jobs.change(job.job_id, values, guard)
    if changed is not None:
        record.note_result(context, changed, size_bytes)


def result_refused(
    context: Context, job: Job, error: str, lease_token: str | None, *, is_retried: bool
) -> None:
    """Record that a job's result could not be accepted.

    is_retried: whether another attempt may succeed; then one is planned while the job has any left.
    """
    context.database.require_queue()
    values = leases.plan_retry(context, job, passes=is_retried)
    values |= {"error": error, "upload_failed": is_retried}
    guard = Guard(only_from={JobStatus.COMPLETED}, lease_token=lease_token)
    context.stores.jobs.change(job.job_id, values, guard)
