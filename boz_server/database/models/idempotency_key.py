"""Requests that clients may safely repeat."""

import peewee

from boz_server.database.fields import UTCDateTimeField
from boz_server.database.models.base import BaseModel, index


class IdempotencyKey(BaseModel):
    """The answer to a request that had an Idempotency-Key."""

    #: Method and path: a key identifies a request to one endpoint.
    endpoint = peewee.CharField(max_length=200)
    #: Chosen by the client.
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
