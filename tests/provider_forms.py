"""The answers of TheTVDB (v4), OMDb and TMDb (v3), built from lists of shows and films."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from boz_server.domain.metadata.answers import Episode, Series

Answer = tuple[int, Any]


@dataclass(frozen=True)
class Show:
    """A show with its episodes in aired order and, if it has one, in DVD order."""

    series: Series
    episodes: Sequence[Episode] = ()
    dvd: Sequence[Episode] = ()


@dataclass(frozen=True)
class Movie:
    """A film: OMDb knows those with an IMDb id, TMDb those with a TMDb id."""

    title: str
    year: int | None = None
    runtime_minutes: int | None = None
    imdb_id: str | None = None
    tmdb_id: int | None = None


class NotFound(Exception):
    """Not found; the argument is the body of the 404."""


def words(name: str) -> list[str]:
    return re.findall(r"\w+", name.casefold().replace("'", ""))


def alike(query: str, *names: str) -> int | None:
    """How well a query matches a thing with these names: 0 is best, None is no match."""
    fits = []
    for name in names:
        if words(query) == words(name) != []:
            fits.append(0)
        elif words(query) and set(words(query)) <= set(words(name)):
            fits.append(1)
    return min(fits, default=None)


@dataclass
class TheTVDBForm:
    """https://thetvdb.github.io/v4-api/"""

    shows: Sequence[Show]
    page_size: int
    key: str
    tokens: set[str] = field(default_factory=set)
    logins: int = 0

    def answer(
        self, path: str, params: dict[str, str], headers: Mapping[str, str], body: Any
    ) -> Answer:
        if path == "/login":
            if body != {"apikey": self.key}:
                return 401, {"status": "failure", "message": "Invalid API Key", "data": None}
            self.logins += 1
            self.tokens.add(token := f"token-{self.logins}")
            return 200, {"status": "success", "data": {"token": token}}
        if headers.get("Authorization", "").removeprefix("Bearer ") not in self.tokens:
            return 401, {"message": "Unauthorized"}
        if path == "/search":
            return 200, {"status": "success", "data": self.search(params)}
        read = re.fullmatch(r"/series/(\d+)(?:/episodes/([a-z]+))?", path)
        show = next(
            (each for each in self.shows if read and each.series.series_id == int(read[1])), None
        )
        if read is None or show is None:
            raise NotFound({"status": "failure", "message": "Not Found", "data": None})
        if read[2]:
            return 200, self.page(show, read[2], int(params["page"]))
        return 200, {"status": "success", "data": self.record(show.series)}

    def search(self, params: dict[str, str]) -> list[dict[str, Any]]:
        assert params["type"] == "series"
        found = []
        for each in (show.series for show in self.shows):
            fit = alike(params["query"], each.name, *each.aliases)
            if fit is not None and params.get("year", str(each.year)) == str(each.year):
                found.append((fit, each))
        return [
            {
                "objectID": f"series-{each.series_id}",
                "id": f"series-{each.series_id}",
                "tvdb_id": str(each.series_id),
                "type": "series",
                "name": each.name,
                "aliases": list(each.aliases),
                **({"year": str(each.year)} if each.year else {}),
            }
            for _, each in sorted(found, key=lambda pair: pair[0])
        ]

    def record(self, series: Series) -> dict[str, Any]:
        return {
            "id": series.series_id,
            "name": series.name,
            "aliases": [{"language": "eng", "name": alias} for alias in series.aliases],
            "firstAired": f"{series.year}-01-01" if series.year else "",
            "year": str(series.year) if series.year else "",
        }

    def page(self, show: Show, season_type: str, page: int) -> dict[str, Any]:
        orders = {"official": show.episodes, "default": show.episodes, "dvd": show.dvd}
        episodes = orders.get(season_type, ())
        begin, end = page * self.page_size, (page + 1) * self.page_size
        return {
            "status": "success",
            "data": {
                "series": self.record(show.series),
                "episodes": [
                    {
                        "id": show.series.series_id * 10_000 + number,
                        "seriesId": show.series.series_id,
                        "seasonNumber": each.season_number,
                        "number": each.number,
                        "name": each.name,
                        "runtime": each.runtime_minutes,
                        "overview": each.overview,
                    }
                    for number, each in enumerate(episodes[begin:end], begin)
                ],
            },
            "links": {
                "prev": None,
                "self": f"https://api4.thetvdb.com/v4/…?page={page}",
                "next": f"https://api4.thetvdb.com/v4/…?page={page + 1}"
                if end < len(episodes)
                else None,
                "total_items": len(episodes),
                "page_size": self.page_size,
            },
        }


@dataclass
class OMDbForm:
    """https://www.omdbapi.com"""

    films: Sequence[Movie]
    key: str

    def answer(
        self, path: str, params: dict[str, str], headers: Mapping[str, str], body: Any
    ) -> Answer:
        if params.get("apikey") != self.key:
            return 401, {"Response": "False", "Error": "Invalid API key!"}
        known = [film for film in self.films if film.imdb_id]
        if "i" in params:
            found = [film for film in known if film.imdb_id == params["i"]]
            return 200, self.details(found[0]) if found else self.no("Incorrect IMDb ID.")
        in_year = [film for film in known if params.get("y", str(film.year)) == str(film.year)]
        if "t" in params:
            found = [film for film in in_year if alike(params["t"], film.title) == 0]
            return 200, self.details(found[0]) if found else self.no("Movie not found!")
        if len(params["s"]) < 3:
            return 200, self.no("Too many results.")
        found = ranked(in_year, params["s"])[:10]
        if not found:
            return 200, self.no("Movie not found!")
        items = [self.item(film) for film in found]
        return 200, {"Search": items, "totalResults": str(len(items)), "Response": "True"}

    def no(self, error: str) -> dict[str, Any]:
        return {"Response": "False", "Error": error}

    def item(self, film: Movie) -> dict[str, Any]:
        year = str(film.year) if film.year else "N/A"
        return {"Title": film.title, "Year": year, "imdbID": film.imdb_id, "Type": "movie"}

    def details(self, film: Movie) -> dict[str, Any]:
        runtime = f"{film.runtime_minutes} min" if film.runtime_minutes else "N/A"
        return {**self.item(film), "Runtime": runtime, "Response": "True"}


@dataclass
class TMDbForm:
    """https://developer.themoviedb.org/reference/"""

    films: Sequence[Movie]
    key: str
    token: str

    def answer(
        self, path: str, params: dict[str, str], headers: Mapping[str, str], body: Any
    ) -> Answer:
        by_token = headers.get("Authorization") == f"Bearer {self.token}"
        if params.get("api_key") != self.key and not by_token:
            return 401, {"status_code": 7, "status_message": "Invalid API key", "success": False}
        known = [film for film in self.films if film.tmdb_id]
        if path == "/search/movie":
            in_year = [
                film for film in known if params.get("year", str(film.year)) == str(film.year)
            ]
            items = [self.item(film) for film in ranked(in_year, params["query"])]
            return 200, {"page": 1, "results": items, "total_results": len(items)}
        for film in known:
            if path == f"/movie/{film.tmdb_id}":
                details = {"runtime": film.runtime_minutes or 0, "imdb_id": film.imdb_id}
                return 200, {**self.item(film), **details}
        raise NotFound({"status_code": 34, "status_message": "Not found.", "success": False})

    def item(self, film: Movie) -> dict[str, Any]:
        date = f"{film.year}-06-01" if film.year else ""
        return {"id": film.tmdb_id, "title": film.title, "release_date": date}


def ranked(films: Sequence[Movie], query: str) -> list[Movie]:
    fits = [(alike(query, film.title), film) for film in films]
    return [film for fit, film in sorted(fits, key=lambda pair: pair[0] or 0) if fit is not None]
