"""Why jobs wait, in words, for people who look at them."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from boz_server.context import Context
from boz_server.database.models import Job
from boz_server.domain.queue.file_access import FilePlace, can_access, is_shared, is_upload_wanted
from boz_server.domain.queue.job_states import HELD, JobStatus, JobType
from boz_server.domain.queue.placement import Machine, belonging, why_none
from boz_server.services.library.nas import LibraryShare
from boz_server.services.queue import dispatcher, stalls


def explain(context: Context, nas: LibraryShare, jobs: Sequence[Job]) -> None:
    """Set why each waiting job waits, and of which machines' jobs it is known that they stand
    still, by a fixed number of queries for all of them.

    nas: the library's share, as this process last found it.
    """
    queued = []
    for job in jobs:
        status = job.status
        if status is JobStatus.PENDING:
            job.waiting_reason = "A person has to approve it."
        elif status is JobStatus.QUEUED:
            queued.append(job)
        elif status in HELD:
            job.waiting_reason = stalls.reason(context.settings, job)
    if not queued:
        return
    now, fleet = context.clock.now(), context.stores.fleet
    machines, senders = fleet.machines(now), fleet.agents_sending()
    agents = fleet.agents_there(now)
    places = fleet.places_of([job.disc_id for job in queued if job.disc_id is not None])
    busy = fleet.busy_drives()
    rips_full = dispatcher.full(context, JobType.RIP)
    transcodes_full = dispatcher.full(context, JobType.TRANSCODE)
    failed = context.stores.attempts.just_failed_by(queued, now)
    for job in queued:
        place = places.get(job.disc_id or "")
        needs_disc = job.job_type == JobType.RIP and place is not None and place.is_out
        if job.scheduled_at is not None and job.scheduled_at > now and not needs_disc:
            job.waiting_reason = f"It is tried again at {job.scheduled_at:%Y-%m-%d %H:%M:%S}Z."
        elif job.job_type == JobType.RIP:
            job.waiting_reason = dispatcher.rip_obstacle(context, place, agents, busy, rips_full)
        elif transcodes_full is None and job.job_id in failed:
            job.waiting_reason = _elsewhere(job, failed[job.job_id])
        elif job.job_type == JobType.TRANSCODE:
            job.waiting_reason = transcodes_full or transcode_obstacle(job, machines, senders)
        else:
            job.waiting_reason = nas.obstacle(job.library_path)


def transcode_obstacle(
    job: Job, machines: Sequence[Machine], senders: Collection[str]
) -> str | None:
    """Return why a transcode is not under way; None where it is about to be given away."""
    chosen = job.for_worker_id is not None
    file = place_of(job, senders)
    if is_upload_wanted(machines, file, job.for_worker_id, job.preset):
        return f"Agent {job.for_agent_id!r} has yet to send the file."
    # To the queue a file is where its job is for, though it may lie on a share.
    file = replace(file, agent_id=job.for_agent_id)
    own = belonging(machines, job.for_worker_id, None)
    near = [machine for machine in own if can_access(machine, file)]
    if chosen and own and not near:
        return (
            f"Worker {job.for_worker_id!r} can't reach the file, which lies on the disk of"
            f" agent {job.for_agent_id!r}."
        )
    reason = why_none(near, for_agent_id=job.for_agent_id, preset=job.preset, chosen=chosen)
    if reason is not None or chosen:
        return reason
    free = [one for one in near if one.obstacle() is None and not one.lacks(job.preset)]
    if all(machine.agent_id is None for machine in free):
        return f"Worker {free[0].worker_id!r}, or another like it, has yet to ask for it."
    return None


def _elsewhere(job: Job, failed: Sequence[str]) -> str:
    """Say that a transcode has just failed on these workers."""
    names = " and ".join(repr(worker_id) for worker_id in failed)
    again = f"from {job.elsewhere_until:%Y-%m-%d %H:%M:%S}Z on"
    if job.for_worker_id is not None:
        return f"It failed on worker {names}, which may try it again {again}."
    return f"It failed on worker {names}: another one may begin it now, and that one {again}."


def place_of(job: Job, senders: Collection[str]) -> FilePlace:
    """Return where a transcode's file is; senders: the agents that send files when asked to."""
    return FilePlace(
        None if is_shared(job.input_file) else job.for_agent_id,
        is_here=job.input_upload_id is not None,
        can_come=job.for_agent_id in senders,
    )
