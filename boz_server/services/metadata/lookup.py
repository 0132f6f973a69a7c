"""Looks shows and films up at TheTVDB, OMDb and TMDb, and discs at TheDiscDb."""

import logging
import re
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from boz_server.context import Context
from boz_server.domain.metadata.answers import Episode, Film, ListedDisc, Series
from boz_server.errors import ProviderUnavailable
from boz_server.integrations.http import LEAST_SECONDS
from boz_server.integrations.providers import FilmProvider, configured
from boz_server.services.metadata import cache
from boz_server.services.metadata.cache import Item

log = logging.getLogger(__name__)

Found = TypeVar("Found", Series, Film)

#: How long a provider that failed is not asked.
PAUSE = timedelta(minutes=1)
#: How long a person waits for all providers at most, whatever the settings say: dashboards give up
#: after 10 seconds, and people before.
PERSON_SECONDS = 4.5
#: For this many films of each provider, the likeliest first, the running time is looked up.
DETAILED = 4
#: Longer names are cut before they are looked up.
ASKED_LENGTH = 200

#: What the ids of all providers look like; others are not looked up.
_EXTERNAL_ID = re.compile(r"[A-Za-z0-9]{1,20}")


@dataclass(frozen=True, slots=True)
class Failure:
    """When and why a provider failed."""

    at: datetime
    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Budget:
    """How long all the look-ups of a caller may take together.

    deadline: an instant of `time.monotonic`. insist: ask even a provider that failed within the
    last minute.
    """

    deadline: float
    insist: bool = False


_budget: ContextVar[Budget | None] = ContextVar("budget", default=None)


class Metadata:
    """Looks shows and films up, at the providers that the settings have keys for.

    Answers come from the database while they are fresh, and later while the provider fails.
    Every look-up may raise ProviderUnavailable, and takes BOZ_PROVIDER_TIMEOUT_SECONDS at most;
    the look-ups within one `budget` take that long together. None works inside a transaction.
    """

    def __init__(self, context: Context) -> None:
        self.context = context
        self.providers = configured(context.settings)
        #: The latest failure of each provider that has not answered since, in this process.
        self._failures: dict[str, Failure] = {}

    @property
    def has_tv(self) -> bool:
        """Whether there is a key for TheTVDB, the only provider of shows."""
        return self.providers.tv is not None

    @property
    def has_films(self) -> bool:
        """Whether there is a key for OMDb or TMDb, the providers of films."""
        return bool(self.providers.films)

    @property
    def has_discs(self) -> bool:
        """Whether the disc database may be asked."""
        return self.providers.discs is not None

    def has(self, provider: str) -> bool:
        """Whether there is a key for a provider."""
        tv = self.providers.tv
        keyed = {film.provider for film in self.providers.films} | ({tv.provider} if tv else set())
        return provider in keyed

    @contextmanager
    def budget(self, seconds: float | None = None, *, insist: bool = False) -> Iterator[None]:
        """Limit the time of all look-ups in the body together; None: as the settings say.

        Inside another budget it is a part of that one. insist: ask even a provider that failed
        within the last minute.
        """
        if seconds is None:
            seconds = self.context.settings.provider_timeout_seconds
        deadline = time.monotonic() + seconds
        if (outer := _budget.get()) is not None:
            deadline = min(deadline, outer.deadline)
        token = _budget.set(Budget(deadline, insist))
        try:
            yield
        finally:
            _budget.reset(token)

    def budget_of_a_person(self) -> AbstractContextManager[None]:
        """Limit the time of all look-ups in the body together to what a person waits."""
        return self.budget(min(PERSON_SECONDS, self.context.settings.provider_timeout_seconds))

    def series_named(self, name: str, year: int | None = None) -> list[Series]:
        """Return the shows of that name or a similar one, the likeliest first.

        Shows of other years follow when no show of the year has exactly that name.
        """
        self.context.database.refuse_transaction()
        tv, asked = self.providers.tv, _asked(name)
        if tv is None or not asked:
            return []
        return self._search(tv.provider, Series, asked, year, tv.search)

    def series(self, series_id: int) -> Series | None:
        """Return one of TheTVDB's shows; None when the id is unknown."""
        self.context.database.refuse_transaction()
        tv = self.providers.tv
        if tv is None:
            return None
        ask = partial(tv.series, series_id)
        return self._one(tv.provider, f"series_id:{series_id}", Series, ask)

    def episodes(self, series_id: int) -> list[Episode]:
        """Return all episodes of a show, with specials, by season and number."""
        self.context.database.refuse_transaction()
        tv = self.providers.tv
        if tv is None:
            return []
        key = f"episodes:{tv.order}:{series_id}"
        return self._answer(tv.provider, key, Episode, partial(tv.episodes, series_id))

    def films_named(self, title: str, year: int | None = None) -> list[Film]:
        """Return the films of that title or a similar one, the likeliest first.

        The first few have running times. Raises ProviderUnavailable when no film was found and
        a provider could not be asked.
        """
        self.context.database.refuse_transaction()
        asked = _asked(title)
        found: list[Film] = []
        failure: ProviderUnavailable | None = None
        for provider in self.providers.films if asked else ():
            try:
                films = self._search(provider.provider, Film, asked, year, provider.search)
            except ProviderUnavailable as error:
                failure = error
                continue
            found += self._detailed(provider, _ranked(films, asked, year))
        if failure is not None and not found:
            raise failure
        return _ranked(_merged(found), asked, year)

    def film(self, provider: str, external_id: str) -> Film | None:
        """Return one film with its running time; None when the id is unknown, or there is no key
        for the provider."""
        self.context.database.refuse_transaction()
        for each in self.providers.films:
            if each.provider == provider:
                return self._film(each, external_id)
        return None

    def discs_with_hash(self, content_hash: str) -> list[ListedDisc]:
        """Return the discs that a disc database has under a content hash."""
        self.context.database.refuse_transaction()
        discs = self.providers.discs
        if discs is None:
            return []
        ask = partial(discs.with_hash, content_hash)
        return self._answer(discs.provider, f"hash:{content_hash}", ListedDisc, ask)

    def discs_named(self, name: str) -> list[ListedDisc]:
        """Return the discs of the shows and films whose names contain that one."""
        self.context.database.refuse_transaction()
        discs, asked = self.providers.discs, _asked(name)
        if discs is None or not asked:
            return []
        key = f"discs:{asked.casefold()[:ASKED_LENGTH]}"
        return self._answer(discs.provider, key, ListedDisc, partial(discs.named, asked))

    def discs_with_lengths(self, seconds: Collection[int]) -> list[ListedDisc]:
        """Return the discs that have a title of each of these lengths.

        A database that can't answer just this is still asked other things.
        """
        self.context.database.refuse_transaction()
        discs = self.providers.discs
        if discs is None:
            return []
        key = f"lengths:{','.join(map(str, sorted(seconds)))}"
        ask = partial(discs.with_lengths, seconds)
        return self._answer(f"{discs.provider}_lengths", key, ListedDisc, ask)

    def _search(
        self,
        provider: str,
        kind: type[Found],
        asked: str,
        year: int | None,
        search: Callable[[str, int | None, float], list[Found]],
    ) -> list[Found]:
        question = asked.casefold()[:ASKED_LENGTH]
        found: list[Found] = []
        for in_year in dict.fromkeys((year, None)):
            key = f"{kind.__name__.lower()}:{in_year or ''}:{question}"
            try:
                found += self._answer(provider, key, kind, partial(search, asked, in_year))
            except ProviderUnavailable:
                if not found:
                    raise
            if any(_letters(asked) in map(_letters, _names(each)) for each in found):
                break
        return list(dict.fromkeys(found))

    def _detailed(self, provider: FilmProvider, films: list[Film]) -> Iterator[Film]:
        """Yield the films, the first few with running times as long as the provider answers."""
        wanted = DETAILED
        for film in films:
            detailed = None
            if film.runtime_minutes is None and wanted:
                wanted -= 1
                try:
                    detailed = self._film(provider, film.external_id)
                except ProviderUnavailable:
                    wanted = 0
            yield detailed or film

    def _film(self, provider: FilmProvider, external_id: str) -> Film | None:
        if not _EXTERNAL_ID.fullmatch(external_id):
            return None
        ask = partial(provider.film, external_id)
        return self._one(provider.provider, f"film_id:{external_id}", Film, ask)

    def _one(
        self, provider: str, key: str, kind: type[Found], ask: Callable[[float], Found | None]
    ) -> Found | None:
        """Like `_answer`, for a question that has one answer or none."""

        def ask_for_one(deadline: float) -> list[Found]:
            found = ask(deadline)
            return [] if found is None else [found]

        return next(iter(self._answer(provider, key, kind, ask_for_one)), None)

    def _answer(
        self, provider: str, key: str, kind: type[Item], ask: Callable[[float], Sequence[Item]]
    ) -> list[Item]:
        """Return the stored answer to a question, or ask the provider and store its answer.

        ask: called with a deadline. Raises ProviderUnavailable when it fails and no answer is
        stored.
        """
        now = self.context.clock.now()
        stored = cache.read(self.context, provider, key, kind, now)
        if stored is not None and stored.is_fresh:
            return stored.items
        try:
            found = list(self._ask(provider, now, ask))
        except ProviderUnavailable as error:
            if stored is None:
                raise
            log.info("Old answer serves", extra={"provider": provider, "reason": error.reason})
            return stored.items
        cache.store(self.context, provider, key, found, now)
        return found

    def _ask(
        self, provider: str, now: datetime, ask: Callable[[float], Sequence[Item]]
    ) -> Sequence[Item]:
        """Ask a provider, unless it failed within the last minute and the caller doesn't insist."""
        usual = self.context.settings.provider_timeout_seconds
        granted = _budget.get() or Budget(time.monotonic() + usual)
        failure = self._failures.get(provider)
        # abs: the clock may have been put back since the failure.
        if failure and abs(now - failure.at) < PAUSE and not granted.insist:
            raise ProviderUnavailable(failure.name, failure.reason)
        has_time = granted.deadline > time.monotonic() + LEAST_SECONDS
        try:
            found = ask(granted.deadline)
        except ProviderUnavailable as error:
            if has_time:  # otherwise the provider was not even asked
                self._failures[provider] = Failure(now, error.provider, error.reason)
                log.warning(
                    "Provider unavailable", extra={"provider": provider, "reason": error.reason}
                )
            raise
        self._failures.pop(provider, None)
        return found


def _asked(name: str) -> str:
    """Return a name as it is looked up: on one line, and cut."""
    printable = "".join(each if each.isprintable() else " " for each in name)
    return " ".join(printable.split())[:ASKED_LENGTH].strip()


def _names(item: Series | Film) -> tuple[str, ...]:
    return (item.title,) if isinstance(item, Film) else (item.name, *item.aliases)


def _letters(title: str) -> str:
    return re.sub(r"[\W_]+", "", title.casefold())


def _ranked(films: Iterable[Film], title: str, year: int | None) -> list[Film]:
    """Put exact titles and years first; otherwise keep the providers' order."""
    wanted = _letters(title)
    return sorted(
        films, key=lambda film: (_letters(film.title) != wanted, year not in (None, film.year))
    )


def _merged(films: Iterable[Film]) -> list[Film]:
    """Merge the entries of a film that several providers know."""
    by_id: dict[str, Film] = {}
    for film in films:
        key = film.imdb_id or f"{film.provider}:{film.external_id}"
        first = by_id.setdefault(key, film)
        by_id[key] = replace(
            first,
            year=first.year or film.year,
            runtime_minutes=first.runtime_minutes or film.runtime_minutes,
        )
    return list(by_id.values())
