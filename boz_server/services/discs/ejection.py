"""A disc leaves its drive, and comes back, or does not.

It may have been gone only for a moment: drives drop out, and trays close again. So its rips wait
for it, for as long as BOZ_DISC_RETURN_HOURS says.
"""

import logging
from collections.abc import Sequence
from datetime import datetime

from boz_server.context import Context
from boz_server.database.models import Disc, Job
from boz_server.domain.discs.disc_states import DiscStatus, PreviewStatus
from boz_server.domain.discs.proposals import change
from boz_server.domain.queue.job_states import OPEN, JobStatus
from boz_server.repositories.job_repository import Guard
from boz_server.services.discs import rip_requests
from boz_server.services.queue import dispatcher, transitions
from boz_server.services.queue.transitions import DISC_GONE, DISC_OUT, SERVER

log = logging.getLogger(__name__)


def close(context: Context, disc: Disc) -> None:
    """Record that a disc has left its drive.

    A rip that runs stays with its agent: it may read the disc all the same. One that has not begun
    is taken from it, because it would rip a title of the next disc.
    """
    context.database.require_queue()
    context.stores.discs.eject(disc.disc_id, context.clock.now())
    actor, may_return = f"agent:{disc.agent_id}", context.settings.disc_return_hours > 0
    for job in context.stores.jobs.open_rips(disc.disc_id):
        if job.status == JobStatus.ASSIGNED:
            transitions.requeue(context, job, actor=actor, detail=DISC_OUT)
        elif job.status != JobStatus.RUNNING and not may_return:
            _fail(context, job, actor)
    dispatcher.dispatch(context)
    log.info("Disc ejected", extra={"disc_id": disc.disc_id})


def awaited(context: Context, agent_id: str, records: Sequence[Disc]) -> Disc | None:
    """Return, of the records of a disc, the one that left a drive of the agent lately and of which
    something is left to rip; else None.

    A disc of which everything is ripped or cancelled gets a new record: a person may want to start
    over. So does one whose names no one has accepted: they are worked out anew.
    """
    cutoff, discs = transitions.return_cutoff(context), context.stores.discs
    out = [disc for disc in records if disc.agent_id == agent_id and _is_out(disc, cutoff)]
    out.sort(key=lambda disc: disc.ejected_at, reverse=True)
    waiting = context.stores.jobs.having_open_rips([disc.disc_id for disc in out]) if out else ()
    for record in sorted(out, key=lambda disc: disc.disc_id not in waiting):
        waits = record.disc_id in waiting
        if waits or record.preview_status == PreviewStatus.APPROVED:
            disc = discs.get(record.disc_id)
            if disc is not None and (waits or _is_unfinished(context, disc)):
                return disc
    return None


def come_back(context: Context, disc: Disc, drive: str) -> None:
    """Record that a disc is in a drive again; its rips go on."""
    rips = context.stores.jobs.rips_of(disc.disc_id)
    columns = {"drive": drive, "status": _status(disc, rips), "ejected_at": None}
    change(disc, columns)
    context.stores.discs.save(disc)
    dispatcher.dispatch(context)
    log.info("Disc came back", extra={"disc_id": disc.disc_id})


def give_up(context: Context) -> int:
    """Fail the rips whose disc has not come back in time; returns how many."""
    given_up = 0
    for job in context.stores.jobs.rips_left_behind(transitions.return_cutoff(context)):
        with context.database.write_queue():
            # Its disc may have come back meanwhile.
            if not transitions.can_wait(context, job):
                given_up += _fail(context, job, SERVER)
    return given_up


def _is_out(disc: Disc, cutoff: datetime) -> bool:
    """Whether a disc left its drive after the cutoff and has not come back."""
    left_at = disc.ejected_at
    return disc.status == DiscStatus.EJECTED and left_at is not None and left_at > cutoff


def _is_unfinished(context: Context, disc: Disc) -> bool:
    """Whether a title that is wanted of a disc was neither ripped nor cancelled."""
    latest = {job.title_index: job.status for job in context.stores.jobs.rips_of(disc.disc_id)}
    return any(
        title.ripped_at is None and latest.get(title.title_index) != JobStatus.CANCELLED
        for title in rip_requests.wanted(disc)
    )


def _status(disc: Disc, rips: list[Job]) -> DiscStatus:
    """Return how far a disc is, by its rips."""
    if any(job.status in OPEN for job in rips):
        return DiscStatus.RIPPING
    was_ripped = bool(rips) or any(title.ripped_at is not None for title in disc.titles)
    return DiscStatus.COMPLETED if was_ripped else DiscStatus.DETECTED


def _fail(context: Context, job: Job, actor: str) -> bool:
    """Fail a rip that no machine runs; False when one does by now."""
    failed = transitions.move(
        context,
        job,
        JobStatus.FAILED,
        actor=actor,
        guard=Guard(only_from={job.status}),
        detail=DISC_GONE,
        values={"error": DISC_GONE},
    )
    return failed is not None
