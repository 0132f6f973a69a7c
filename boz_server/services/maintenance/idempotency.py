"""Requests that a client may send again when it got no answer: they are carried out once."""

import hashlib
from collections.abc import Callable
from datetime import timedelta

from boz_server.clock import Clock
from boz_server.database.connection import Database
from boz_server.errors import Invalid
from boz_server.repositories.idempotency_repository import IdempotencyRepository

KEPT = timedelta(hours=24)


class Idempotency:
    """Keeps the answers to requests with an Idempotency-Key, for a day."""

    def __init__(self, clock: Clock, database: Database, rows: IdempotencyRepository) -> None:
        self.clock = clock
        self.database = database
        self.rows = rows

    def once(self, endpoint: str, key: str, body: bytes, carry_out: Callable[[], str]) -> str:
        """Carry a request out, or answer what it was answered before.

        The key and what the request changes are one transaction: there are both or neither.
        Raises Invalid when the key stood for another body.
        """
        now = self.clock.now()
        body_hash = hashlib.sha256(body).hexdigest()
        with self.database.write_queue():
            known = self.rows.get(endpoint, key)
            if known is not None and known.created_at < now - KEPT:
                self.rows.delete(endpoint, key)
                known = None
            if known is None:
                answer = carry_out()
                self.rows.enter(endpoint, key, body_hash, answer, now)
                return answer
        if known.body_hash != body_hash:
            raise Invalid(
                "Idempotency-Key",
                "This key was sent with another body before: use a new key for a new request.",
            )
        return str(known.answer)

    def forget_old(self) -> int:
        """Forget the keys that are no longer kept; returns how many."""
        forgotten = 0
        while True:
            with self.database.write():
                batch = self.rows.delete_older(self.clock.now() - KEPT)
            forgotten += batch
            if not batch:
                return forgotten
