"""The states of a job. services/queue/transitions.py says from which to which it may go."""

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
