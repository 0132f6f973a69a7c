"""Who is there: agents and workers count as offline once they have been silent too long."""

from datetime import datetime, timedelta
from enum import StrEnum


class AgentStatus(StrEnum):
    """Whether an agent is there, and works."""

    ONLINE = "online"
    OFFLINE = "offline"
    BUSY = "busy"


class WorkerStatus(StrEnum):
    """Whether a worker is there, and can take a job."""

    AVAILABLE = "available"
    BUSY = "busy"
    OFFLINE = "offline"


class WorkerType(StrEnum):
    """Whose machine a worker runs on."""

    AGENT = "agent"
    REMOTE = "remote"
    SERVER = "server"


def is_silent(last_heartbeat: datetime, now: datetime, timeout_seconds: int) -> bool:
    """Whether the last sign of life is longer ago than the timeout."""
    return now - last_heartbeat > timedelta(seconds=timeout_seconds)


def worker_status(
    reported: WorkerStatus, *, silent: bool, open_jobs: int, max_concurrent: int
) -> WorkerStatus:
    """Return what a worker is, whatever it says of itself.

    Workers of today report themselves available while they transcode: what the server gave
    them is the truth.
    """
    if silent or reported is WorkerStatus.OFFLINE:
        return WorkerStatus.OFFLINE
    return WorkerStatus.BUSY if open_jobs >= max_concurrent else reported
