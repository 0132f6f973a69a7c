"""Answers of providers: from the database while they are good, else from the provider itself."""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from boz_server.clock import Clock
from boz_server.database.connection import Database
from boz_server.database.models import ProviderAnswer
from boz_server.domain.metadata.answers import Episode, Film, Series
from boz_server.errors import ProviderUnavailable
from boz_server.integrations.http import LEAST_SECONDS
from boz_server.repositories.provider_cache_repository import ProviderCacheRepository

log = logging.getLogger(__name__)

Item = TypeVar("Item", Series, Episode, Film)

#: How long an answer serves, and one that found nothing.
GOOD = timedelta(days=7)
GOOD_IF_EMPTY = timedelta(days=1)
#: An older answer serves only where the provider fails; at this age it is deleted.
KEPT = timedelta(days=90)
#: How long a provider that failed is left alone.
PAUSE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Budget:
    """What a caller grants: until when (`time.monotonic`), and whether a pause counts."""

    deadline: float
    insist: bool


@dataclass(frozen=True, slots=True)
class Failure:
    """When and why a provider failed."""

    at: datetime
    name: str
    reason: str


_budget: ContextVar[Budget | None] = ContextVar("budget", default=None)


class ProviderAnswers:
    """Gets answers, and keeps them in the database.

    Two processes may ask the same at once: both ask the provider, and the later answer stays.
    """

    def __init__(
        self,
        clock: Clock,
        database: Database,
        rows: ProviderCacheRepository,
        timeout_seconds: float,
    ) -> None:
        self.clock = clock
        self.database = database
        self.rows = rows
        self.timeout_seconds = timeout_seconds
        #: The latest failure of each provider that has not answered since, in this process.
        self._failures: dict[str, Failure] = {}

    @contextmanager
    def budget(self, seconds: float | None = None, *, insist: bool = False) -> Iterator[None]:
        """Grant a time to all look-ups inside together; within another budget, a part of it."""
        outer = _budget.get()
        deadline = time.monotonic() + (self.timeout_seconds if seconds is None else seconds)
        if outer is not None:
            deadline = min(deadline, outer.deadline)
        token = _budget.set(Budget(deadline, insist))
        try:
            yield
        finally:
            _budget.reset(token)

    def get(
        self,
        provider: str,
        key: str,
        kind: type[Item],
        ask: Callable[[float], Sequence[Item]],
    ) -> list[Item]:
        """Return the answer to a question; `ask` is called with a deadline if it is not known.

        Raises ProviderUnavailable when it never was known, and the provider fails.
        """
        row = self.rows.get(provider, key)
        known = None if row is None else _read(kind, row)
        now = self.clock.now()
        if row is not None and known is not None and _is_good(row, now):
            return known
        try:
            found = list(self._ask(provider, now, ask))
        except ProviderUnavailable as error:
            if known is None:
                raise
            log.info("Old answer serves", extra={"provider": provider, "reason": error.reason})
            return known
        with self.database.write():
            self.rows.put(provider, key, [asdict(item) for item in found], now)
        return found

    def forget_old(self) -> int:
        """Forget the answers that no one has asked for anew in 90 days; returns how many."""
        forgotten = 0
        while True:
            with self.database.write():
                batch = self.rows.delete_older(self.clock.now() - KEPT)
            forgotten += batch
            if not batch:
                return forgotten

    def _ask(
        self, provider: str, now: datetime, ask: Callable[[float], Sequence[Item]]
    ) -> Sequence[Item]:
        budget = _budget.get() or Budget(time.monotonic() + self.timeout_seconds, insist=False)
        failure = self._failures.get(provider)
        # The clock may have been put back: then the failure is of the past, too.
        if failure and abs(now - failure.at) < PAUSE and not budget.insist:
            raise ProviderUnavailable(failure.name, failure.reason)
        has_time = budget.deadline > time.monotonic() + LEAST_SECONDS
        try:
            found = ask(budget.deadline)
        except ProviderUnavailable as error:
            if has_time:  # else the provider was not even asked
                self._failures[provider] = Failure(now, error.provider, error.reason)
                log.warning(
                    "Provider unavailable", extra={"provider": provider, "reason": error.reason}
                )
            raise
        self._failures.pop(provider, None)
        return found


def _is_good(row: ProviderAnswer, now: datetime) -> bool:
    # Another machine's clock may be a little ahead.
    age: timedelta = abs(now - row.fetched_at)
    return age < (GOOD if row.answer else GOOD_IF_EMPTY)


def _read(kind: type[Item], row: ProviderAnswer) -> list[Item] | None:
    """Build what an answer holds; None where another version of the server has left it."""
    try:
        return [_item(kind, fields) for fields in row.answer]
    except TypeError:
        return None


def _item(kind: type[Item], fields: dict[str, Any]) -> Item:
    if kind is Series:
        fields = {**fields, "aliases": tuple(fields.get("aliases") or ())}
    return kind(**fields)
