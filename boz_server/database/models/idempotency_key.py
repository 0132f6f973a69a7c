"""Requests that clients may send again."""

import peewee

from boz_server.database.fields import UTCDateTimeField
from boz_server.database.models.base import BaseModel, index


class IdempotencyKey(BaseModel):
    """The answer that a request with an Idempotency-Key got."""

    #: Method and path: a key means one request to one endpoint.
    endpoint = peewee.CharField(max_length=200)
    #: As the client chose it.
    key = peewee.CharField(max_length=255)
    #: SHA-256 of the body, in hex.
    body_hash = peewee.CharField(max_length=64)
    #: The answer, as JSON.
    answer = peewee.TextField()
    created_at = UTCDateTimeField()

    class Meta:
        table_name = "idempotency_keys"
        primary_key = peewee.CompositeKey("endpoint", "key")


index("idx_idempotency_keys_age", IdempotencyKey, IdempotencyKey.created_at)
