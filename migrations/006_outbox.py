"""Messages to other servers, sent after the commit that they belong to.

Frozen: never imports the models. docs/schema.md explains the table.
"""

import peewee as pw
from peewee_migrate import Migrator


def migrate(migrator: Migrator, database: pw.Database, *, fake: bool = False) -> None:
    """Add the empty table."""

    class OutboxMessage(pw.Model):
        message_id = pw.BigAutoField()
        kind = pw.CharField(max_length=20)
        key = pw.TextField()
        payload = pw.JSONField()
        entered_at = pw.DateTimeField()
        due_at = pw.DateTimeField()
        latest_due_at = pw.DateTimeField()
        attempts = pw.IntegerField(constraints=[pw.Default(0)])
        claim = pw.CharField(max_length=32, null=True)
        last_error = pw.TextField(null=True)

        class Meta:
            table_name = "outbox"

    key, due = OutboxMessage.key, OutboxMessage.due_at
    OutboxMessage.add_index(OutboxMessage.index(key, unique=True, name="uq_outbox_key"))
    OutboxMessage.add_index(OutboxMessage.index(due, name="idx_outbox_due"))
    migrator.create_model(OutboxMessage)


def rollback(migrator: Migrator, database: pw.Database, *, fake: bool = False) -> None:
    """Drop it again; unsent messages are lost."""
    migrator.remove_model("outbox", cascade=True)
