"""Gives queued jobs to machines."""

from collections.abc import Sequence
from datetime import datetime

from boz_server.clock import Clock
from boz_server.database.connection import Database
from boz_server.database.models import Job
from boz_server.disk import shortage
from boz_server.domain.queue.job_states import JobStatus, JobType
from boz_server.domain.queue.placement import Machine, belonging, choose, why_none
from boz_server.domain.queue.reach import FilePlace, reaches
from boz_server.errors import Refused, Unavailable, WorkerNotFound
from boz_server.repositories.attempt_repository import AttemptRepository, by_worker
from boz_server.repositories.fleet_repository import FleetRepository
from boz_server.services.queue.transitions import SERVER, JobMoves
from boz_server.services.queue.waiting_reasons import WaitingReasons
from boz_server.settings import Settings


class Dispatcher:
    """Fills every free place: a drive, a worker, within the limits of the settings.

    All but `choose_for` runs inside the caller's `write_queue()`: in the transaction
    that made a place free, or brought a job.
    """

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        database: Database,
        *,
        fleet: FleetRepository,
        attempts: AttemptRepository,
        moves: JobMoves,
        reasons: WaitingReasons,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.database = database
        self.reasons = reasons
        self.fleet = fleet
        self.attempts = attempts
        self.moves = moves

    def dispatch(self) -> int:
        """Give away what can be given away; returns how many jobs that were.

        What it costs depends on how many jobs are given away, not on how many wait.
        """
        now = self.clock.now()
        given = 0
        if self.fleet.waits(JobType.RIP, now):
            given += self._dispatch_rips(now)
        if self.fleet.waits(JobType.TRANSCODE, now):
            given += self._dispatch_transcodes(now)
        return given

    def dispatch_now(self) -> int:
        """Dispatch in a transaction of its own: what waited for a moment, not for an event."""
        with self.database.write_queue():
            return self.dispatch()

    def claim(self, worker_id: str, max_jobs: int) -> list[Job]:
        """Return what a worker that asks for work is to do: what it was given and does not know
        of, then what waits. Raises WorkerNotFound."""
        now = self.clock.now()
        machine = self._machine(worker_id, now)
        jobs = self._unknown_to(machine, max_jobs)
        while (
            len(jobs) < max_jobs
            and machine.obstacle() is None
            and self.reasons.room(JobType.TRANSCODE)
        ):
            job = self._claim_one(machine, now)
            if job is None:
                break
            machine.held += 1
            jobs.append(job)
        for job in jobs:
            self.attempts.count_delivery(job.job_id)
        return jobs

    def assign_by_hand(self, job: Job, agent_id: str, actor: str) -> None:
        """Give a queued job, which is for this agent now, to it; it waits where the agent has no
        place for it just now.

        Raises Refused when it would wait for good: no worker on the agent's machine fetches it
        later.
        """
        machines: list[Machine] = []
        if job.job_type == JobType.TRANSCODE:
            machines = belonging(self.fleet.machines(self.clock.now()), None, agent_id)
        free = [machine for machine in machines if machine.obstacle() is None]
        reason = self._obstacle_by_hand(job, agent_id)
        if reason is None and (free or not machines):
            chosen = choose(free, self.settings.worker_assignment_strategy) if free else None
            self.moves.assign(job, agent_id, chosen.worker_id if chosen else None, actor=actor)
        elif job.job_type == JobType.TRANSCODE and not machines:
            raise Refused(f"{reason} Ask again when a place is free.")

    def only_machine_for(self, job: Job) -> tuple[str, str | None] | None:
        """Return agent and worker of the one machine that can do a job; None when several can, as
        where its file can be fetched from here."""
        if job.input_upload_id is not None and job.for_worker_id is None:
            return None
        if job.job_type == JobType.TRANSCODE:
            machines = self.fleet.machines(self.clock.now())
            own = belonging(machines, job.for_worker_id, job.for_agent_id)
            if own and (job.for_worker_id or job.for_agent_id):
                machine = choose(own, self.settings.worker_assignment_strategy)
                return machine.agent_id or machine.worker_id, machine.worker_id
        return None if job.for_agent_id is None else (job.for_agent_id, None)

    def choose_for(self, agent_id: str) -> Machine:
        """Return the worker that can take a file from an agent now: one on the agent's own machine,
        else one that fetches it from here.

        Raises Unavailable when there is none.
        """
        machines = self.fleet.machines(self.clock.now())
        near = belonging(machines, None, agent_id)
        reason = why_none(near, for_agent_id=agent_id, preset=None, chosen=False)
        if not self.reasons.room(JobType.TRANSCODE):
            reason = self.reasons.full(JobType.TRANSCODE)
        elif reason is not None:
            elsewhere = [one for one in machines if one.fetches]
            if why_none(elsewhere, for_agent_id=None, preset=None, chosen=False) is None:
                return self._choose(elsewhere, None, chosen=False)
        if reason is not None:
            raise Unavailable(f"{reason} Register or enable one, or ask again later.")
        return self._choose(near, None, chosen=False)

    def _dispatch_rips(self, now: datetime) -> int:
        given = 0
        room = self.settings.max_concurrent_rips - self.fleet.under_way(JobType.RIP)
        if room <= 0 or shortage(self.settings) is not None:
            return given
        there, busy = self.fleet.agents_there(now), self.fleet.busy_drives()
        agents = [agent_id for agent_id, can_rip in there.items() if can_rip]
        while given < room and (job := self.fleet.next_rip(now, agents, busy)) is not None:
            drive = self.fleet.drive_of(job)
            if drive is None or self.moves.assign(job, drive[0], None, actor=SERVER) is None:
                break
            busy.add(drive)
            given += 1
        return given

    def _dispatch_transcodes(self, now: datetime) -> int:
        given = 0
        room = self.settings.max_concurrent_transcodes - self.fleet.under_way(JobType.TRANSCODE)
        machines = self.fleet.machines(now) if room > 0 else []
        while given < room:
            free = [machine for machine in machines if machine.obstacle() is None]
            job = self.fleet.next_transcode(now, free) if free else None
            if job is None:
                break
            machine = self._choose_told(free, job)
            holder = machine.agent_id or machine.worker_id
            if self.moves.assign(job, holder, machine.worker_id, actor=SERVER) is None:
                break
            self.fleet.take_turn(machine)
            machine.held += 1
            given += 1
        return given

    def _choose_told(self, free: Sequence[Machine], job: Job) -> Machine:
        """Choose who is given a job unasked: of those that have its file, else of those that fetch
        it from here."""
        chosen = job.for_worker_id is not None
        file = FilePlace(job.for_agent_id, is_here=job.input_upload_id is not None)
        told = [
            one
            for one in belonging(free, job.for_worker_id, None)
            if chosen or (one.agent_id and reaches(one, file) and not one.lacks(job.preset))
        ]
        near = [one for one in told if one.agent_id == job.for_agent_id]
        return self._choose(near or told, job.preset, chosen=chosen)

    def _choose(self, machines: Sequence[Machine], preset: str | None, *, chosen: bool) -> Machine:
        fitting = [
            one for one in machines if one.obstacle() is None and (chosen or not one.lacks(preset))
        ]
        return choose(fitting, self.settings.worker_assignment_strategy)

    def _machine(self, worker_id: str, now: datetime) -> Machine:
        for machine in self.fleet.machines(now):
            if machine.worker_id == worker_id:
                return machine
        raise WorkerNotFound(worker_id)

    def _unknown_to(self, machine: Machine, max_jobs: int) -> list[Job]:
        """What a worker was given, and shows by asking for work that it does not know of.

        That is what no answer has carried to it yet; and, when it asks for more than it has room
        for, what was in answers that it never got: of those sent least often the latest, as it
        works on the others.
        """
        unstarted = [
            job
            for job in self.attempts.held(by_worker(machine.worker_id))
            if job.status == JobStatus.ASSIGNED
        ]
        new = [job for job in unstarted if not job.deliveries]
        sent = sorted(
            (job for job in unstarted if job.deliveries),
            key=lambda job: (job.deliveries, -job.assigned_at.timestamp()),
        )
        lost = machine.held - len(new) + max_jobs - machine.room
        return (new + sent[: max(0, lost)])[:max_jobs]

    def _claim_one(self, machine: Machine, now: datetime) -> Job | None:
        holder = machine.agent_id or machine.worker_id
        changes = self.moves.new_attempt(holder, machine.worker_id)
        job = self.attempts.claim(
            now, self.fleet.claimable_by(machine), status=JobStatus.ASSIGNED, **changes
        )
        if job is not None:
            job = self.moves.claimed(job)
            self.fleet.take_turn(machine)
        return job

    def _obstacle_by_hand(self, job: Job, agent_id: str) -> str | None:
        """Why a job can't begin on an agent that is there; None when it can."""
        full = not self.reasons.room(job.job_type)
        if job.job_type == JobType.RIP:
            drive, busy = self.fleet.drive_of(job), self.fleet.busy_drives()
            return self.reasons.rip_obstacle(drive, {agent_id: True}, busy, full=full)
        return self.reasons.full(job.job_type) if full else None
