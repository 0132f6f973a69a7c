"""Stored responses of TheTVDB, OMDb and TMDb.

Frozen: never imports the models. docs/schema.md explains the table.
"""

import peewee as pw
from peewee_migrate import Migrator


def migrate(migrator: Migrator, database: pw.Database, *, fake: bool = False) -> None:
    """Add the empty table."""

    class ProviderAnswer(pw.Model):
        provider = pw.CharField(max_length=20)
        key = pw.CharField(max_length=300)
        answer = pw.JSONField()
        fetched_at = pw.DateTimeField()

        class Meta:
            table_name = "provider_cache"
            primary_key = pw.CompositeKey("provider", "key")

    ProviderAnswer.add_index(
        ProviderAnswer.index(ProviderAnswer.fetched_at, name="idx_provider_cache_age")
    )
    migrator.create_model(ProviderAnswer)


def rollback(migrator: Migrator, database: pw.Database, *, fake: bool = False) -> None:
    """Drop it again; the providers are asked again."""
    migrator.remove_model("provider_cache", cascade=True)
