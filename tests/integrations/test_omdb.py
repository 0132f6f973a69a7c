"""Films by OMDb."""

from collections.abc import Callable
from typing import Any

import pytest

from boz_server.domain.metadata.answers import Film
from boz_server.errors import ProviderUnavailable
from boz_server.integrations.json_client import JSONClient
from boz_server.integrations.omdb import OMDb
from tests.provider_server import KEY, FakeProviders

Soon = Callable[..., float]

MATRIX = Film("omdb", "tt0133093", "The Matrix", 1999, 136, "tt0133093")


def client_of(providers: FakeProviders, key: str = KEY) -> OMDb:
    return OMDb(JSONClient("OMDb", f"{providers.url}/omdb"), key)


@pytest.fixture
def omdb(providers: FakeProviders) -> OMDb:
    return client_of(providers)


def test_it_finds_films_by_title(omdb: OMDb, providers: FakeProviders, soon: Soon) -> None:
    found = omdb.search("matrix", None, soon())
    assert [film.title for film in found] == ["The Matrix", "The Matrix Reloaded"]
    assert found[0].runtime_minutes is None
    assert [film.year for film in omdb.search("matrix", 2003, soon())] == [2003]
    assert omdb.search("no such film", None, soon()) == []
    asked = {"apikey": KEY, "s": "matrix", "type": "movie", "y": "2003"}
    assert providers.requests[1].params == asked


def test_it_asks_for_the_very_title_where_a_search_finds_too_much(omdb: OMDb, soon: Soon) -> None:
    assert [film.title for film in omdb.search("Up", None, soon())] == ["Up"]
    assert omdb.search("It", None, soon()) == []


def test_it_finds_a_film_by_id(omdb: OMDb, soon: Soon) -> None:
    assert omdb.film("tt0133093", soon()) == MATRIX
    assert omdb.film("tt9999999", soon()) is None


@pytest.mark.parametrize("external_id", ["", "603", "tt", "tt1", "tt0133093&s=x", "x" * 300])
def test_it_sends_only_imdb_ids(
    omdb: OMDb, providers: FakeProviders, soon: Soon, external_id: str
) -> None:
    assert omdb.film(external_id, soon()) is None
    assert providers.count() == 0


def test_it_says_that_its_key_is_no_good(providers: FakeProviders, soon: Soon) -> None:
    with pytest.raises(ProviderUnavailable, match="does not accept the key"):
        client_of(providers, "wrong").search("matrix", None, soon())


def test_it_says_that_its_limit_is_reached(
    omdb: OMDb, providers: FakeProviders, soon: Soon
) -> None:
    providers.fail("401", body={"Response": "False", "Error": "Request limit reached!"})
    with pytest.raises(ProviderUnavailable, match="limit of requests"):
        omdb.search("matrix", None, soon())


@pytest.mark.parametrize("status", ["200", "404"])
def test_it_takes_a_no_for_an_answer(
    omdb: OMDb, providers: FakeProviders, soon: Soon, status: str
) -> None:
    providers.fail(status, body={"Response": "False", "Error": "Movie not found!"})
    assert omdb.search("matrix", None, soon()) == []
    assert omdb.film("tt0133093", soon()) is None


@pytest.mark.parametrize(
    "body",
    [{}, {"Response": "True"}, {"Search": "films"}, {"Search": {"a": 1}, "Response": "True"},
     {"Response": "False"}, {"Response": "False", "Error": 7}, {"Response": False},
     {"Response": "False", "Error": "Something went wrong."}],
)  # fmt: skip
def test_it_refuses_other_shapes(
    omdb: OMDb, providers: FakeProviders, soon: Soon, body: Any
) -> None:
    providers.fail("body", body=body)
    with pytest.raises(ProviderUnavailable):
        omdb.search("matrix", None, soon())


@pytest.mark.parametrize(
    ("changed", "read"),
    [({"Runtime": "N/A", "Year": "N/A"}, (None, None)), ({"Runtime": None}, (1999, None)),
     ({"Runtime": "-5 min", "Year": "0"}, (None, None)), ({"Runtime": 136}, (1999, 136)),
     ({"Year": "1999–2003"}, (1999, 136)), ({"Year": 1999}, (1999, 136))],
)  # fmt: skip
def test_it_passes_over_absurd_values(
    omdb: OMDb, providers: FakeProviders, soon: Soon, changed: Any, read: Any
) -> None:
    details = providers.forms["omdb"].details(providers.forms["omdb"].films[0])
    providers.fail("body", body={**details, **changed})
    film = omdb.film("tt0133093", soon())
    assert film is not None
    assert (film.year, film.runtime_minutes) == read


@pytest.mark.parametrize(
    "item",
    [{}, None, 7, {"Title": "A"}, {"imdbID": "tt0133093"}, {"imdbID": 7, "Title": "A"},
     {"imdbID": "../etc", "Title": "A"}, {"imdbID": "tt0133093", "Title": "N/A"},
     {"imdbID": "tt0133093", "Title": "A", "Type": "series"}],
)  # fmt: skip
def test_it_passes_over_absurd_films(
    omdb: OMDb, providers: FakeProviders, soon: Soon, item: Any
) -> None:
    providers.fail("body", body={"Search": [item], "Response": "True"})
    assert omdb.search("matrix", None, soon()) == []
