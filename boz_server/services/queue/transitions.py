"""The steps that a job may take from state to state, and what follows from each of them.

Every change of a job's state goes through `move`: one guarded UPDATE, an event in the job's
history, and then the effects that TRANSITIONS lists for that step, in the same transaction. What is
not here: filling the places that a step frees. `dispatcher.dispatch` does that once, after the last
change of an operation; between two changes it would give away jobs that the next one is about to
take.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

from boz_server.context import Context
from boz_server.database.models import Job
from boz_server.domain.naming.library_paths import Roots, library_type_of
from boz_server.domain.queue.file_access import is_shared
from boz_server.domain.queue.job_states import HELD, OVER, JobStatus, JobType
from boz_server.repositories.attempt_repository import NEXT_ATTEMPT
from boz_server.repositories.job_repository import Guard, JobValues
from boz_server.services.notifications import discord, media_servers
from boz_server.services.queue import file_names
from boz_server.services.statistics import record

log = logging.getLogger(__name__)

#: Who makes a change that no machine made.
PERSON, SERVER = "person", "server"
#: Who has the server's own jobs, where others are named by their agent.
HOLDER = "boz-server"

#: A disc has left its drive, and may come back.
DISC_OUT = "The disc left its drive."
#: It may not, or did not in time.
DISC_GONE = "The disc left its drive before this title was ripped: put it in and rip it anew."

#: What an attempt that is over, or was taken away, leaves on its job.
NO_ATTEMPT: JobValues = {
    "assigned_agent_id": None,
    "assigned_worker": None,
    "assigned_at": None,
    "lease_token": None,
    "lease_expires_at": None,
    "started_at": None,
    "reported_at": None,
    "moved_at": None,
    "handed_out_at": None,
    "stalled_at": None,
    "failing_at": None,
    "progress": 0.0,
}
#: What a job that is over loses when it is tried again.
AFRESH: JobValues = {
    "completed_at": None,
    "scheduled_at": None,
    "output_file": None,
    "output_file_size": None,
    "error": None,
    "upload_failed": False,
}


@dataclass(frozen=True, slots=True)
class JobChange:
    """A change of a job.

    before, job: the row before and after. actor: who made it, as in JobEvent. duration_seconds: how
    long the work took by its machine's clock; None where the machine did not say.
    """

    before: Job
    job: Job
    actor: str
    at: datetime
    duration_seconds: float | None = None


# The effects of a change. Each looks at the change and does nothing where it means nothing to it.

Effect = Callable[[Context, JobChange], None]


def statistics(context: Context, change: JobChange) -> None:
    """Count the run that ends, or take back the result of one that is done again."""
    record.count(context, change.before, change.job, change.at, change.duration_seconds)


def worker_record(context: Context, change: JobChange) -> None:
    """Count a job that its worker has completed, or failed, in the worker's own totals."""
    before, job = change.before, change.job
    worker_id = before.assigned_worker_id
    if worker_id is None:
        return
    if job.status == JobStatus.COMPLETED and job.job_type == JobType.TRANSCODE:
        began = job.started_at or job.assigned_at or change.at
        measured = max(0.0, (change.at - began).total_seconds())
        context.stores.workers.count_completion(worker_id, change.duration_seconds or measured)
    elif job.failures > before.failures and change.actor == actor_of(before):
        # Not where the server took the job away: a machine that is lost has failed nothing.
        context.stores.workers.count_failure(worker_id, job.job_id, change.at)


def machines(context: Context, change: JobChange) -> None:
    """Update what the agents and workers that have, or had, the job are doing."""
    jobs = (change.before, change.job)
    for agent_id in sorted({job.assigned_agent_id for job in jobs if job.assigned_agent_id}):
        context.stores.agents.refresh_work(agent_id)
    for worker_id in sorted({job.assigned_worker_id for job in jobs if job.assigned_worker_id}):
        context.stores.workers.refresh_work(worker_id)
    if change.before.status is JobStatus.RUNNING and change.job.status not in HELD:
        context.stores.attempts.begin_terms(change.before, change.at)


def disc(context: Context, change: JobChange) -> None:
    """Update the disc that a rip reads: whether it is being ripped, and which titles are done."""
    job, discs = change.job, context.stores.discs
    if job.job_type != JobType.RIP or job.disc_id is None:
        return
    if job.status == JobStatus.COMPLETED:
        discs.note_ripped(job.disc_id, job.title_index, change.at)
    if job.status in OVER:
        discs.finish_ripping(job.disc_id)
    else:
        discs.begin_ripping(job.disc_id)


def notification(context: Context, change: JobChange) -> None:
    """Tell people of a job that is done, or has failed and will not be retried by itself."""
    job = change.job
    if job.scheduled_at is not None:
        return
    is_done = job.status == JobStatus.COMPLETED
    if job.status == JobStatus.FAILED or (is_done and job.upload_failed):
        discord.job_failed(context, job)
    elif is_done:
        discord.job_completed(context, job)


def upload_failure(context: Context, change: JobChange) -> None:
    """Tell people where the upload of a result has failed since it was reported as done."""
    if change.job.failures > change.before.failures:
        notification(context, change)


def next_job(context: Context, change: JobChange) -> None:
    """Enter the transcode of what a rip wrote, once that file is known and unless there is one.

    It awaits approval unless the settings leave that to the server.
    """
    rip = change.job
    if rip.job_type != JobType.RIP or rip.output_file is None:
        return
    if context.stores.jobs.transcodes_of([rip.job_id]):
        return
    goes_on = is_approved(context, rip.disc_id)
    job = enter(
        context,
        {
            "job_type": JobType.TRANSCODE,
            "status": JobStatus.QUEUED if goes_on else JobStatus.PENDING,
            "requires_approval": not goes_on,
            "disc": rip.disc_id,
            "title_index": rip.title_index,
            "input_file": rip.output_file,
            "input_file_size": rip.output_file_size,
            "output_name": rip.output_name,
            "library_name": rip.library_name,
            "source_disc_name": rip.source_disc_name,
            "priority": rip.priority,
            "source_job_id": rip.job_id,
            "for_agent_id": (
                None if is_shared(rip.output_file) else heir(context, rip.assigned_agent_id)
            ),
            "is_announced": False,
        },
    )
    log.info("Transcode entered", extra={"job_id": job.job_id, "rip": rip.job_id})


#: A job is over before any machine began it.
_DROPPED = (statistics, disc, notification)
#: A machine ends a job.
_ENDED = (statistics, worker_record, machines, disc, notification)

#: From each state, the states that a job may go to, and what follows from that step. A report that
#: names the state a job is already in is no step, and always allowed.
TRANSITIONS: dict[JobStatus, dict[JobStatus, tuple[Effect, ...]]] = {
    JobStatus.PENDING: {
        JobStatus.QUEUED: (),
        JobStatus.FAILED: _DROPPED,
        JobStatus.CANCELLED: _DROPPED,
    },
    JobStatus.QUEUED: {
        JobStatus.ASSIGNED: (machines,),
        JobStatus.FAILED: _DROPPED,
        JobStatus.CANCELLED: _DROPPED,
    },
    JobStatus.ASSIGNED: {
        JobStatus.QUEUED: (statistics, worker_record, machines),
        JobStatus.RUNNING: (machines,),
        JobStatus.COMPLETED: (*_ENDED, next_job),
        JobStatus.FAILED: _ENDED,
        JobStatus.CANCELLED: _ENDED,
    },
    JobStatus.RUNNING: {
        JobStatus.QUEUED: (statistics, worker_record, machines),
        JobStatus.ASSIGNED: (machines,),
        JobStatus.COMPLETED: (*_ENDED, next_job),
        JobStatus.FAILED: _ENDED,
        JobStatus.CANCELLED: _ENDED,
    },
    # Only where the result could not be uploaded: no one has it yet.
    JobStatus.COMPLETED: {JobStatus.QUEUED: (statistics, disc)},
    JobStatus.FAILED: {JobStatus.QUEUED: (disc,)},
    JobStatus.CANCELLED: {},
}
#: What follows from another report of a completed job, which brings its file or the error of its
#: upload.
RESULT_KNOWN: tuple[Effect, ...] = (upload_failure, next_job)

#: For each state, the states from which a job may go there.
SOURCES = {
    target: frozenset(state for state, targets in TRANSITIONS.items() if target in targets)
    for target in JobStatus
}


def result_known(context: Context, before: Job, job: Job, actor: str) -> None:
    """Carry out what follows from the file of a completed job, or from the error of its upload."""
    change = JobChange(before, job, actor, context.clock.now())
    for effect in RESULT_KNOWN:
        effect(context, change)


def file_organized(context: Context, job: Job, path: Path) -> None:
    """Report the place of a file in the library: to media servers, to people, and on the job whose
    result it was.

    Not an effect of the transition: a client can report an organize job as completed as well, but
    only the organizer knows that the file is there.
    """
    context.database.require_queue()
    settings, jobs = context.settings, context.stores.jobs
    roots = Roots(settings.nas_movie_path, settings.nas_tv_path)
    media_servers.announce(context, path.parent, library_type_of(job.library_path or "", roots))
    discord.organized(context, job, path)
    if job.source_job_id is not None:
        source = jobs.move_result(job.source_job_id, job.input_file, str(path))
        if source is not None:
            record.note_result(context, source, job.output_file_size)


def enter(context: Context, values: JobValues) -> Job:
    """Enter a new job."""
    context.database.require_queue()
    if values["job_type"] != JobType.ORGANIZE:
        values = values | file_names.settle(
            context,
            values.get("for_agent_id"),
            values.get("output_name"),
            values.get("library_name"),
            own=[values.get("source_job_id")],
        )
    job = context.stores.jobs.insert(str(uuid4()), context.clock.now(), values)
    context.stores.jobs.record_event(job, job.created_at, from_status=None, actor=SERVER)
    if job.job_type == JobType.RIP and job.disc_id is not None:
        context.stores.discs.begin_ripping(job.disc_id)
    return job


def move(
    context: Context,
    job: Job,
    target: JobStatus,
    *,
    actor: str | None = None,
    guard: Guard | None = None,
    detail: str | None = None,
    duration_seconds: float | None = None,
    values: JobValues | None = None,
) -> Job | None:
    """Take a job to another state, with everything that follows from it.

    Returns None, and changes nothing, when the job is in no state from which it may go there or
    does not pass the guard. job: which one; the row is read again. actor: who takes it there; None:
    the machine that has it then. detail: a sentence for the history. values: what else the step
    sets; the end of its lease and plans are set for every job that is over.
    """
    context.database.require_queue()
    now, values = context.clock.now(), values or {}
    if target in OVER:
        over = JobValues(completed_at=now, lease_expires_at=None, scheduled_at=None)
        values = over | JobValues(stalled_at=None, stood_at=None, failing_at=None) | values
    if target is JobStatus.COMPLETED:
        # From here on its result is awaited.
        values = values | JobValues(moved_at=now)
    if "error" in values:
        # Only the values that come with an error say that it is about an upload.
        values = JobValues(upload_failed=False) | values
    guard = guard or Guard()
    origins = SOURCES[target] & set(JobStatus if guard.only_from is None else guard.only_from)
    guard = replace(guard, only_from=origins)
    step = context.stores.jobs.step(job.job_id, guard, target, values)
    if step is None:
        return None
    before, after = step
    actor = actor or actor_of(after)
    context.stores.jobs.record_event(
        after, now, from_status=before.status, actor=actor, detail=detail
    )
    change = JobChange(before, after, actor, now, duration_seconds)
    for effect in TRANSITIONS[before.status][target]:
        effect(context, change)
    log.info("Job moved", extra={"job_id": job.job_id, "status": target, "actor": actor})
    return after


def assign(
    context: Context, job: Job, agent_id: str, worker_id: str | None, *, actor: str | None = None
) -> Job | None:
    """Start an attempt at a queued job; None when it is not queued any more.

    worker_id: None where no worker is registered. actor: None for the machine itself.
    """
    now, attempts = context.clock.now(), context.stores.attempts
    term = attempts.worker_term if agent_id == worker_id else attempts.agent_term
    values = NO_ATTEMPT | AFRESH
    values |= {
        "assigned_agent_id": agent_id,
        "assigned_worker": worker_id,
        "assigned_at": now,
        "moved_at": now,
        "attempt": NEXT_ATTEMPT,
        "lease_token": uuid4().hex,
        "lease_expires_at": now + term,
        "lease_doubted": False,
        "token_used": False,
        "deliveries": 0,
    }
    if job.job_type != JobType.ORGANIZE:
        # Named already, unless only now its agent is known, or an earlier version named it.
        values |= file_names.of_job(context, job, agent_id)
    if job.job_type == JobType.TRANSCODE and not job.preset:
        values["preset"] = _usual_preset(context, job, worker_id)
    guard = Guard(only_from={JobStatus.QUEUED})
    return move(context, job, JobStatus.ASSIGNED, actor=actor, guard=guard, values=values)


def requeue(
    context: Context,
    job: Job,
    *,
    actor: str,
    detail: str,
    guard: Guard | None = None,
    values: JobValues | None = None,
    duration_seconds: float | None = None,
) -> Job | None:
    """Take an attempt away from its machine; the job waits for the next one.

    Without failover a job stays with the worker that had it until a person decides, unless the
    agent that it is for may give it to another of its workers. A rip whose disc has left its drive
    for good can't wait for anything: it fails.
    """
    if can_wait(context, job):
        target, back = JobStatus.QUEUED, NO_ATTEMPT
        if not context.settings.worker_auto_failover and job.for_agent_id != job.assigned_agent_id:
            back = back | JobValues(for_worker_id=job.assigned_worker_id)
        back = back | (values or {})
    else:
        target, back = JobStatus.FAILED, JobValues(error=DISC_GONE)
    return move(
        context,
        job,
        target,
        actor=actor,
        guard=guard or Guard(only_from=HELD, attempt=job.attempt),
        detail=detail,
        duration_seconds=duration_seconds,
        values=back,
    )


def again(
    context: Context, job: Job, *, actor: str, detail: str, values: JobValues | None = None
) -> Job | None:
    """Queue a job again that failed, or whose result could not be uploaded; None when it is
    neither, or has changed since it was read.

    Raises IntegrityError when another job does the same work meanwhile.
    """
    if job.status == JobStatus.COMPLETED and not job.upload_failed:
        return None
    over = {JobStatus.COMPLETED, JobStatus.FAILED}
    guard = Guard(only_from=over, attempt=job.attempt, upload_failed=job.upload_failed)
    values = NO_ATTEMPT | AFRESH | (values or {})
    if job.job_type != JobType.ORGANIZE:
        agent_id = heir(context, job.for_agent_id)
        values["for_agent_id"] = agent_id
        # Another job may have taken its name since.
        values |= file_names.of_job(context, job, agent_id)
    return move(
        context, job, JobStatus.QUEUED, actor=actor, guard=guard, detail=detail, values=values
    )


def can_wait(context: Context, job: Job) -> bool:
    """Whether a job can still begin later: a rip only while its disc is in its drive, or may come
    back."""
    if job.job_type != JobType.RIP:
        return True
    return context.stores.discs.is_awaited(job.disc_id, return_cutoff(context))


def return_cutoff(context: Context) -> datetime:
    """Return the time after which a disc must have left its drive to be waited for."""
    return context.clock.now() - timedelta(hours=context.settings.disc_return_hours)


def is_disc_out(context: Context, job: Job) -> bool:
    """Whether a job rips a disc that is not in its drive."""
    is_rip = job.job_type == JobType.RIP
    return is_rip and not context.stores.discs.in_its_drive(job.disc_id)


def is_disc_replaced(context: Context, job: Job) -> bool:
    """Whether a job rips a disc in whose drive another one lies now."""
    return job.job_type == JobType.RIP and context.stores.discs.is_replaced(job.disc_id)


def heir(context: Context, agent_id: str | None) -> str | None:
    """Return the agent that now has what an agent had: the one that has followed it on the same
    machine, or itself; None without one."""
    return None if agent_id is None else context.stores.agents.heir(agent_id)


def note(context: Context, job: Job, *, actor: str, detail: str) -> None:
    """Record something that happened to a job and did not change its state."""
    context.stores.jobs.record_event(
        job, context.clock.now(), from_status=job.status, actor=actor, detail=detail
    )


def is_approved(context: Context, disc_id: str | None) -> bool:
    """Whether what was ripped from a disc is transcoded without asking a person again."""
    return context.settings.auto_transcode and context.stores.discs.is_approved(disc_id)


def actor_of(job: Job) -> str:
    """Name the machine that has a job, as the history does: by its agent, where it has one."""
    agent_id, worker_id = job.assigned_agent_id, job.assigned_worker_id
    if agent_id == HOLDER:
        return SERVER
    if agent_id is not None and agent_id != worker_id:
        return f"agent:{agent_id}"
    return f"worker:{worker_id}"


def machine_of(job: Job, *, begins: bool = False) -> str:
    """Name the machine that has a job, in a sentence, or at its beginning."""
    kind, _, name = actor_of(job).partition(":")
    machine = f"{kind} {name!r}" if name else f"the {kind}"
    return f"{machine[0].upper()}{machine[1:]}" if begins else machine


def _usual_preset(context: Context, job: Job, worker_id: str | None) -> str:
    """The default preset for a transcode on a worker (`worker_id` None: not known)."""
    settings = context.settings
    if not settings.auto_transcode:
        # Without reading worker and disc: the queue assigns jobs all day.
        return settings.default_transcode_preset
    worker = None if worker_id is None else context.stores.workers.get(worker_id)
    disc_type = None if job.disc_id is None else context.stores.discs.type_of(job.disc_id)
    return settings.usual_preset(disc_type, {} if worker is None else worker.capabilities)
