"""Shows and their episodes from TheTVDB, version 4 of its API.

https://thetvdb.github.io/v4-api/ (4.7): POST /login returns a token, valid for a month. Lists
come in pages, with `links` to the next one. Season types, from GET /seasons/types: "official" is
the aired order, "dvd" the DVD order, and "default" the one that the show's own page prefers.
"""

from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from boz_server.domain.metadata.answers import Episode, Series, TVOrder
from boz_server.integrations.http import Json
from boz_server.integrations.json_client import JSONClient, Reply
from boz_server.integrations.values import OVERVIEW_LENGTH, minutes, number, objects, text, year

#: The database's column has 32 bits.
LAST_ID = 2**31 - 1
#: Pages have 500 episodes.
MAX_PAGES = 20
MAX_RESULTS, MAX_ALIASES = 50, 60
LAST_NUMBER = 9999

#: Season types in the order in which they are tried until one has episodes.
SEASON_TYPES = {
    TVOrder.AIRED: ("official", "default"),
    TVOrder.DVD: ("dvd", "official", "default"),
}


class TheTVDB:
    """Shows from TheTVDB. Every method may raise ProviderUnavailable."""

    provider = "thetvdb"

    def __init__(self, client: JSONClient, api_key: str, order: TVOrder) -> None:
        self.client = client
        self.order = order
        self._api_key = api_key
        self._token: str | None = None

    def search(self, name: str, year: int | None, deadline: float) -> list[Series]:
        """Return the shows with that name or a similar one, the likeliest first."""
        params = {"query": name, "type": "series", "year": year}
        reply = self._get("/search", deadline, params)
        if reply.status == HTTPStatus.NOT_FOUND:
            return []
        found = self.client.require(reply).get("data") or []
        if not isinstance(found, list):
            raise self.client.refuse("it answered something else than shows")
        read = (_series(item) for item in objects(found)[:MAX_RESULTS])
        return [series for series in read if series is not None]

    def series(self, series_id: int, deadline: float) -> Series | None:
        """Return one show; None if there is none with that id."""
        reply = self._get(f"/series/{series_id}", deadline)
        if reply.status in (HTTPStatus.NOT_FOUND, HTTPStatus.BAD_REQUEST):
            return None
        data = self.client.require(reply).get("data")
        series = _series(data) if isinstance(data, dict) else None
        if series is None:
            raise self.client.refuse("it answered something else than a show")
        return series

    def episodes(self, series_id: int, deadline: float) -> list[Episode]:
        """Return the episodes of all seasons, numbered in the order that the settings name.

        In aired order if the show has no other; empty if there is no such show.
        """
        for season_type in SEASON_TYPES[self.order]:
            found = self._episodes(f"/series/{series_id}/episodes/{season_type}", deadline)
            if found:
                return found
        return []

    def _episodes(self, path: str, deadline: float) -> list[Episode]:
        found: dict[tuple[int, int], Episode] = {}
        for page in range(MAX_PAGES):
            reply = self._get(path, deadline, {"page": page})
            if reply.status in (HTTPStatus.NOT_FOUND, HTTPStatus.BAD_REQUEST):
                break
            body = self.client.require(reply)
            data = body.get("data") or {}
            if not isinstance(data, dict) or not isinstance(data.get("episodes") or [], list):
                raise self.client.refuse("it answered something else than episodes")
            items = objects(data.get("episodes"))
            known = len(found)
            for episode in map(_episode, items):
                if episode is not None:
                    # Some numbers come several times: the first one counts.
                    found.setdefault((episode.season_number, episode.number), episode)
            if not _has_more(body, page) or (items and len(found) == known):
                break
        return sorted(found.values(), key=lambda each: (each.season_number, each.number))

    def _get(self, path: str, deadline: float, params: Json | None = None) -> Reply:
        for _ in range(2):
            token = self._token or self._log_in(deadline)
            headers = {"Authorization": f"Bearer {token}"}
            reply = self.client.ask("GET", path, deadline=deadline, params=params, headers=headers)
            if reply.status != HTTPStatus.UNAUTHORIZED:
                return reply
            if self._token == token:  # else another thread has fetched a new one
                self._token = None
        return reply

    def _log_in(self, deadline: float) -> str:
        reply = self.client.ask("POST", "/login", deadline=deadline, body={"apikey": self._api_key})
        data = self.client.require(reply).get("data")
        token = text(data.get("token"), 10_000) if isinstance(data, dict) else None
        if token is None:
            raise self.client.refuse("it answered no token")
        self._token = quote(token, safe="-._~+/=")
        return self._token


def _series(item: Json) -> Series | None:
    """Read a search result or a show's record; their ids and aliases have different forms."""
    # Search results: "tvdb_id": "81189", "id": "series-81189"; records: "id": 81189.
    given = item.get("tvdb_id") or item.get("id")
    if isinstance(given, str):
        given = given.removeprefix("series-")
    series_id, name = number(given, 1, LAST_ID), text(item.get("name"))
    if series_id is None or name is None:
        return None
    first = year(item.get("year")) or year(item.get("first_air_time") or item.get("firstAired"))
    return Series(series_id, name, first, _aliases(item, name))


def _aliases(item: Json, name: str) -> tuple[str, ...]:
    translations = item.get("translations")
    given: list[Any] = [item.get("name_translated")]
    if isinstance(translations, dict):
        # English first, because the limit may cut off the rest.
        given += [translations.get("eng"), *translations.values()]
    aliases = item.get("aliases")
    for alias in aliases if isinstance(aliases, list) else []:
        given.append(alias.get("name") if isinstance(alias, dict) else alias)
    names = dict.fromkeys(text(each) for each in given)
    return tuple(each for each in names if each and each != name)[:MAX_ALIASES]


def _episode(item: Json) -> Episode | None:
    season_number = number(item.get("seasonNumber"), 0, LAST_NUMBER)
    episode_number = number(item.get("number"), 1, LAST_NUMBER)
    if season_number is None or episode_number is None:
        return None
    return Episode(
        season_number,
        episode_number,
        text(item.get("name")),
        minutes(item.get("runtime")),
        text(item.get("overview"), OVERVIEW_LENGTH),
    )


def _has_more(body: Json, page: int) -> bool:
    """Whether there is another page; its address is built here, not taken from the answer."""
    links = body.get("links")
    if not isinstance(links, dict):
        return False
    size, total = links.get("page_size"), links.get("total_items")
    by_count = isinstance(size, int) and isinstance(total, int) and (page + 1) * size < total
    return bool(links.get("next")) or by_count
