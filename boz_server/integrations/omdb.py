"""OMDb: films, by title and by IMDb id.

https://www.omdbapi.com: one address with parameters: s= searches, i= and t= return one title's
details. Errors are a 200 too: {"Response": "False", "Error": "Movie not found!"}.
"""

import re
from http import HTTPStatus

from boz_server.domain.metadata.answers import Film
from boz_server.integrations.http import Json
from boz_server.integrations.json_client import JSONClient
from boz_server.integrations.values import minutes, objects, text, year

#: A search for a short title fails with this; asking for the exact title may not.
TOO_MANY = "Too many results."
#: Errors that mean that nothing was found, not that something is wrong.
NOTHING = (TOO_MANY, "Movie not found!", "Incorrect IMDb ID.", "Error getting data.")
LIMIT = "Request limit reached!"

_IMDB_ID = re.compile(r"tt[0-9]{5,12}")


class OMDb:
    """Films from OMDb. Every method may raise ProviderUnavailable."""

    provider = "omdb"

    def __init__(self, client: JSONClient, api_key: str) -> None:
        self.client = client
        self._api_key = api_key

    def search(self, title: str, year: int | None, deadline: float) -> list[Film]:
        """Return up to ten films with that title or a similar one, mostly without running times."""
        asked = {"type": "movie", "y": year}
        body = self._ask({"s": title, **asked}, deadline)
        if body.get("Error") == TOO_MANY:
            film = _film(self._ask({"t": title, **asked}, deadline))
            return [] if film is None else [film]
        if _is_no(body):
            return []
        if not isinstance(body.get("Search"), list):
            raise self.client.refuse("it answered something else than films")
        read = (_film(item) for item in objects(body["Search"]))
        return [film for film in read if film is not None]

    def film(self, external_id: str, deadline: float) -> Film | None:
        """Return the film with an IMDb id, and its running time; None if there is none."""
        if not _IMDB_ID.fullmatch(external_id):
            return None
        body = self._ask({"i": external_id}, deadline)
        if _is_no(body):
            return None
        if "imdbID" not in body:
            raise self.client.refuse("it answered something else than a film")
        return _film(body)

    def _ask(self, params: Json, deadline: float) -> Json:
        reply = self.client.ask(
            "GET", "/", deadline=deadline, params={"apikey": self._api_key, **params}
        )
        says_no, error = _is_no(reply.body), reply.body.get("Error")
        # The limit comes with a 401, as a wrong key does.
        if error == LIMIT:
            raise self.client.refuse("its limit of requests is reached")
        if says_no and reply.status == HTTPStatus.NOT_FOUND and error in NOTHING:
            return reply.body
        body = self.client.require(reply)
        if says_no and error not in NOTHING:
            raise self.client.refuse("it answered with an error")
        return body


def _is_no(body: Json) -> bool:
    return str(body.get("Response")).lower() == "false"


def _film(item: Json) -> Film | None:
    imdb_id, title = text(item.get("imdbID")), text(item.get("Title"))
    if imdb_id is None or not _IMDB_ID.fullmatch(imdb_id) or title is None or title == "N/A":
        return None
    if item.get("Type", "movie") != "movie":
        return None
    runtime = minutes(item.get("Runtime"))
    return Film(OMDb.provider, imdb_id, title, year(item.get("Year")), runtime, imdb_id)
