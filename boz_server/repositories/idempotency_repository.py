"""Requests that may come again, in the database."""

from datetime import datetime

from boz_server.database.connection import Database
from boz_server.database.models import IdempotencyKey

#: Keys that one maintenance run deletes at a time, so that requests never wait for it.
BATCH = 500


class IdempotencyRepository:
    """Queries on keys and the answers that they stand for."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def enter(self, endpoint: str, key: str, body_hash: str, answer: str, now: datetime) -> None:
        """Enter a key with the answer that it stands for."""
        IdempotencyKey.create(
            endpoint=endpoint, key=key, body_hash=body_hash, answer=answer, created_at=now
        )

    def get(self, endpoint: str, key: str) -> IdempotencyKey | None:
        """Return what is known of a key."""
        return IdempotencyKey.get_or_none(
            IdempotencyKey.endpoint == endpoint, IdempotencyKey.key == key
        )

    def delete(self, endpoint: str, key: str) -> None:
        """Forget one key."""
        IdempotencyKey.delete().where(
            IdempotencyKey.endpoint == endpoint, IdempotencyKey.key == key
        ).execute()

    def delete_older(self, than: datetime) -> int:
        """Forget a batch of keys from before then; returns how many."""
        old = (
            IdempotencyKey.select(IdempotencyKey.endpoint, IdempotencyKey.key)
            .where(IdempotencyKey.created_at < than)
            .order_by(IdempotencyKey.created_at)
            .limit(BATCH)
        )
        keys = [(row.endpoint, row.key) for row in old]
        for endpoint, key in keys:
            self.delete(endpoint, key)
        return len(keys)
