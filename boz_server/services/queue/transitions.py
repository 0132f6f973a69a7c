"""Changes of a job's state: each with what it means for agent, worker and disc, and its history.

Everything here runs inside the caller's `write_queue()`.
"""

import logging
from collections.abc import Collection
from typing import Any
from uuid import uuid4

from boz_server.clock import Clock
from boz_server.context import Context
from boz_server.database.models import Job
from boz_server.domain.queue.job_states import HELD, OVER, JobStatus, JobType, sources
from boz_server.domain.queue.retry_policy import is_upload_error
from boz_server.repositories.agent_repository import AgentRepository
from boz_server.repositories.attempt_repository import AttemptRepository
from boz_server.repositories.disc_repository import DiscRepository
from boz_server.repositories.job_event_repository import JobEventRepository
from boz_server.repositories.job_repository import JobRepository, Step
from boz_server.repositories.worker_repository import WorkerRepository
from boz_server.services.notifications import discord
from boz_server.services.statistics import record
from boz_server.settings import Settings

log = logging.getLogger(__name__)

#: Who makes a change that no machine made.
PERSON, SERVER = "person", "server"
#: Who has the server's own jobs, where others are named by their agent.
HOLDER = "boz-server"

DISC_GONE = "The disc left its drive before this title was ripped: put it in again."

#: What an attempt that is over, or was taken away, leaves on its job.
NO_ATTEMPT: dict[str, Any] = {
    "assigned_agent_id": None,
    "assigned_worker": None,
    "assigned_at": None,
    "lease_token": None,
    "lease_expires_at": None,
    "started_at": None,
    "reported_at": None,
    "progress": 0.0,
}
#: What a job that is over loses when it is tried again.
AFRESH: dict[str, Any] = {
    "completed_at": None,
    "scheduled_at": None,
    "output_file": None,
    "output_file_size": None,
    "error": None,
}


class JobMoves:
    """Moves jobs from state to state; every move is one guarded UPDATE and one event."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        *,
        jobs: JobRepository,
        events: JobEventRepository,
        attempts: AttemptRepository,
        agents: AgentRepository,
        workers: WorkerRepository,
        discs: DiscRepository,
        context: Context,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.jobs = jobs
        self.events = events
        self.attempts = attempts
        self.agents = agents
        self.workers = workers
        self.discs = discs
        self.context = context

    def enter(self, **fields: Any) -> Job:
        """Enter a new job."""
        job = self.jobs.insert(job_id=str(uuid4()), created_at=self.clock.now(), **fields)
        self.events.record(job, job.created_at, from_status=None, actor=SERVER)
        if job.job_type == JobType.RIP and job.disc_id is not None:
            self.discs.begin_ripping(job.disc_id)
        return job

    def move(
        self,
        job_id: str,
        target: JobStatus,
        *conditions: Any,
        actor: str,
        only_from: Collection[JobStatus] = frozenset(JobStatus),
        detail: str | None = None,
        duration_seconds: float | None = None,
        **changes: Any,
    ) -> Job | None:
        """Take a job to another state; None when it is in no state from which it may go there,
        or does not meet the conditions.

        duration_seconds: how long the work took by its machine's clock; None where it didn't say.
        """
        origins = sources(target) & set(only_from)
        step = self.jobs.step(job_id, origins, *conditions, status=target, **changes)
        if step is None:
            return None
        now = self.clock.now()
        self.events.record(
            step.job, now, from_status=step.before.status, actor=actor, detail=detail
        )
        record.count(self.context, step, now, duration_seconds)
        self._settle(step)
        log.info("Job moved", extra={"job_id": job_id, "status": target, "actor": actor})
        return step.job

    def assign(
        self, job: Job, agent_id: str, worker_id: str | None, *, actor: str, **changes: Any
    ) -> Job | None:
        """Start an attempt at a queued job; None when it is not queued any more."""
        changes = self.new_attempt(agent_id, worker_id) | changes
        if job.job_type == JobType.TRANSCODE and not job.preset:
            changes["preset"] = self._usual_preset(job, worker_id)
        return self.move(job.job_id, JobStatus.ASSIGNED, actor=actor, only_from={JobStatus.QUEUED},
                         **changes)  # fmt: skip

    def note(self, job: Job, *, actor: str, detail: str) -> None:
        """Write down what happened to a job beside its state."""
        self.events.record(
            job, self.clock.now(), from_status=job.status, actor=actor, detail=detail
        )

    def claimed(self, job: Job) -> Job:
        """Settle what a worker has claimed by a statement of its own; returns it with the preset
        that it is to be done with."""
        if not job.preset:
            preset = self._usual_preset(job, job.assigned_worker_id)
            job = self.jobs.change(job.job_id, preset=preset) or job
        self.events.record(job, self.clock.now(), from_status=JobStatus.QUEUED, actor=actor_of(job))
        self._refresh(job)
        return job

    def new_attempt(self, agent_id: str, worker_id: str | None) -> dict[str, Any]:
        """Return what an attempt sets on its job; worker_id: None where no worker is registered."""
        now = self.clock.now()
        term = self.attempts.worker_term if agent_id == worker_id else self.attempts.agent_term
        return NO_ATTEMPT | {
            "assigned_agent_id": agent_id,
            "assigned_worker": worker_id,
            "assigned_at": now,
            "attempt": Job.attempt + 1,
            "lease_token": uuid4().hex,
            "lease_expires_at": now + term,
            "lease_doubted": False,
            "token_used": False,
            "deliveries": 0,
            **AFRESH,
        }

    def requeue(self, job: Job, *, actor: str, detail: str, **changes: Any) -> Job | None:
        """Take an attempt away from its machine; the job waits for the next.

        Without failover a job stays with the worker that had it, until a person decides, but where
        the agent that it is for may give it to another of its workers. A rip
        whose disc has left its drive can't wait for anything: it fails.
        """
        if not self.can_wait(job):
            return self.end(
                job.job_id,
                JobStatus.FAILED,
                Job.attempt == job.attempt,
                only_from=HELD,
                actor=actor,
                detail=detail,
                error=DISC_GONE,
            )
        kept = (
            {"for_worker_id": job.assigned_worker_id}
            if not self.settings.worker_auto_failover and job.for_agent_id != job.assigned_agent_id
            else {}
        )
        return self.move(
            job.job_id,
            JobStatus.QUEUED,
            Job.attempt == job.attempt,
            actor=actor,
            only_from=HELD,
            detail=detail,
            **(NO_ATTEMPT | kept | changes),
        )

    def can_wait(self, job: Job) -> bool:
        """Whether a job can still be begun later: a rip only while its disc is in its drive."""
        return job.job_type != JobType.RIP or self.discs.in_its_drive(job.disc_id)

    def again(self, job: Job, *, actor: str, detail: str, **changes: Any) -> Job | None:
        """Queue a job once more that failed, or whose result could not be uploaded; None when it
        is neither, or has changed since it was read.

        Raises IntegrityError when another job does the same by now.
        """
        if job.status == JobStatus.COMPLETED and not is_upload_error(job.error):
            return None
        return self.move(
            job.job_id,
            JobStatus.QUEUED,
            Job.attempt == job.attempt,
            Job.error == job.error,
            actor=actor,
            only_from={JobStatus.COMPLETED, JobStatus.FAILED},
            detail=detail,
            **(NO_ATTEMPT | AFRESH | changes),
        )

    def end(self, job_id: str, target: JobStatus, *conditions: Any, **options: Any) -> Job | None:
        """Take a job to a state in which it is over."""
        over = {
            "completed_at": self.clock.now(),
            "lease_expires_at": None,
            "scheduled_at": None,
        }
        return self.move(job_id, target, *conditions, **(over | options))

    def _usual_preset(self, job: Job, worker_id: str | None) -> str:
        """What a transcode that names no preset is done with on a worker; None: none is known."""
        if not self.settings.auto_transcode:
            # Without a look at worker and disc: assigning is what the queue does all day.
            return self.settings.default_transcode_preset
        worker = None if worker_id is None else self.workers.get(worker_id)
        disc_type = None if job.disc_id is None else self.discs.type_of(job.disc_id)
        return self.settings.usual_preset(disc_type, {} if worker is None else worker.capabilities)

    def _settle(self, step: Step) -> None:
        """Bring agents, workers and the disc in line with a job whose state has changed."""
        self._refresh(step.before, step.job)
        job = step.job
        if job.job_type == JobType.RIP and job.disc_id is not None:
            if job.status == JobStatus.COMPLETED:
                self.discs.note_ripped(job.disc_id, job.title_index, self.clock.now())
            if job.status in OVER:
                self.discs.finish_ripping(job.disc_id)
            elif step.before.status in OVER:
                self.discs.begin_ripping(job.disc_id)
        self.tell_end(job)

    def tell_end(self, job: Job) -> None:
        """Tell people of a job that is done, or has failed and is not tried again by itself."""
        if job.scheduled_at is not None:
            return
        is_done = job.status == JobStatus.COMPLETED
        if job.status == JobStatus.FAILED or (is_done and is_upload_error(job.error)):
            discord.job_failed(self.context, job)
        elif is_done:
            discord.job_completed(self.context, job)

    def _refresh(self, *jobs: Job) -> None:
        """Bring the machines that have, or had, these jobs in line with them."""
        for agent_id in sorted({job.assigned_agent_id for job in jobs if job.assigned_agent_id}):
            self.agents.refresh_work(agent_id)
        for worker_id in sorted({job.assigned_worker_id for job in jobs if job.assigned_worker_id}):
            self.workers.refresh_work(worker_id)


def actor_of(job: Job) -> str:
    """Name the machine that has a job, as the history does."""
    return machine_name(job.assigned_agent_id, job.assigned_worker_id)


def machine_name(agent_id: str | None, worker_id: str | None) -> str:
    """Name a machine as the history does: by its agent, where it has one."""
    if agent_id == HOLDER:
        return SERVER
    if agent_id is not None and agent_id != worker_id:
        return f"agent:{agent_id}"
    return f"worker:{worker_id}"
