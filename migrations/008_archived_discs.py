"""What outlives old jobs and discs: the archive, and which titles were ripped.

Frozen: never imports the models. docs/schema.md explains the columns.
Columns are added and dropped in place, because rebuilding a table could lose its children.
"""

import json
import zlib
from typing import Any

import peewee as pw
from peewee_migrate import Migrator

#: The columns of discs and titles in the previous version, except those of the archive itself.
DISC: dict[str, Any] = {
    "drive": "",
    "thetvdb_series_id": None,
    "starting_episode_number": None,
    "omdb_imdb_id": None,
    "movie_confidence": 0.0,
    "disc_number": None,
    "identification": {},
    "candidates": [],
    "lookup_due": False,
    "is_told": False,
    "told_first_episode": None,
}
TITLE: dict[str, Any] = {
    "title_index": None,
    "name": None,
    "duration_seconds": None,
    "size_bytes": None,
    "chapters": 0,
    "selected": False,
    "is_extra": False,
    "proposed_filename": None,
    "proposed_path": None,
    "kind": None,
    "note": None,
    "episode_number": None,
    "last_episode_number": None,
    "episode_title": None,
    "confidence_score": 0.0,
    "source_file": None,
    "segment_map": None,
    "output_file": None,
    "thumbnail_timestamps": [],
}
SHOWN = (
    "disc_id",
    "agent_id",
    "disc_name",
    "disc_type",
    "fingerprint",
    "title_key",
    "detected_at",
    "media_type",
    "preview_status",
    "tv_show_name",
    "tv_season_number",
    "tv_season_id",
    "movie_title",
    "movie_year",
)
#: Indexes of jobs that now leave out rows with no source, as Peewee wrote them in 001 and 002.
BEFORE = {
    "idx_jobs_disc": ('CREATE INDEX "idx_jobs_disc" ON "jobs" ("disc_id", "job_type", "status")'),
    "idx_jobs_source": 'CREATE INDEX "idx_jobs_source" ON "jobs" ("source_job_id")',
}
CHUNK = 500
STATES = ("detected", "ripping", "completed", "ejected")
MEDIA_TYPES = ("movie", "tv_show", "unknown")
PREVIEW_STATES = ("pending", "approved", "rejected")
INDEXES = ("idx_jobs_completed_at", "idx_vlc_commands_created_at")


def migrate(migrator: Migrator, database: pw.Database, *, fake: bool = False) -> None:
    """Add the empty archive, the columns, and the indexes for finding old rows; fill the titles'
    column from the known rips."""
    create_archive(migrator)
    migrator.add_fields("titles", ripped_at=pw.DateTimeField(null=True))
    for table in ("discs", "jobs"):
        migrator.add_fields(table, adopted_at=pw.DateTimeField(null=True))
    migrator.sql(
        "UPDATE titles SET ripped_at = (SELECT MAX(COALESCE(completed_at, created_at)) FROM jobs"
        " WHERE jobs.disc_id = titles.disc_id AND jobs.title_index = titles.title_index"
        " AND job_type = 'rip' AND status = 'completed')"
    )
    for name in BEFORE:
        migrator.sql(f"DROP INDEX {name}")
    job: Any = migrator.orm["jobs"]
    job._meta.indexes = [index for index in job._meta.indexes if index._name not in BEFORE]
    disc = job.index(job.disc, job.job_type, job.status, name="idx_jobs_disc")
    job.add_index(disc.where(job.disc.is_null(False)))
    source = job.index(job.source_job_id, name="idx_jobs_source")
    job.add_index(source.where(job.source_job_id.is_null(False)))
    add_index(job, INDEXES[0], "completed_at", "job_id")
    add_index(migrator.orm["vlc_commands"], INDEXES[1], "created_at")
    for table in ("jobs", "vlc_commands"):
        # Keeps those of earlier migrations.
        migrator.run(pw.SchemaManager(migrator.orm[table]).create_indexes)


def rollback(migrator: Migrator, database: pw.Database, *, fake: bool = False) -> None:
    """Drop them again; archived discs are restored as ejected ones."""
    migrator.run(unpack, database)
    for name in (*INDEXES, *BEFORE):
        migrator.sql(f"DROP INDEX {name}")
    for statement in BEFORE.values():
        migrator.sql(statement)
    for table in ("discs", "jobs"):
        migrator.remove_fields(table, "adopted_at")
    migrator.remove_fields("titles", "ripped_at")
    migrator.remove_model("archived_discs", cascade=True)


def add_index(model, name, *columns):
    model.add_index(model.index(*[getattr(model, column) for column in columns], name=name))


def unpack(database):
    """Restore the archived discs, with their titles and jobs."""
    mark, reached = database.param, ""
    query = (
        f"SELECT record, {', '.join(SHOWN)} FROM archived_discs"  # noqa: S608
        f" WHERE disc_id > {mark} ORDER BY disc_id LIMIT {CHUNK}"
    )
    is_live = f"SELECT 1 FROM discs WHERE disc_id = {mark}"  # noqa: S608
    while rows := database.execute_sql(query, (reached,)).fetchall():
        for packed, *shown in rows:
            reached = shown[0]
            if database.execute_sql(is_live, (reached,)).fetchone() is None:
                record = json.loads(zlib.decompress(bytes(packed)))
                bring_back(database, dict(zip(SHOWN, shown, strict=True)), record)


def bring_back(database, shown, record):
    disc_id, mark = shown["disc_id"], database.param
    insert(database, "discs", shown | {"status": "ejected"} | filled(DISC, record["disc"]))
    for title in record["titles"]:
        insert(database, "titles", {"disc_id": disc_id} | filled(TITLE, title))
    for job_id in record["jobs"]:
        database.execute_sql(
            f"UPDATE jobs SET disc_id = {mark} WHERE job_id = {mark}",  # noqa: S608
            (disc_id, job_id),
        )


def filled(usual, found):
    """The columns of a row; the archive leaves out those with default values."""
    return {name: found.get(name, value) for name, value in usual.items()}


def insert(database, table, row):
    values = [json.dumps(each) if isinstance(each, dict | list) else each for each in row.values()]
    marks = ", ".join([database.param] * len(row))
    database.execute_sql(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", values)  # noqa: S608


def create_archive(migrator):
    class ArchivedDisc(pw.Model):
        disc_id = pw.CharField(max_length=36, primary_key=True)
        agent = pw.ForeignKeyField(migrator.orm["agents"], column_name="agent_id", index=False)
        disc_name = pw.TextField()
        disc_type = pw.TextField()
        fingerprint = pw.CharField(max_length=64)
        title_key = pw.TextField()
        detected_at = pw.DateTimeField()
        archived_at = pw.DateTimeField()
        status = pw.CharField(max_length=20)
        media_type = pw.CharField(max_length=20)
        preview_status = pw.CharField(max_length=20)
        tv_show_name = pw.TextField(null=True)
        tv_season_number = pw.IntegerField(null=True)
        tv_season = pw.ForeignKeyField(
            migrator.orm["tv_seasons"],
            column_name="tv_season_id",
            object_id_name="tv_season_id",
            null=True,
            index=False,
            on_delete="SET NULL",
        )
        movie_title = pw.TextField(null=True)
        movie_year = pw.IntegerField(null=True)
        record = pw.BlobField()

        class Meta:
            table_name = "archived_discs"
            constraints = checks()

    for column in ("fingerprint", "title_key", "tv_season"):
        add_index(ArchivedDisc, f"idx_archived_discs_{column}", column)
    add_index(ArchivedDisc, "idx_archived_discs_latest", "media_type", "detected_at")
    migrator.create_model(ArchivedDisc)


def checks():
    allowed = {"status": STATES, "media_type": MEDIA_TYPES, "preview_status": PREVIEW_STATES}
    return [
        pw.Check(f"{column} IN ({', '.join(map(repr, values))})", f"archived_discs_{column}")
        for column, values in allowed.items()
    ]
