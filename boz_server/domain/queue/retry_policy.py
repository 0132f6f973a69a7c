"""How long a job that failed for a passing reason waits for its next attempt."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from boz_server.domain.queue.job_states import JobType


@dataclass(frozen=True, slots=True)
class Backoff:
    """Waits between attempts: the first, then twice as long each time, up to the longest."""

    first_seconds: float
    longest_seconds: float


#: Repeating a rip only costs time on an idle drive, repeating a transcode costs hours, and a share
#: may stay unmounted for long.
BACKOFFS = {
    JobType.RIP: Backoff(15, 300),
    JobType.TRANSCODE: Backoff(60, 3600),
    JobType.ORGANIZE: Backoff(30, 1800),
}
#: The most by which chance lengthens a wait, so that jobs that failed together are not all retried
#: at once.
JITTER = 0.25


def next_attempt_at(job_type: JobType, failures: int, now: datetime, chance: float) -> datetime:
    """Return when to retry a job after its failure number `failures` (from 1) for a passing reason.

    chance: 0–1, what the jitter is drawn by.
    """
    backoff = BACKOFFS[job_type]
    # Beyond ten doublings every wait is the longest.
    wait = min(backoff.longest_seconds, backoff.first_seconds * 2 ** min(failures - 1, 10))
    return now + timedelta(seconds=wait * (1 + JITTER * chance))
