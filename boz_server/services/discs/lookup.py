"""Asks providers what a disc may be, and weighs what they answer; never inside a transaction."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

from boz_server.context import Context
from boz_server.database.models import Disc
from boz_server.domain.identification.candidates import (
    GOOD_FILM,
    SAME_NAME,
    ScoredFilm,
    ScoredSeries,
    rank_films,
    rank_series,
)
from boz_server.domain.identification.identity import Identity, MediaType, weigh
from boz_server.domain.identification.known_discs import KnownDisc
from boz_server.domain.identification.layout import DiscFacts
from boz_server.domain.metadata.answers import Episode, Series
from boz_server.domain.naming import names as naming
from boz_server.domain.seasons.matcher import HIGH, share_fitting
from boz_server.errors import Invalid, ProviderUnavailable, Refused
from boz_server.services.discs import disc_database
from boz_server.services.metadata.lookup import Metadata

log = logging.getLogger(__name__)

Answer = TypeVar("Answer")

THETVDB = "thetvdb"
#: From this weight of evidence on, a disc is looked up only as what label and layout say.
CLEAR = 3.5
#: Shows of one name whose scores are this close fit alike; the first few are compared.
CLOSE = 0.03
COMPARED = 3
#: A show whose episodes' lengths fit this much less is not the disc's.
FITS_AS_WELL = 0.5
SHARE_THAT_FITS = 2 / 3
_MAX_DIGITS = 9


@dataclass(frozen=True, slots=True)
class Findings:
    """What providers know of a disc, the likeliest first. episodes: of the likeliest show.

    rivals: shows that fit as well as that one. asked_shows, asked_films: whether a provider was
    asked for shows or films of the disc's name, and answered. failed: the providers that could not
    be asked, as sentences. known: the disc itself in a disc database; None if it isn't there, or
    the database can't be asked.
    """

    series: tuple[ScoredSeries, ...] = ()
    episodes: tuple[Episode, ...] = ()
    films: tuple[ScoredFilm, ...] = ()
    failed: tuple[str, ...] = ()
    known: KnownDisc | None = None
    rivals: tuple[Series, ...] = ()
    asked_shows: bool = False
    asked_films: bool = False

    @property
    def show(self) -> ScoredSeries | None:
        """The show with the disc's name; None when no name is close enough."""
        best = next(iter(self.series), None)
        return best if best is not None and best.score >= SAME_NAME else None


NOTHING = Findings()


def disc(
    context: Context, metadata: Metadata, facts: DiscFacts, *, insist: bool = False
) -> Findings:
    """Return what providers know of a disc by its label.

    insist: ask a provider even if it has just failed.
    """
    context.database.refuse_transaction()
    read, layout = facts.read, facts.layout()
    verdict = weigh(read, layout, has_episodes=facts.has_episodes)
    clear = verdict.media_type if abs(verdict.weight) >= CLEAR else MediaType.UNKNOWN
    feature = layout.main_feature.duration_seconds if layout.main_feature else None
    other = _other_disc(context, facts)
    known = _known_series(other)
    shows = films = NOTHING
    with metadata.budget(insist=insist):
        in_database = disc_database.look_up(context, metadata, facts, other)
        if in_database is not None:
            return _about(metadata, facts, in_database)
        if clear is not MediaType.MOVIE:
            shows = _show(metadata, read.name, read.year, known, facts)
        if clear is not MediaType.TV_SHOW and known is None:
            films = _film(metadata, read.film_name, read.year, feature)
    failed = tuple(dict.fromkeys(shows.failed + films.failed))
    return replace(shows, films=films.films, failed=failed, asked_films=films.asked_films)


def _about(metadata: Metadata, facts: DiscFacts, known: KnownDisc) -> Findings:
    """Return a disc of the database, with what TheTVDB lists of its show."""
    if not known.disc.is_show:
        return Findings(known=known)
    disc = known.disc
    found = _show(metadata, disc.name, disc.year, disc.series_id, facts)
    return replace(found, known=known)


def show(metadata: Metadata, name: str, series_id: int | None = None) -> Findings:
    """Return what is known of a show by its name, or by TheTVDB's id."""
    with metadata.budget_of_a_person():
        return _show(metadata, name, None, series_id)


def film(metadata: Metadata, name: str | None, year: int | None, seconds: int | None) -> Findings:
    """Return the films of a name, scored by year and by the main feature's length."""
    with metadata.budget_of_a_person():
        return _film(metadata, name, year, seconds)


def chosen(metadata: Metadata, provider: str, external_id: str) -> tuple[Identity, Findings]:
    """Return the show or film with a provider's id, and what else is known of it.

    Raises Invalid when the provider doesn't know the id, Refused when there is no key for it, and
    ProviderUnavailable when it can't be asked.
    """
    if not metadata.has(provider):
        name = f"BOZ_{provider.upper()}_API_KEY"
        raise Refused(f"There is no key for {provider} here: set {name} to choose from it.")
    with metadata.budget_of_a_person():
        if provider == THETVDB:
            return _chosen_series(metadata, external_id)
        found = metadata.film(provider, external_id)
    if found is None:
        raise _unknown(provider, external_id)
    identity = Identity(
        MediaType.MOVIE,
        naming.safe_component(found.title),
        year=found.year,
        film=found,
    )
    return identity, NOTHING


def with_findings(identity: Identity, findings: Findings) -> Identity:
    """Add to what a person says a disc is what providers know of that show or film."""
    if identity.media_type is MediaType.TV_SHOW:
        series = findings.show
        return replace(
            identity,
            series_id=series.series.series_id if series else None,
            candidates=tuple(series_candidate(each) for each in findings.series),
        )
    good = [each.film for each in findings.films if each.score >= GOOD_FILM]
    found = next((each for each in good if identity.year in (None, each.year)), None)
    return replace(
        identity,
        film=found,
        year=identity.year or (found.year if found else None),
        candidates=tuple(film_candidate(each) for each in findings.films),
    )


def film_candidate(scored: ScoredFilm) -> dict[str, Any]:
    """Return a film that a disc may be, as Disc.candidates and the API have it."""
    film = scored.film
    return {
        "provider": film.provider,
        "external_id": film.external_id,
        "title": film.title,
        "year": film.year,
        "runtime_minutes": film.runtime_minutes,
        "imdb_id": film.imdb_id,
        "score": scored.score,
    }


def series_candidate(scored: ScoredSeries) -> dict[str, Any]:
    """Return a show that a disc may be of, as Disc.candidates and the API have it."""
    series = scored.series
    return {
        "provider": THETVDB,
        "external_id": str(series.series_id),
        "title": series.name,
        "year": series.year,
        "runtime_minutes": None,
        "imdb_id": None,
        "score": scored.score,
    }


def _chosen_series(metadata: Metadata, external_id: str) -> tuple[Identity, Findings]:
    series = metadata.series(_number(external_id))
    if series is None:
        raise _unknown(THETVDB, external_id)
    findings = _show(metadata, series.name, None, series.series_id)
    identity = Identity(
        MediaType.TV_SHOW,
        naming.safe_component(series.name),
        series_id=series.series_id,
    )
    return identity, findings


def _show(
    metadata: Metadata,
    name: str | None,
    year: int | None,
    series_id: int | None,
    facts: DiscFacts | None = None,
) -> Findings:
    """Return what TheTVDB knows of a show. facts: of a disc, to choose among shows of one name."""
    if not metadata.has_tv or not (name or series_id):
        return NOTHING
    if series_id is not None:
        ranked, failed = _series(metadata, name, year, series_id)
    else:
        ranked, failed = _series_named(metadata, name or "", year)
    found = Findings(series=tuple(ranked), failed=failed, asked_shows=not failed)
    if not ranked or ranked[0].score < SAME_NAME:
        return found
    alike = [each for each in ranked if each.score >= max(SAME_NAME, ranked[0].score - CLOSE)]
    if len(alike) > 1 and facts is not None:
        return _likeliest(metadata, found, alike, facts)
    episodes, also_failed = _ask(partial(metadata.episodes, ranked[0].series.series_id))
    return replace(found, episodes=tuple(episodes or ()), failed=failed + also_failed)


def _likeliest(
    metadata: Metadata, found: Findings, alike: Sequence[ScoredSeries], facts: DiscFacts
) -> Findings:
    """Choose among shows of one name the one whose episodes are as long as the disc's titles.

    The others stay as rivals unless none of them fits.
    """
    fits: list[tuple[float, ScoredSeries, tuple[Episode, ...]]] = []
    failed = found.failed
    for each in alike[:COMPARED]:
        episodes, also_failed = _ask(partial(metadata.episodes, each.series.series_id))
        failed += also_failed
        fits.append((_fit_of(episodes or (), facts), each, tuple(episodes or ())))
    fits.sort(key=lambda fit: -fit[0])
    best = fits[0]
    rivals = [each for fit, each, _ in fits[1:] if fit >= best[0] * FITS_AS_WELL]
    # Without lengths to compare, those that were not compared may be it too.
    rivals += alike[COMPARED:] if best[0] < SHARE_THAT_FITS else []
    others = [each for each in found.series if each is not best[1]]
    return replace(
        found,
        series=(best[1], *others),
        episodes=best[2],
        failed=tuple(dict.fromkeys(failed)),
        rivals=tuple(each.series for each in rivals),
    )


def _fit_of(episodes: Sequence[Episode], facts: DiscFacts) -> float:
    """Return the share of a disc's episodes that are as long as some of a show's: of the label's
    season, if it names one."""
    season = facts.read.season_number
    minutes = {
        each.runtime_minutes
        for each in episodes
        if each.season_number and season in (None, each.season_number)
    }
    return share_fitting(
        [title.duration_seconds for title in facts.layout().episodes], minutes, HIGH
    )


def _film(metadata: Metadata, name: str | None, year: int | None, seconds: int | None) -> Findings:
    if not name or not metadata.has_films:
        return NOTHING
    films, failed = _ask(lambda: metadata.films_named(name, year))
    ranked = tuple(rank_films(films or (), name, year, seconds))
    return Findings(films=ranked, failed=failed, asked_films=not failed)


def _series(
    metadata: Metadata, name: str | None, year: int | None, series_id: int
) -> tuple[list[ScoredSeries], tuple[str, ...]]:
    """Return TheTVDB's show of an id, and who could not be asked."""
    series: Series | None
    series, failed = _ask(lambda: metadata.series(series_id))
    if failed and name:
        # The search that found the show may be cached even when the show itself is not.
        found, _ = _ask(partial(metadata.series_named, name, year))
        series = next((each for each in found or () if each.series_id == series_id), None)
        failed = () if series else failed
    return [ScoredSeries(series, 1.0)] if series else [], failed


def _series_named(
    metadata: Metadata, name: str, year: int | None
) -> tuple[list[ScoredSeries], tuple[str, ...]]:
    """Return the shows of a name, the likeliest first, and who could not be asked."""
    ranked: list[ScoredSeries] = []
    failed: tuple[str, ...] = ()
    for asked in _spellings(name):
        found, failed = _ask(partial(metadata.series_named, asked, year))
        ranked = rank_series(found or (), asked, year)
        if failed or (ranked and ranked[0].score >= SAME_NAME):
            break
    return ranked, failed


def _other_disc(context: Context, facts: DiscFacts) -> Disc | None:
    """Return the latest other disc of this name."""
    key = facts.read.key
    return context.stores.discs.latest_named(key, facts.fingerprint) if key else None


def _known_series(known: Disc | None) -> int | None:
    """Return TheTVDB's id of the show that another disc of this name was found to be."""
    if known is None or known.media_type is not MediaType.TV_SHOW:
        return None
    return known.thetvdb_series_id


def _ask(question: Callable[[], Answer]) -> tuple[Answer | None, tuple[str, ...]]:
    """Return the answer, and who could not be asked."""
    try:
        return question(), ()
    except ProviderUnavailable as error:
        log.warning("Provider not available", extra={"provider": error.provider})
        return None, (error.detail,)


def _spellings(name: str) -> list[str]:
    """Return the name, and the name without a number at its end ("Show 25", for 2.5)."""
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
