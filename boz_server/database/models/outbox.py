"""Messages to other servers that are still to be sent."""

import peewee

from boz_server.database.fields import JSONField, UTCDateTimeField, defaulted
from boz_server.database.models.base import BaseModel, index


class OutboxMessage(BaseModel):
    """One message to one server; deleted once the server has accepted it."""

    message_id = peewee.BigAutoField()
    #: Who it is for, by the names of its senders: "plex", "discord", …
    kind = peewee.CharField(max_length=20)
    #: Short form of its content: entering the same key again updates the message.
    key = peewee.TextField()
    #: What is needed to send it.
    payload = JSONField()
    #: When it was last entered, from when on the time until it is given up counts.
    entered_at = UTCDateTimeField()
    #: When to send it; while it is being sent, when to try again.
    due_at = UTCDateTimeField()
    #: The latest time to which entering it again can postpone the first attempt.
    latest_due_at = UTCDateTimeField()
    #: Number of attempts begun.
    attempts = peewee.IntegerField(**defaulted(0))
    #: Random id of the attempt under way; null without one. Entering the message again clears it,
    #: because that attempt does not send the new content.
    claim = peewee.CharField(max_length=32, null=True)
    #: Why the latest attempt failed; null if none has.
    last_error = peewee.TextField(null=True)

    class Meta:
        table_name = "outbox"


index("uq_outbox_key", OutboxMessage, OutboxMessage.key, unique=True)
index("idx_outbox_due", OutboxMessage, OutboxMessage.due_at)
