"""What seasons know about discs that the database does not have.

Frozen: never imports the models. docs/schema.md explains the columns.
Columns are added and dropped in place, because rebuilding a table could lose its children.
"""

import peewee as pw
from peewee_migrate import Migrator

ZERO: list[pw.Node] = [pw.Default(0)]
COLUMNS = ("gone_last_episode", "gone_last_disc")


def migrate(migrator: Migrator, database: pw.Database, *, fake: bool = False) -> None:
    """Add the columns; a database that was not adopted lacks no disc."""
    migrator.add_fields(
        "tv_seasons",
        allow_not_null=True,
        **{name: pw.IntegerField(constraints=ZERO) for name in COLUMNS},
    )


def rollback(migrator: Migrator, database: pw.Database, *, fake: bool = False) -> None:
    """Drop them again; numbers of gone discs may be assigned again."""
    migrator.remove_fields("tv_seasons", *COLUMNS)
