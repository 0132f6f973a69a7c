"""By which hash a disc database knows a disc.

Frozen: never imports the models. docs/schema.md explains the column.
The column is added and dropped in place, because rebuilding a table could lose its children.
"""

import peewee as pw
from peewee_migrate import Migrator


def migrate(migrator: Migrator, database: pw.Database, *, fake: bool = False) -> None:
    """Add the column, empty: only agents can work a hash out."""
    migrator.add_fields("discs", content_hash=pw.CharField(max_length=32, null=True))


def rollback(migrator: Migrator, database: pw.Database, *, fake: bool = False) -> None:
    """Drop it again."""
    migrator.remove_fields("discs", "content_hash")
