"""Films from TMDb, version 3 of its API, by title and by its own id.

https://developer.themoviedb.org/docs/authentication-application: the key of version 3 is the
parameter `api_key`; the longer "API Read Access Token" is sent as a Bearer token.
"""

import re
from http import HTTPStatus

from boz_server.domain.metadata.answers import Film
from boz_server.integrations.http import Json
from boz_server.integrations.json_client import JSONClient, Reply
from boz_server.integrations.values import minutes, number, objects, text, year

MAX_RESULTS = 20
LAST_ID = 2**53

_IMDB_ID = re.compile(r"tt[0-9]{5,12}")


class TMDb:
    """Films from TMDb. Every method may raise ProviderUnavailable."""

    provider = "tmdb"

    def __init__(self, client: JSONClient, api_key: str) -> None:
        self.client = client
        # A read access token is a JSON Web Token: three parts.
        is_token = api_key.count(".") == 2  # noqa: PLR2004
        self._params = {} if is_token else {"api_key": api_key}
        self._headers = {"Authorization": f"Bearer {api_key}"} if is_token else {}

    def search(self, title: str, year: int | None, deadline: float) -> list[Film]:
        """Return the films with that title or a similar one, without running times."""
        params = {"query": title, "year": year, "include_adult": "false"}
        reply = self._get("/search/movie", params, deadline)
        found = self.client.require(reply).get("results")
        if not isinstance(found, list):
            raise self.client.refuse("it answered something else than films")
        read = (_film(item) for item in objects(found)[:MAX_RESULTS])
        return [film for film in read if film is not None]

    def film(self, external_id: str, deadline: float) -> Film | None:
        """Return the film with one of TMDb's ids, and its running time; None if there is none."""
        film_id = number(external_id, 1, LAST_ID)
        if film_id is None:
            return None
        reply = self._get(f"/movie/{film_id}", {}, deadline)
        if reply.status == HTTPStatus.NOT_FOUND:
            return None
        film = _film(self.client.require(reply))
        if film is None:
            raise self.client.refuse("it answered something else than a film")
        return film

    def _get(self, path: str, params: Json, deadline: float) -> Reply:
        return self.client.ask(
            "GET",
            path,
            deadline=deadline,
            params={**self._params, **params},
            headers=self._headers,
        )


def _film(item: Json) -> Film | None:
    film_id = number(item.get("id"), 1, LAST_ID)
    title = text(item.get("title")) or text(item.get("original_title"))
    if film_id is None or title is None:
        return None
    imdb_id = text(item.get("imdb_id"))
    return Film(
        TMDb.provider,
        str(film_id),
        title,
        year(item.get("release_date")),
        minutes(item.get("runtime")),
        imdb_id if imdb_id and _IMDB_ID.fullmatch(imdb_id) else None,
    )
