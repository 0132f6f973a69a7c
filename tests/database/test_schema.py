"""The schema that was asked for is all there: tables, columns, defaults and named indexes."""

from typing import Any

import pytest

from boz_server.database.connection import Database

#: Columns of the schema as asked for; those marked ! are NOT NULL, the first is the key.
COLUMNS = {
    "jobs": (
        "job_id! job_type! status! priority disc_id title_index input_file output_name output_file"
        " preset assigned_agent_id assigned_at requires_approval source_disc_name input_file_size"
        " progress error created_at started_at completed_at"
    ),
    "agents": (
        "agent_id! name! status capabilities current_job_id last_heartbeat registered_at"
    ),
    "workers": (
        "worker_id! worker_type! hostname! agent_id capabilities priority enabled status"
        " current_jobs last_heartbeat registered_at total_jobs_completed"
        " avg_transcode_time_seconds cpu_usage gpu_usage"
    ),
    "discs": (
        "disc_id! agent_id! drive! disc_name! disc_type detected_at status media_type"
        " preview_status tv_show_name tv_season_number tv_season_id thetvdb_series_id"
        " starting_episode_number"
    ),
    "titles": (
        "id! disc_id! title_index! name! duration_seconds! size_bytes! chapters selected is_extra"
        " proposed_filename proposed_path episode_number episode_title confidence_score"
    ),
    "tv_seasons": (
        "season_id! show_name! season_number! thetvdb_series_id last_episode_assigned disc_ids"
        " last_disc_name created_at updated_at"
    ),
    "tv_episodes": (
        "id! season_id! episode_number! episode_name! season_number! runtime overview"
    ),
}  # fmt: skip

#: Indexes of the schema as asked for, and the columns that they begin with.
INDEXES = {
    "idx_jobs_status": ("jobs", ["status"]),
    "idx_jobs_agent": ("jobs", ["assigned_agent_id"]),
    "idx_jobs_type": ("jobs", ["job_type"]),
    "idx_jobs_approval": ("jobs", ["requires_approval", "status"]),
    "idx_agents_status": ("agents", ["status"]),
    "idx_workers_status": ("workers", ["status"]),
    "idx_workers_priority": ("workers", ["priority"]),
    "idx_workers_agent": ("workers", ["agent_id"]),
    "idx_discs_agent": ("discs", ["agent_id"]),
    "idx_discs_status": ("discs", ["status"]),
    "idx_discs_preview_status": ("discs", ["preview_status"]),
    "idx_discs_tv_season": ("discs", ["tv_season_id"]),
    "idx_titles_disc": ("titles", ["disc_id"]),
    "idx_titles_selected": ("titles", ["selected"]),
    "idx_tv_seasons_show": ("tv_seasons", ["show_name"]),
    "idx_tv_episodes_season": ("tv_episodes", ["season_id"]),
}

#: Rows of what has no default, parents first, and the defaults that the rest must get.
DEFAULTS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("agents", {"agent_id": "a", "name": "A", "capabilities": "{}"}, {"status": "online"}),
    (
        "workers",
        {"worker_id": "w", "worker_type": "agent", "hostname": "h", "capabilities": "{}",
         "current_jobs": "[]"},
        {"priority": 50, "enabled": True, "status": "available", "total_jobs_completed": 0,
         "avg_transcode_time_seconds": 0.0, "priority_set_by_operator": False},
    ),
    (
        "tv_seasons",
        {"season_id": "s", "show_name": "S", "season_number": 1, "disc_ids": "[]"},
        {"last_episode_assigned": 0},
    ),
    (
        "discs",
        {"disc_id": "d", "agent_id": "a", "drive": "D:", "disc_name": "D", "fingerprint": "f"},
        {"disc_type": "Unknown", "status": "detected", "media_type": "unknown",
         "preview_status": "pending", "movie_confidence": 0.0},
    ),
    (
        "titles",
        {"disc_id": "d", "title_index": 0, "name": "T", "duration_seconds": 1, "size_bytes": 0,
         "thumbnail_timestamps": "[]"},
        {"chapters": 0, "selected": False, "is_extra": False, "confidence_score": 0.0},
    ),
    (
        "jobs",
        {"job_id": "j", "job_type": "rip", "status": "queued", "thumbnail_timestamps": "[]"},
        {"priority": 0, "requires_approval": False, "progress": 0.0},
    ),
    (
        "vlc_commands",
        {"command_id": "c", "agent_id": "a", "file_path": "/f"},
        {"fullscreen": True, "status": "pending"},
    ),
]  # fmt: skip


@pytest.mark.parametrize("table", COLUMNS)
def test_it_has_every_column_that_was_asked_for(database: Database, table: str) -> None:
    asked = COLUMNS[table].split()
    found = {column.name: column for column in database.peewee.get_columns(table)}
    assert {name.rstrip("!") for name in asked} <= found.keys()
    required = {name.rstrip("!") for name in asked if name.endswith("!")}
    assert required <= {name for name, column in found.items() if not column.null}
    assert database.peewee.get_primary_keys(table) == [asked[0].rstrip("!")]


@pytest.mark.parametrize("name", INDEXES)
def test_it_has_every_index_that_was_asked_for(database: Database, name: str) -> None:
    table, columns = INDEXES[name]
    found = {index.name: index.columns for index in database.peewee.get_indexes(table)}
    assert found[name][: len(columns)] == columns


def test_it_gives_every_default_that_was_asked_for(database: Database) -> None:
    mark = database.peewee.param
    for table, given, expected in DEFAULTS:
        columns, marks = ", ".join(given), ", ".join([mark] * len(given))
        database.peewee.execute_sql(
            f"INSERT INTO {table} ({columns}) VALUES ({marks})",  # noqa: S608
            tuple(given.values()),
        )
        asked = ", ".join(expected)
        row = database.peewee.execute_sql(f"SELECT {asked} FROM {table}").fetchone()  # noqa: S608
        assert dict(zip(expected, row, strict=True)) == expected


@pytest.mark.parametrize(
    ("table", "column"),
    [("agents", "last_heartbeat"), ("agents", "registered_at"), ("workers", "last_heartbeat"),
     ("workers", "registered_at"), ("discs", "detected_at"), ("jobs", "created_at"),
     ("tv_seasons", "created_at"), ("tv_seasons", "updated_at"), ("vlc_commands", "created_at")],
)  # fmt: skip
def test_it_gives_the_present_time_where_that_was_asked_for(
    database: Database, table: str, column: str
) -> None:
    found = {item.name: item for item in database.peewee.get_columns(table)}[column]
    assert found.default == "CURRENT_TIMESTAMP"
