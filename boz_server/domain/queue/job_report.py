"""What a machine says of a job."""

from dataclasses import dataclass

from boz_server.domain.queue.job_states import JobStatus


@dataclass(frozen=True, slots=True)
class JobReport:
    """What a machine says of a job; None where it says nothing.

    progress: percent; what lies outside 0–100 counts as the nearer end. lease_token: names the
    attempt that it speaks for. duration_seconds: how long the work took by the machine's own clock.
    output_file_size: of its result, in bytes; told with `completed` alone.
    """

    status: JobStatus
    progress: float | None = None
    error: str | None = None
    output_file: str | None = None
    lease_token: str | None = None
    duration_seconds: float | None = None
    output_file_size: int | None = None
