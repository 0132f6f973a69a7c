"""What an agent's poll shows: it hears of the attempts that it was given, and has none in hand.

Today's agents ask for their jobs only while they work on none, and send the last report of a job
once, whether or not the server hears it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from boz_server.context import Context
from boz_server.database.models import Job
from boz_server.domain.queue.job_states import JobStatus
from boz_server.services.queue import leases, transitions
from boz_server.services.queue.transitions import SERVER

#: An agent that polls and has not reported on a running job for so long no longer works on it;
#: agents give a program up that shows no progress for this long.
SILENCE = timedelta(minutes=5)
SUSPECT = (
    "Its agent asks for work, and has not reported on it for 5 minutes: it is taken back unless a"
    f" report comes within {leases.SUSPECT_SECONDS} seconds."
)


def note(context: Context, jobs: Sequence[Job]) -> None:
    """Record that an agent's poll is answered with these jobs; in the usual case that is no news.

    The running ones that it seems to have ended become suspect: it loses them unless it soon
    reports on them.
    """
    now, attempts = context.clock.now(), context.stores.attempts
    new = [job for job in jobs if job.status is JobStatus.ASSIGNED and job.handed_out_at is None]
    ended = [job for job in jobs if _seems_ended(job, now)]
    if new:
        # Two polls at once would wait for each other's rows for ever.
        with context.database.write_queue():
            attempts.hand_out(new, now)
    if ended:
        with context.database.write_queue():
            for job in attempts.suspect_attempts(ended, leases.suspect_until(context)):
                transitions.note(context, job, actor=SERVER, detail=SUSPECT)


def _seems_ended(job: Job, now: datetime) -> bool:
    """Whether an agent that asks for work has ended a job without our hearing of it.

    Not if it sends tokens: such agents ask while they work. Nor if its worker fetched the job by
    itself, which may report nothing before the end.
    """
    heard_at = job.reported_at or job.started_at
    return (
        job.status is JobStatus.RUNNING
        and not (job.token_used or job.deliveries or job.lease_doubted)
        and (heard_at is None or heard_at <= now - SILENCE)
    )
