"""Discs follow their machine when its agent has another id."""

import logging
from collections.abc import Sequence

from boz_server.context import Context
from boz_server.database.models import Disc, Job
from boz_server.domain.discs.disc_states import DiscStatus, PreviewStatus
from boz_server.domain.machines.presence import silent_before
from boz_server.domain.queue.job_states import OPEN, JobStatus
from boz_server.services.discs import ejection
from boz_server.services.machines import succession
from boz_server.services.queue import dispatcher, leases, transitions
from boz_server.services.queue.transitions import SERVER

log = logging.getLogger(__name__)

#: A rip in one of these states has not ended without a result.
_STANDS = (*OPEN, JobStatus.COMPLETED)


def pass_on(context: Context, old_id: str, new_id: str) -> None:
    """Give the discs in an agent's drives, and those that may come back, to the one after it.

    What the new one has reported counts: another disc in a drive has replaced the old one's.
    """
    context.database.require_queue()
    discs = context.stores.discs
    for disc in discs.lying_with(old_id):
        there = discs.in_drive(new_id, disc.drive)
        if there is not None and there.fingerprint == disc.fingerprint:
            _unite(context, disc, there)
        elif there is not None:
            ejection.close(context, disc)
    discs.pass_on(old_id, new_id, transitions.return_cutoff(context))


def left_behind(
    context: Context, agent_id: str, drive: str, records: Sequence[Disc]
) -> Disc | None:
    """Return, of the records of a disc, the one that lies in the drive of this name of an agent
    that was this one before it restarted, as far as that can be known without a worker; else None.

    records: the latest detected first.
    """
    lying = [
        disc
        for disc in records
        if disc.drive == drive and disc.agent_id != agent_id and disc.status != DiscStatus.EJECTED
    ]
    if not lying:
        return None
    gone = succession.gone_namesakes(context, agent_id, {disc.agent_id for disc in lying})
    waiting = context.stores.jobs.having_open_rips([disc.disc_id for disc in lying])
    own = [disc for disc in lying if disc.agent_id in gone]
    return min(own, key=lambda disc: disc.disc_id not in waiting, default=None)


def take_over(context: Context, disc: Disc, agent_id: str) -> Disc:
    """Give a disc and its open rips to the agent that reports it in its drive of the same name;
    returns the disc's record, with its titles."""
    context.database.require_queue()
    discs, old_id, kept = context.stores.discs, disc.agent_id, disc
    there = discs.in_drive(agent_id, disc.drive)
    if there is not None and there.fingerprint == disc.fingerprint:
        kept = _unite(context, disc, there)
    elif there is not None:
        ejection.close(context, there)
    discs.give(kept.disc_id, agent_id)
    leases.pass_on_rips(context, kept.disc_id, agent_id)
    leases.suspect_rips(context, agent_id, kept.drive)
    succession.note(context, old_id, agent_id)
    dispatcher.dispatch(context)
    log.info("Disc followed its agent", extra={"disc_id": kept.disc_id, "agent_id": agent_id})
    return discs.get(kept.disc_id) or kept


def take_over_late(context: Context) -> int:
    """Give discs to agents that reported them before the agent that they were had fallen silent;
    returns how many.

    Not where the other one was heard after this one had registered: they are two machines.
    """
    since = silent_before(context.clock.now(), context.settings.agent_timeout_seconds)
    with context.database.write_queue():
        twins = context.stores.discs.twins(since)
        for disc_id, agent_id in twins.items():
            disc = context.stores.discs.get(disc_id)
            if disc is not None:
                take_over(context, disc, agent_id)
    return len(twins)


def _unite(context: Context, old: Disc, new: Disc) -> Disc:
    """Make one of two records of a disc that lies in one drive; returns the one that is kept.

    The older one is, unless only the other one is accepted, or has rips. It gets the rips of the
    other one, which leaves its drive. A title that both rip is ripped once: what is ripped counts
    first, then what the living agent rips, which has the new record.
    """
    discs, jobs = context.stores.discs, context.stores.jobs
    standing = {
        disc.disc_id: {
            job.title_index: job for job in jobs.rips_of(disc.disc_id) if job.status in _STANDS
        }
        for disc in (old, new)
    }

    def weight(disc: Disc) -> tuple[bool, bool]:
        return bool(standing[disc.disc_id]), disc.preview_status == PreviewStatus.APPROVED

    kept, dropped = (old, new) if weight(old) >= weight(new) else (new, old)
    for title_index, job in standing[dropped.disc_id].items():
        rival = standing[kept.disc_id].get(title_index)
        if rival is not None and _yields(rival, job, is_living=dropped is new):
            # Before the other one moves: a disc has one such rip of a title.
            _cancel(context, rival)
            rival = None
        if rival is None:
            jobs.change(job.job_id, {"disc": kept.disc_id})
            if job.status in OPEN:
                discs.begin_ripping(kept.disc_id)
        elif job.status not in (JobStatus.RUNNING, JobStatus.COMPLETED):
            _cancel(context, job)
    discs.pass_on_ripped(dropped.disc_id, kept.disc_id)
    discs.supersede(dropped.disc_id)
    return kept


def _yields(rip: Job, other: Job, *, is_living: bool) -> bool:
    """Whether a rip is needless because of the other record's rip of that title.

    is_living: the other record is that of the agent that is still there.
    """
    is_under_way = is_living and other.status == JobStatus.RUNNING
    return rip.status in OPEN and (other.status == JobStatus.COMPLETED or is_under_way)


def _cancel(context: Context, rip: Job) -> None:
    detail = "The disc was reported twice: another job rips this title."
    transitions.move(context, rip, JobStatus.CANCELLED, actor=SERVER, detail=detail)
