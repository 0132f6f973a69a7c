"""Gives queued jobs to machines: fills every free drive and worker, within the settings' limits."""

from collections.abc import Sequence
from datetime import datetime

from boz_server.context import Context
from boz_server.database.models import Job
from boz_server.disk import shortage
from boz_server.domain.queue.file_access import FilePlace, can_access
from boz_server.domain.queue.job_states import JobStatus, JobType
from boz_server.domain.queue.placement import Machine, belonging, choose, why_none
from boz_server.errors import Refused, Unavailable, WorkerNotFound
from boz_server.repositories.attempt_repository import by_worker
from boz_server.repositories.fleet_repository import DiscPlace, Drive
from boz_server.services.queue import transitions
from boz_server.services.queue.transitions import PERSON, SERVER


def dispatch(context: Context) -> int:
    """Give away every job that a machine can begin; returns how many.

    The cost depends on how many jobs are given away, not on how many wait.
    """
    context.database.require_queue()
    now, fleet = context.clock.now(), context.stores.fleet
    given = 0
    if fleet.waits(JobType.RIP, now):
        given += _dispatch_rips(context, now)
    if fleet.waits(JobType.TRANSCODE, now):
        given += _dispatch_transcodes(context, now)
    return given


def dispatch_now(context: Context) -> int:
    """Dispatch in a transaction of its own: for jobs that waited for a moment, not for an event."""
    with context.database.write_queue():
        return dispatch(context)


def claim(context: Context, worker_id: str, max_jobs: int) -> list[Job]:
    """Return the jobs for a worker that asks for work: first those that it was given and does not
    know of, then waiting ones. Raises WorkerNotFound."""
    context.database.require_queue()
    now = context.clock.now()
    machines = context.stores.fleet.machines(now)
    machine = next((one for one in machines if one.worker_id == worker_id), None)
    if machine is None:
        raise WorkerNotFound(worker_id)
    jobs = _unknown_to(context, machine, max_jobs)
    while (
        len(jobs) < max_jobs
        and machine.obstacle() is None
        and full(context, JobType.TRANSCODE) is None
    ):
        job = context.stores.fleet.next_claimable(now, machine)
        given = None if job is None else _give(context, job, machine)
        if given is None:
            break
        jobs.append(given)
    for job in jobs:
        context.stores.attempts.count_delivery(job.job_id, now)
    return jobs


def assign_by_hand(context: Context, job: Job, agent_id: str) -> None:
    """Give a queued job to the agent that it is for now; it waits where the agent has no room for
    it yet.

    Raises Refused when it would wait for good: no worker on the agent's machine fetches it later.
    """
    context.database.require_queue()
    reason, fleet = full(context, job.job_type), context.stores.fleet
    machines: list[Machine] = []
    if job.job_type == JobType.TRANSCODE:
        machines = belonging(fleet.machines(context.clock.now()), None, agent_id)
    else:
        disc_id = job.disc_id or ""
        place = fleet.places_of([disc_id]).get(disc_id)
        reason = rip_obstacle(context, place, {agent_id: True}, fleet.busy_drives(), reason)
    free = [machine for machine in machines if machine.obstacle() is None]
    if reason is None and (free or not machines):
        chosen = choose(free, context.settings.worker_assignment_strategy) if free else None
        worker_id = chosen.worker_id if chosen else None
        transitions.assign(context, job, agent_id, worker_id, actor=PERSON)
    elif job.job_type == JobType.TRANSCODE and not machines:
        raise Refused(f"{reason} Ask again when a place is free.")


def only_machine_for(context: Context, job: Job) -> tuple[str, str | None] | None:
    """Return agent and worker of the one machine that can do a job; None when several can, as they
    can where its file can be fetched from here."""
    if job.input_upload_id is not None and job.for_worker_id is None:
        return None
    if job.job_type == JobType.TRANSCODE:
        machines = context.stores.fleet.machines(context.clock.now())
        own = belonging(machines, job.for_worker_id, job.for_agent_id)
        if own and (job.for_worker_id or job.for_agent_id):
            machine = choose(own, context.settings.worker_assignment_strategy)
            return machine.agent_id or machine.worker_id, machine.worker_id
    return None if job.for_agent_id is None else (job.for_agent_id, None)


def choose_for(context: Context, agent_id: str) -> Machine:
    """Return the worker that can take a file from an agent now: one on the agent's own machine,
    else one that fetches the file from here.

    Raises Unavailable when there is none.
    """
    machines = context.stores.fleet.machines(context.clock.now())
    near = belonging(machines, None, agent_id)
    is_full = full(context, JobType.TRANSCODE)
    reason = is_full or why_none(near, for_agent_id=agent_id, preset=None, chosen=False)
    if reason is not None and is_full is None:
        elsewhere = [one for one in machines if one.fetches]
        if why_none(elsewhere, for_agent_id=None, preset=None, chosen=False) is None:
            return _choose(context, elsewhere, None, chosen=False)
    if reason is not None:
        raise Unavailable(f"{reason} Register or enable one, or ask again later.")
    return _choose(context, near, None, chosen=False)


def rip_obstacle(
    context: Context,
    place: DiscPlace | None,
    agents: dict[str, bool],
    busy: set[Drive],
    is_full: str | None,
) -> str | None:
    """Return why a rip can't begin; None when it can.

    place: where its disc is; None where that is not known. agents: those that are online, and
    whether each can rip. is_full: why no rip at all can begin; None where one can.
    """
    if place is None:
        return "The disc that it is to rip is not known."
    agent_id, name = place.drive
    if place.is_out:
        return (
            f"Disc {place.label!r} has left drive {name}; put the disc back into a drive of agent"
            f" {agent_id!r}."
        )
    if agent_id not in agents:
        return f"Agent {agent_id!r}, which has the disc, is offline."
    if not agents[agent_id]:
        return f"Agent {agent_id!r}, which has the disc, says that it can't rip."
    if place.drive in busy:
        return f"Drive {name} of agent {agent_id!r} rips another title."
    return is_full or shortage(context.settings)


def full(context: Context, job_type: JobType) -> str | None:
    """Say that no more jobs of a type may be under way; None when one more may."""
    settings = context.settings
    is_rip = job_type == JobType.RIP
    limit = settings.max_concurrent_rips if is_rip else settings.max_concurrent_transcodes
    if context.stores.fleet.under_way(job_type) < limit:
        return None
    return f"As many {job_type}s as may run at once are under way ({limit})."


def _dispatch_rips(context: Context, now: datetime) -> int:
    given, fleet = 0, context.stores.fleet
    places = context.settings.max_concurrent_rips - fleet.under_way(JobType.RIP)
    if places <= 0 or shortage(context.settings) is not None:
        return given
    there, busy = fleet.agents_there(now), fleet.busy_drives()
    agents = [agent_id for agent_id, can_rip in there.items() if can_rip]
    while given < places and (found := fleet.next_rip(now, agents, busy)) is not None:
        job, drive = found
        if transitions.assign(context, job, drive[0], None, actor=SERVER) is None:
            break
        busy.add(drive)
        given += 1
    return given


def _dispatch_transcodes(context: Context, now: datetime) -> int:
    given, fleet = 0, context.stores.fleet
    places = context.settings.max_concurrent_transcodes - fleet.under_way(JobType.TRANSCODE)
    machines = fleet.machines(now) if places > 0 else []
    while given < places:
        free = [machine for machine in machines if machine.obstacle() is None]
        job = fleet.next_transcode(now, free) if free else None
        if job is None:
            break
        if _give(context, job, _choose_pushed(context, free, job, now), actor=SERVER) is None:
            break
        given += 1
    return given


def _give(context: Context, job: Job, machine: Machine, *, actor: str | None = None) -> Job | None:
    """Start an attempt of a worker's; None when the job is not queued any more."""
    holder = machine.agent_id or machine.worker_id
    given = transitions.assign(context, job, holder, machine.worker_id, actor=actor)
    if given is not None:
        context.stores.fleet.take_turn(machine)
        machine.held += 1
    return given


def _choose_pushed(context: Context, free: Sequence[Machine], job: Job, now: datetime) -> Machine:
    """Choose who is given a job without asking for it: of the workers that have its file, else of
    those that fetch it from here; none that has just failed it."""
    chosen = job.for_worker_id is not None
    file = FilePlace(job.for_agent_id, is_here=job.input_upload_id is not None)
    failed = context.stores.attempts.just_failed_by([job], now).get(job.job_id, ())
    pushed = [
        one
        for one in belonging(free, job.for_worker_id, None)
        if one.worker_id not in failed
        and (chosen or (one.agent_id and can_access(one, file) and not one.lacks(job.preset)))
    ]
    near = [one for one in pushed if one.agent_id == job.for_agent_id]
    return _choose(context, near or pushed, job.preset, chosen=chosen)


def _choose(
    context: Context, machines: Sequence[Machine], preset: str | None, *, chosen: bool
) -> Machine:
    fitting = [
        one for one in machines if one.obstacle() is None and (chosen or not one.lacks(preset))
    ]
    return choose(fitting, context.settings.worker_assignment_strategy)


def _unknown_to(context: Context, machine: Machine, max_jobs: int) -> list[Job]:
    """Return the jobs that a worker has and, as it asks for work, evidently does not know of.

    Those are the jobs that no answer has carried to it yet. If it asks for more than it has room
    for, answers were lost as well: of the jobs sent least often, the latest are meant, as it works
    on the others. A job that it has just failed counts as neither.
    """
    held = context.stores.attempts.held(by_worker(machine.worker_id))
    going_on = [job for job in held if job.failing_at is None]
    unstarted = [job for job in going_on if job.status == JobStatus.ASSIGNED]
    new = [job for job in unstarted if not job.deliveries]
    sent = sorted(
        (job for job in unstarted if job.deliveries),
        key=lambda job: (job.deliveries, -job.assigned_at.timestamp()),
    )
    lost = len(going_on) - len(new) + max_jobs - machine.room
    return (new + sent[: max(0, lost)])[:max_jobs]
