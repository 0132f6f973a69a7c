"""What must be true of the queue at any time, and from one moment to the next."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from boz_server.database.models import Agent, DailyStats, Disc, Job, JobEvent, JobFailure, Worker
from boz_server.domain.discs.disc_states import DiscStatus
from boz_server.domain.machines.presence import AgentStatus, WorkerStatus
from boz_server.domain.queue.job_states import HELD, OPEN, OVER, JobStatus, JobType
from boz_server.services.queue.transitions import DISC_OUT
from boz_server.services.wiring import Services
from boz_server.settings import Settings

WAITING = OPEN - HELD
Row = dict[str, Any]
#: What the history says of a machine that was lost, or whose job stood still.
LOST = ("was not heard from in time", "has made no progress", "has not begun", "has not asked")
#: What it says where a machine gave a job back: nothing has failed.
GIVEN_BACK = {"The agent signed off.", "The worker was unregistered.", DISC_OUT}


@dataclass(frozen=True, slots=True)
class QueueState:
    """Every row that the queue consists of, each table by its key."""

    jobs: dict[str, Row]
    events: list[Row]
    agents: dict[str, Row]
    workers: dict[str, Row]
    discs: dict[str, Row]
    statistics: list[Row]
    failures: list[Row]

    @classmethod
    def read(cls, services: Services, earlier: "QueueState | None" = None) -> "QueueState":
        """Read them all at one instant; of the history what an earlier look has not."""
        past = earlier.events if earlier is not None else []
        seen = past[-1]["event_id"] if past else 0
        events = JobEvent.select().where(JobEvent.event_id > seen).order_by(JobEvent.event_id)
        with services.context.database.read():
            return cls(
                {row["job_id"]: row for row in Job.select().dicts()},
                past + list(events.dicts()),
                {row["agent_id"]: row for row in Agent.select().dicts()},
                {row["worker_id"]: row for row in Worker.select().dicts()},
                {row["disc_id"]: row for row in Disc.select().dicts()},
                sorted(DailyStats.select().dicts(), key=repr),
                list(JobFailure.select().order_by(JobFailure.failure_id).dicts()),
            )

    def held(self) -> list[Row]:
        """The jobs that machines have, in the order in which they got them."""
        held = [job for job in self.jobs.values() if job["status"] in HELD]
        return sorted(held, key=lambda job: (job["assigned_at"], job["job_id"]))

    def drive_of(self, job: Row) -> tuple[str, str]:
        """The drive that a rip's disc lies in."""
        disc = self.discs[job["disc"]]
        return disc["agent"], disc["drive"]


def check(state: QueueState, settings: Settings, taken_up: Collection[str] = ()) -> None:
    """Check all that holds at any time.

    taken_up: lease tokens of attempts that a machine began by its own report, limits or not.
    """
    for job in state.jobs.values():
        _check_job(job, settings)
    planned = [job for job in state.held() if job["lease_token"] not in taken_up]
    _check_limits(state, planned, settings)
    _check_machines(state)
    _check_discs(state)
    check_history(state)
    check_statistics(state)
    sources = Counter(
        job["source_job_id"]
        for job in state.jobs.values()
        if job["job_type"] == JobType.TRANSCODE and job["status"] in OPEN and job["source_job_id"]
    )
    assert all(number == 1 for number in sources.values()), "a file is transcoded twice"


def check_step(before: QueueState, after: QueueState, *, reopens: bool = False) -> None:
    """Check what must not happen from one moment to the next.

    reopens: whether what happened may set jobs going again that were over.
    """
    assert before.jobs.keys() <= after.jobs.keys(), "a job is gone"
    for job_id, then in before.jobs.items():
        now = after.jobs[job_id]
        moved = f"{then['status']} became {now['status']}: {now}"
        if then["status"] == JobStatus.CANCELLED or (then["status"] in OVER and not reopens):
            assert now["status"] == then["status"], moved
        assert now["attempt"] >= then["attempt"], now
        put_back = now["status"] == JobStatus.ASSIGNED and then["status"] == JobStatus.RUNNING
        if now["attempt"] == then["attempt"] and now["status"] in HELD | OVER and not put_back:
            assert now["progress"] >= then["progress"], now


def check_gifts(before: QueueState, after: QueueState, settings: Settings, now: datetime) -> None:
    """Check that what the server gave away just now went to machines that can have it."""
    for job_id in {event["job"] for event in after.events[len(before.events) :]}:
        then, job = before.jobs.get(job_id), after.jobs[job_id]
        same = then is not None and then["lease_token"] == job["lease_token"]
        latest = [event for event in after.events if event["job"] == job_id][-1]
        if job["status"] != JobStatus.ASSIGNED or same or latest["actor"] != "server":
            continue
        agent = after.agents.get(job["assigned_agent_id"])
        if job["job_type"] == JobType.RIP:
            assert agent is not None
            assert agent["agent_id"] == after.drive_of(job)[0], "the disc is elsewhere"
            assert after.discs[job["disc"]]["status"] != DiscStatus.EJECTED, "the disc is out"
            assert agent["status"] != AgentStatus.OFFLINE, f"given to an absent agent: {job}"
            _check_heard(agent, settings.agent_timeout_seconds, now)
        else:
            worker = after.workers[job["assigned_worker"]]
            assert (worker["enabled"], worker["paused_at"]) == (True, None), worker
            assert worker["status"] != WorkerStatus.OFFLINE, f"given to an absent worker: {job}"
            _check_heard(worker, settings.worker_timeout_seconds, now)
            waits = then is not None and then["elsewhere_until"] is not None
            if waits and then["elsewhere_until"] > now:
                failed = {one["worker_id"] for one in after.failures if one["job"] == job_id}
                assert job["assigned_worker"] not in failed, f"given to who failed it: {job}"


def check_losses(before: QueueState, after: QueueState, settings: Settings, now: datetime) -> None:
    """Check that the server took no job just now that moves, from a machine that is heard."""
    term = timedelta(minutes=min(settings.stalled_minutes, settings.unstarted_minutes))
    for event in after.events[len(before.events) :]:
        job = before.jobs.get(event["job"])
        taken = event["from_status"] in HELD and event["to_status"] in WAITING | OVER
        if job is None or job["status"] not in HELD or not taken or event["actor"] != "server":
            continue
        is_lost = job["lease_expires_at"] <= now
        assert is_lost or job["failing_at"] or now - job["moved_at"] >= 2 * term, (job, event)


def check_history(state: QueueState) -> None:
    """Check that each job's events lead without a gap from its entry to what it is."""
    stands: dict[str, Any] = {}
    attempts: Counter[str] = Counter()
    for event in state.events:
        job_id = event["job"]
        assert event["from_status"] == stands.get(job_id), f"a gap in the history: {event}"
        assert event["attempt"] >= attempts[job_id], f"back to an earlier attempt: {event}"
        stands[job_id], attempts[job_id] = event["to_status"], event["attempt"]
    assert stands == {job_id: job["status"] for job_id, job in state.jobs.items()}


def check_statistics(state: QueueState) -> None:
    """Check that each end of a job was counted once, and each attempt that was lost or failed."""
    told: Counter[tuple[Any, str]] = Counter()
    for event in state.events:
        job_type, to_status = state.jobs[event["job"]]["job_type"], event["to_status"]
        if to_status in OVER and event["from_status"] != to_status:
            told[job_type, to_status] += 1
        detail, by_machine = event["detail"] or "", ":" in event["actor"]
        lost = any(words in detail for words in LOST)
        failed = lost or (by_machine and detail not in GIVEN_BACK)
        if (
            event["from_status"] in HELD
            and failed
            and to_status == JobStatus.QUEUED
            and job_type != JobType.ORGANIZE
        ):
            told[job_type, "retried"] += 1
    counted: Counter[tuple[Any, str]] = Counter()
    for row in state.statistics:
        counted[row["job_type"], row["outcome"]] += row["runs"]
    assert counted == told


def most_held(state: QueueState) -> Counter[JobType]:
    """The most jobs of each type that were held at a time, by the history."""
    held: dict[JobType, set[str]] = {job_type: set() for job_type in JobType}
    most: Counter[JobType] = Counter()
    for event in state.events:
        job_type = state.jobs[event["job"]]["job_type"]
        (held[job_type].add if event["to_status"] in HELD else held[job_type].discard)(event["job"])
        most[job_type] = max(most[job_type], len(held[job_type]))
    return most


def _check_job(job: Row, settings: Settings) -> None:
    assert 0 <= job["progress"] <= 100, job
    own = getattr(settings, f"max_{job['job_type']}_attempts")
    assert job["failures"] <= min(own or settings.max_attempts, job["attempt"]), job
    held = job["status"] in HELD
    assert (job["lease_expires_at"] is not None) == held, job
    assert (job["completed_at"] is not None) == (job["status"] in OVER), job
    assert job["failing_at"] is None or held, job
    if held:
        assert all(job[name] for name in ("assigned_agent_id", "assigned_at", "lease_token")), job
        assert job["scheduled_at"] is None, job
        assert job["attempt"] >= 1, job
        assert (job["started_at"] is not None) == (job["status"] == JobStatus.RUNNING), job
    if job["status"] in WAITING:
        gone = ["assigned_agent_id", "assigned_worker", "assigned_at", "lease_token", "started_at"]
        assert not any(job[name] for name in [*gone, "progress"]), job


def _check_limits(state: QueueState, planned: list[Row], settings: Settings) -> None:
    """Check the jobs that the server gave away: those taken up unasked may come on top."""
    types = Counter(job["job_type"] for job in planned)
    assert types[JobType.RIP] <= settings.max_concurrent_rips, planned
    assert types[JobType.TRANSCODE] <= settings.max_concurrent_transcodes, planned
    # The rip of a disc that has left its drive is suspect: it ends unless its agent goes on.
    rips = [job for job in planned if job["job_type"] == JobType.RIP and not job["lease_doubted"]]
    drives = Counter(state.drive_of(job) for job in rips)
    assert all(number == 1 for number in drives.values()), f"one drive, two rips: {planned}"
    workers = Counter(job["assigned_worker"] for job in planned if job["assigned_worker"])
    for worker_id, number in workers.items():
        assert number <= state.workers[worker_id]["capabilities"]["max_concurrent"], planned


def _check_machines(state: QueueState) -> None:
    held = state.held()
    for agent_id, agent in state.agents.items():
        running = [
            job
            for job in held
            if job["assigned_agent_id"] == agent_id and job["status"] == JobStatus.RUNNING
        ]
        first = min(running, key=lambda job: (job["started_at"], job["job_id"]), default=None)
        assert agent["current_job_id"] == (first and first["job_id"]), agent
        if agent["status"] != AgentStatus.OFFLINE:
            assert (agent["status"] == AgentStatus.BUSY) == (first is not None), agent
    for worker_id, worker in state.workers.items():
        own = [job["job_id"] for job in held if job["assigned_worker"] == worker_id]
        assert worker["current_jobs"] == own, worker


def _check_discs(state: QueueState) -> None:
    for disc_id, disc in state.discs.items():
        rips = [
            job["status"]
            for job in state.jobs.values()
            if job["disc"] == disc_id and job["job_type"] == JobType.RIP
        ]
        if disc["status"] == DiscStatus.EJECTED:
            assert JobStatus.ASSIGNED not in rips, f"another disc would be ripped: {disc}"
        else:
            assert disc["status"] == _disc_status(rips), (disc, rips)


def _disc_status(rips: Iterable[JobStatus]) -> DiscStatus:
    rips = set(rips)
    if rips & OPEN:
        return DiscStatus.RIPPING
    return DiscStatus.COMPLETED if rips else DiscStatus.DETECTED


def _check_heard(machine: Row, timeout_seconds: int, now: datetime) -> None:
    assert now - machine["last_heartbeat"] <= timedelta(seconds=timeout_seconds), machine
