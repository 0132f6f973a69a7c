"""All models, in the order in which their tables can be created."""

import peewee

from boz_server.database.models.agent import Agent
from boz_server.database.models.archived_disc import ArchivedDisc
from boz_server.database.models.base import BaseModel
from boz_server.database.models.daily_stats import DailyStats
from boz_server.database.models.disc import Disc, Title
from boz_server.database.models.idempotency_key import IdempotencyKey
from boz_server.database.models.job import Job, JobEvent, JobFailure
from boz_server.database.models.library_entry import (
    SEARCH_ON_POSTGRES,
    SEARCH_ON_SQLITE,
    LibraryEntry,
)
from boz_server.database.models.maintenance import Lease, MaintenanceRun
from boz_server.database.models.outbox import OutboxMessage
from boz_server.database.models.provider_cache import ProviderAnswer
from boz_server.database.models.tv_season import TVEpisode, TVSeason
from boz_server.database.models.upload import Upload
from boz_server.database.models.vlc_command import VLCCommand
from boz_server.database.models.worker import Worker

MODELS: tuple[type[BaseModel], ...] = (
    Agent,
    Worker,
    TVSeason,
    TVEpisode,
    Disc,
    Title,
    ArchivedDisc,
    LibraryEntry,
    Job,
    JobEvent,
    JobFailure,
    VLCCommand,
    Lease,
    MaintenanceRun,
    IdempotencyKey,
    ProviderAnswer,
    Upload,
    OutboxMessage,
    DailyStats,
)

#: What Peewee can't express, as {whether on PostgreSQL: statements}.
_BEYOND_MODELS = {
    False: SEARCH_ON_SQLITE,
    True: (
        "ALTER TABLE agents ADD CONSTRAINT agents_current_job_id_fkey"
        " FOREIGN KEY (current_job_id) REFERENCES jobs (job_id) ON DELETE SET NULL",
        *SEARCH_ON_POSTGRES,
    ),
}


def create_tables(database: peewee.Database) -> None:
    """Create the models' schema in an empty database, for comparison.

    Real databases get their schema from migrations/.
    """
    for model in MODELS:
        schema = peewee.SchemaManager(model, database)
        schema.create_table(safe=False)
        schema.create_indexes(safe=False)
    for statement in _BEYOND_MODELS[isinstance(database, peewee.PostgresqlDatabase)]:
        database.execute_sql(statement)
