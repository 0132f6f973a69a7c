"""What the dispatcher looks at, in the database: who is there, what is under way, what waits."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any, NamedTuple

import peewee

from boz_server.database.models import Agent, Disc, Job, JobFailure, Worker
from boz_server.database.statements import statement
from boz_server.domain.discs.disc_states import DiscStatus
from boz_server.domain.machines.presence import AgentStatus, WorkerStatus
from boz_server.domain.queue.job_states import HELD, JobStatus, JobType
from boz_server.domain.queue.placement import Machine
from boz_server.repositories.job_repository import URGENT_FIRST, waits
from boz_server.settings import Settings

#: A drive: its agent, and its name there.
Drive = tuple[str, str]


class DiscPlace(NamedTuple):
    """Where a disc is. drive: the one that it is in, or was in last, if `is_out`."""

    drive: Drive
    label: str
    is_out: bool


class FleetRepository:
    """Queries on machines and the work that they have."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.agent_timeout = timedelta(seconds=settings.agent_timeout_seconds)
        self.worker_timeout = timedelta(seconds=settings.worker_timeout_seconds)

    def machines(self, now: datetime) -> list[Machine]:
        """Return all workers with the number of jobs that they have."""
        held, lost = dict(_held_by_workers()), self.agents_lost(now)
        workers = _workers()
        return [self._machine(one, held.get(one.worker_id, 0), lost, now) for one in workers]

    def agents_there(self, now: datetime) -> dict[str, bool]:
        """Return the agents that are online, and whether each can rip."""
        found = _agents_there(now - self.agent_timeout)
        return {agent.agent_id: bool(agent.capabilities.get("can_rip", True)) for agent in found}

    def agents_lost(self, now: datetime) -> dict[str, datetime]:
        """Return the agents that stopped responding without signing off, and since when they
        count as lost."""
        found = _agents_lost(now - self.agent_timeout)
        return {agent.agent_id: agent.last_heartbeat + self.agent_timeout for agent in found}

    def agents_sending(self) -> set[str]:
        """Return the agents that upload files when asked to."""
        # Ids that others have followed have no files, and grow in number.
        current = Agent.succeeded_by.is_null()
        query = Agent.select(Agent.agent_id, Agent.capabilities).where(current)
        return {agent.agent_id for agent in query if agent.capabilities.get("can_upload_raw")}

    def awaiting_file(self, agent_id: str) -> list[Job]:
        """Return the queued transcodes of an agent's files that were not uploaded, in order."""
        query = Job.select().where(
            Job.status == JobStatus.QUEUED,
            Job.job_type == JobType.TRANSCODE,
            Job.for_agent_id == agent_id,
            Job.input_upload_id.is_null(),
        )
        return list(query.order_by(*URGENT_FIRST).limit(100))

    def under_way(self, job_type: JobType) -> int:
        """Return how many jobs of a type machines have."""
        return int(_under_way.first(job_type)[0])

    def waits(self, job_type: JobType, now: datetime) -> bool:
        """Whether a job of a type waits for a machine."""
        return bool(_waiting.first(job_type, now))

    def busy_drives(self) -> set[Drive]:
        """Return the drives whose discs are being ripped."""
        return set(_busy_drives())

    def places_of(self, disc_ids: Collection[str]) -> dict[str, DiscPlace]:
        """Return where discs are, by the discs' ids."""
        discs = Disc.select(
            Disc.disc_id, Disc.agent, Disc.drive, Disc.disc_name, Disc.status
        ).where(Disc.disc_id.in_(list(disc_ids)))
        return {
            disc.disc_id: DiscPlace(
                (disc.agent_id, disc.drive), disc.disc_name, disc.status == DiscStatus.EJECTED
            )
            for disc in discs
        }

    def next_rip(
        self, now: datetime, agents: Collection[str], busy: Iterable[Drive]
    ) -> tuple[Job, Drive] | None:
        """Return the first waiting rip of one of these agents whose disc is in an idle drive, and
        that drive."""
        other = Job.alias()
        others = other.select(other.job_id).where(
            other.disc == Job.disc, waits(JobType.RIP, now, other), ~_has_failed(other)
        )
        query = (
            Job.select(Job, Disc.agent, Disc.drive)
            .join(Disc)
            .where(
                waits(JobType.RIP, now),
                # A title that failed goes behind the others of its disc.
                ~_has_failed(Job) | ~peewee.fn.EXISTS(others),
                Disc.agent.in_(list(agents)),
                Disc.status != DiscStatus.EJECTED,
                *(~((Disc.agent == agent) & (Disc.drive == drive)) for agent, drive in busy),
            )
            .order_by(Job.priority.desc(), Job.created_at, Job.title_index, Job.job_id)
        )
        job: Any = query.first()
        return None if job is None else (job, (job.disc.agent_id, job.disc.drive))

    def next_transcode(self, now: datetime, free: Collection[Machine]) -> Job | None:
        """Return the first waiting transcode that one of these machines may have.

        A machine without an agent claims its jobs itself: only those that a person gave it come
        to it unasked.
        """
        ready = waits(JobType.TRANSCODE, now)
        query = Job.select().where(ready, reduce(or_, self._may_go_to(free, now)))
        return query.order_by(*URGENT_FIRST).first()

    def next_claimable(self, now: datetime, machine: Machine) -> Job | None:
        """Return the first waiting transcode that a machine may claim."""
        own, unchosen = Job.for_worker_id == machine.worker_id, Job.for_worker_id.is_null()
        query = Job.select().where(
            waits(JobType.TRANSCODE, now),
            own | (unchosen & _fits(machine)),
            accessible_by(machine),
            _may_be_tried_by(machine, now),
        )
        return query.order_by(*URGENT_FIRST).first()

    def take_turn(self, machine: Machine) -> None:
        """Record that this machine was the last one to get a job."""
        machine.last_turn = (_latest_turn.first()[0] or 0) + 1
        _take_turn(machine.last_turn, machine.worker_id)

    def heard_by(self, now: datetime) -> None:
        """Set heartbeats from the future to now, after the clock was set back."""
        for machine in (Agent, Worker):
            machine.update(last_heartbeat=now).where(machine.last_heartbeat > now).execute()

    def _machine(
        self, worker: Worker, held: int, lost: dict[str, datetime], now: datetime
    ) -> Machine:
        silent = now - worker.last_heartbeat >= self.worker_timeout
        if worker.agent_id in lost:
            # Its agent fetches its jobs, so the worker is lost with it, unless it responded since.
            silent = silent or worker.last_heartbeat < lost[worker.agent_id]
        return Machine(
            worker_id=worker.worker_id,
            agent_id=worker.agent_id,
            capabilities=worker.capabilities,
            online=not silent and worker.status != WorkerStatus.OFFLINE,
            enabled=worker.enabled,
            paused=worker.paused_at is not None,
            held=held,
            priority=worker.priority,
            average_seconds=worker.avg_transcode_time_seconds,
            last_turn=worker.last_turn,
            usual_preset=self.settings.usual_preset(None, worker.capabilities),
        )

    @staticmethod
    def _may_go_to(free: Collection[Machine], now: datetime) -> list[Any]:
        """One condition for each machine that a person may have given a job, or that may have one
        that another has just failed, and one for each kind of hardware: machines of a kind differ
        neither in the presets that they can do nor in whether they fetch files, or see the
        agents'."""
        kinds: dict[tuple[frozenset[str], bool, bool], list[Machine]] = {}
        for machine in free:
            if machine.agent_id is not None:
                kind = machine.unfit_presets(), machine.fetches, machine.shares_files
                kinds.setdefault(kind, []).append(machine)
        unchosen = Job.for_worker_id.is_null()
        settled = ~_is_elsewhere(now)
        return [
            *(
                accessible_by(machine) & _is_its_own(machine, now) & _may_be_tried_by(machine, now)
                for machine in free
            ),
            *(
                settled & unchosen & accessible_by(*alike) & _fits(alike[0])
                for alike in kinds.values()
            ),
        ]


@statement
def _held_by_workers() -> Any:
    """How many jobs each worker has."""
    query = Job.select(Job.assigned_worker_id, peewee.fn.COUNT(1)).where(
        Job.assigned_worker.is_null(False), Job.status.in_(list(HELD))
    )
    return query.group_by(Job.assigned_worker).tuples()


@statement
def _workers() -> Any:
    return Worker.select().order_by(Worker.worker_id)


@statement
def _agents_there(heard_since: datetime) -> Any:
    return Agent.select(Agent.agent_id, Agent.capabilities).where(
        Agent.status != AgentStatus.OFFLINE, Agent.last_heartbeat > heard_since
    )


@statement
def _agents_lost(heard_since: datetime) -> Any:
    return Agent.select(Agent.agent_id, Agent.last_heartbeat).where(
        Agent.status != AgentStatus.OFFLINE, Agent.last_heartbeat <= heard_since
    )


@statement
def _under_way(job_type: JobType) -> Any:
    query = Job.select(peewee.fn.COUNT(1))
    return query.where(Job.job_type == job_type, Job.status.in_(list(HELD))).tuples()


@statement
def _waiting(job_type: JobType, now: datetime) -> Any:
    return Job.select(peewee.SQL("1")).where(waits(job_type, now)).limit(1).tuples()


@statement
def _busy_drives() -> Any:
    query = Disc.select(Disc.agent, Disc.drive).join(Job, on=(Job.disc == Disc.disc_id))
    return query.where(Job.job_type == JobType.RIP, Job.status.in_(list(HELD))).tuples()


@statement
def _latest_turn() -> Any:
    return Worker.select(peewee.fn.MAX(Worker.last_turn)).tuples()


@statement
def _take_turn(turn: int, worker_id: str) -> Any:
    return Worker.update(last_turn=turn).where(Worker.worker_id == worker_id)


def _is_its_own(machine: Machine, now: datetime) -> Any:
    """The jobs that a person gave a machine, and those that it may have in place of another that
    has just failed them."""
    own = Job.for_worker_id == machine.worker_id
    if machine.agent_id is None:
        return own
    return own | (_is_elsewhere(now) & Job.for_worker_id.is_null() & _fits(machine))


def _is_elsewhere(now: datetime) -> Any:
    """The jobs that a worker has just failed, and that only another may have now."""
    return Job.elsewhere_until.is_null(False) & (Job.elsewhere_until > now)


def _may_be_tried_by(machine: Machine, now: datetime) -> Any:
    """The jobs that a machine has not just failed."""
    return ~_is_elsewhere(now) | ~_has_failed(Job, JobFailure.worker_id == machine.worker_id)


def _has_failed(job: Any, *conditions: Any) -> Any:
    """The jobs of which an attempt has failed since a person last intervened."""
    failed = JobFailure.select(JobFailure.failure_id).where(JobFailure.job == job.job_id)
    return peewee.fn.EXISTS(failed.where(*conditions) if conditions else failed)


def _fits(machine: Machine) -> Any:
    """The jobs whose preset a machine's hardware can do; a job without one gets the usual one."""
    preset = peewee.fn.COALESCE(Job.preset, machine.usual_preset)
    return preset.not_in(list(machine.unfit_presets()))


def accessible_by(*alike: Machine) -> Any:
    """The transcodes whose file one of these machines can read now: domain can_access in SQL.

    Either all of them download files or none, and either all see the agents' files or none.
    """
    if alike[0].shares_files:
        return Job.job_type == JobType.TRANSCODE
    near = Job.for_agent_id.is_null()
    agents = [machine.agent_id for machine in alike if machine.agent_id is not None]
    if agents:
        near |= Job.for_agent_id.in_(agents)
    return near | Job.input_upload_id.is_null(False) if alike[0].fetches else near
