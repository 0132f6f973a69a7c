"""Where a job of the old database stands in ours."""

from typing import Any, NamedTuple

from boz_server.domain.discs.disc_states import DiscStatus
from boz_server.domain.queue.job_states import HELD, OPEN, UNSTARTED, JobStatus, JobType


class Decision(NamedTuple):
    """The state that a job gets. why: a part of a sentence, None where it keeps its own.

    is_error: whether that is what the job's error says, where it has none.
    """

    status: JobStatus
    why: str | None = None
    is_error: bool = False


def decide(before: JobStatus | None, job: dict[str, Any], disc: dict[str, Any] | None) -> Decision:
    """Return the state of a job that had `before`; None: one that is not known here.

    What a machine has, it keeps: it may be at it all the while. Reconciliation gives it a lease,
    and takes the job away where the machine does not come back within that.
    """
    if before is None:
        return Decision(JobStatus.FAILED, "its state was not known", is_error=True)
    if before in OPEN and job["job_type"] is JobType.ORGANIZE:
        why = "the server files by itself now: ask for it with POST /api/files/organize"
        return Decision(JobStatus.CANCELLED, why, is_error=True)
    has_machine = before in HELD and job["assigned_agent_id"] is not None
    is_rip = job["job_type"] is JobType.RIP
    in_drive = disc is not None and disc["status"] is not DiscStatus.EJECTED
    if is_rip and not in_drive and (before in UNSTARTED or (before in HELD and not has_machine)):
        why = "the disc left its drive before this title was ripped: put it in again"
        return Decision(JobStatus.FAILED, why, is_error=True)
    if before in HELD and not has_machine:
        return Decision(JobStatus.QUEUED, "no machine had it")
    if before is JobStatus.PENDING and (is_rip or not job["requires_approval"]):
        return Decision(JobStatus.QUEUED, "it waits for a machine, not for a person")
    return Decision(before)
