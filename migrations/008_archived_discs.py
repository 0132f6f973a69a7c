"""What outlives old jobs and discs: the discs' archive, and which titles were ripped.

Frozen history: it never imports the models. docs/database.md says what each column is for.
Columns are added and dropped in place, as a rebuilt table could lose its children.
"""

import peewee as pw
from peewee_migrate import Migrator

STATES = ("detected", "ripping", "completed", "ejected")
MEDIA_TYPES = ("movie", "tv_show", "unknown")
PREVIEW_STATES = ("pending", "approved", "rejected")
INDEXES = ("idx_jobs_completed_at", "idx_vlc_commands_created_at")


def migrate(migrator: Migrator, database: pw.Database, *, fake: bool = False) -> None:
    """Add the archive, empty, the columns, that of titles filled from the rips that are known, and
    the indexes by which what is old is found."""
    create_archive(migrator)
    migrator.add_fields("titles", ripped_at=pw.DateTimeField(null=True))
    for table in ("discs", "jobs"):
        migrator.add_fields(table, adopted_at=pw.DateTimeField(null=True))
    migrator.sql(
        "UPDATE titles SET ripped_at = (SELECT MAX(COALESCE(completed_at, created_at)) FROM jobs"
        " WHERE jobs.disc_id = titles.disc_id AND jobs.title_index = titles.title_index"
        " AND job_type = 'rip' AND status = 'completed')"
    )
    add_index(migrator.orm["jobs"], INDEXES[0], "completed_at", "job_id")
    add_index(migrator.orm["vlc_commands"], INDEXES[1], "created_at")
    for table in ("jobs", "vlc_commands"):
        # Those of earlier steps are there, and stay.
        migrator.run(pw.SchemaManager(migrator.orm[table]).create_indexes)


def rollback(migrator: Migrator, database: pw.Database, *, fake: bool = False) -> None:
    """Drop them again, and the discs in the archive with it."""
    for name in INDEXES:
        migrator.sql(f"DROP INDEX {name}")
    for table in ("discs", "jobs"):
        migrator.remove_fields(table, "adopted_at")
    migrator.remove_fields("titles", "ripped_at")
    migrator.remove_model("archived_discs", cascade=True)


def add_index(model, name, *columns):
    model.add_index(model.index(*[getattr(model, column) for column in columns], name=name))


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
