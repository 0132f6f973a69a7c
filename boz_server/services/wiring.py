"""Puts settings, clock, database, repositories and services together, in one place."""

from dataclasses import dataclass

from boz_server.clock import Clock
from boz_server.database.connection import Database
from boz_server.repositories.agent_repository import AgentRepository
from boz_server.repositories.attempt_repository import AttemptRepository
from boz_server.repositories.disc_library_repository import DiscLibraryRepository
from boz_server.repositories.disc_repository import DiscRepository
from boz_server.repositories.fleet_repository import FleetRepository
from boz_server.repositories.idempotency_repository import IdempotencyRepository
from boz_server.repositories.job_event_repository import JobEventRepository
from boz_server.repositories.job_repository import JobRepository
from boz_server.repositories.maintenance_repository import MaintenanceRepository
from boz_server.repositories.reconciliation_repository import ReconciliationRepository
from boz_server.repositories.season_overview_repository import SeasonOverviewRepository
from boz_server.repositories.statistics_repository import StatisticsRepository
from boz_server.repositories.thumbnail_repository import ThumbnailRepository
from boz_server.repositories.vlc_command_repository import VLCCommandRepository
from boz_server.repositories.worker_repository import WorkerRepository
from boz_server.services.agent_manager import AgentManager
from boz_server.services.analytics import Analytics
from boz_server.services.attempts import Attempts
from boz_server.services.auto_approval import AutoApproval
from boz_server.services.auto_rip import AutoRip
from boz_server.services.background import BackgroundLoop
from boz_server.services.backups import Backups
from boz_server.services.disc_library import DiscLibrary
from boz_server.services.disc_manager import DiscManager
from boz_server.services.disc_overrides import DiscOverrides
from boz_server.services.disc_review import DiscReview
from boz_server.services.disk_space import DiskSpace
from boz_server.services.dispatcher import Dispatcher
from boz_server.services.idempotency import Idempotency
from boz_server.services.job_entry import JobEntry
from boz_server.services.job_moves import JobMoves
from boz_server.services.job_queue import JobQueue
from boz_server.services.job_reports import JobReports
from boz_server.services.library_places import LibraryPlaces
from boz_server.services.library_share import LibraryShare
from boz_server.services.maintenance import TICK_SECONDS, Maintenance, MaintenanceStep
from boz_server.services.media_servers import MediaServers
from boz_server.services.metadata import Metadata
from boz_server.services.notices import Notices
from boz_server.services.outbound import build_outbound
from boz_server.services.outbox import TICK_SECONDS as OUTBOX_TICK_SECONDS
from boz_server.services.outbox import Outbox
from boz_server.services.reconciliation import Reconciliation
from boz_server.services.remote_work import RemoteWork
from boz_server.services.retention import Retention
from boz_server.services.rip_orders import RipOrders
from boz_server.services.season_overview import SeasonOverview
from boz_server.services.season_tracker import SeasonTracker
from boz_server.services.statistics import Statistics
from boz_server.services.thumbnail_cleaner import ThumbnailCleaner
from boz_server.services.thumbnail_store import ThumbnailStore
from boz_server.services.transcode_entry import TranscodeEntry
from boz_server.services.upkeep import Upkeep
from boz_server.services.vlc_relay import VLCRelay
from boz_server.services.waiting_reasons import WaitingReasons
from boz_server.services.wiring_discs import build_discs
from boz_server.services.wiring_files import FileServices, build_files
from boz_server.services.worker_manager import WorkerManager
from boz_server.settings import Settings


@dataclass(frozen=True, slots=True)
class Services:
    """What the API and the commands call."""

    settings: Settings
    clock: Clock
    database: Database
    agents: AgentManager
    analytics: Analytics
    workers: WorkerManager
    discs: DiscManager
    review: DiscReview
    overrides: DiscOverrides
    rips: RipOrders
    seasons: SeasonTracker
    disc_library: DiscLibrary
    season_overview: SeasonOverview
    entry: JobEntry
    queue: JobQueue
    remote: RemoteWork
    reports: JobReports
    attempts: Attempts
    auto_approval: AutoApproval
    auto_rip: AutoRip
    backups: Backups
    dispatcher: Dispatcher
    idempotency: Idempotency
    maintenance: Maintenance
    media_servers: MediaServers
    metadata: Metadata
    notices: Notices
    outbox: Outbox
    reconciliation: Reconciliation
    retention: Retention
    vlc: VLCRelay
    thumbnails: ThumbnailStore
    files: FileServices
    thumbnail_cleaner: ThumbnailCleaner
    #: What each process does beside requests; gunicorn.conf.py starts and stops them.
    loops: tuple[BackgroundLoop, ...]


def build_services(settings: Settings, database: Database, clock: Clock) -> Services:
    """Build every service on one database."""
    agents = AgentRepository(database)
    workers = WorkerRepository(database)
    discs = DiscRepository(database)
    jobs = JobRepository(database)
    events = JobEventRepository(database)
    attempt_rows = AttemptRepository(settings, database)
    fleet = FleetRepository(settings, database)
    daily = StatisticsRepository(database)
    statistics = Statistics(jobs, daily)
    thumbnails = ThumbnailStore(settings.thumbnails_dir, clock)
    thumbnail_cleaner = ThumbnailCleaner(clock, database, ThumbnailRepository(), thumbnails)
    outbound = build_outbound(settings, clock, database)

    moves = JobMoves(
        settings,
        clock,
        jobs=jobs,
        events=events,
        attempts=attempt_rows,
        agents=agents,
        workers=workers,
        discs=discs,
        notices=outbound.notices,
        statistics=statistics,
    )
    share, space = LibraryShare(settings), DiskSpace(settings)
    places = LibraryPlaces(settings, discs)
    dispatcher = Dispatcher(
        settings,
        clock,
        database,
        fleet=fleet,
        attempts=attempt_rows,
        moves=moves,
        reasons=WaitingReasons(settings, clock, fleet=fleet, share=share, space=space),
    )
    attempts = Attempts(
        settings,
        clock,
        database,
        attempts=attempt_rows,
        events=events,
        moves=moves,
        dispatcher=dispatcher,
    )
    files = build_files(
        settings,
        clock,
        database,
        jobs=jobs,
        attempt_rows=attempt_rows,
        moves=moves,
        attempts=attempts,
        dispatcher=dispatcher,
        places=places,
        share=share,
        space=space,
        outbound=outbound,
        statistics=statistics,
    )
    transcodes = TranscodeEntry(
        settings, jobs=jobs, discs=discs, moves=moves, thumbnails=thumbnails
    )
    entry = JobEntry(
        settings,
        database,
        discs=discs,
        moves=moves,
        dispatcher=dispatcher,
        transcodes=transcodes,
        thumbnails=thumbnails,
        places=places,
    )
    reports = JobReports(
        clock,
        database,
        jobs=jobs,
        attempt_rows=attempt_rows,
        workers=workers,
        moves=moves,
        dispatcher=dispatcher,
        attempts=attempts,
        transcodes=transcodes,
        statistics=statistics,
    )
    agent_manager = AgentManager(
        settings,
        clock,
        database,
        agents=agents,
        workers=workers,
        attempts=attempts,
        dispatcher=dispatcher,
    )
    worker_manager = WorkerManager(
        settings,
        clock,
        database,
        workers=workers,
        agents=agents,
        attempts=attempts,
        dispatcher=dispatcher,
    )
    remote = RemoteWork(
        clock,
        database,
        agents=agents,
        jobs=jobs,
        fleet=fleet,
        uploads=files.rows,
        moves=moves,
        dispatcher=dispatcher,
        rights=files.rights,
    )
    queue = JobQueue(
        database,
        jobs=jobs,
        events=events,
        discs=discs,
        agent_manager=agent_manager,
        worker_manager=worker_manager,
        reports=reports,
        moves=moves,
        dispatcher=dispatcher,
        attempts=attempts,
        remote=remote,
    )
    disc = build_discs(
        settings,
        clock,
        database,
        agents=agents,
        discs=discs,
        jobs=jobs,
        moves=moves,
        dispatcher=dispatcher,
        entry=entry,
        thumbnails=thumbnails,
    )
    idempotency = Idempotency(clock, database, IdempotencyRepository(database))
    reconciliation = Reconciliation(
        clock,
        database,
        rows=ReconciliationRepository(agents=agents, workers=workers, attempts=attempt_rows),
        moves=moves,
        dispatcher=dispatcher,
    )
    backups, upkeep = Backups(settings, clock, database), Upkeep(database)
    maintenance = Maintenance(
        clock,
        database,
        rows=MaintenanceRepository(database),
        attempts=attempt_rows,
        fleet=fleet,
        steps=[
            # First of all, after a crash.
            MaintenanceStep("reconcile", 3600, reconciliation.run),
            MaintenanceStep("rescue", 5, attempts.rescue),
            MaintenanceStep("retry", 5, attempts.retry_due),
            MaintenanceStep("dispatch", 5, dispatcher.dispatch_now),
            MaintenanceStep("clear_thumbnails", 60, thumbnail_cleaner.run),
            MaintenanceStep("forget_keys", 3600, idempotency.forget_old),
            *disc.steps,
            *files.steps,
            MaintenanceStep("fold_in_log", 60, upkeep.fold_in_log),
            MaintenanceStep("optimize", 3600, upkeep.optimize),
            # Last: it may take long.
            MaintenanceStep("back_up", 600, backups.make_if_due),
        ],
    )
    return Services(
        settings=settings,
        clock=clock,
        database=database,
        agents=agent_manager,
        analytics=Analytics(clock, rows=daily, workers=workers),
        workers=worker_manager,
        discs=disc.manager,
        review=disc.review,
        overrides=disc.overrides,
        rips=disc.rips,
        seasons=disc.seasons,
        disc_library=DiscLibrary(database, DiscLibraryRepository(database)),
        season_overview=SeasonOverview(database, SeasonOverviewRepository()),
        entry=entry,
        queue=queue,
        remote=remote,
        reports=reports,
        attempts=attempts,
        auto_approval=disc.auto_approval,
        auto_rip=disc.auto_rip,
        backups=backups,
        dispatcher=dispatcher,
        idempotency=idempotency,
        maintenance=maintenance,
        media_servers=outbound.media_servers,
        metadata=disc.metadata,
        notices=outbound.notices,
        outbox=outbound.outbox,
        reconciliation=reconciliation,
        retention=disc.retention,
        vlc=VLCRelay(clock, database, VLCCommandRepository(), workers, agent_manager),
        thumbnails=thumbnails,
        files=files,
        thumbnail_cleaner=thumbnail_cleaner,
        loops=(
            BackgroundLoop(
                "maintenance",
                maintenance.tick,
                TICK_SECONDS,
                database.release,
                at_end=maintenance.let_go,
            ),
            BackgroundLoop("outbox", outbound.outbox.tick, OUTBOX_TICK_SECONDS, database.release),
            files.loop,
        ),
    )
