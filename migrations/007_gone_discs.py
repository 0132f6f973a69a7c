"""What seasons remember of discs that the database does not have.

Frozen history: it never imports the models. docs/schema.md says what each column is for.
Columns are added and dropped in place, as a rebuilt table could lose its children.
"""

import peewee as pw
from peewee_migrate import Migrator

ZERO: list[pw.Node] = [pw.Default(0)]
COLUMNS = ("gone_last_episode", "gone_last_disc")


def migrate(migrator: Migrator, database: pw.Database, *, fake: bool = False) -> None:
    """Add the columns; a database that was always ours lacks no disc."""
    migrator.add_fields(
        "tv_seasons",
        allow_not_null=True,
        **{name: pw.IntegerField(constraints=ZERO) for name in COLUMNS},
    )


def rollback(migrator: Migrator, database: pw.Database, *, fake: bool = False) -> None:
    """Drop them again; numbers of discs that are gone may be given anew."""
    migrator.remove_fields("tv_seasons", *COLUMNS)
