"""What every service is handed: settings, clock, database, and the repositories on it."""

from dataclasses import dataclass
from typing import Self

from boz_server.clock import Clock
from boz_server.database.connection import Database
from boz_server.repositories.agent_repository import AgentRepository
from boz_server.repositories.archive_repository import ArchiveRepository
from boz_server.repositories.attempt_repository import AttemptRepository
from boz_server.repositories.collection_repository import CollectionRepository
from boz_server.repositories.disc_repository import DiscRepository, ThumbnailRepository
from boz_server.repositories.fleet_repository import FleetRepository
from boz_server.repositories.job_repository import JobRepository
from boz_server.repositories.maintenance_repository import MaintenanceRepository
from boz_server.repositories.outbox_repository import OutboxRepository
from boz_server.repositories.provider_cache_repository import ProviderCacheRepository
from boz_server.repositories.retention_repository import RetentionRepository
from boz_server.repositories.statistics_repository import StatisticsRepository
from boz_server.repositories.tv_season_repository import TVSeasonRepository
from boz_server.repositories.upload_repository import UploadRepository
from boz_server.repositories.worker_repository import WorkerRepository
from boz_server.settings import Settings


@dataclass(frozen=True, slots=True)
class Stores:
    """Every repository, built once on one database.

    A room of services uses the stores of its own nouns; tests/test_architecture.py says which.
    """

    agents: AgentRepository
    archive: ArchiveRepository
    attempts: AttemptRepository
    collection: CollectionRepository
    discs: DiscRepository
    fleet: FleetRepository
    jobs: JobRepository
    maintenance: MaintenanceRepository
    outbox: OutboxRepository
    provider_cache: ProviderCacheRepository
    retention: RetentionRepository
    seasons: TVSeasonRepository
    statistics: StatisticsRepository
    thumbnails: ThumbnailRepository
    uploads: UploadRepository
    workers: WorkerRepository


@dataclass(frozen=True, slots=True)
class Context:
    """Settings, clock, database and stores of one application."""

    settings: Settings
    clock: Clock
    database: Database
    stores: Stores

    @classmethod
    def build(cls, settings: Settings, clock: Clock, database: Database) -> Self:
        """Build the stores; no connection is opened."""
        discs = DiscRepository(database)
        stores = Stores(
            agents=AgentRepository(database),
            archive=ArchiveRepository(discs),
            attempts=AttemptRepository(settings),
            collection=CollectionRepository(database),
            discs=discs,
            fleet=FleetRepository(settings),
            jobs=JobRepository(database),
            maintenance=MaintenanceRepository(),
            outbox=OutboxRepository(database),
            provider_cache=ProviderCacheRepository(),
            retention=RetentionRepository(),
            seasons=TVSeasonRepository(),
            statistics=StatisticsRepository(database),
            thumbnails=ThumbnailRepository(),
            uploads=UploadRepository(),
            workers=WorkerRepository(database),
        )
        return cls(settings, clock, database, stores)
