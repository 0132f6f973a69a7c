"""The queue as people see and steer it: approve, assign, cancel, retry, put first.

How jobs get in is in enqueue.py, what machines report of them in reports.py.
"""

import logging
from dataclasses import dataclass

import peewee

from boz_server.context import Context
from boz_server.database.models import Job, JobEvent
from boz_server.domain.machines.presence import AgentStatus
from boz_server.domain.queue.file_access import is_shared
from boz_server.domain.queue.job_states import OPEN, OVER, JobStatus, JobType
from boz_server.errors import AgentNotFound, Conflict, Refused
from boz_server.repositories.attempt_repository import by_agent
from boz_server.repositories.job_repository import Guard, JobRepository, JobValues
from boz_server.repositories.paging import Page, PageRequest
from boz_server.services.library.nas import LibraryShare
from boz_server.services.machines import presence
from boz_server.services.machines.agent_manager import AgentManager
from boz_server.services.machines.worker_manager import WorkerManager
from boz_server.services.queue import (
    dispatcher,
    file_names,
    polls,
    remote_inputs,
    reports,
    stalls,
    transitions,
    waiting_reasons,
)
from boz_server.services.queue.enqueue import NewJob, enqueue
from boz_server.services.queue.transitions import PERSON

log = logging.getLogger(__name__)

#: The highest priority, a 32-bit integer's.
HIGHEST_PRIORITY = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Approval:
    """The outcome of a person's approval of a job."""

    job_id: str
    worker_id: str
    #: The worker's agent, or the worker's own id where it has none.
    agent_id: str
    preset: str


@dataclass(frozen=True, slots=True)
class AgentWork:
    """What an agent is to do: its jobs, in order, and the files that it is to send, in order; None
    for one that sends none."""

    jobs: list[Job]
    uploads_wanted: list[remote_inputs.WantedFile] | None


class JobQueue:
    """Shows jobs, and carries out what people decide about them.

    nas: the library's share, which says why organize jobs wait.
    """

    def __init__(
        self, context: Context, nas: LibraryShare, agents: AgentManager, workers: WorkerManager
    ) -> None:
        self.context = context
        self.nas = nas
        self.agents = agents
        self.workers = workers

    def enqueue(self, new: NewJob) -> Job:
        """Enter a job, as `enqueue.enqueue` does."""
        job = enqueue(self.context, new)
        waiting_reasons.explain(self.context, self.nas, [job])
        return job

    def get(self, job_id: str) -> Job:
        """Return a job; raises JobNotFound."""
        job = self._find(job_id)
        waiting_reasons.explain(self.context, self.nas, [job])
        return job

    def newest(self, request: PageRequest, status: JobStatus | None = None) -> Page[Job]:
        """Return jobs, newest first."""
        return self._explained(self._jobs.newest(request, status))

    def waiting(self, request: PageRequest) -> Page[Job]:
        """Return the jobs that no machine has yet, most urgent first."""
        return self._explained(self._jobs.waiting(request))

    def awaiting_approval(self, request: PageRequest) -> Page[Job]:
        """Return the transcode jobs that wait for a person, most urgent first."""
        return self._explained(self._jobs.awaiting_approval(request))

    def upload_errors(self, request: PageRequest) -> Page[Job]:
        """Return the jobs whose result could not be uploaded, the latest first."""
        return self._jobs.upload_errors(request)

    def history(self, job_id: str, request: PageRequest) -> Page[JobEvent]:
        """Return a job's history, oldest first. Raises JobNotFound."""
        self._find(job_id)
        return self.context.stores.jobs.history(job_id, request)

    def of_agent(self, agent_id: str) -> AgentWork:
        """Return an agent's jobs, and the files that it is to send; the request is a sign of life,
        which renews its leases, and hands the jobs out (see `polls`).

        Raises AgentNotFound.
        """
        holder, attempts = by_agent(agent_id), self.context.stores.attempts
        agent = presence.hear(self.context, agent_id, polls=True)
        if agent is None:
            raise AgentNotFound(agent_id)
        held, now = attempts.held(holder), self.context.clock.now()
        if any(attempts.lapses(job, now) for job in held):
            with self.context.database.write_queue(lightly=True):
                attempts.extend(holder, now)
            held = attempts.held(holder)
        # The agent would begin an attempt again that it has just failed.
        jobs = [
            job for job in held if job.failing_at is None or job.status is not JobStatus.ASSIGNED
        ]
        polls.note(self.context, jobs)
        return AgentWork(jobs, remote_inputs.wanted_of(self.context, agent))

    def stats(self) -> dict[str, int]:
        """Count the jobs: total, each status, each type, those that await approval, and those that
        stand still; and say for how many seconds the first of the queue has waited."""
        counts = self._jobs.counts()
        stats = {"total_jobs": sum(number for *_, number in counts)}
        for status in JobStatus:
            stats[status.value] = sum(row[-1] for row in counts if row[0] == status)
        for job_type in JobType:
            stats[f"{job_type}_jobs"] = sum(row[-1] for row in counts if row[1] == job_type)
        stats["awaiting_approval"] = sum(
            number
            for status, job_type, requires_approval, number in counts
            if requires_approval and (status, job_type) == (JobStatus.PENDING, JobType.TRANSCODE)
        )
        stats["stalled"] = len(stalls.told_of(self.context))
        now = self.context.clock.now()
        since = self._jobs.longest_queued_since(now) or now
        stats["queue_age_seconds"] = max(0, int((now - since).total_seconds()))
        return stats

    def assign(self, job_id: str, agent_id: str) -> None:
        """Give a job to the agent that a person chose.

        Raises JobNotFound, AgentNotFound, Refused when the agent is not available, has no place
        for it or not its disc, and Conflict when the job is past being assigned.
        """
        with self.context.database.write_queue():
            job = self._find(job_id)
            agent = self.agents.get(agent_id)
            if job.job_type is JobType.ORGANIZE:
                raise Refused("The server files this by itself: no agent can do it.")
            if agent.status != AgentStatus.ONLINE:
                raise Refused(
                    f"Agent {agent_id!r} is {agent.status}: choose one that is online, or wait."
                )
            self._require_disc_at(job, agent_id)
            if self._ready_for(job, agent_id) is None:
                raise Conflict(f"The job is {job.status}: only one that has not begun is assigned.")
            self.context.stores.attempts.forget_failures(job_id)
            dispatcher.assign_by_hand(self.context, self._find(job_id), agent_id)
            dispatcher.dispatch(self.context)

    def approve(
        self, job_id: str, worker_id: str, preset: str, output_name: str | None = None
    ) -> Approval:
        """Give a job to the worker that a person chose, as soon as that worker has room; if it is
        paused, this ends the pause.

        Raises JobNotFound, WorkerNotFound, and Refused when the job does not await approval, or the
        worker can't reach its file.
        """
        with self.context.database.write_queue():
            job = self._find(job_id)
            worker = self.workers.get(worker_id)
            stays = job.for_agent_id is not None and not is_shared(job.input_file)
            for_agent_id = job.for_agent_id if stays else worker.agent_id
            named = file_names.renamed(self.context, job, output_name, for_agent_id)
            moved = transitions.move(
                self.context,
                job,
                JobStatus.QUEUED,
                actor=PERSON,
                guard=Guard(only_from={JobStatus.PENDING}, requires_approval=True),
                detail=f"Approved for worker {worker_id!r} with {preset!r}.",
                values={
                    "for_worker_id": worker_id,
                    "for_agent_id": for_agent_id,
                    "preset": preset,
                    "is_named_by_person": job.is_named_by_person
                    or (bool(output_name) and not file_names.is_named(job, output_name or "")),
                    **named,
                },
            )
            if moved is None:
                state = f"is {job.status}" if job.requires_approval else "needs no approval"
                raise Refused(
                    f"The job {state}: only a pending job that requires approval can be approved."
                )
            remote_inputs.require_access(self.context, job, worker)
            self.workers.lift_pause(worker_id)
            dispatcher.dispatch(self.context)
        return Approval(job_id, worker_id, worker.agent_id or worker_id, preset)

    def cancel(self, job_id: str) -> None:
        """End a job that is not over yet. Raises JobNotFound, and Refused when it is."""
        with self.context.database.write_queue():
            job = self._find(job_id)
            moved = transitions.move(self.context, job, JobStatus.CANCELLED, actor=PERSON)
            if moved is None:
                raise Refused(f"The job is {job.status} already: nothing to cancel.")
            dispatcher.dispatch(self.context)

    def retry(self, job_id: str) -> Job:
        """Try a job again that failed, or whose result could not be uploaded; it has all its
        attempts again. A rip waits for its disc, as long as that may come back.

        Raises JobNotFound, and Conflict when it is in no such state or can't be done any more.
        """
        with self.context.database.write_queue():
            job = self._find(job_id)
            failed = job.status == JobStatus.FAILED
            if not failed and not (job.status in OVER and job.upload_failed):
                raise Conflict(
                    f"The job is {job.status}: only a failed one is tried again, or one whose"
                    " result could not be uploaded."
                )
            self._require_disc(job)
            try:
                detail = "Tried again by a person."
                afresh = JobValues(failures=0, elsewhere_until=None)
                moved = transitions.again(
                    self.context, job, actor=PERSON, detail=detail, values=afresh
                )
            except peewee.IntegrityError as error:
                raise Conflict(
                    "Another job does the same by now: see GET /api/jobs; cancel that one first."
                ) from error
            if moved is None:
                raise Conflict(f"The job is {job.status}: a cancelled job never runs again.")
            self.context.stores.attempts.forget_failures(job_id)
            dispatcher.dispatch(self.context)
            return self.get(job_id)

    def set_priority(self, job_id: str, priority: int) -> Job:
        """Set how urgent a job is, higher first. Raises JobNotFound, Conflict when it is over."""
        with self.context.database.write_queue():
            return self._prioritise(self._find(job_id), priority)

    def bump(self, job_id: str) -> Job:
        """Put a job before all others that wait. Raises JobNotFound, Conflict when it is over."""
        with self.context.database.write_queue():
            job = self._find(job_id)
            highest = self._jobs.highest_waiting_priority(besides=job_id)
            if highest is None or highest < job.priority:
                return self._prioritise(job, job.priority)
            return self._prioritise(job, min(highest + 1, HIGHEST_PRIORITY))

    def _explained(self, page: Page[Job]) -> Page[Job]:
        waiting_reasons.explain(self.context, self.nas, page.items)
        return page

    def _prioritise(self, job: Job, priority: int) -> Job:
        guard = Guard(only_from=OPEN)
        changed = self._jobs.change(job.job_id, {"priority": priority}, guard)
        if changed is None:
            raise Conflict(f"The job is {job.status}: only open jobs can be reprioritised.")
        if priority != job.priority:
            detail = f"Priority {job.priority} became {priority}."
            transitions.note(self.context, changed, actor=PERSON, detail=detail)
        dispatcher.dispatch(self.context)
        return self.get(job.job_id)

    def _ready_for(self, job: Job, agent_id: str) -> Job | None:
        """Queue a job for the agent that a person chose, even if a machine has it; None once it
        has begun."""
        own: JobValues = {
            "for_agent_id": agent_id,
            "for_worker_id": None,
            "failures": 0,
            "elsewhere_until": None,
            "stood_at": None,
        }
        detail = f"Chosen for agent {agent_id!r}."
        if job.status == JobStatus.QUEUED:
            return self._jobs.change(job.job_id, own | JobValues(scheduled_at=None))
        if job.status == JobStatus.PENDING:
            return transitions.move(
                self.context, job, JobStatus.QUEUED, actor=PERSON, detail=detail, values=own
            )
        if job.status == JobStatus.ASSIGNED:
            return transitions.requeue(self.context, job, actor=PERSON, detail=detail, values=own)
        return None

    def _require_disc_at(self, job: Job, agent_id: str) -> None:
        """Raise Refused unless the agent has the disc of a rip."""
        if job.job_type != JobType.RIP or job.disc_id is None:
            return
        disc = self.context.stores.discs.get(job.disc_id)
        if disc is not None and disc.agent_id != agent_id:
            raise Refused(f"The disc lies in a drive of agent {disc.agent_id!r}: choose that one.")

    def _require_disc(self, job: Job) -> None:
        """Raise Conflict if a job is a rip whose disc is out for good."""
        if transitions.can_wait(self.context, job):
            return
        disc_id = job.disc_id or ""
        place = self.context.stores.fleet.places_of([disc_id]).get(disc_id)
        if place is None:
            raise Conflict(
                "The disc of this rip is not known any more: put it in, and rip it anew."
            )
        raise Conflict(
            f"The disc has been out of its drive for too long: put {place.label!r} into a drive of"
            f" agent {place.drive[0]!r}, and rip it anew."
        )

    def _find(self, job_id: str) -> Job:
        return reports.find(self.context, job_id)

    @property
    def _jobs(self) -> JobRepository:
        return self.context.stores.jobs
