"""Which agents and workers are online: one that is silent for too long counts as offline."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class AgentStatus(StrEnum):
    """Whether an agent is online, and works."""

    ONLINE = "online"
    OFFLINE = "offline"
    BUSY = "busy"


class WorkerStatus(StrEnum):
    """Whether a worker is online, and can take a job."""

    AVAILABLE = "available"
    BUSY = "busy"
    OFFLINE = "offline"


class WorkerType(StrEnum):
    """Whose machine a worker runs on."""

    AGENT = "agent"
    REMOTE = "remote"
    SERVER = "server"


@dataclass(frozen=True, slots=True)
class WorkerHeartbeat:
    """What a worker reports about itself; usage in percent, None when it doesn't know."""

    status: WorkerStatus = WorkerStatus.AVAILABLE
    cpu_usage: float | None = None
    gpu_usage: float | None = None


def silent_before(now: datetime, timeout_seconds: int) -> datetime:
    """Return the time since which a machine must have sent a heartbeat to count as online."""
    return now - timedelta(seconds=timeout_seconds)


def is_silent(last_heartbeat: datetime, now: datetime, timeout_seconds: int) -> bool:
    """Whether the last heartbeat is longer ago than the timeout."""
    return last_heartbeat < silent_before(now, timeout_seconds)


def worker_status(
    reported: WorkerStatus, *, silent: bool, paused: bool, open_jobs: int, max_concurrent: int
) -> WorkerStatus:
    """Return the status of a worker now.

    Today's workers report that they are available while they transcode, so the jobs that the
    server assigned to them decide. A paused worker is offline, because today's dashboard would
    offer it for approvals otherwise.
    """
    if silent or paused or reported is WorkerStatus.OFFLINE:
        return WorkerStatus.OFFLINE
    return WorkerStatus.BUSY if open_jobs >= max_concurrent else reported
