"""What a machine says of a job."""

from dataclasses import dataclass
from typing import Any

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

    def said(self) -> dict[str, Any]:
        """Return what it sets on the job beside its state; what it leaves out stays as it was."""
        said: dict[str, Any] = {}
        if self.progress is not None:
            said["progress"] = min(100.0, max(0.0, self.progress))
        if self.error is not None:
            said["error"] = self.error
        if self.output_file is not None:
            said["output_file"] = self.output_file
        if self.output_file_size is not None and self.status is JobStatus.COMPLETED:
            said["output_file_size"] = self.output_file_size
        if self.lease_token is not None:
            # From its first report with a token on, an attempt is spoken for by that token alone.
            said["token_used"] = True
        return said
