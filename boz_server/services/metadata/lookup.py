"""What TheTVDB, OMDb and TMDb know of shows and films."""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from typing import TypeVar

from boz_server.clock import Clock
from boz_server.database.connection import Database
from boz_server.domain.metadata.answers import Episode, Film, Series
from boz_server.errors import ProviderUnavailable
from boz_server.integrations.providers import FilmProvider, Providers
from boz_server.repositories.provider_cache_repository import ProviderCacheRepository
from boz_server.services.metadata.cache import ProviderAnswers

Found = TypeVar("Found", Series, Film)

#: Films of one provider whose running time is asked for, the likeliest first.
DETAILED = 4
#: A name longer than this is cut before anyone is asked for it.
ASKED_LENGTH = 200

#: What ids look like, to whichever provider; others are not even looked for.
_EXTERNAL_ID = re.compile(r"[A-Za-z0-9]{1,20}")


class Metadata:
    """Looks shows and films up.

    Answers come from the database while they are good, and after that while the provider fails.
    Every look-up may raise ProviderUnavailable, and takes BOZ_PROVIDER_TIMEOUT_SECONDS at most;
    several together take that long within one `budget`. None may be made inside a transaction.
    """

    def __init__(
        self,
        clock: Clock,
        database: Database,
        rows: ProviderCacheRepository,
        providers: Providers,
        *,
        timeout_seconds: float,
    ) -> None:
        self.database = database
        self.providers = providers
        self.answers = ProviderAnswers(clock, database, rows, timeout_seconds)

    @property
    def has_tv(self) -> bool:
        """Whether there is a key for TheTVDB: without one, no show is found."""
        return self.providers.tv is not None

    @property
    def has_films(self) -> bool:
        """Whether there is a key for OMDb or TMDb: without one, no film is found."""
        return bool(self.providers.films)

    def has(self, provider: str) -> bool:
        """Whether there is a key for that provider."""
        tv = self.providers.tv
        keyed = {film.provider for film in self.providers.films} | ({tv.provider} if tv else set())
        return provider in keyed

    def budget(
        self, seconds: float | None = None, *, insist: bool = False
    ) -> AbstractContextManager[None]:
        """Bound all look-ups inside, together; by the settings where no time is named.

        A provider that has failed is not asked for a minute, unless the caller insists.
        """
        return self.answers.budget(seconds, insist=insist)

    def series_named(self, name: str, year: int | None = None) -> list[Series]:
        """Return the shows of that name or one like it, the likeliest first.

        Those of the year, and where none of them has the very name, those of any year, too.
        """
        self.database.refuse_transaction()
        tv, asked = self.providers.tv, _asked(name)
        if tv is None or not asked:
            return []
        return self._search(tv.provider, Series, asked, year, tv.search)

    def series(self, series_id: int) -> Series | None:
        """Return one of TheTVDB's shows; None when there is none of that id."""
        self.database.refuse_transaction()
        tv = self.providers.tv
        if tv is None:
            return None
        found = self.answers.get(
            tv.provider,
            f"series_id:{series_id}",
            Series,
            lambda deadline: _one(tv.series(series_id, deadline)),
        )
        return found[0] if found else None

    def episodes(self, series_id: int) -> list[Episode]:
        """Return the episodes of all seasons of a show, specials too, by season and number."""
        self.database.refuse_transaction()
        tv = self.providers.tv
        if tv is None:
            return []
        return self.answers.get(
            tv.provider,
            f"episodes:{tv.order}:{series_id}",
            Episode,
            lambda deadline: tv.episodes(series_id, deadline),
        )

    def films_named(self, title: str, year: int | None = None) -> list[Film]:
        """Return the films of that title or one like it, of all providers, the likeliest first.

        Running times are known of the first few. Raises ProviderUnavailable when nothing was
        found and some provider could not be asked.
        """
        self.database.refuse_transaction()
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
        """Return one film with its running time; None when that provider has none of that id, or
        there is no key for it."""
        self.database.refuse_transaction()
        for each in self.providers.films:
            if each.provider == provider:
                return self._film(each, external_id)
        return None

    def forget_old(self) -> int:
        """Forget the answers that no one has asked for anew in 90 days; returns how many."""
        return self.answers.forget_old()

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
                found += self.answers.get(provider, key, kind, partial(search, asked, in_year))
            except ProviderUnavailable:
                if not found:
                    raise
            if any(_letters(asked) in map(_letters, _names(each)) for each in found):
                break
        return list(dict.fromkeys(found))

    def _detailed(self, provider: FilmProvider, films: list[Film]) -> Iterator[Film]:
        """Yield the films, the first few with their running times if the provider goes on."""
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
        found = self.answers.get(
            provider.provider,
            f"film_id:{external_id}",
            Film,
            lambda deadline: _one(provider.film(external_id, deadline)),
        )
        return found[0] if found else None


def _asked(name: str) -> str:
    """Return a name as it is asked for: on one line, and no longer than names are."""
    printable = "".join(each if each.isprintable() else " " for each in name)
    return " ".join(printable.split())[:ASKED_LENGTH].strip()


def _one(item: Found | None) -> list[Found]:
    return [] if item is None else [item]


def _names(item: Series | Film) -> tuple[str, ...]:
    return (item.title,) if isinstance(item, Film) else (item.name, *item.aliases)


def _letters(title: str) -> str:
    return re.sub(r"[\W_]+", "", title.casefold())


def _ranked(films: Iterable[Film], title: str, year: int | None) -> list[Film]:
    """Put the very title and year before others; else the providers' order stays."""
    wanted = _letters(title)
    return sorted(
        films, key=lambda film: (_letters(film.title) != wanted, year not in (None, film.year))
    )


def _merged(films: Iterable[Film]) -> list[Film]:
    """Keep one of each film that several providers know, with what either knows of it."""
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
