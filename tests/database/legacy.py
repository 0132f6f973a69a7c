"""Databases of the old system, in the forms that installations have, written with plain SQL."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

TABLES = """
CREATE TABLE agents (
    agent_id VARCHAR(100) NOT NULL, name VARCHAR(100) NOT NULL, status VARCHAR(20) NOT NULL,
    capabilities TEXT NOT NULL, current_job_id VARCHAR(36), last_heartbeat DATETIME NOT NULL,
    registered_at DATETIME NOT NULL, PRIMARY KEY (agent_id)
);
CREATE INDEX ix_agents_status ON agents (status);
CREATE TABLE workers (
    worker_id VARCHAR(100) NOT NULL, worker_type VARCHAR(20) NOT NULL,
    hostname VARCHAR(100) NOT NULL, agent_id VARCHAR(100), capabilities TEXT NOT NULL,
    priority INTEGER NOT NULL, enabled BOOLEAN NOT NULL, status VARCHAR(20) NOT NULL,
    current_jobs TEXT NOT NULL, last_heartbeat DATETIME NOT NULL, registered_at DATETIME NOT NULL,
    total_jobs_completed INTEGER NOT NULL, avg_transcode_time_seconds FLOAT NOT NULL,
    cpu_usage FLOAT, gpu_usage FLOAT, PRIMARY KEY (worker_id)
);
CREATE INDEX ix_workers_agent_id ON workers (agent_id);
CREATE TABLE discs (
    disc_id VARCHAR(36) NOT NULL, agent_id VARCHAR(100) NOT NULL, drive VARCHAR(10) NOT NULL,
    disc_name VARCHAR(255) NOT NULL, disc_type VARCHAR(20) NOT NULL, detected_at DATETIME NOT NULL,
    status VARCHAR(20) NOT NULL, media_type VARCHAR(20) NOT NULL,
    preview_status VARCHAR(20) NOT NULL, tv_show_name VARCHAR(255), tv_season_number INTEGER,
    tv_season_id VARCHAR(100), thetvdb_series_id INTEGER, starting_episode_number INTEGER,
    movie_title VARCHAR(255), movie_year INTEGER, omdb_imdb_id VARCHAR(20),
    movie_confidence FLOAT NOT NULL, PRIMARY KEY (disc_id)
);
CREATE INDEX ix_discs_agent_id ON discs (agent_id);
CREATE TABLE titles (
    id INTEGER NOT NULL, disc_id VARCHAR(36) NOT NULL, title_index INTEGER NOT NULL,
    name VARCHAR(255) NOT NULL, duration_seconds INTEGER NOT NULL, size_bytes BIGINT NOT NULL,
    chapters INTEGER NOT NULL, selected BOOLEAN NOT NULL, is_extra BOOLEAN NOT NULL,
    proposed_filename VARCHAR(255), proposed_path VARCHAR(512), episode_number INTEGER,
    episode_title VARCHAR(255), confidence_score FLOAT NOT NULL, PRIMARY KEY (id),
    FOREIGN KEY(disc_id) REFERENCES discs (disc_id) ON DELETE CASCADE
);
CREATE INDEX ix_titles_disc_id ON titles (disc_id);
CREATE TABLE jobs (
    job_id VARCHAR(36) NOT NULL, job_type VARCHAR(20) NOT NULL, status VARCHAR(20) NOT NULL,
    priority INTEGER NOT NULL, disc_id VARCHAR(36), title_index INTEGER, input_file VARCHAR(512),
    output_name VARCHAR(255), output_file VARCHAR(512), preset VARCHAR(100),
    assigned_agent_id VARCHAR(100), assigned_at DATETIME, requires_approval BOOLEAN NOT NULL,
    source_disc_name VARCHAR(255), input_file_size BIGINT, thumbnails_json TEXT,
    thumbnail_timestamps_json TEXT, progress FLOAT NOT NULL, error TEXT,
    created_at DATETIME NOT NULL, started_at DATETIME, completed_at DATETIME, PRIMARY KEY (job_id)
);
CREATE INDEX ix_jobs_status ON jobs (status);
CREATE TABLE tv_seasons (
    season_id VARCHAR(100) NOT NULL, show_name VARCHAR(255) NOT NULL,
    season_number INTEGER NOT NULL, thetvdb_series_id INTEGER,
    last_episode_assigned INTEGER NOT NULL, disc_ids TEXT NOT NULL, last_disc_name VARCHAR(255),
    created_at DATETIME NOT NULL, updated_at DATETIME NOT NULL, PRIMARY KEY (season_id)
);
CREATE TABLE tv_episodes (
    id INTEGER NOT NULL, season_id VARCHAR(100) NOT NULL, episode_number INTEGER NOT NULL,
    episode_name VARCHAR(255) NOT NULL, season_number INTEGER NOT NULL, runtime INTEGER,
    overview TEXT, PRIMARY KEY (id),
    FOREIGN KEY(season_id) REFERENCES tv_seasons (season_id) ON DELETE CASCADE
);
CREATE TABLE vlc_commands (
    command_id VARCHAR(36) NOT NULL, agent_id VARCHAR(100) NOT NULL,
    file_path VARCHAR(512) NOT NULL, fullscreen BOOLEAN NOT NULL, status VARCHAR(20) NOT NULL,
    error TEXT, created_at DATETIME NOT NULL, sent_at DATETIME, completed_at DATETIME,
    PRIMARY KEY (command_id)
);
"""
#: Drops what the first installations did not have.
FIRST_FORM = """
DROP TABLE vlc_commands;
ALTER TABLE discs DROP COLUMN movie_title;
ALTER TABLE discs DROP COLUMN movie_year;
ALTER TABLE discs DROP COLUMN omdb_imdb_id;
ALTER TABLE discs DROP COLUMN movie_confidence;
ALTER TABLE jobs DROP COLUMN thumbnails_json;
ALTER TABLE jobs DROP COLUMN thumbnail_timestamps_json;
"""

#: The same tables without NOT NULL, for rows that break every rule.
LOOSE = TABLES.replace(" NOT NULL", "")

WHEN = "2026-01-20 10:00:00.000000"
#: A typical row of each table.
ROWS: dict[str, dict[str, Any]] = {
    "agents": {"agent_id": "pc", "name": "Living room", "status": "online", "capabilities": "{}",
               "last_heartbeat": WHEN, "registered_at": WHEN},
    "workers": {"worker_id": "pc-gpu", "worker_type": "agent", "hostname": "pc", "agent_id": "pc",
                "capabilities": '{"nvenc": true}', "priority": 50, "enabled": 1,
                "status": "available", "current_jobs": "[]", "last_heartbeat": WHEN,
                "registered_at": WHEN, "total_jobs_completed": 0, "avg_transcode_time_seconds": 0},
    "discs": {"disc_id": "disc", "agent_id": "pc", "drive": "D:", "disc_name": "FIREFLY_S01_D1",
              "disc_type": "DVD disc", "detected_at": WHEN, "status": "detected",
              "media_type": "tv_show", "preview_status": "approved", "tv_show_name": "Firefly",
              "tv_season_number": 1, "tv_season_id": "Firefly:s1", "movie_confidence": 0},
    "titles": {"disc_id": "disc", "title_index": 0, "name": "Title 1", "duration_seconds": 2580,
               "size_bytes": 0, "chapters": 8, "selected": 1, "is_extra": 0,
               "confidence_score": 0.4},
    "jobs": {"job_id": "job", "job_type": "transcode", "status": "completed", "priority": 0,
             "requires_approval": 0, "progress": 0, "created_at": WHEN},
    "tv_seasons": {"season_id": "Firefly:s1", "show_name": "Firefly", "season_number": 1,
                   "last_episode_assigned": 0, "disc_ids": "[]", "created_at": WHEN,
                   "updated_at": WHEN},
    "tv_episodes": {"season_id": "Firefly:s1", "episode_number": 1, "episode_name": "Serenity",
                    "season_number": 1},
    "vlc_commands": {"command_id": "vlc", "agent_id": "pc", "file_path": "D:\\a.mkv",
                     "fullscreen": 1, "status": "completed", "created_at": WHEN},
}  # fmt: skip


def title_rows(disc_id: str, *numbers: int | None) -> list[tuple[str, dict[str, Any]]]:
    """A disc's titles, with these episode numbers; None for an extra."""
    return [
        ("titles", {
            "disc_id": disc_id, "title_index": index, "name": f"Title {index + 1}",
            "duration_seconds": 2580 if number else 300, "episode_number": number,
            "is_extra": number is None, "selected": number is not None,
            "proposed_filename": f"Firefly - S01E{number:02}.mkv" if number else "Extra.mkv",
            "proposed_path": "TV Shows/Firefly/Season 01",
        })
        for index, number in enumerate(numbers)
    ]  # fmt: skip


class LegacyDatabase:
    """A file of the old system that a test fills; columns that it leaves out are as in ROWS."""

    def __init__(self, path: Path, tables: str = TABLES) -> None:
        self.path = path
        self.run(tables)

    def run(self, script: str) -> None:
        """Run statements."""
        with closing(sqlite3.connect(self.path)) as connection:
            connection.executescript(script)

    def add(self, table: str, **columns: Any) -> None:
        """Enter a row."""
        self.add_all([(table, columns)])

    def add_all(self, rows: list[tuple[str, dict[str, Any]]]) -> None:
        """Enter rows in one transaction."""
        with closing(sqlite3.connect(self.path)) as connection, connection:
            for table, columns in rows:
                row = ROWS[table] | columns
                marks = ", ".join("?" * len(row))
                connection.execute(
                    f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})",  # noqa: S608
                    list(row.values()),
                )

    def titles(self, disc_id: str, *numbers: int | None) -> None:
        """Enter a disc's titles, with such episode numbers."""
        self.add_all(title_rows(disc_id, *numbers))

    def damage(self) -> bytes:
        """Overwrite the page of the agents; returns the file's new content."""
        pages = bytearray(self.path.read_bytes())
        pages[4096:4196] = b"\xff" * 100
        self.path.write_bytes(pages)
        return bytes(pages)

    def counts(self) -> dict[str, int]:
        """The number of rows in each table."""
        with closing(sqlite3.connect(self.path)) as connection:
            return {
                table: connection.execute(
                    f"SELECT COUNT(*) FROM {table}"  # noqa: S608
                ).fetchone()[0]
                for table in ROWS
            }
