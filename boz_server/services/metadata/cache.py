"""Stores the answers of providers in the database."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from boz_server.context import Context
from boz_server.database.models import ProviderAnswer
from boz_server.domain.metadata.answers import Episode, Film, ListedDisc, ListedTitle, Series

Item = TypeVar("Item", Series, Episode, Film, ListedDisc)

#: How long an answer is fresh, and an empty one.
FRESH = timedelta(days=7)
FRESH_IF_EMPTY = timedelta(days=1)
#: What is on a disc stays on it.
DISCS_FRESH = timedelta(days=30)
#: An older answer serves only while the provider fails; at this age it is deleted.
LIFETIME = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Stored(Generic[Item]):
    """A stored answer; one that is not fresh is for when the provider fails."""

    items: list[Item]
    is_fresh: bool


def read(
    context: Context, provider: str, key: str, kind: type[Item], now: datetime
) -> Stored[Item] | None:
    """Return the stored answer to a question; None when none can be read."""
    row = context.stores.provider_cache.get(provider, key)
    if row is None:
        return None
    try:
        items = [_item(kind, fields) for fields in row.answer]
    except (TypeError, KeyError):
        return None  # another version of the server stored it
    return Stored(items, _is_fresh(row, kind, now))


def store(context: Context, provider: str, key: str, items: Sequence[Item], now: datetime) -> None:
    """Store an answer; when two processes ask the same question, the later answer stays."""
    with context.database.write():
        context.stores.provider_cache.put(provider, key, [asdict(item) for item in items], now)


def delete_old(context: Context) -> int:
    """Delete the answers that nobody asked for again in 90 days; returns how many."""
    deleted = 0
    while True:
        with context.database.write():
            oldest = context.clock.now() - LIFETIME
            batch = context.stores.provider_cache.delete_older(oldest)
        deleted += batch
        if not batch:
            return deleted


def _is_fresh(row: ProviderAnswer, kind: type[Item], now: datetime) -> bool:
    # Another machine's clock may be a little ahead.
    age: timedelta = abs(now - row.fetched_at)
    fresh = DISCS_FRESH if kind is ListedDisc else FRESH
    return age < (fresh if row.answer else FRESH_IF_EMPTY)


def _item(kind: type[Item], fields: dict[str, Any]) -> Item:
    if kind is Series:
        fields = {**fields, "aliases": tuple(fields.get("aliases") or ())}
    if kind is ListedDisc:
        fields = {**fields, "titles": tuple(ListedTitle(**title) for title in fields["titles"])}
    return kind(**fields)
