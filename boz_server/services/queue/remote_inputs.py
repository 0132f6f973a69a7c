"""Work on other machines than the one that has the file: who sends it, and who may have it."""

from dataclasses import dataclass

from boz_server.context import Context
from boz_server.database.models import Job, Worker
from boz_server.domain.queue.job_states import JobStatus, JobType
from boz_server.domain.queue.reach import could_reach, is_wanted_here
from boz_server.domain.uploads.upload_states import UploadPurpose, UploadState
from boz_server.errors import AgentNotFound, Refused
from boz_server.services.queue.dispatcher import Dispatcher
from boz_server.services.queue.transitions import JobMoves
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


class RemoteWork:
    """Brings files and workers on other machines together."""

    def __init__(
        self,
        context: Context,
        *,
        moves: JobMoves,
        dispatcher: Dispatcher,
    ) -> None:
        self.context = context
        self.clock = context.clock
        self.database = context.database
        self.agents = context.stores.agents
        self.jobs = context.stores.jobs
        self.fleet = context.stores.fleet
        self.uploads = context.stores.uploads
        self.moves = moves
        self.dispatcher = dispatcher

    def wanted_of(self, agent_id: str) -> list[WantedFile] | None:
        """Return the files that an agent is to send here, in order; None for one that sends none.

        Raises AgentNotFound.
        """
        agent = self.agents.get(agent_id)
        if agent is None:
            raise AgentNotFound(agent_id)
        if not agent.capabilities.get("can_upload_raw"):
            return None
        waiting = self.fleet.awaiting_file(agent_id)
        if not waiting:
            return []
        machines = self.fleet.machines(self.clock.now())
        begun = self._inputs(UploadState.ARRIVING)
        # All of these is here; it is compared with its checksum, which takes minutes.
        arrived = self._inputs(UploadState.ARRIVED)
        return [
            WantedFile(job.job_id, job.input_file, begun.get(job.job_id))
            for job in waiting
            if job.job_id not in arrived
            and is_wanted_here(machines, place_of(job, {agent_id}), job.for_worker_id, job.preset)
        ]

    def require_reach(self, job: Job, worker: Worker) -> None:
        """Raise Refused unless a worker can get at a job's file, and say which workers can."""
        if job.for_agent_id is None or job.for_agent_id == worker.agent_id:
            return
        worker_id = worker.worker_id
        machines = self.fleet.machines(self.clock.now())
        file = place_of(job, self.fleet.agents_sending())
        if any(one.worker_id == worker_id and could_reach(one, file) for one in machines):
            return
        can = [repr(one.worker_id) for one in machines if could_reach(one, file)]
        who = f"these workers can: {', '.join(can)}" if can else "no registered worker can"
        raise Refused(
            f"Worker {worker_id!r} can't reach the file, which lies on the disk of agent"
            f" {file.agent_id!r}; {who}."
        )

    def assign(self, agent_id: str, job_id: str | None) -> Transport:
        """Say who is to transcode a file of an agent. Where that worker is elsewhere, the job that
        the agent sends its file for is the one named, else the first of its that waits for a file,
        else a new one.

        Raises Unavailable without a worker, JobNotFound, and Conflict where the job named has no
        use for a file.
        """
        machine = self.dispatcher.choose_for(agent_id)
        if machine.agent_id == agent_id:
            return Transport(machine.worker_id, None)
        if job_id is not None:
            rights.require(self.context, UploadPurpose.JOB_INPUT, job_id)
            return Transport(machine.worker_id, job_id)
        with self.database.write_queue():
            job = self.jobs.first_without_file(agent_id) or self.moves.enter(
                job_type=JobType.TRANSCODE,
                status=JobStatus.PENDING,
                requires_approval=True,
                for_agent_id=agent_id,
            )
        return Transport(machine.worker_id, job.job_id)

    def _inputs(self, state: UploadState) -> dict[str | None, str]:
        """The uploads of raw titles in a state, by their jobs; the latest of each."""
        return {
            upload.job_id: upload.upload_id
            for upload in self.uploads.in_state(state)
            if upload.purpose is UploadPurpose.JOB_INPUT
        }
