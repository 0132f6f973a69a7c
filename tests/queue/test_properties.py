"""Whatever happens to the queue, in whatever order, its rules hold.

`make test` tries the same cases each time, `make chaos` many more, and others each time.
"""

import os
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, Phase
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule, run_state_machine_as_test

from boz_server.database.connection import Database
from boz_server.domain.identification.title_facts import TitleFacts
from boz_server.domain.machines.presence import WorkerStatus
from boz_server.domain.queue.job_states import (
    HELD,
    OPEN,
    OVER,
    UNSTARTED,
    JobReport,
    JobStatus,
    JobType,
)
from boz_server.domain.queue.placement import AssignmentStrategy
from boz_server.services.discs import detection, review, rip_requests
from boz_server.services.discs.detection import ReportedDisc
from tests.client import UNREADABLE, titles
from tests.queue.queue_machine import (
    EVERY_FEW_SECONDS,
    PCS,
    UNLIKELY,
    WORKERS,
    QueueMachine,
)
from tests.support import put_in

#: Thousands of steps: what they run, the tests of each behaviour run and measure.
CHAOS = "CHAOS_ROUNDS" in os.environ
LABELS = ("HEAT", "FIREFLY_S01_D1", "FIREFLY_S01_D2")
pcs, workers = st.sampled_from(PCS), st.sampled_from(sorted(WORKERS))
drives = st.sampled_from(["D:", "E:"])
files = st.sampled_from([None, "/rips/1.mkv", "/rips/2.mkv"])
errors = st.sampled_from(
    [None, None, "HandBrake crashed", UNREADABLE, "Upload failed: 503", "Upload failed"]
)
#: What else a report says.
sayings = st.fixed_dictionaries(
    {
        "progress": st.none() | st.floats(-10, 110),
        "error": errors,
        "output_file": files,
        "output_file_size": st.sampled_from([None, 0, 1_000_000]),
        "duration_seconds": st.sampled_from([None, 0, 40.5]),
    }
)
#: Which of the jobs, counted from the latest.
nth = st.integers(0, UNLIKELY + 1)
#: With which of the job's tokens a report comes.
kinds = st.sampled_from(["latest", "latest", "latest", "none", "none", "old", "made up"])
some_jobs = precondition(lambda machine: machine.state.jobs)
some_held = precondition(lambda machine: machine.state.held())


class Anything(QueueMachine):
    """All that machines, people, discs and time can do."""

    @initialize(
        strategy=st.sampled_from(AssignmentStrategy),
        failover=st.booleans(),
        discs=st.integers(0, 2),
        transcodes=st.integers(1, 4),
    )
    def begin(
        self, strategy: AssignmentStrategy, failover: bool, discs: int, transcodes: int
    ) -> None:
        self.restart(
            replace(
                self.settings, worker_assignment_strategy=strategy, worker_auto_failover=failover
            )
        )
        for pc in PCS:
            self.register_agent(pc)
        for worker_id in WORKERS:
            self.worker_comes_and_goes(worker_id, "register")
        for number in range(discs):
            self.disc_is_put_in(PCS[number], "D:", LABELS[number], None)
        for _ in range(transcodes):
            self.enter(JobType.TRANSCODE)

    @rule(pc=pcs, what=st.sampled_from(["register", "heartbeat", "unregister"]))
    def agent_comes_and_goes(self, pc: str, what: str) -> None:
        if what == "register":
            self.register_agent(pc)
        else:
            self.ask(lambda: getattr(self.services.agents, what)(self.ids[pc]))

    @rule(worker_id=st.sampled_from(["gpu", "cpu"]), number=st.integers(1, 3))
    def agent_starts_anew(self, worker_id: str, number: int) -> None:
        new = f"{WORKERS[worker_id][0]}-{number}"
        # What shows that it is the same machine is its worker.
        if worker_id in self.state.workers and new not in self.ids.values():
            self.start_anew(worker_id, new)

    @rule(
        worker_id=workers,
        what=st.sampled_from(
            ["register", "register", "unregister", "enable", "enable", "disable", "heartbeat"]
        ),
        status=st.sampled_from(WorkerStatus),
    )
    def worker_comes_and_goes(
        self, worker_id: str, what: str, status: WorkerStatus = WorkerStatus.AVAILABLE
    ) -> None:
        self.ask(lambda: self.change_worker(worker_id, what, status))

    @rule(pc=pcs)
    def agent_fetches_jobs(self, pc: str) -> None:
        agent_id = self.ids[pc]
        jobs = self.ask(lambda: self.services.queue.of_agent(agent_id).jobs)
        own = {
            job["job_id"]
            for job in self.state.held()
            if job["assigned_agent_id"] == agent_id
            # It said that this one has failed, and not why yet.
            and not (job["status"] == "assigned" and job["failing_at"])
        }
        assert {job.job_id for job in jobs} == own

    @rule(worker_id=workers, max_jobs=st.integers(1, 3))
    def worker_polls(self, worker_id: str, max_jobs: int) -> None:
        for job in self.ask(lambda: self.services.workers.poll(worker_id, max_jobs)) or []:
            row = self.state.jobs[job.job_id]
            assert (row["assigned_worker"], row["lease_token"]) == (worker_id, job.lease_token)

    @rule(
        pc=pcs,
        drive=drives,
        label=st.sampled_from(LABELS),
        indices=st.sampled_from([None, None, [], [0], [0, 2]]),
    )
    def disc_is_put_in(self, pc: str, drive: str, label: str, indices: list[int] | None) -> None:
        minutes = (170,) if label == "HEAT" else (43, 42.5, 44)
        facts = [TitleFacts(**title) for title in titles(*minutes)]
        report = ReportedDisc(self.ids[pc], drive, label, "DVD disc", facts)
        disc_id = self.ask(lambda: put_in(self.services, report)).disc_id
        if indices != []:
            self.ask(lambda: review.approve(self.services.context, disc_id, {}))
            self.ask(lambda: rip_requests.order(self.services.context, disc_id, indices))

    @rule(pc=pcs, drive=drives)
    def disc_is_ejected(self, pc: str, drive: str) -> None:
        self.ask(lambda: detection.ejected(self.services.context, self.ids[pc], drive))

    @rule(
        job_type=st.sampled_from([JobType.RIP, JobType.TRANSCODE, JobType.ORGANIZE]),
        requires_approval=st.booleans(),
        disc=nth,
        title_index=st.sampled_from([None, 0, 1, 2]),
        input_file=files,
        preset=st.sampled_from([None, "H.265 NVENC 1080p"]),
    )
    def job_is_entered(self, job_type: JobType, disc: int, **fields: Any) -> None:
        discs = list(self.state.discs) if disc < UNLIKELY else []
        self.enter(job_type, disc_id=discs[disc % len(discs)] if discs else None, **fields)

    @some_jobs
    @rule(number=nth, worker_id=workers, preset=st.sampled_from(["Fast 1080p30", "Mine"]))
    def job_is_approved(self, number: int, worker_id: str, preset: str) -> None:
        job_id = self.one(number, JobStatus.PENDING)["job_id"]
        self.ask(lambda: self.services.queue.approve(job_id, worker_id, preset))

    @some_jobs
    @rule(number=nth, pc=pcs)
    def job_is_assigned(self, number: int, pc: str) -> None:
        agent_id = self.ids[pc]
        job_id = self.one(number, *UNSTARTED)["job_id"]
        if self.ask(lambda: [self.services.queue.assign(job_id, agent_id)]):
            job = self.state.jobs[job_id]
            holder = job["assigned_agent_id"] or job["for_agent_id"]
            assert (job["status"] in UNSTARTED, holder) == (True, agent_id), job

    @some_jobs
    @rule(number=nth, what=st.sampled_from(["cancel", "retry", "retry", "bump", "set_priority"]))
    def job_is_steered(self, number: int, what: str) -> None:
        likely = OVER if what == "retry" else OPEN
        job_id = self.one(number, *likely)["job_id"]
        facts = [number] if what == "set_priority" else []
        steer = getattr(self.services.queue, what)
        if self.ask(lambda: [steer(job_id, *facts)], reopens=what == "retry"):
            assert (self.state.jobs[job_id]["status"] in OPEN) == (what != "cancel")

    @some_held
    @rule(
        number=nth,
        progress=st.lists(st.tuples(kinds, st.floats(-10, 110)), max_size=3),
        kind=kinds,
        end=st.sampled_from([None, "completed", "completed", "failed", "failed", "assigned"]),
        said=sayings,
    )
    def machine_works(
        self,
        number: int,
        progress: list[tuple[str, float]],
        kind: str,
        end: str | None,
        said: dict[str, Any],
    ) -> None:
        job_id = self.one(number, *HELD)["job_id"]
        for each, percent in progress:
            self.report(job_id, each, JobReport(JobStatus.RUNNING, percent))
        if end is not None:
            self.report(job_id, kind, JobReport(JobStatus(end), **said))

    @some_jobs
    @rule(
        number=nth,
        kind=kinds,
        status=st.sampled_from(JobStatus),
        progress=st.none() | st.floats(-10, 110),
        said=st.fixed_dictionaries({"error": errors, "output_file": files}),
    )
    def machine_reports(
        self,
        number: int,
        kind: str,
        status: JobStatus,
        progress: float | None,
        said: dict[str, Any],
    ) -> None:
        job = self.one(number, JobStatus.QUEUED, JobStatus.COMPLETED, JobStatus.FAILED)
        self.report(job["job_id"], kind, JobReport(status, progress, **said))

    @some_held
    @rule(number=nth, worker_id=st.none() | workers, kind=kinds, error=errors)
    def worker_is_done(
        self, number: int, worker_id: str | None, kind: str, error: str | None
    ) -> None:
        job = self.one(number, *HELD)
        report = JobReport(JobStatus.FAILED if error else JobStatus.COMPLETED, error=error)
        self.report(job["job_id"], kind, report, worker_id or job["assigned_worker"] or "far")

    @rule(
        seconds=st.sampled_from([1, 11, 21, 61, 91, 121, 121, 400]),
        shown=st.sampled_from(["before", "after", "after", "never"]),
        steps=st.sampled_from([(), EVERY_FEW_SECONDS, EVERY_FEW_SECONDS, ("reconcile",)]),
    )
    def time_passes(self, seconds: int, shown: str, steps: tuple[str, ...]) -> None:
        self.clock.advance(seconds)
        if shown == "before":
            self.all_show_themselves()
        self.pass_time(0, steps)
        if shown == "after":
            self.all_show_themselves()


def test_it_keeps_its_rules_whatever_happens(settings):
    # So few that they are soon reached: there are four drives, and room for five transcodes.
    limits = {"max_concurrent_rips": 2, "max_concurrent_transcodes": 2, "max_attempts": 2}
    # So short that discs are given up, and jobs taken back that don't move.
    terms = {"disc_return_hours": 0.1, "stalled_minutes": 2, "unstarted_minutes": 2}
    settings = replace(settings, **limits, **terms)
    database = Database.from_settings(settings)
    quick = database.path is not None
    if quick:
        # What a power cut would do is not looked at.
        database.peewee.execute_sql("PRAGMA synchronous = off")
    try:
        run_state_machine_as_test(
            lambda: Anything(settings, database),
            settings=hypothesis_settings(
                max_examples=(10 if quick else 4) * (40 if CHAOS else 1),
                derandomize=not CHAOS,
                database=None,
                stateful_step_count=50,
                deadline=None,
                # To make a case that fails shorter takes minutes: add Phase.shrink by hand.
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            ),
        )
    finally:
        database.close()
