"""What a machine reports of a job."""

from dataclasses import dataclass

from boz_server.domain.queue.job_states import JobStatus


@dataclass(frozen=True, slots=True)
class JobReport:
    """A report of a machine; None where it leaves a value out.

    progress: percent, 0–100. upload_failed: whether the error is about the upload of the result,
    by `is_upload_error`. lease_token: the attempt that
    it speaks for. duration_seconds: how long the work took by the machine's own clock.
    output_file_size: of the result, in bytes; sent with `completed` only.
    """

    status: JobStatus
    progress: float | None = None
    error: str | None = None
    output_file: str | None = None
    lease_token: str | None = None
    duration_seconds: float | None = None
    output_file_size: int | None = None
    upload_failed: bool = False


def is_upload_error(error: str | None) -> bool:
    """Whether an agent's error is about the upload of a result; today's agents begin it with
    "Upload failed". Nothing else reads the text of an error."""
    return error is not None and "upload" in error.lower()
