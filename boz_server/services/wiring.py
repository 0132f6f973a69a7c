"""Puts settings, clock, database, repositories and services together, in one place."""

from dataclasses import dataclass

from boz_server.clock import Clock
from boz_server.database.connection import Database
from boz_server.repositories.agent_repository import AgentRepository
from boz_server.repositories.disc_repository import DiscRepository
from boz_server.repositories.job_repository import JobRepository
from boz_server.repositories.tv_season_repository import TVSeasonRepository
from boz_server.repositories.vlc_command_repository import VLCCommandRepository
from boz_server.repositories.worker_repository import WorkerRepository
from boz_server.services.agent_manager import AgentManager
from boz_server.services.disc_manager import DiscManager
from boz_server.services.disc_review import DiscReview
from boz_server.services.job_queue import JobQueue
from boz_server.services.job_reports import JobReports
from boz_server.services.preview_generator import PreviewGenerator
from boz_server.services.rip_orders import RipOrders
from boz_server.services.season_tracker import SeasonTracker
from boz_server.services.thumbnail_store import ThumbnailStore
from boz_server.services.uploads import Uploads
from boz_server.services.vlc_relay import VLCRelay
from boz_server.services.worker_manager import WorkerManager
from boz_server.settings import Settings


@dataclass(frozen=True, slots=True)
class Services:
    """What the API and the commands call."""

    settings: Settings
    clock: Clock
    database: Database
    agents: AgentManager
    workers: WorkerManager
    discs: DiscManager
    review: DiscReview
    rips: RipOrders
    seasons: SeasonTracker
    queue: JobQueue
    reports: JobReports
    vlc: VLCRelay
    thumbnails: ThumbnailStore
    uploads: Uploads


def build_services(settings: Settings, database: Database, clock: Clock) -> Services:
    """Build every service on one database."""
    agents = AgentRepository(database)
    workers = WorkerRepository(database)
    discs = DiscRepository(database)
    jobs = JobRepository(database)
    thumbnails = ThumbnailStore(settings.thumbnails_dir)
    agent_manager = AgentManager(settings, clock, database, agents)
    worker_manager = WorkerManager(settings, clock, database, workers, agents)
    seasons = SeasonTracker(clock, TVSeasonRepository(database), discs)
    previews = PreviewGenerator(settings, seasons)
    reports = JobReports(clock, database, jobs=jobs, discs=discs, agents=agents, workers=workers)
    queue = JobQueue(
        settings,
        clock,
        database,
        jobs=jobs,
        discs=discs,
        workers=workers,
        agent_manager=agent_manager,
        worker_manager=worker_manager,
        reports=reports,
        thumbnails=thumbnails,
    )
    return Services(
        settings=settings,
        clock=clock,
        database=database,
        agents=agent_manager,
        workers=worker_manager,
        discs=DiscManager(
            settings,
            clock,
            database,
            agents=agents,
            discs=discs,
            jobs=jobs,
            previews=previews,
            seasons=seasons,
            reports=reports,
            thumbnails=thumbnails,
        ),
        review=DiscReview(
            clock,
            database,
            discs=discs,
            previews=previews,
            seasons=seasons,
            thumbnails=thumbnails,
        ),
        rips=RipOrders(database, discs, jobs, queue),
        seasons=seasons,
        queue=queue,
        reports=reports,
        vlc=VLCRelay(clock, database, VLCCommandRepository(), workers, agent_manager),
        thumbnails=thumbnails,
        uploads=Uploads(settings.output_dir),
    )
