"""Files for workers on other machines: who sends them, and who may have them."""

from dataclasses import dataclass

from boz_server.context import Context
from boz_server.database.models import Agent, Job, Worker
from boz_server.domain.queue.file_access import could_access, is_upload_wanted
from boz_server.domain.queue.job_states import JobStatus, JobType
from boz_server.domain.uploads.upload_states import UploadPurpose, UploadState
from boz_server.errors import Refused
from boz_server.services.machines import presence
from boz_server.services.queue import dispatcher, transitions
from boz_server.services.queue.waiting_reasons import place_of
from boz_server.services.uploads import rights


@dataclass(frozen=True, slots=True)
class WantedFile:
    """A file that an agent is to send. upload_id: of the upload that it has begun, or None."""

    job_id: str
    input_file: str | None
    upload_id: str | None


@dataclass(frozen=True, slots=True)
class Transport:
    """Who is to transcode a file, and how it gets there; job_id: None where it stays."""

    worker_id: str
    job_id: str | None


def wanted_of(context: Context, agent: Agent) -> list[WantedFile] | None:
    """Return the files that an agent is to send here, in order; None for one that sends none."""
    if not agent.capabilities.get("can_upload_raw"):
        return None
    waiting = context.stores.fleet.awaiting_file(agent.agent_id)
    if not waiting:
        return []
    machines = context.stores.fleet.machines(context.clock.now())
    begun, sending = _inputs(context, UploadState.ARRIVING), {agent.agent_id}
    # All bytes of these are here, and are compared with a checksum, which takes minutes.
    arrived = _inputs(context, UploadState.ARRIVED)
    return [
        WantedFile(job.job_id, job.input_file, begun.get(job.job_id))
        for job in waiting
        if job.job_id not in arrived
        and is_upload_wanted(machines, place_of(job, sending), job.for_worker_id, job.preset)
    ]


def require_access(context: Context, job: Job, worker: Worker) -> None:
    """Raise Refused unless a worker can get at a job's file, and say which workers can."""
    if job.for_agent_id is None or job.for_agent_id == worker.agent_id:
        return
    worker_id, fleet = worker.worker_id, context.stores.fleet
    machines = fleet.machines(context.clock.now())
    file = place_of(job, fleet.agents_sending())
    if any(one.worker_id == worker_id and could_access(one, file) for one in machines):
        return
    can = [repr(one.worker_id) for one in machines if could_access(one, file)]
    who = f"these workers can: {', '.join(can)}" if can else "no registered worker can"
    raise Refused(
        f"Worker {worker_id!r} can't reach the file, which lies on the disk of agent"
        f" {file.agent_id!r}; {who}."
    )


def assign(context: Context, agent_id: str, job_id: str | None) -> Transport:
    """Choose who transcodes a file of an agent, which so gives a sign of life.

    If that worker is on another machine, the agent sends the file for a job: the one named, else
    the first of its jobs that waits for a file, else a new one. Raises Unavailable without a
    worker, JobNotFound, and Conflict where the job named has no use for a file.
    """
    machine = dispatcher.choose_for(context, agent_id)
    presence.hear(context, agent_id)
    if machine.agent_id == agent_id:
        return Transport(machine.worker_id, None)
    if job_id is not None:
        rights.require(context, UploadPurpose.JOB_INPUT, job_id)
        return Transport(machine.worker_id, job_id)
    with context.database.write_queue():
        job = context.stores.jobs.first_without_file(agent_id) or transitions.enter(
            context,
            {
                "job_type": JobType.TRANSCODE,
                "status": JobStatus.PENDING,
                "requires_approval": True,
                "for_agent_id": agent_id,
            },
        )
    return Transport(machine.worker_id, job.job_id)


def _inputs(context: Context, state: UploadState) -> dict[str | None, str]:
    """Return the uploads of raw titles in a state by their jobs: the latest of each."""
    return {
        upload.job_id: upload.upload_id
        for upload in context.stores.uploads.in_state(state)
        if upload.purpose is UploadPurpose.JOB_INPUT
    }
