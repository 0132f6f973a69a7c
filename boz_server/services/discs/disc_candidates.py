"""Shows and films that a disc may be, as the database and the API have them."""

from typing import Any

from boz_server.domain.identification.candidates import ScoredFilm, ScoredSeries

THETVDB = "thetvdb"


def film_candidate(scored: ScoredFilm) -> dict[str, Any]:
    """A film that a disc may be."""
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
    """A show that a disc may be of."""
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
