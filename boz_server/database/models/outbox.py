"""Messages to other people's servers that are still to be sent."""

import peewee

from boz_server.database.fields import UTCDateTimeField, default
from boz_server.database.models.base import BaseModel, index


class OutboxMessage(BaseModel):
    """One message to one server; it goes once the server has taken it."""

    message_id = peewee.BigAutoField()
    #: Who it is for, by the names of its senders: "plex", "discord", …
    kind = peewee.CharField(max_length=20)
    #: What it says, in short: the same entered again is the same message.
    key = peewee.TextField()
    #: What its sender needs to know.
    payload = peewee.JSONField()
    #: When it was entered, or entered again, last: it is given up so long after.
    entered_at = UTCDateTimeField()
    #: When to send it, or, while it is being sent, to send it again.
    due_at = UTCDateTimeField()
    #: Until when entering it again may put off its first sending.
    latest_due_at = UTCDateTimeField()
    #: How often it was begun to be sent.
    attempts = peewee.IntegerField(default=0, constraints=default(0))
    #: Random name of the attempt under way; null while there is none, and once it was entered
    #: again: what is sent then does not speak for the later one.
    claim = peewee.CharField(max_length=32, null=True)
    #: Why the latest attempt failed; null where none has.
    last_error = peewee.TextField(null=True)

    class Meta:
        table_name = "outbox"


index("uq_outbox_key", OutboxMessage, OutboxMessage.key, unique=True)
index("idx_outbox_due", OutboxMessage, OutboxMessage.due_at)
