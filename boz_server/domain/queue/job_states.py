"""The states of a job, and what machines report of it.

services/queue/transitions.py says from which state to which a job may go.
"""

from dataclasses import dataclass
from enum import StrEnum


class JobType(StrEnum):
    """What kind of work a job is."""

    RIP = "rip"
    TRANSCODE = "transcode"
    ORGANIZE = "organize"


class JobStatus(StrEnum):
    """Where a job stands."""

    #: Waits for a person's approval.
    PENDING = "pending"
    #: Waits for a machine.
    QUEUED = "queued"
    #: Given to a machine that has not begun.
    ASSIGNED = "assigned"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


#: A job in one of these states is over.
OVER = frozenset({JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED})
OPEN = frozenset(JobStatus) - OVER
#: No machine has begun it.
UNSTARTED = OPEN - {JobStatus.RUNNING}
#: A machine has it, by an attempt with a lease.
HELD = frozenset({JobStatus.ASSIGNED, JobStatus.RUNNING})
#: By one of these a machine reports that it has not begun.
NOT_BEGUN = frozenset({JobStatus.PENDING, JobStatus.QUEUED})


@dataclass(frozen=True, slots=True)
class JobReport:
    """A report of a machine; None where it leaves a value out.

    progress: percent, 0–100. upload_failed: whether the error is about the upload of the result,
    by `is_upload_error`. lease_token: the attempt that it speaks for. duration_seconds: how long
    the work took by the machine's own clock. output_file_size: of the result, in bytes; sent with
    `completed` only. input_unreadable: whether the error says that no worker can read the file, by
    `tool_errors.is_input_unreadable`.
    """

    status: JobStatus
    progress: float | None = None
    error: str | None = None
    output_file: str | None = None
    lease_token: str | None = None
    duration_seconds: float | None = None
    output_file_size: int | None = None
    upload_failed: bool = False
    input_unreadable: bool = False


def is_upload_error(error: str | None) -> bool:
    """Whether an agent's error is about the upload of a result; today's agents begin it with
    "Upload failed". Only `tool_errors` reads the text of an error as well."""
    return error is not None and "upload" in error.lower()
