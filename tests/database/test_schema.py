"""The schema as it was asked for, and the differences that `flask db check` finds."""

from contextlib import suppress
from typing import Any

import pytest

from boz_server.database import schema_report
from boz_server.database.connection import Database
from boz_server.database.migrations import Migrations

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
def test_it_has_every_column_that_was_asked_for(database, table):
    asked = COLUMNS[table].split()
    found = {column.name: column for column in database.peewee.get_columns(table)}
    assert {name.rstrip("!") for name in asked} <= found.keys()
    required = {name.rstrip("!") for name in asked if name.endswith("!")}
    assert required <= {name for name, column in found.items() if not column.null}
    assert database.peewee.get_primary_keys(table) == [asked[0].rstrip("!")]


@pytest.mark.parametrize("name", INDEXES)
def test_it_has_every_index_that_was_asked_for(database, name):
    table, columns = INDEXES[name]
    found = {index.name: index.columns for index in database.peewee.get_indexes(table)}
    assert found[name][: len(columns)] == columns


def test_it_gives_every_default_that_was_asked_for(database):
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
def test_it_gives_the_present_time_where_that_was_asked_for(database, table, column):
    found = {item.name: item for item in database.peewee.get_columns(table)}[column]
    assert found.default == "CURRENT_TIMESTAMP"


#: A change by hand, and what the report must say about it.
ON_BOTH = [
    ("DROP INDEX idx_jobs_status", "index idx_jobs_status is missing"),
    ("DROP INDEX uq_jobs_rip", "index uq_jobs_rip is missing"),
    ("CREATE INDEX extra ON jobs (preset)", "index extra is not in the models"),
    ("ALTER TABLE jobs ADD COLUMN colour TEXT", "column jobs.colour is not in the models"),
    ("CREATE TABLE shelves (name TEXT)", "table shelves is not in the models"),
    ("DROP TABLE vlc_commands", "table vlc_commands is missing"),
    ("ALTER TABLE jobs RENAME COLUMN preset TO encoder", "column jobs.preset is missing"),
]

#: The same as SQLite has it, which can't change a column: a word of the declaration, its
#: replacement, and what the report must say.
ON_SQLITE = [
    ("DEFAULT 50", "DEFAULT 60", "column workers.priority differs"),
    ('"hostname" TEXT NOT NULL', '"hostname" TEXT', "column workers.hostname differs"),
    ('"hostname" TEXT', '"hostname" VARCHAR(100)', "column workers.hostname differs"),
    ("CHECK (priority BETWEEN 1 AND 99)", "CHECK (TRUE)", "check workers: priority BETWEEN"),
    ("BETWEEN 1 AND 99", "BETWEEN 0 AND 99", "check workers: priority BETWEEN 0 AND 99 is not"),
    ("ON DELETE SET NULL", "ON DELETE CASCADE", "foreign key workers.agent_id differs"),
    ('REFERENCES "agents" ("agent_id")', 'REFERENCES "jobs" ("job_id")',
     "foreign key workers.agent_id differs"),
    ("NOT NULL PRIMARY KEY", "NOT NULL", "column workers.worker_id differs"),
    ('"hostname" TEXT NOT NULL', '"hostname" TEXT NOT NULL UNIQUE', "unique workers (hostname)"),
]  # fmt: skip

ON_POSTGRES = [
    ("ALTER TABLE workers ALTER priority SET DEFAULT 60", "column workers.priority differs"),
    ("ALTER TABLE workers ALTER priority DROP DEFAULT", "column workers.priority differs"),
    ("ALTER TABLE workers ALTER hostname DROP NOT NULL", "column workers.hostname differs"),
    ("ALTER TABLE workers ALTER hostname TYPE VARCHAR(100)", "column workers.hostname differs"),
    ("ALTER TABLE workers DROP CONSTRAINT workers_priority", "workers.workers_priority is missing"),
    ("ALTER TABLE workers ADD CHECK (cpu_usage < 200)", "constraint workers.workers_cpu_usage"),
    ("ALTER TABLE workers ADD UNIQUE (hostname)", "constraint workers.workers_hostname_key"),
    ("ALTER TABLE agents DROP CONSTRAINT agents_current_job_id_fkey",
     "constraint agents.agents_current_job_id_fkey is missing"),
    ("ALTER TABLE titles DROP CONSTRAINT titles_disc_id_fkey, ADD CONSTRAINT titles_disc_id_fkey"
     " FOREIGN KEY (disc_id) REFERENCES discs (disc_id)",
     "constraint titles.titles_disc_id_fkey differs"),
    ("CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
     " CREATE TRIGGER extra BEFORE UPDATE ON jobs FOR EACH ROW EXECUTE FUNCTION nothing()",
     "trigger extra is not in the models"),
]  # fmt: skip


class Undo(Exception):
    """Raised by a test to undo its change."""


@pytest.fixture
def migrated(blank: Database) -> Database:
    """A database of its own at the server's version."""
    Migrations(blank).upgrade()
    return blank


def test_it_finds_no_difference_after_the_migrations(migrated):
    assert schema_report.differences(migrated) == []


def test_it_leaves_the_database_as_it_was(migrated):
    tables = migrated.peewee.get_tables()
    schema_report.differences(migrated)
    assert schema_report.differences(migrated) == []
    assert migrated.peewee.get_tables() == tables


def test_it_finds_everything_missing_in_an_empty_database(blank):
    found = schema_report.differences(blank)
    assert "table jobs is missing: the models have a table" in found
    assert all(" is missing: " in line for line in found)


@pytest.mark.parametrize(("change", "said"), ON_BOTH, ids=[said for _, said in ON_BOTH])
def test_it_finds_what_was_added_or_dropped(migrated, change, said):
    migrated.peewee.execute_sql(change)
    assert [line for line in schema_report.differences(migrated) if said in line]


@pytest.mark.parametrize(("old", "new", "said"), ON_SQLITE, ids=[said for *_, said in ON_SQLITE])
def test_it_finds_a_declaration_that_differs_on_sqlite(sqlite, old, new, said):
    execute = sqlite.peewee.execute_sql
    declared = execute("SELECT sql FROM sqlite_master WHERE name = 'workers'").fetchone()[0]
    assert old in declared
    execute("DROP TABLE workers")
    execute(declared.replace(old, new))
    assert [line for line in schema_report.differences(sqlite) if said in line]


def test_it_finds_an_extra_trigger_on_sqlite(sqlite):
    sqlite.peewee.execute_sql("CREATE TRIGGER extra AFTER UPDATE ON jobs BEGIN SELECT 1; END")
    (found,) = schema_report.differences(sqlite)
    assert found.startswith("trigger extra is not in the models: the database has CREATE TRIGGER")


def test_it_finds_the_condition_of_an_index_that_differs_on_sqlite(sqlite):
    sqlite.peewee.execute_sql("DROP INDEX uq_discs_live_drive")
    sqlite.peewee.execute_sql("CREATE UNIQUE INDEX uq_discs_live_drive ON discs (agent_id, drive)")
    (found,) = schema_report.differences(sqlite)
    assert found.startswith("index uq_discs_live_drive differs: the models have CREATE UNIQUE")


@pytest.mark.parametrize(("change", "said"), ON_POSTGRES, ids=[said for _, said in ON_POSTGRES])
def test_it_finds_a_declaration_that_differs_on_postgres(postgres, change, said):
    with suppress(Undo), postgres.peewee.atomic():
        postgres.peewee.execute_sql(change)
        assert [line for line in schema_report.differences(postgres) if said in line]
        raise Undo
    assert schema_report.differences(postgres) == []
