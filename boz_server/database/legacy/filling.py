"""Converts the rows of an old database, and writes them into an empty one of ours.

All rows or none, and the report accounts for each.
"""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import peewee

from boz_server.database.connection import Database
from boz_server.database.legacy import discs, jobs, machines, seasons
from boz_server.database.legacy.legacy_file import read_tables
from boz_server.database.legacy.report import Report
from boz_server.database.legacy.tables import HasThumbnail, LegacyTables, Row, Tables
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

#: PostgreSQL accepts 65,535 values in a statement, and a job has 40.
ROWS_A_STATEMENT = 500
MAX_ID = 2**31 - 1


class AdoptionError(BozError):
    """A database can't be adopted, or not into this one; says why, and nothing was changed."""


def adopt_into(
    database: Database, copy: Path, now: datetime, has_thumbnail: HasThumbnail
) -> Report:
    """Migrate the database to our schema, and fill it from a copy of an old file.

    Raises AdoptionError if it holds any rows, or if a row can't be accounted for.
    """
    Migrations(database).upgrade()
    report = Report()
    with database.dialect.migration(database.peewee):
        _require_empty()
        _write(database, convert(read_tables(copy, report), report, now, has_thumbnail))
        _count(report)
    return report


def convert(
    legacy: LegacyTables, report: Report, now: datetime, has_thumbnail: HasThumbnail
) -> Tables:
    """Return our rows, made in memory; the report learns what became of each old one.

    Rows are made after those that they name: discs after seasons and agents, jobs after discs.
    """
    tables = Tables(legacy, report, now, has_thumbnail)
    machines.adopt_agents(tables)
    machines.adopt_workers(tables)
    season_ids = seasons.adopt_seasons(tables)
    discs.adopt_discs(tables, season_ids)
    discs.adopt_titles(tables)
    discs.settle_discs(tables)
    seasons.adopt_episodes(tables, season_ids)
    seasons.settle_seasons(tables)
    jobs.adopt_jobs(tables)
    machines.settle_machines(tables)
    machines.adopt_vlc_commands(tables)
    return tables


def _require_empty() -> None:
    for model in (Agent, Worker, TVSeason, Disc, Job, VLCCommand):
        if model.select().exists():
            raise AdoptionError(
                f"The database that BOZ_DATABASE_URL names has {model._meta.table_name} already:"
                " name an empty one to adopt into."
            )


def _write(database: Database, tables: Tables) -> None:
    """Insert parents before children; agents get their jobs at the end."""
    agents = tables.agents.values()
    titles = [title for of_disc in tables.titles.values() for title in of_disc.values()]
    _insert(Agent, [agent | {"current_job_id": None} for agent in agents])
    _insert(Worker, tables.workers.values())
    _insert(TVSeason, tables.seasons.values())
    _insert(TVEpisode, _with_ids(tables.episodes))
    _insert(Disc, tables.discs.values())
    _insert(Title, _with_ids(titles))
    _insert(LibraryEntry, [_entry(tables, disc) for disc in tables.discs.values()])
    _insert(Job, tables.jobs.values())
    _set_ripped_at()
    _insert(JobEvent, tables.events)
    _insert(DailyStats, jobs.daily_stats(tables.jobs.values()))
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


def _set_ripped_at() -> None:
    """Copy to each title when it was ripped, because jobs are pruned after a while."""
    rips = Job.select(peewee.fn.MAX(Job.completed_at)).where(
        Job.disc == Title.disc,
        Job.title_index == Title.title_index,
        Job.job_type == JobType.RIP,
        Job.status == JobStatus.COMPLETED,
    )
    Title.update(ripped_at=rips).execute()


def _entry(tables: Tables, disc: Row) -> Row:
    titles = sorted(tables.titles[disc["disc_id"]].items())
    return entry_of(disc, [title[TITLE_NAME] for _, title in titles])


def _with_ids(rows: list[Row]) -> list[Row]:
    """Return rows with their old ids; ids that the column can't hold are replaced."""
    taken = {row["id"] for row in rows}
    free = (number for number in range(1, MAX_ID) if number not in taken)
    return [row if 0 < row["id"] <= MAX_ID else row | {"id": next(free)} for row in rows]


def _count(report: Report) -> None:
    """Count the rows that were written, and compare them with those that were found."""
    for model in (Agent, Worker, TVSeason, TVEpisode, Disc, Title, Job, VLCCommand):
        report.adopted[model._meta.table_name] = model.select().count()
    missing = report.unaccounted()
    if missing:
        raise AdoptionError(
            f"Rows of the old database are unaccounted for ({missing}): nothing was changed;"
            " please report this."
        )
