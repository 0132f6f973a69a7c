"""A model of the queue: what was done to it, and what must therefore be so."""

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import replace
from functools import partial
from typing import Any

from hypothesis.stateful import RuleBasedStateMachine, invariant

from boz_server.database.connection import Database
from boz_server.database.models import MODELS
from boz_server.domain.discs.disc_states import DiscStatus
from boz_server.domain.machines.capabilities import AGENT_DEFAULTS, WORKER_DEFAULTS
from boz_server.domain.machines.presence import WorkerHeartbeat, WorkerStatus, WorkerType
from boz_server.domain.queue.job_states import (
    HELD,
    NOT_BEGUN,
    OPEN,
    OVER,
    JobReport,
    JobStatus,
    JobType,
    is_upload_error,
)
from boz_server.domain.queue.tool_errors import is_input_unreadable
from boz_server.errors import BozError
from boz_server.services.queue import leases, repair, reports
from boz_server.services.queue.enqueue import NewJob
from boz_server.services.wiring import Services, build_services
from boz_server.settings import Settings
from tests.queue.queue_invariants import (
    QueueState,
    Row,
    check,
    check_gifts,
    check_losses,
    check_step,
)
from tests.support import FakeClock

PCS = ("pc", "den")
#: A worker's PC, and how many jobs it takes at a time.
WORKERS: dict[str, tuple[str | None, int]] = {"gpu": ("pc", 2), "cpu": ("den", 1), "far": (None, 2)}
#: From this number on, a job is chosen whatever state it is in.
UNLIKELY = 8
#: The server's steps that take care of jobs, in their usual order.
EVERY_FEW_SECONDS = (
    "decide_failures",
    "rescue",
    "watch_stalls",
    "retry",
    "give_up_results",
    "dispatch",
    "give_up_rips",
    "take_over_discs",
)
#: How many minutes it takes at most until nothing is left.
ROUNDS_TO_END = 200


class QueueMachine(RuleBasedStateMachine):
    """The services on a database, held to the rules after each step that is done to them."""

    def __init__(self, settings: Settings, database: Database) -> None:
        super().__init__()
        self.database = database
        for model in reversed(MODELS):
            model.delete().execute()
        self.clock = FakeClock()
        self.restart(settings)
        self.state = QueueState.read(self.services)
        #: The jobs that no order of a disc's rips led to.
        self.entered: set[str] = set()
        #: The id that each PC's agent has since its latest start.
        self.ids = {pc: pc for pc in PCS}
        #: Every lease token there ever was, by job, oldest first.
        self.tokens: dict[str, list[str]] = {}
        #: Tokens that a report was taken with, and those of attempts that began by a report.
        self.used: set[str] = set()
        self.taken_up: set[str] = set()

    def restart(self, settings: Settings) -> None:
        """Build the services anew."""
        self.settings = settings
        self.services: Services = build_services(settings, self.database, self.clock)
        # A case that failed has to fail again in the same way.
        leases.CHANCE.seed(0)

    def ask(self, call: Callable[[], Any], *, refused: bool = False, reopens: bool = False) -> Any:
        """Do something, and check what came of it; None where the server said no.

        refused: whether it must say so. reopens: whether jobs may go on that were over.
        """
        # No two things happen at once: the order would be that of random ids.
        self.clock.advance(0.001)
        before = self.state
        try:
            answer = call()
        except BozError:
            unchanged = QueueState.read(self.services, before) == before
            assert unchanged, "refused, and yet something changed"
            return None
        assert not refused, f"taken, but it had to be refused: {answer}"
        self.state = QueueState.read(self.services, before)
        # Jobs in the order in which they first appeared.
        order = dict.fromkeys(event["job"] for event in self.state.events)
        self.state.jobs.update({job_id: self.state.jobs.pop(job_id) for job_id in order})
        check_step(before, self.state, reopens=reopens)
        check_gifts(before, self.state, self.settings, self.clock.now())
        check_losses(before, self.state, self.settings, self.clock.now())
        for job_id, job in self.state.jobs.items():
            seen = self.tokens.setdefault(job_id, [])
            if job["lease_token"] is not None and job["lease_token"] not in seen:
                seen.append(job["lease_token"])
        return answer

    @invariant()
    def the_queue_is_in_order(self) -> None:
        check(self.state, self.settings, self.taken_up)
        rips = Counter(
            (job["disc"], job["title_index"])
            for job_id, job in self.state.jobs.items()
            if job["job_type"] == JobType.RIP and job_id not in self.entered
            if job["status"] in OPEN | {JobStatus.COMPLETED}
        )
        assert all(number == 1 for number in rips.values()), f"ripped twice: {rips}"

    def teardown(self) -> None:
        try:
            self.the_queue_is_in_order()
            self.all_work_until_nothing_is_left()
            repaired = repair.run(self.services.context)
            assert not any(repaired.values()), repaired
        finally:
            self.database.release()

    def register_agent(self, pc: str) -> None:
        self.ask(lambda: self.services.agents.register(self.ids[pc], pc, AGENT_DEFAULTS))

    def start_anew(self, worker_id: str, new: str) -> None:
        """Start a PC's agent with a new id, and check that all follows that belongs to it."""
        pc, _ = WORKERS[worker_id]
        old, self.ids[pc] = self.ids[pc], new
        self.register_agent(pc)
        self.ask(lambda: self.change_worker(worker_id, "register", WorkerStatus.AVAILABLE))
        for job in self.state.jobs.values():
            theirs = (job["for_agent_id"], job["assigned_agent_id"])
            assert job["status"] not in OPEN or old not in theirs, f"left behind: {job}"
        for disc in self.state.discs.values():
            assert disc["agent"] != old or disc["status"] == DiscStatus.EJECTED, disc
        assert self.state.agents[old]["succeeded_by"] == new

    def change_worker(self, worker_id: str, what: str, status: WorkerStatus) -> None:
        """Register a worker with what it can do, or do with it what else can be done."""
        manager, (pc, room) = self.services.workers, WORKERS[worker_id]
        able = {"nvenc": True, "hevc": True} if "gpu" in (worker_id, what) else {}
        match what:
            case "register" | "gpu":
                manager.register(
                    worker_id,
                    agent_id=self.ids.get(pc),
                    worker_type=WorkerType.AGENT if pc else WorkerType.REMOTE,
                    hostname=worker_id,
                    capabilities=WORKER_DEFAULTS | able | {"max_concurrent": room},
                    priority=50,
                )
            case "unregister":
                manager.unregister(worker_id)
            case "heartbeat":
                manager.heartbeat(worker_id, WorkerHeartbeat(status))
            case _:
                manager.set_enabled(worker_id, enabled=what == "enable")

    def all_show_themselves(self) -> None:
        """Let every machine say that it is there."""
        here = self.state.agents.keys() & self.ids.values()
        self.ask(lambda: [self.services.agents.heartbeat(one) for one in sorted(here)])
        self.ask(
            lambda: [
                self.services.workers.heartbeat(one, WorkerHeartbeat())
                for one in self.state.workers
            ]
        )

    def pass_time(self, seconds: float, steps: Collection[str]) -> None:
        """Let time pass, and the server do these of its steps."""
        self.clock.advance(seconds)
        for step in self.services.maintenance.steps:
            if step.name in steps:
                repaired = self.ask(
                    partial(step.run, self.services.context),
                    reopens=step.name in {"retry", "decide_failures"},
                )
                assert step.name != "reconcile" or not any(repaired.values()), repaired

    def all_work_until_nothing_is_left(self) -> None:
        """When all machines are well, every job ends that waits for no person."""
        for pc in PCS:
            self.register_agent(pc)
        for worker_id in WORKERS:
            # With a GPU, so that it can do any preset.
            for what in ("gpu", "enable"):
                self.ask(partial(self.change_worker, worker_id, what, WorkerStatus.AVAILABLE))
        for _ in range(ROUNDS_TO_END):
            if not self.left():
                return
            self.all_show_themselves()
            self.pass_time(60, EVERY_FEW_SECONDS)
            self.all_show_themselves()
            for agent_id in self.ids.values():
                for job in self.ask(partial(self.services.queue.of_agent, agent_id)).jobs:
                    self.end(job.job_id)
            for job in self.ask(partial(self.services.workers.poll, "far", 2)):
                self.end(job.job_id)
        raise AssertionError(f"these don't end: {self.left()}")

    def left(self) -> list[Row]:
        """The jobs that wait for a machine or for their time, and those that machines have."""
        return [
            job
            for job in self.state.jobs.values()
            # What no machine can do: the server organizes, and a rip needs a disc.
            if job["job_type"] != JobType.ORGANIZE
            if job["job_type"] != JobType.RIP or job["disc"] is not None
            if (job["status"] in OPEN - {JobStatus.PENDING} or job["scheduled_at"] is not None)
        ]

    def end(self, job_id: str) -> None:
        """Do a job, as its machine."""
        for status in (JobStatus.RUNNING, JobStatus.COMPLETED):
            self.report(job_id, "latest", JobReport(status, output_file=f"/out/{job_id}.mkv"))

    def enter(self, job_type: JobType, **fields: Any) -> None:
        """Enter a job; what is left out is null."""
        job = self.ask(lambda: self.services.queue.enqueue(NewJob(job_type, **fields)))
        if job is not None:
            self.entered.add(job.job_id)

    def one(self, number: int, *likely: JobStatus) -> Row:
        """The nth latest job, mostly of those in states where something comes of it."""
        jobs = list(self.state.jobs.values())[::-1]
        if number < UNLIKELY:
            jobs = [job for job in jobs if job["status"] in likely] or jobs
        return jobs[number % len(jobs)]

    def report(
        self, job_id: str, kind: str, report: JobReport, worker_id: str | None = None
    ) -> None:
        """Send a report, and check that it was taken only from whom it may come.

        kind: which token it comes with. worker_id: the worker that says that it is done.
        """
        job = self.state.jobs[job_id]
        token = self._token(job, kind)
        # As JobReportSchema reads it.
        report = replace(
            report,
            lease_token=token,
            progress=None if report.progress is None else min(100.0, max(0.0, report.progress)),
            upload_failed=is_upload_error(report.error),
            input_unreadable=is_input_unreadable(report.error),
        )
        failed = [one for one in self.state.failures if one["job"] == job_id]
        if token is None:
            foreign = job["status"] in HELD | OVER and job["lease_token"] in self.used
        else:
            foreign = token != job["lease_token"]
        context, fails = self.services.context, report.status == JobStatus.FAILED
        foreign |= worker_id is not None and job["assigned_worker"] != worker_id
        # It may be about an attempt that has failed before; a worker that is paused by it is at
        # fault for the jobs that it failed.
        answers = {"refused": foreign and not (fails and failed), "reopens": fails}
        if worker_id is None:
            taken = self.ask(lambda: [reports.take(context, job_id, report)], **answers)
        else:
            taken = self.ask(
                lambda: [reports.complete_by_worker(context, worker_id, job_id, report)], **answers
            )
        if taken is None:
            return
        now = self.state.jobs[job_id]
        if report.status in NOT_BEGUN:
            assert now == job, "a machine that has not begun changed a job"
            return
        # A rip whose disc is out can't be kept: it waits for the disc.
        put_back = job["job_type"] == JobType.RIP and report.status == JobStatus.ASSIGNED
        if fails:
            self._check_failure(job, now)
        else:
            waits = put_back and now["status"] == JobStatus.QUEUED
            assert now["status"] == report.status or waits
        if token is not None and job["status"] in HELD:
            self.used.add(token)
        if job["status"] == JobStatus.QUEUED and now["status"] in HELD:
            self.taken_up.add(now["lease_token"])

    @staticmethod
    def _check_failure(job: Row, now: Row) -> None:
        """Check what became of a job by a machine's report that it failed."""
        awaits_reason = now["failing_at"] is not None
        tried_again = now["status"] in {JobStatus.QUEUED, JobStatus.ASSIGNED}
        same_again = (now["status"], now["attempt"]) == (job["status"], job["attempt"])
        is_over = now["status"] == JobStatus.FAILED
        assert awaits_reason or tried_again or same_again or is_over, (job, now)

    def _token(self, job: Row, kind: str) -> str | None:
        seen = self.tokens[job["job_id"]]
        old = [token for token in seen if token != job["lease_token"]]
        if kind == "none" or (kind == "latest" and not seen):
            return None
        if kind == "made up" or (kind == "old" and not old):
            return "f" * 32
        return old[-1] if kind == "old" else seen[-1]
