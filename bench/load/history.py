"""Fills an empty database with the jobs of years, in bulk.

Every disc has six titles, and each title was ripped and transcoded by the agent that had the disc.
A hundred transcodes wait for approval, however many jobs there are: a longer list would take longer
anyway.
"""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from boz_server.database import upkeep
from boz_server.database.connection import Database
from boz_server.database.models import Agent, Disc, Job, LibraryEntry, TVSeason, Worker
from boz_server.domain.collection.search import NAMES, entry_of, key
from boz_server.domain.machines.capabilities import AGENT_DEFAULTS, WORKER_DEFAULTS
from boz_server.settings import Settings
from boz_server.start import prepare

AGENTS = [f"bench-{number:02}" for number in range(50)]
AWAITING = 100
TITLES = 6
JOBS_A_DISC = 2 * TITLES
DISCS_A_SEASON = 4
#: Discs that are written at once.
BATCH = 2000
#: Time between two discs.
SPACING = timedelta(minutes=15)
#: No safety: a history that is lost is made again.
HASTE = ("journal_mode = off", "synchronous = off", "cache_size = -3000000")

Row = dict[str, Any]

#: What follows from the rows of discs, in the order of its insertion. {discs}: which of them.
_NUMBERS = " UNION ALL ".join(f"SELECT {number} AS number" for number in range(TITLES))
_FROM_TITLES = "FROM titles AS t JOIN discs AS d ON d.disc_id = t.disc_id WHERE {discs}"
_FROM_JOBS = "FROM jobs AS j JOIN discs AS d ON d.disc_id = j.disc_id WHERE {discs}"
_JOBS = (
    "INSERT INTO jobs (job_id, source_job_id, job_type, status, disc_id, title_index, input_file,"
    " output_name, file_key, output_file, preset, assigned_agent_id, assigned_worker_id,"
    " for_agent_id, requires_approval, source_disc_name, thumbnail_timestamps, progress, attempt,"
    " lease_token, created_at, assigned_at, started_at, reported_at, completed_at)"
)
_RIP_ID, _TRANSCODE_ID = (f"substr(d.disc_id, 1, 34) || '{n}' || t.title_index" for n in (1, 2))
_NAME = "d.tv_show_name || ' - S01E' || t.episode_number"
_RAW = f"'C:\\rips\\' || {_NAME} || '.mkv'"
_DONE = (
    "d.agent_id, {done_by}, d.agent_id, {needs_approval}, d.disc_name, '[]', 100.0, 1,"
    " substr(d.fingerprint, 1, 32), d.detected_at, d.detected_at, d.detected_at, d.detected_at,"
    " d.ejected_at"
)
_EVENTS = "INSERT INTO job_events (job_id, at, from_status, to_status, actor, attempt)"
_TITLES = (
    "INSERT INTO titles (disc_id, title_index, name, duration_seconds, size_bytes, chapters,"
    " selected, kind, episode_number, thumbnail_timestamps, ripped_at)"
    " SELECT d.disc_id, number, 'Title ' || (number + 1), 2580 + 7 * number, 1400000000, 8, TRUE,"
    " 'episode', d.starting_episode_number + number, '[]', d.ejected_at"
)
_DERIVED = (
    f"{_TITLES} FROM discs AS d CROSS JOIN ({_NUMBERS}) AS numbers WHERE {{discs}}",
    f"{_JOBS} SELECT {_RIP_ID}, NULL, 'rip', 'completed', d.disc_id, t.title_index, NULL,"
    f" {_NAME}, lower({_NAME}), {_RAW}, NULL,"
    f" {_DONE.format(done_by='NULL', needs_approval='FALSE')} {_FROM_TITLES}",
    f"{_JOBS} SELECT {_TRANSCODE_ID}, {_RIP_ID}, 'transcode', 'completed', d.disc_id,"
    f" t.title_index, {_RAW}, {_NAME}, lower({_NAME}), 'C:\\results\\' || {_NAME} || '.mkv',"
    f" 'Fast 1080p30', {_DONE.format(done_by='d.agent_id', needs_approval='TRUE')} {_FROM_TITLES}",
    f"{_EVENTS} SELECT j.job_id, j.created_at, NULL,"
    " CASE WHEN j.requires_approval THEN 'pending' ELSE 'queued' END, 'server', 0"
    f" {_FROM_JOBS}",
    f"{_EVENTS} SELECT j.job_id, j.created_at, 'pending', 'queued', 'person', 0"
    f" {_FROM_JOBS} AND j.requires_approval",
    *(
        f"{_EVENTS} SELECT j.job_id, {at}, '{before}', '{after}', {actor}, 1 {_FROM_JOBS}"
        for before, after, at, actor in (
            ("queued", "assigned", "j.assigned_at", "'server'"),
            ("assigned", "running", "j.started_at", "'agent:' || d.agent_id"),
            ("running", "completed", "j.completed_at", "'agent:' || d.agent_id"),
        )
    ),
)


def fill(folder: Path, url: str, jobs: int, tell: Callable[[str], None]) -> None:
    """Make the schema and a history of about so many jobs. tell: is told how far it is."""
    prepare(
        Settings(
            database_url=url,
            temp_dir=folder / "temp",
            output_dir=folder / "output",
            backup_interval_hours=0,
        )
    )
    database = Database(url)
    try:
        if database.path is not None:
            for pragma in HASTE:
                database.peewee.execute_sql(f"PRAGMA {pragma}")
        discs = max(1, (jobs - AWAITING) // JOBS_A_DISC)
        began = datetime.now(UTC) - timedelta(days=1) - discs * SPACING
        with database.write():
            _enter_machines()
            Job.insert_many(_awaiting(number, began) for number in range(AWAITING)).execute()
        for start in range(0, discs, BATCH):
            tell(f"history: {start * JOBS_A_DISC:,} of {jobs:,} jobs")
            with database.write():
                _enter_discs(database, range(start, min(start + BATCH, discs)), began)
        upkeep.optimize(database)
    finally:
        database.close()


def _enter_machines() -> None:
    """Write the agents, each with a worker on its machine."""
    Agent.insert_many(
        {"agent_id": agent, "name": agent, "capabilities": AGENT_DEFAULTS} for agent in AGENTS
    ).execute()
    Worker.insert_many(
        {
            "worker_id": agent,
            "worker_type": "agent",
            "hostname": agent,
            "agent": agent,
            "capabilities": WORKER_DEFAULTS,
        }
        for agent in AGENTS
    ).execute()


def _enter_discs(database: Database, numbers: range, began: datetime) -> None:
    """Write discs, and what was made of them."""
    discs = [_disc(number, began) for number in numbers]
    seasons = numbers[::DISCS_A_SEASON]
    _enter(database, TVSeason, (_season(number, began) for number in seasons))
    _enter(database, Disc, discs)
    blank = dict.fromkeys(NAMES)
    _enter(database, LibraryEntry, (entry_of(blank | disc, ()) for disc in discs))
    first, last = (Disc.detected_at.db_value(disc["detected_at"]) for disc in (discs[0], discs[-1]))
    hole = database.peewee.param
    chosen = f"d.detected_at BETWEEN {hole} AND {hole}"
    for statement in _DERIVED:
        database.peewee.execute_sql(statement.format(discs=chosen), (first, last))


def _disc(number: int, began: datetime) -> Row:
    """A disc of a show, which has left its drive."""
    season, place = divmod(number, DISCS_A_SEASON)
    return {
        "disc_id": _id(number),
        "agent": AGENTS[number % len(AGENTS)],
        "drive": "D:",
        "disc_name": f"SHOW_{season}_S01_D{place + 1}",
        "disc_type": "DVD disc",
        "fingerprint": f"{_id(number).replace('-', ''):0<64}",
        "detected_at": began + number * SPACING,
        "status": "ejected",
        "ejected_at": began + (number + 1) * SPACING,
        "media_type": "tv_show",
        "preview_status": "approved",
        "tv_show_name": f"Show {season}",
        "tv_season_number": 1,
        "tv_season": f"Show {season}:s1",
        "starting_episode_number": place * TITLES + 1,
        "title_key": f"show{season}",
        "disc_number": place + 1,
    }


def _season(number: int, began: datetime) -> Row:
    """The season of a disc, which is its first, and of the next ones."""
    disc = _disc(number, began)
    return {
        "season_id": disc["tv_season"],
        "show_name": disc["tv_show_name"],
        "show_key": key(disc["tv_show_name"]),
        "season_number": 1,
        "last_episode_assigned": DISCS_A_SEASON * TITLES,
        "disc_ids": [_id(number + place) for place in range(DISCS_A_SEASON)],
        "last_disc_name": disc["disc_name"],
        "created_at": disc["detected_at"],
        "updated_at": disc["detected_at"],
    }


def _awaiting(number: int, began: datetime) -> Row:
    """A transcode that waits for a person; its disc is gone."""
    name = f"Waiting {number}"
    return {
        "job_id": _id(-1 - number),
        "job_type": "transcode",
        "status": "pending",
        "input_file": f"C:\\rips\\{name}.mkv",
        "output_name": name,
        "file_key": name.casefold(),
        "requires_approval": True,
        "source_disc_name": "BENCH_DISC",
        "created_at": began + timedelta(seconds=number),
        "for_agent_id": AGENTS[number % len(AGENTS)],
    }


def _enter(database: Database, model: Any, rows: Iterable[Row]) -> None:
    """Insert rows that have the same columns, without making a query for each."""
    rows = list(rows)
    fields = [model._meta.fields[name] for name in rows[0]]
    columns = ", ".join(field.column_name for field in fields)
    holes = ", ".join([database.peewee.param] * len(fields))
    # The driver would take a list for an array.
    values = [
        [
            str(row[field.name]).replace("'", '"')
            if isinstance(row[field.name], list)
            else field.db_value(row[field.name])
            for field in fields
        ]
        for row in rows
    ]
    statement = f"INSERT INTO {model._meta.table_name} ({columns}) VALUES ({holes})"  # noqa: S608
    database.peewee.connection().cursor().executemany(statement, values)


def _id(number: int) -> str:
    """Return a UUID that looks random."""
    return str(UUID(int=number * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128, version=4))
