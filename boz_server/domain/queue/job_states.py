"""What a job can be, and from where to where it may go. docs/job-states.md draws it."""

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

#: From each state, the states that a job may go to. A report that names the state a job is
#: already in is no step, and always allowed.
TRANSITIONS: dict[JobStatus, frozenset[JobStatus]] = {
    JobStatus.PENDING: frozenset({JobStatus.QUEUED, JobStatus.CANCELLED, JobStatus.FAILED}),
    JobStatus.QUEUED: frozenset({JobStatus.ASSIGNED, JobStatus.CANCELLED, JobStatus.FAILED}),
    JobStatus.ASSIGNED: frozenset({JobStatus.RUNNING, JobStatus.QUEUED}) | OVER,
    JobStatus.RUNNING: frozenset({JobStatus.ASSIGNED, JobStatus.QUEUED}) | OVER,
    #: Only where the result could not be uploaded: no one has it yet.
    JobStatus.COMPLETED: frozenset({JobStatus.QUEUED}),
    JobStatus.FAILED: frozenset({JobStatus.QUEUED}),
    JobStatus.CANCELLED: frozenset(),
}


def sources(target: JobStatus) -> frozenset[JobStatus]:
    """Return the states from which a job may go to `target`."""
    return frozenset(state for state, targets in TRANSITIONS.items() if target in targets)
