"""Carries out a request once, even when its client repeats it because it got no answer."""

import hashlib
from collections.abc import Callable
from datetime import timedelta

from boz_server.context import Context
from boz_server.database.models import IdempotencyKey
from boz_server.errors import Invalid

#: How long an answer is stored under its Idempotency-Key.
LIFETIME = timedelta(hours=24)


def answered(context: Context, endpoint: str, key: str, body: bytes) -> str | None:
    """Return the answer to the first request with this key; None if there was none.

    Raises Invalid when the key came with another body before.
    """
    known = context.stores.maintenance.key(endpoint, key)
    if known is None or known.created_at < context.clock.now() - LIFETIME:
        return None
    return _answer(known, _hash(body))


def once(
    context: Context, endpoint: str, key: str, body: bytes, carry_out: Callable[[], str]
) -> str:
    """Carry a request out, or return the answer to the first one with this key.

    The key is stored in the transaction of what the request changes: both or neither are there.
    Raises Invalid when the key came with another body before.
    """
    keys = context.stores.maintenance
    now = context.clock.now()
    body_hash = _hash(body)
    with context.database.write_queue():
        known = keys.key(endpoint, key)
        if known is not None and known.created_at < now - LIFETIME:
            keys.delete_key(endpoint, key)
            known = None
        if known is None:
            answer = carry_out()
            keys.enter_key(endpoint, key, body_hash, answer, now)
            return answer
    return _answer(known, body_hash)


def delete_old_keys(context: Context) -> int:
    """Delete the keys that are older than a day; returns how many."""
    deleted = 0
    while True:
        with context.database.write():
            batch = context.stores.maintenance.delete_older_keys(context.clock.now() - LIFETIME)
        deleted += batch
        if not batch:
            return deleted


def _hash(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def _answer(known: IdempotencyKey, body_hash: str) -> str:
    if known.body_hash != body_hash:
        raise Invalid(
            "Idempotency-Key",
            "This key was sent with another body before: use a new key for a new request.",
        )
    return str(known.answer)
