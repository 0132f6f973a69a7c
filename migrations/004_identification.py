"""Identification of discs: what a disc is and why, and what each title is.

Frozen: never imports the models. docs/schema.md explains the columns.
Columns are added and dropped in place, because rebuilding a table could lose its children.
"""

import peewee as pw
from peewee_migrate import Migrator

NO: list[pw.Node] = [pw.Default("FALSE")]
KINDS = (
    "episode",
    "double_episode",
    "feature",
    "other_cut",
    "extra",
    "play_all",
    "copy",
    "version",
)
INDEXES = ("idx_discs_title_key", "idx_discs_lookup_due")
# SQL can't keep only letters and digits, so it removes the other characters that real titles have.
LETTERS = "lower(coalesce(tv_show_name, movie_title, ''))"
for other in (" ", "-", ":", "''", ".", ",", "!", "?", "&", "(", ")"):
    LETTERS = f"replace({LETTERS}, '{other}', '')"


def migrate(migrator: Migrator, database: pw.Database, *, fake: bool = False) -> None:
    """Add columns and indexes; existing discs keep what was decided about them."""
    disc = migrator.add_fields("discs", allow_not_null=True, **disc_columns())
    migrator.add_fields("titles", **title_columns())
    migrator.add_fields(
        "tv_episodes", allow_not_null=True, is_listed=pw.BooleanField(constraints=NO)
    )
    for index in disc_indexes(disc):
        disc.add_index(index)
    migrator.run(pw.SchemaManager(disc).create_indexes)  # keeps those of 001
    migrator.sql(f"UPDATE discs SET title_key = {LETTERS}")  # noqa: S608
    migrator.sql(
        "UPDATE titles SET kind = CASE WHEN is_extra THEN 'extra'"
        " WHEN episode_number IS NOT NULL THEN 'episode' ELSE 'feature' END"
        " WHERE proposed_filename IS NOT NULL"
    )


def rollback(migrator: Migrator, database: pw.Database, *, fake: bool = False) -> None:
    """Drop them again; the identification of discs and titles is lost."""
    for name in INDEXES:
        migrator.sql(f"DROP INDEX {name}")
    migrator.remove_fields("tv_episodes", "is_listed")
    migrator.remove_fields("titles", *title_columns())
    migrator.remove_fields("discs", *disc_columns())


def disc_indexes(disc):
    """The new indexes, in the order of INDEXES."""
    due = disc.index(disc.detected_at, name="idx_discs_lookup_due")
    return [
        disc.index(disc.title_key, disc.detected_at, name="idx_discs_title_key"),
        due.where(disc.lookup_due),
    ]


def disc_columns():
    return {
        "title_key": pw.TextField(constraints=[pw.Default("''")]),
        "disc_number": pw.IntegerField(null=True),
        "identification": pw.JSONField(constraints=[pw.Default("'{}'")]),
        "candidates": pw.JSONField(constraints=[pw.Default("'[]'")]),
        "lookup_due": pw.BooleanField(constraints=NO),
        "is_told": pw.BooleanField(constraints=NO),
        "told_first_episode": pw.IntegerField(null=True),
    }


def title_columns():
    listed = ", ".join(f"'{kind}'" for kind in KINDS)
    return {
        "kind": pw.CharField(
            max_length=20, null=True, constraints=[pw.Check(f"kind IN ({listed})", "titles_kind")]
        ),
        "note": pw.TextField(null=True),
        "last_episode_number": pw.IntegerField(null=True),
        "source_file": pw.TextField(null=True),
        "segment_map": pw.TextField(null=True),
        "output_file": pw.TextField(null=True),
    }
