"""The clients of TheTVDB, OMDb and TMDb."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from boz_server.domain.metadata.answers import Episode, Film, Series, TVOrder
from boz_server.errors import ProviderUnavailable
from boz_server.integrations import thetvdb
from boz_server.integrations.json_client import JSONClient
from boz_server.integrations.omdb import OMDb
from boz_server.integrations.thetvdb import TheTVDB
from boz_server.integrations.tmdb import TMDb
from tests.integrations.conftest import AIRED, DVD, FIREFLY
from tests.provider_server import KEY, TMDB_TOKEN, FakeProviders, Show

Soon = Callable[..., float]


@dataclass(frozen=True)
class Provider:
    """One provider: how to build its client, what it knows, and how it asks and answers."""

    name: str
    build: Callable[..., Any]
    record: Any
    by_id: str
    id: Any
    unknown_id: Any
    #: Searches by words and year, and the years of what is found.
    searches: dict[tuple[str, int | None], list[int]]
    asked: dict[str, str]
    wrap: Callable[[Any], Any]

    def client(self, providers: FakeProviders, *key: Any) -> Any:
        return self.build(JSONClient(self.name, f"{providers.url}/{self.name}"), *key or (KEY,))

    def get(self, client: Any, record_id: Any, deadline: float) -> Any:
        return getattr(client, self.by_id)(record_id, deadline)


THETVDB = Provider(
    "thetvdb",
    lambda client, key, order=TVOrder.AIRED: TheTVDB(client, key, order),
    FIREFLY,
    "series",
    78874,
    1,
    {("firefly", None): [2002], ("firefly", 2002): [2002], ("firefly", 1999): []},
    {"query": "firefly", "type": "series"},
    lambda item: {"data": [item]},
)
OMDB = Provider(
    "omdb",
    OMDb,
    Film("omdb", "tt0133093", "The Matrix", 1999, 136, "tt0133093"),
    "film",
    "tt0133093",
    "tt9999999",
    {("matrix", None): [1999, 2003], ("matrix", 2003): [2003]},
    {"apikey": KEY, "s": "matrix", "type": "movie"},
    lambda item: {"Search": [item], "Response": "True"},
)
TMDB = Provider(
    "tmdb",
    TMDb,
    Film("tmdb", "603", "The Matrix", 1999, 136, "tt0133093"),
    "film",
    "603",
    "1",
    {("matrix", None): [1999, 2003], ("matrix", 2003): [2003]},
    {"api_key": KEY, "query": "matrix", "include_adult": "false"},
    lambda item: {"results": [item]},
)


@pytest.fixture(params=[THETVDB, OMDB, TMDB], ids=lambda provider: provider.name)
def provider(request: pytest.FixtureRequest) -> Provider:
    found: Provider = request.param
    return found


@pytest.fixture
def tv(providers: FakeProviders, soon: Soon) -> TheTVDB:
    """TheTVDB's client, logged in."""
    found: TheTVDB = THETVDB.client(providers)
    found.series(78874, soon())
    providers.requests.clear()
    return found


@pytest.fixture
def omdb(providers: FakeProviders) -> OMDb:
    found: OMDb = OMDB.client(providers)
    return found


def test_it_searches_by_name_and_year(provider, providers, soon):
    client = provider.client(providers)
    for (words, year), years in provider.searches.items():
        assert [each.year for each in client.search(words, year, soon())] == years
    assert client.search("no such thing", None, soon()) == []
    asked = [each.params for each in providers.requests if not each.path.startswith("/login")]
    year_param = "y" if provider is OMDB else "year"
    assert asked[:2] == [
        provider.asked | ({} if year is None else {year_param: str(year)})
        for _, year in list(provider.searches)[:2]
    ]


def test_it_finds_a_record_by_id(provider, providers, soon):
    client = provider.client(providers)
    assert provider.get(client, provider.id, soon()) == provider.record
    assert provider.get(client, provider.unknown_id, soon()) is None


@pytest.mark.parametrize("key", ["wrong", "a.wrong.token"])
def test_it_says_that_its_key_is_no_good(provider, providers, soon, key):
    client = provider.client(providers, key)
    for call in (
        lambda: client.search("matrix", None, soon()),
        lambda: provider.get(client, provider.id, soon()),
    ):
        with pytest.raises(ProviderUnavailable, match="does not accept the key"):
            call()
    assert providers.count() == 2


@pytest.mark.parametrize(
    ("provider", "external_id"),
    [
        *((OMDB, each) for each in ("", "603", "tt", "tt1", "tt0133093&s=x", "x" * 300)),
        *((TMDB, each) for each in ("", "tt0133093", "-1", "0", "603/../604", "9" * 300)),
    ],
)
def test_it_sends_only_ids_of_the_providers_own(providers, soon, provider, external_id):
    assert provider.get(provider.client(providers), external_id, soon()) is None
    assert providers.count() == 0


@pytest.mark.parametrize(
    ("provider", "body"),
    [
        *((THETVDB, {"data": data}) for data in ({"a": 1}, "text", 7, True)),
        *((OMDB, {"Search": found, "Response": "True"}) for found in ("films", {"a": 1})),
        *((OMDB, {"Response": said}) for said in ("True", "False", False)),
        *((OMDB, {"Response": "False", "Error": error}) for error in (7, "Something went wrong.")),
        *((OMDB, body) for body in ({}, {"Search": "films"})),
        *((TMDB, {"results": found}) for found in (None, "x", {"a": 1})),
        (TMDB, {}),
    ],
)
def test_it_refuses_other_shapes(providers, soon, provider, body):
    client = provider.client(providers)
    if provider is THETVDB:
        client.series(78874, soon())  # which logs in
    providers.fail("body", body=body)
    with pytest.raises(ProviderUnavailable):
        client.search("matrix", None, soon())
    with pytest.raises(ProviderUnavailable):
        provider.get(client, provider.id, soon())


@pytest.mark.parametrize(
    ("provider", "item", "read"),
    [(THETVDB, {"tvdb_id": "7", "name": "A", "year": "2001"}, Series(7, "A", 2001, ())),
     (THETVDB, {"id": "series-7", "name": "A", "first_air_time": "2001-02-03"},
      Series(7, "A", 2001, ())),
     (THETVDB, {"tvdb_id": 7, "name": "A", "year": 0}, Series(7, "A", None, ())),
     (THETVDB, {"tvdb_id": "7", "name": "Å", "translations": {"fra": "B", "eng": "C"},
                "aliases": ["B", 1]}, Series(7, "Å", None, ("C", "B"))),
     (THETVDB, {"tvdb_id": "7", "name": "A", "aliases": {"a": "b"}, "translations": ["B"]},
      Series(7, "A", None, ())),
     *((THETVDB, item, None) for item in (
         {"tvdb_id": "seven", "name": "A"}, {"tvdb_id": -7, "name": "A"},
         {"tvdb_id": 2**40, "name": "A"}, {"tvdb_id": "7"}, {"tvdb_id": "7", "name": ""},
         {"name": "A"}, 7, None)),
     (TMDB, {"id": 7, "title": "A"}, Film("tmdb", "7", "A", None, None, None)),
     (TMDB, {"id": "7", "original_title": "A", "release_date": "2001-02-03"},
      Film("tmdb", "7", "A", 2001, None, None)),
     (TMDB, {"id": 7, "title": "A", "release_date": "", "runtime": -9, "imdb_id": "x"},
      Film("tmdb", "7", "A", None, None, None)),
     *((TMDB, item, None) for item in (
         {"id": -7, "title": "A"}, {"id": True, "title": "A"}, {"id": 7}, {"title": "A"}, None,
         [])),
     *((OMDB, item, None) for item in (
         {}, None, 7, {"Title": "A"}, {"imdbID": "tt0133093"}, {"imdbID": 7, "Title": "A"},
         {"imdbID": "../etc", "Title": "A"}, {"imdbID": "tt0133093", "Title": "N/A"},
         {"imdbID": "tt0133093", "Title": "A", "Type": "series"})),
    ],
)  # fmt: skip
def test_it_passes_over_absurd_records(providers, soon, provider, item, read):
    client = provider.client(providers)
    if provider is THETVDB:
        client.series(78874, soon())
    providers.fail("body", body=provider.wrap(item))
    assert client.search("a", None, soon()) == ([] if read is None else [read])


# TheTVDB: a login, and episodes in pages.


def test_thetvdb_logs_in_once_and_again_when_its_token_ends(providers, soon):
    tv = THETVDB.client(providers)
    tv.series(78874, soon())
    tv.series(78874, soon())
    assert providers.paths("thetvdb") == ["/login", "/series/78874", "/series/78874"]
    providers.expire_tokens()
    assert tv.series(78874, soon()) == FIREFLY
    assert providers.paths("thetvdb")[3:] == ["/series/78874", "/login", "/series/78874"]


def test_thetvdb_renews_its_token_only_once(tv, providers, soon):
    providers.fail("401", times=1)
    assert tv.series(78874, soon()) == FIREFLY
    providers.requests.clear()
    providers.fail("401")
    with pytest.raises(ProviderUnavailable, match="does not accept the key"):
        tv.series(78874, soon())
    assert providers.count() == 2


@pytest.mark.parametrize("data", [None, {}, {"token": None}, {"token": 7}, {"token": ""}, []])
def test_thetvdb_refuses_a_login_without_a_token(providers, soon, data):
    providers.fail("body", body={"data": data})
    with pytest.raises(ProviderUnavailable, match="no token"):
        THETVDB.client(providers).series(78874, soon())


def test_thetvdb_follows_all_pages(tv, providers, soon):
    assert tv.episodes(78874, soon()) == sorted(AIRED, key=lambda each: each.season_number)
    assert [asked.params["page"] for asked in providers.requests] == ["0", "1"]
    assert tv.episodes(1, soon()) == []


def test_thetvdb_takes_the_dvd_order_where_there_is_one(providers, soon):
    assert THETVDB.client(providers, KEY, TVOrder.DVD).episodes(78874, soon()) == DVD
    with FakeProviders([Show(FIREFLY, AIRED)]) as others:
        assert len(THETVDB.client(others, KEY, TVOrder.DVD).episodes(78874, soon())) == 3


def page(number: int, **links: Any) -> dict[str, Any]:
    return {"data": {"episodes": [{"seasonNumber": 1, "number": number}]}, "links": links}


AGAIN = {"next": "again"}


@pytest.mark.parametrize(
    ("pages", "found", "asked"),
    [
        ([page(number, **AGAIN) for number in range(1, 9)], [1, 2, 3], 3),  # it has no end
        ([page(1, **AGAIN)] * 4, [1], 2),  # a page comes again
        # No link to the next one, but a count of them.
        ([page(at, next=None, total_items=2, page_size=1) for at in (1, 2)], [1, 2], 2),
    ],
)
def test_thetvdb_ends_where_pages_do_not(*, tv, providers, soon, monkeypatch, pages, found, asked):
    monkeypatch.setattr(thetvdb, "MAX_PAGES", 3)
    for body in pages:
        providers.fail("body", body=body, times=1)
    assert [each.number for each in tv.episodes(78874, soon())] == found
    assert providers.count() == asked


def test_thetvdb_has_all_episodes_or_an_error(tv, providers, soon):
    providers.fail("body", body=page(1, next="more"), times=1)
    providers.fail("500")
    with pytest.raises(ProviderUnavailable):
        tv.episodes(78874, soon())
    for data in ({"a": 1}, "text", 7, True):
        providers.work()
        providers.fail("body", body={"data": {"episodes": data}})
        with pytest.raises(ProviderUnavailable):
            tv.episodes(78874, soon())


def test_thetvdb_passes_over_absurd_episodes(tv, providers, soon):
    items: list[Any] = [
        {"seasonNumber": "1", "number": "2", "name": "  A\x00b ", "runtime": "44", "overview": 7},
        {"seasonNumber": 1, "number": 2, "name": "Again"},
        {"seasonNumber": 1, "number": 1, "name": None, "runtime": -5},
        {"seasonNumber": -1, "number": 1},
        {"seasonNumber": 1, "number": 0},
        {"seasonNumber": 1, "number": 10**12},
        {"seasonNumber": None, "number": 3},
        {"number": 4},
        {},
        None,
        "five",
    ]
    providers.fail("body", body={"data": {"episodes": items}})
    assert tv.episodes(78874, soon()) == [
        Episode(1, 1, None, None, None),
        Episode(1, 2, "A b", 44, None),
    ]


def test_thetvdb_takes_no_more_aliases_than_make_sense(tv, providers, soon):
    many = {"tvdb_id": "7", "name": "A", "aliases": [f"alias {n}" for n in range(900)]}
    providers.fail("body", body={"data": [many] * 60})
    found = tv.search("a", None, soon())
    assert len(found) == thetvdb.MAX_RESULTS
    assert len(found[0].aliases) == thetvdb.MAX_ALIASES


# OMDb: a no is an answer too.


def test_omdb_asks_for_the_very_title_where_a_search_finds_too_much(omdb, soon):
    assert [film.title for film in omdb.search("Up", None, soon())] == ["Up"]
    assert omdb.search("It", None, soon()) == []


def test_omdb_says_that_its_limit_is_reached(omdb, providers, soon):
    providers.fail("401", body={"Response": "False", "Error": "Request limit reached!"})
    with pytest.raises(ProviderUnavailable, match="limit of requests"):
        omdb.search("matrix", None, soon())


@pytest.mark.parametrize("status", ["200", "404"])
def test_omdb_takes_a_no_for_an_answer(omdb, providers, soon, status):
    providers.fail(status, body={"Response": "False", "Error": "Movie not found!"})
    assert omdb.search("matrix", None, soon()) == []
    assert omdb.film("tt0133093", soon()) is None


@pytest.mark.parametrize(
    ("changed", "read"),
    [({"Runtime": "N/A", "Year": "N/A"}, (None, None)), ({"Runtime": None}, (1999, None)),
     ({"Runtime": "-5 min", "Year": "0"}, (None, None)), ({"Runtime": 136}, (1999, 136)),
     ({"Year": "1999–2003"}, (1999, 136)), ({"Year": 1999}, (1999, 136))],
)  # fmt: skip
def test_omdb_passes_over_absurd_values(omdb, providers, soon, changed, read):
    details = providers.forms["omdb"].details(providers.forms["omdb"].films[0])
    providers.fail("body", body={**details, **changed})
    film = omdb.film("tt0133093", soon())
    assert film is not None
    assert (film.year, film.runtime_minutes) == read


def test_tmdb_sends_a_read_access_token_as_such(providers, soon):
    assert TMDB.get(TMDB.client(providers, TMDB_TOKEN), "603", soon()) == TMDB.record
    [asked] = providers.requests
    assert asked.params == {}
    assert asked.headers["Authorization"] == f"Bearer {TMDB_TOKEN}"
