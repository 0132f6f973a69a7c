"""Puts the services together that move jobs, as wiring.py does all others."""

from dataclasses import dataclass

from boz_server.context import Context
from boz_server.services.discs.thumbnails import ThumbnailStore
from boz_server.services.library.placement import LibraryPlaces
from boz_server.services.machines.agent_manager import AgentManager
from boz_server.services.machines.worker_manager import WorkerManager
from boz_server.services.queue.dispatcher import Dispatcher
from boz_server.services.queue.enqueue import JobEntry
from boz_server.services.queue.job_queue import JobQueue
from boz_server.services.queue.leases import Attempts
from boz_server.services.queue.remote_inputs import RemoteWork
from boz_server.services.queue.repair import Reconciliation
from boz_server.services.queue.reports import JobReports
from boz_server.services.queue.transcode_entry import TranscodeEntry
from boz_server.services.queue.transitions import JobMoves
from boz_server.services.queue.waiting_reasons import WaitingReasons


@dataclass(frozen=True, slots=True)
class Movers:
    """What changes jobs' states: whatever enters, gives away or ends jobs stands on it."""

    moves: JobMoves
    dispatcher: Dispatcher
    attempts: Attempts


def build_movers(
    context: Context,
    reasons: WaitingReasons,
) -> Movers:
    """Build them on one database."""
    settings, clock, database = context.settings, context.clock, context.database
    rows = context.stores
    moves = JobMoves(
        settings,
        clock,
        jobs=rows.jobs,
        events=rows.events,
        attempts=rows.attempts,
        agents=rows.agents,
        workers=rows.workers,
        discs=rows.discs,
        context=context,
    )
    dispatcher = Dispatcher(
        settings,
        clock,
        database,
        fleet=rows.fleet,
        attempts=rows.attempts,
        moves=moves,
        reasons=reasons,
    )
    attempts = Attempts(
        settings,
        clock,
        database,
        attempts=rows.attempts,
        events=rows.events,
        moves=moves,
        dispatcher=dispatcher,
    )
    return Movers(moves, dispatcher, attempts)


@dataclass(frozen=True, slots=True)
class QueueServices:
    """What the API and maintenance call where jobs and machines are concerned."""

    agents: AgentManager
    workers: WorkerManager
    entry: JobEntry
    reports: JobReports
    remote: RemoteWork
    queue: JobQueue
    reconciliation: Reconciliation


def build_queue(
    context: Context,
    movers: Movers,
    *,
    places: LibraryPlaces,
    thumbnails: ThumbnailStore,
) -> QueueServices:
    """Build them on one database."""
    settings, clock, database = context.settings, context.clock, context.database
    rows = context.stores
    moves, dispatcher, attempts = movers.moves, movers.dispatcher, movers.attempts
    transcodes = TranscodeEntry(
        settings, jobs=rows.jobs, discs=rows.discs, moves=moves, thumbnails=thumbnails
    )
    reports = JobReports(
        clock,
        database,
        jobs=rows.jobs,
        attempt_rows=rows.attempts,
        workers=rows.workers,
        moves=moves,
        dispatcher=dispatcher,
        attempts=attempts,
        transcodes=transcodes,
        context=context,
    )
    agents = AgentManager(
        settings,
        clock,
        database,
        agents=rows.agents,
        workers=rows.workers,
        attempts=attempts,
        dispatcher=dispatcher,
    )
    workers = WorkerManager(
        settings,
        clock,
        database,
        workers=rows.workers,
        agents=rows.agents,
        attempts=attempts,
        dispatcher=dispatcher,
    )
    remote = RemoteWork(context, moves=moves, dispatcher=dispatcher)
    return QueueServices(
        agents=agents,
        workers=workers,
        entry=JobEntry(
            settings,
            database,
            discs=rows.discs,
            moves=moves,
            dispatcher=dispatcher,
            transcodes=transcodes,
            thumbnails=thumbnails,
            places=places,
        ),
        reports=reports,
        remote=remote,
        queue=JobQueue(
            database,
            jobs=rows.jobs,
            events=rows.events,
            discs=rows.discs,
            agent_manager=agents,
            worker_manager=workers,
            reports=reports,
            moves=moves,
            dispatcher=dispatcher,
            attempts=attempts,
            remote=remote,
        ),
        reconciliation=Reconciliation(
            clock,
            database,
            rows=rows.repair,
            moves=moves,
            dispatcher=dispatcher,
        ),
    )
