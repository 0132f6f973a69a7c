"""Writes adopted rows into an empty database of ours: all of them or none, and counted."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

import peewee

from boz_server.database.connection import Database
from boz_server.database.legacy.conversion import convert
from boz_server.database.legacy.legacy_file import read_tables
from boz_server.database.legacy.report import Report
from boz_server.database.legacy.statistics import daily_stats
from boz_server.database.legacy.tables import HasThumbnail, Row, Tables
from boz_server.database.migrations import Migrations
from boz_server.database.models import (
    Agent,
    DailyStats,
    Disc,
    Job,
    JobEvent,
    LibraryEntry,
    Title,
    TVEpisode,
    TVSeason,
    VLCCommand,
    Worker,
)
from boz_server.database.models.base import BaseModel
from boz_server.domain.collection.search import TITLE_NAME, entry_of
from boz_server.domain.queue.job_states import JobStatus, JobType
from boz_server.errors import BozError

#: PostgreSQL takes 65,535 values in a statement, and a job has 40.
ROWS_A_STATEMENT = 500
MAX_ID = 2**31 - 1


class AdoptionError(BozError):
    """A database can't be adopted, or not into this one; says why, and nothing was changed."""


def adopt_into(
    database: Database, copy: Path, now: datetime, has_thumbnail: HasThumbnail
) -> Report:
    """Bring the database to our schema, and fill it from a copy of a legacy file.

    Raises AdoptionError where it holds anything, or where a row can't be accounted for.
    """
    Migrations(database).upgrade()
    report = Report()
    with database.dialect.migration(database.peewee):
        _require_empty()
        tables = convert(read_tables(copy, report), report, now, has_thumbnail)
        _write(database, tables)
        _count(report)
    return report


def _require_empty() -> None:
    for model in (Agent, Worker, TVSeason, Disc, Job, VLCCommand):
        if model.select().exists():
            raise AdoptionError(
                f"The database that BOZ_DATABASE_URL names has {model._meta.table_name} already:"
                " name an empty one to adopt into."
            )


def _write(database: Database, tables: Tables) -> None:
    """Insert parents before children; agents name jobs, which come later."""
    agents = list(tables.agents.values())
    titles = [title for of_disc in tables.titles.values() for title in of_disc.values()]
    _insert(Agent, [agent | {"current_job_id": None} for agent in agents])
    _insert(Worker, tables.workers.values())
    _insert(TVSeason, tables.seasons.values())
    _insert(TVEpisode, _with_ids(tables.episodes))
    _insert(Disc, tables.discs.values())
    _insert(Title, _with_ids(titles))
    _insert(LibraryEntry, _entries(tables))
    _insert(Job, tables.jobs.values())
    _note_rips()
    _insert(JobEvent, tables.events)
    _insert(DailyStats, daily_stats(tables.jobs.values()))
    _insert(VLCCommand, tables.vlc_commands.values())
    for agent in agents:
        if agent["current_job_id"] is not None:
            Agent.update(current_job_id=agent["current_job_id"]).where(
                Agent.agent_id == agent["agent_id"]
            ).execute()
    for model in (TVEpisode, Title):
        database.dialect.continue_ids(database.peewee, model._meta.table_name, "id")


def _insert(model: type[BaseModel], rows: Iterable[Row]) -> None:
    for batch in peewee.chunked(rows, ROWS_A_STATEMENT):
        model.insert_many(batch).execute()


def _note_rips() -> None:
    """Let titles say when they were ripped: their jobs are kept only for a while."""
    rips = Job.select(peewee.fn.MAX(Job.completed_at)).where(
        Job.disc == Title.disc,
        Job.title_index == Title.title_index,
        Job.job_type == JobType.RIP,
        Job.status == JobStatus.COMPLETED,
    )
    Title.update(ripped_at=rips).execute()


def _entries(tables: Tables) -> Iterator[Row]:
    for disc_id, disc in tables.discs.items():
        titles = sorted(tables.titles[disc_id].items())
        yield entry_of(disc, [title[TITLE_NAME] for _, title in titles])


def _with_ids(rows: list[Row]) -> list[Row]:
    """Rows with the ids that they had; those beyond what the column takes get others."""
    taken = {row["id"] for row in rows}
    free = (number for number in range(1, MAX_ID) if number not in taken)
    return [row if 0 < row["id"] <= MAX_ID else row | {"id": next(free)} for row in rows]


def _count(report: Report) -> None:
    """Count what is there now, and hold it against what was found."""
    for model in (Agent, Worker, TVSeason, TVEpisode, Disc, Title, Job, VLCCommand):
        report.adopted[model._meta.table_name] = model.select().count()
    missing = report.unaccounted()
    if missing:
        raise AdoptionError(
            f"Rows of the old database are unaccounted for ({missing}): nothing was changed;"
            " please report this."
        )
