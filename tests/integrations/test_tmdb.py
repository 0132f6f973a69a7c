"""Films by TMDb's API, version 3."""

from collections.abc import Callable
from typing import Any

import pytest

from boz_server.domain.metadata.answers import Film
from boz_server.errors import ProviderUnavailable
from boz_server.integrations.json_client import JSONClient
from boz_server.integrations.tmdb import TMDb
from tests.provider_server import KEY, TMDB_TOKEN, FakeProviders

Soon = Callable[..., float]

MATRIX = Film("tmdb", "603", "The Matrix", 1999, 136, "tt0133093")


def client_of(providers: FakeProviders, key: str = KEY) -> TMDb:
    return TMDb(JSONClient("TMDb", f"{providers.url}/tmdb"), key)


@pytest.fixture
def tmdb(providers: FakeProviders) -> TMDb:
    return client_of(providers)


def test_it_finds_films_by_title(tmdb: TMDb, providers: FakeProviders, soon: Soon) -> None:
    found = tmdb.search("matrix", None, soon())
    assert [(film.external_id, film.year) for film in found] == [("603", 1999), ("604", 2003)]
    assert [film.external_id for film in tmdb.search("matrix", 2003, soon())] == ["604"]
    assert tmdb.search("no such film", None, soon()) == []
    asked = {"api_key": KEY, "query": "matrix", "year": "2003", "include_adult": "false"}
    assert providers.requests[1].params == asked


def test_it_finds_a_film_by_id(tmdb: TMDb, soon: Soon) -> None:
    assert tmdb.film("603", soon()) == MATRIX
    assert tmdb.film("1", soon()) is None


def test_it_sends_a_read_access_token_as_such(providers: FakeProviders, soon: Soon) -> None:
    assert client_of(providers, TMDB_TOKEN).film("603", soon()) == MATRIX
    [asked] = providers.requests
    assert asked.params == {}
    assert asked.headers["Authorization"] == f"Bearer {TMDB_TOKEN}"


@pytest.mark.parametrize("external_id", ["", "tt0133093", "-1", "0", "603/../604", "9" * 300])
def test_it_sends_only_numbers(
    tmdb: TMDb, providers: FakeProviders, soon: Soon, external_id: str
) -> None:
    assert tmdb.film(external_id, soon()) is None
    assert providers.count() == 0


@pytest.mark.parametrize("key", ["wrong", "a.wrong.token"])
def test_it_says_that_its_key_is_no_good(providers: FakeProviders, soon: Soon, key: str) -> None:
    with pytest.raises(ProviderUnavailable, match="does not accept the key"):
        client_of(providers, key).search("matrix", None, soon())


@pytest.mark.parametrize("body", [{}, {"results": None}, {"results": "x"}, {"results": {"a": 1}}])
def test_it_refuses_other_shapes(
    tmdb: TMDb, providers: FakeProviders, soon: Soon, body: Any
) -> None:
    providers.fail("body", body=body)
    with pytest.raises(ProviderUnavailable):
        tmdb.search("matrix", None, soon())
    with pytest.raises(ProviderUnavailable):
        tmdb.film("603", soon())


@pytest.mark.parametrize(
    ("item", "read"),
    [({"id": 7, "title": "A"}, Film("tmdb", "7", "A", None, None, None)),
     ({"id": "7", "original_title": "A", "release_date": "2001-02-03"},
      Film("tmdb", "7", "A", 2001, None, None)),
     ({"id": 7, "title": "A", "release_date": "", "runtime": -9, "imdb_id": "x"},
      Film("tmdb", "7", "A", None, None, None)),
     ({"id": -7, "title": "A"}, None), ({"id": True, "title": "A"}, None), ({"id": 7}, None),
     ({"title": "A"}, None), (None, None), ([], None)],
)  # fmt: skip
def test_it_passes_over_absurd_films(
    tmdb: TMDb, providers: FakeProviders, soon: Soon, item: Any, read: Film | None
) -> None:
    providers.fail("body", body={"results": [item]})
    assert tmdb.search("a", None, soon()) == ([] if read is None else [read])
