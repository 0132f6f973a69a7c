"""What providers know of a disc, and what that makes of what a person says of it."""

from dataclasses import dataclass, replace

from boz_server.domain.identification.candidates import (
    GOOD_FILM,
    SAME_NAME,
    ScoredFilm,
    ScoredSeries,
)
from boz_server.domain.identification.identity import CERTAIN, Identity
from boz_server.domain.identification.media_type import MediaType
from boz_server.domain.metadata.answers import Episode
from boz_server.services.discs.disc_candidates import film_candidate, series_candidate


@dataclass(frozen=True, slots=True)
class Findings:
    """What providers know of a disc; the likeliest first. episodes: of the likeliest show.

    failed: the providers that could not be asked, in words.
    """

    series: tuple[ScoredSeries, ...] = ()
    episodes: tuple[Episode, ...] = ()
    films: tuple[ScoredFilm, ...] = ()
    failed: tuple[str, ...] = ()

    @property
    def show(self) -> ScoredSeries | None:
        """The show whose name the disc has; None where none is near enough."""
        best = next(iter(self.series), None)
        return best if best is not None and best.score >= SAME_NAME else None


NOTHING = Findings()


def together(shows: Findings, films: Findings) -> Findings:
    """What is known of a disc that may be either."""
    return Findings(
        shows.series,
        shows.episodes,
        films.films,
        tuple(dict.fromkeys(shows.failed + films.failed)),
    )


def told(identity: Identity) -> Identity:
    """The identity as a person's word."""
    return replace(
        identity,
        confidence=CERTAIN,
        name_confidence=identity.name_confidence or CERTAIN,
        reasons=("A person said so.",),
        is_told=True,
    )


def with_findings(identity: Identity, findings: Findings) -> Identity:
    """What a person says a disc is, with what providers know of that show or film."""
    if identity.media_type is MediaType.TV_SHOW:
        show = findings.show
        return replace(
            identity,
            series_id=show.series.series_id if show else None,
            candidates=tuple(series_candidate(each) for each in findings.series),
        )
    good = [each.film for each in findings.films if each.score >= GOOD_FILM]
    film = next((each for each in good if identity.year in (None, each.year)), None)
    return replace(
        identity,
        film=film,
        year=identity.year or (film.year if film else None),
        candidates=tuple(film_candidate(each) for each in findings.films),
    )
