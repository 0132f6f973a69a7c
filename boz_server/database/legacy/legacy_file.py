"""Recognises, copies and reads the old database's file.

It is opened with the same SQLite library as ours (dialects.sqlite3), never with open(): closing a
plain file would drop the locks of this process's other connections.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from boz_server.database.dialects import sqlite3
from boz_server.database.legacy.report import Report
from boz_server.database.migrations import HISTORY_TABLE

#: How long a statement waits for another program's lock on the file.
WAIT_SECONDS = 10
#: {table: the columns by which the old database is recognised}.
_SIGNS = {
    "agents": {"agent_id", "last_heartbeat"},
    "workers": {"worker_id", "current_jobs"},
    "discs": {"disc_id", "agent_id", "drive", "disc_name"},
    "titles": {"id", "disc_id", "title_index"},
    "jobs": {"job_id", "job_type", "status"},
    "tv_seasons": {"season_id"},
    "tv_episodes": {"id", "season_id", "episode_number"},
}
#: The columns that we read, or can ignore without losing anything; some versions have more tables.
_COLUMNS = {
    "agents": "agent_id name status capabilities current_job_id last_heartbeat registered_at",
    "workers": (
        "worker_id worker_type hostname agent_id capabilities priority enabled status current_jobs"
        " last_heartbeat registered_at total_jobs_completed avg_transcode_time_seconds cpu_usage"
        " gpu_usage"
    ),
    "discs": (
        "disc_id agent_id drive disc_name disc_type detected_at status media_type preview_status"
        " tv_show_name tv_season_number tv_season_id thetvdb_series_id starting_episode_number"
        " movie_title movie_year omdb_imdb_id movie_confidence"
    ),
    "titles": (
        "id disc_id title_index name duration_seconds size_bytes chapters selected is_extra"
        " proposed_filename proposed_path episode_number episode_title confidence_score"
    ),
    "jobs": (
        "job_id job_type status priority disc_id title_index input_file output_name output_file"
        " preset assigned_agent_id assigned_at requires_approval source_disc_name input_file_size"
        " thumbnails_json thumbnail_timestamps_json progress error created_at started_at"
        " completed_at"
    ),
    "tv_seasons": (
        "season_id show_name season_number thetvdb_series_id last_episode_assigned disc_ids"
        " last_disc_name created_at updated_at"
    ),
    "tv_episodes": "id season_id episode_number episode_name season_number runtime overview",
    "vlc_commands": (
        "command_id agent_id file_path fullscreen status error created_at sent_at completed_at"
    ),
}
_ALEMBIC = "alembic_version"


def is_legacy(path: Path) -> bool:
    """Whether a file is a database of the old system.

    False if it is missing or no database at all: opening it will say so. Raises
    sqlite3.DatabaseError if it can't be read.
    """
    if not path.is_file() or path.stat().st_size == 0:
        return False
    try:
        with connected(path) as connection:
            tables = _tables(connection)
            return HISTORY_TABLE not in tables and all(
                table in tables and signs <= _columns(connection, table)
                for table, signs in _SIGNS.items()
            )
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_NOTADB:
            return False
        raise


def read_tables(path: Path, report: Report) -> dict[str, list[Mapping[str, Any]]]:
    """Return {table: rows} in the order of insertion; texts are bytes, as they may not be UTF-8.

    The report learns which tables and columns have no counterpart here.
    """
    found: dict[str, list[Mapping[str, Any]]] = {}
    with connected(path) as connection:
        connection.text_factory = bytes
        connection.row_factory = sqlite3.Row
        tables = _tables(connection)
        for table in sorted(tables - {_ALEMBIC}):
            if table not in _COLUMNS:
                report.ignored.append(table)
                continue
            unknown = _columns(connection, table) - set(_COLUMNS[table].split())
            report.ignored += [f"{table}.{column}" for column in sorted(unknown)]
            rows = connection.execute(f'SELECT * FROM "{table}" ORDER BY rowid')  # noqa: S608
            found[table] = [dict(row) for row in rows]
    return found


def copy(path: Path, target: Path) -> None:
    """Write a consistent copy, even while other programs use the file; check and sync it.

    Raises sqlite3.DatabaseError if the file or the copy is damaged.
    """
    target.unlink(missing_ok=True)
    with connected(path) as source, connected(target, "rwc") as copied:
        source.backup(copied)
        # Even if the original is in WAL mode, the copy is a single file.
        copied.execute("PRAGMA journal_mode = delete")
        require_sound(copied)
    sync(target)


def require_sound(connection: Any) -> None:
    """Raise sqlite3.DatabaseError if SQLite finds the file damaged."""
    (finding,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if finding != "ok":
        raise sqlite3.DatabaseError(f"the file is damaged ({finding})")


def sync(path: Path) -> None:
    """Make a file survive power loss; no connection of this process may have it open."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def connected(path: Path, mode: str = "rw") -> Iterator[Any]:
    """Open a file, for writing by default: only so can SQLite undo what a killed program left."""
    connection = sqlite3.connect(
        f"{path.resolve().as_uri()}?mode={mode}",
        uri=True,
        timeout=WAIT_SECONDS,
        isolation_level=None,
    )
    try:
        yield connection
    finally:
        connection.close()


def _tables(connection: Any) -> set[str]:
    query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    return {_name(name) for (name,) in connection.execute(query)}


def _columns(connection: Any, table: str) -> set[str]:
    return {_name(row[1]) for row in connection.execute(f'PRAGMA table_info("{table}")')}


def _name(name: str | bytes) -> str:
    return name.decode() if isinstance(name, bytes) else name
