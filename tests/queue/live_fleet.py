"""Machines that live on by their own time, whatever the server's clock says."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from boz_server.database.models import Job
from boz_server.domain.machines.capabilities import AGENT_DEFAULTS, WORKER_DEFAULTS
from boz_server.domain.machines.presence import WorkerHeartbeat, WorkerType
from boz_server.domain.queue.job_states import JobReport, JobStatus, JobType
from boz_server.errors import Conflict
from boz_server.services.queue import reports
from boz_server.services.queue.enqueue import NewJob
from boz_server.services.wiring import Services
from tests.maintenance.timer import Timer

#: Between two looks at what there is to do; agents of today look so often.
STEP_SECONDS = 5
HEARTBEAT_STEPS = 6
#: By how much a job is further on at each step.
PERCENT = 12.5


@dataclass
class Machine:
    """One machine: an agent with its worker, or a worker that asks for work by itself."""

    services: Services
    name: str
    is_agent: bool
    #: Whether it reports with the tokens that it gets; machines of today don't.
    sends_tokens: bool
    alive: bool = True
    in_hand: dict[str, tuple[str | None, float]] = field(default_factory=dict)
    ended: Counter[str] = field(default_factory=Counter)
    refused: list[str] = field(default_factory=list)

    def arrive(self) -> None:
        """Register."""
        if self.is_agent:
            self.services.agents.register(self.name, self.name, AGENT_DEFAULTS)
        self.services.workers.register(
            f"{self.name}-worker",
            agent_id=self.name if self.is_agent else None,
            worker_type=WorkerType.AGENT if self.is_agent else WorkerType.REMOTE,
            hostname=self.name,
            capabilities=WORKER_DEFAULTS | {"max_concurrent": 1},
            priority=50,
        )

    def step(self, number: int) -> None:
        """Show itself when it is time to, work on, and take what is new."""
        if not self.alive:
            return
        if number % HEARTBEAT_STEPS == 0:
            self.services.workers.heartbeat(f"{self.name}-worker", WorkerHeartbeat())
            if self.is_agent:
                self.services.agents.heartbeat(self.name)
        for job_id in list(self.in_hand):
            self._work_on(job_id)
        for job in self._asked():
            if job.status == JobStatus.ASSIGNED and job.job_id not in self.in_hand:
                self.in_hand[job.job_id] = (job.lease_token if self.sends_tokens else None, 0.0)
                self._report(job.job_id, JobStatus.RUNNING, 0.0)

    def _asked(self) -> list[Job]:
        if self.is_agent:
            return self.services.queue.of_agent(self.name).jobs
        return [] if self.in_hand else self.services.workers.poll(f"{self.name}-worker", 1)

    def _work_on(self, job_id: str) -> None:
        token, percent = self.in_hand[job_id]
        self.in_hand[job_id] = (token, percent + PERCENT)
        if percent + PERCENT < 100:
            self._report(job_id, JobStatus.RUNNING, percent + PERCENT)
            return
        self._report(job_id, JobStatus.COMPLETED, 100.0, f"/done/{job_id}.mkv")
        if self.in_hand.pop(job_id, None):
            self.ended[job_id] += 1

    def _report(
        self, job_id: str, status: JobStatus, percent: float, output_file: str | None = None
    ) -> None:
        token = self.in_hand[job_id][0]
        report = JobReport(status, percent, None, output_file, token)
        try:
            reports.take(self.services.context, job_id, report)
        except Conflict:
            # It stops working on it, as it was told.
            del self.in_hand[job_id]
            self.refused.append(job_id)


class Fleet:
    """Two PCs with a drive and a worker each, a worker by itself, and servers that look on."""

    def __init__(self, services: Services, timer: Timer, *, sends_tokens: bool = True) -> None:
        self.services, self.timer = services, timer
        self.servers = [services.maintenance]
        self.pc, self.den, self.far = self.machines = [
            Machine(services, name, name != "far", sends_tokens) for name in ("pc", "den", "far")
        ]
        self.steps = 0
        for machine in self.machines:
            machine.arrive()

    def live(self, seconds: int, *, server: bool = True) -> None:
        """Let time pass, as the server's clock and everyone's own tell it alike."""
        for _ in range(seconds // STEP_SECONDS):
            self.timer.pass_by(STEP_SECONDS)
            if server:
                for one in self.servers:
                    one.tick()
            self.work()

    def work(self) -> None:
        """Let every machine take one step."""
        self.steps += 1
        for machine in self.machines:
            machine.step(self.steps)

    def file(self, **fields: Any) -> str:
        """Enter a file to transcode that any machine may have; its job's id."""
        job = self.services.queue.enqueue(NewJob(JobType.TRANSCODE, **fields))
        return str(job.job_id)

    def ends(self) -> Counter[str]:
        """How often each job was ended by a machine."""
        return sum((machine.ended for machine in self.machines), Counter())

    def until(self, over: Callable[[], bool], seconds: int) -> None:
        """Live until something is true; fails if it is not within that many seconds."""
        for _ in range(seconds // STEP_SECONDS):
            if over():
                return
            self.live(STEP_SECONDS)
        assert over()
