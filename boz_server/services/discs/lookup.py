"""Asks the providers what a disc may be; never inside a transaction."""

import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from boz_server.domain.identification.candidates import (
    SAME_NAME,
    ScoredSeries,
    rank_films,
    rank_series,
)
from boz_server.domain.identification.identity import CERTAIN, Identity, read_label
from boz_server.domain.identification.label import DiscLabel
from boz_server.domain.identification.layout import Layout, analyse
from boz_server.domain.identification.media_type import MediaType, weigh
from boz_server.domain.identification.title_facts import TitleFacts
from boz_server.domain.naming import names as naming
from boz_server.errors import Invalid, ProviderUnavailable, Refused
from boz_server.repositories.disc_repository import DiscRepository
from boz_server.services.discs.disc_candidates import THETVDB
from boz_server.services.discs.disc_findings import NOTHING, Findings, together
from boz_server.services.metadata.lookup import Metadata
from boz_server.settings import Settings

log = logging.getLogger(__name__)

Answer = TypeVar("Answer")

#: A disc that its label and layout make so clear is not looked up as the other kind, too.
CLEAR = 0.97
_MAX_DIGITS = 9


@dataclass(frozen=True, slots=True)
class Chosen:
    """A show or film that a person chose, and what is known of it."""

    identity: Identity
    findings: Findings


def layout_of(
    settings: Settings, titles: Sequence[TitleFacts], season_lengths: Sequence[int] = ()
) -> Layout:
    """Divide a disc's titles, as the settings say."""
    return analyse(
        titles,
        min_duration_seconds=settings.extras_min_duration_seconds,
        duration_variance=settings.extras_duration_variance,
        season_lengths=season_lengths,
    )


class DiscLookup:
    """Looks discs up within BOZ_PROVIDER_TIMEOUT_SECONDS each."""

    def __init__(self, settings: Settings, metadata: Metadata, discs: DiscRepository) -> None:
        self.settings = settings
        self.metadata = metadata
        self.discs = discs

    def budget(self, seconds: float) -> AbstractContextManager[None]:
        """Bound all look-ups inside, together."""
        return self.metadata.budget(seconds)

    def disc(
        self,
        label: str,
        titles: Sequence[TitleFacts],
        key: str,
        *,
        insist: bool = False,
    ) -> Findings:
        """Return what is known of a disc by its label.

        key: its fingerprint. insist: ask a provider that has just failed, too.
        """
        if not (self.metadata.has_tv or self.metadata.has_films):
            return NOTHING
        read = read_label(label, titles)
        layout = layout_of(self.settings, titles)
        verdict = weigh(read, layout)
        clear = verdict.confidence >= CLEAR and (verdict.media_type is not MediaType.UNKNOWN)
        ask_tv = not (clear and verdict.media_type is MediaType.MOVIE)
        ask_films = not (clear and verdict.media_type is MediaType.TV_SHOW)
        feature = layout.main_feature.duration_seconds if layout.main_feature else None
        known = self._known_series(read, key)
        with self.metadata.budget(insist=insist):
            shows = self._show(read.name, read.year, known) if ask_tv else NOTHING
            films = (
                self.film(read.film_name, read.year, feature)
                if ask_films and known is None
                else NOTHING
            )
        return together(shows, films)

    def show(self, name: str, series_id: int | None = None) -> Findings:
        """Return what is known of a show by its name, or by TheTVDB's id of it."""
        with self.metadata.budget():
            return self._show(name, None, series_id)

    def film(self, name: str | None, year: int | None, seconds: int | None) -> Findings:
        """Return the films of a name, scored by year and by the main feature's length."""
        if not name or not self.metadata.has_films:
            return NOTHING
        films, failed = self._ask(lambda: self.metadata.films_named(name, year))
        return Findings(films=tuple(rank_films(films or (), name, year, seconds)), failed=failed)

    def chosen(self, provider: str, external_id: str) -> Chosen:
        """Return the show or film of a provider's id.

        Raises Invalid where the provider has none of that id, Refused where there is no key for
        it, and ProviderUnavailable where it can't be asked.
        """
        if not self.metadata.has(provider):
            name = f"BOZ_{provider.upper()}_API_KEY"
            raise Refused(f"There is no key for {provider} here: set {name} to choose from it.")
        with self.metadata.budget():
            if provider == THETVDB:
                series = self.metadata.series(_number(external_id))
                if series is None:
                    raise _unknown(provider, external_id)
                found = self._show(series.name, None, series.series_id)
                name = naming.safe_component(series.name)
                identity = Identity(
                    MediaType.TV_SHOW, name, name_confidence=CERTAIN, series_id=series.series_id
                )
                return Chosen(identity, found)
            film = self.metadata.film(provider, external_id)
            if film is None:
                raise _unknown(provider, external_id)
            identity = Identity(
                MediaType.MOVIE,
                naming.safe_component(film.title),
                name_confidence=CERTAIN,
                year=film.year,
                film=film,
            )
            return Chosen(identity, NOTHING)

    def _show(self, name: str | None, year: int | None, series_id: int | None) -> Findings:
        if not self.metadata.has_tv or not (name or series_id):
            return NOTHING
        ranked: list[ScoredSeries] = []
        if series_id is not None:
            series, failed = self._ask(lambda: self.metadata.series(series_id))
            if failed and name:
                # The search that found it may be remembered where the show itself is not.
                found, _ = self._ask(partial(self.metadata.series_named, name, year))
                series = next((each for each in found or () if each.series_id == series_id), None)
                failed = () if series else failed
            ranked = [ScoredSeries(series, 1.0)] if series else []
        else:
            for asked in _spellings(name or ""):
                found, failed = self._ask(partial(self.metadata.series_named, asked, year))
                ranked = rank_series(found or (), asked, year)
                if failed or (ranked and ranked[0].score >= SAME_NAME):
                    break
        if not ranked or ranked[0].score < SAME_NAME:
            return Findings(series=tuple(ranked), failed=failed)
        chosen = ranked[0].series.series_id
        episodes, also_failed = self._ask(lambda: self.metadata.episodes(chosen))
        return Findings(
            series=tuple(ranked), episodes=tuple(episodes or ()), failed=failed + also_failed
        )

    def _known_series(self, read: DiscLabel, key: str) -> int | None:
        """TheTVDB's id of the show that another disc of this name was found to be."""
        known = self.discs.latest_named(read.key, key) if read.key else None
        if known is None or known.media_type is not MediaType.TV_SHOW:
            return None
        return known.thetvdb_series_id

    def _ask(self, question: Callable[[], Answer]) -> tuple[Answer | None, tuple[str, ...]]:
        try:
            return question(), ()
        except ProviderUnavailable as error:
            log.warning("Provider not available", extra={"provider": error.provider})
            return None, (error.detail,)


def _spellings(name: str) -> list[str]:
    """A show's name as the label has it, then without a number behind it ("Show 25", for 2.5)."""
    words = name.split()
    if len(words) > 1 and words[-1].isdigit():
        return [name, " ".join(words[:-1])]
    return [name]


def _number(external_id: str) -> int:
    if not external_id.isascii() or not external_id.isdigit() or len(external_id) > _MAX_DIGITS:
        raise _unknown(THETVDB, external_id)
    return int(external_id)


def _unknown(provider: str, external_id: str) -> Invalid:
    return Invalid(
        "external_id",
        f"{provider} knows nothing of the id {external_id!r}: choose one of the disc's candidates.",
    )
