"""Shows and episodes, by TheTVDB's API, version 4."""

from collections.abc import Callable
from typing import Any

import pytest

from boz_server.domain.metadata.answers import Episode, Series, TVOrder
from boz_server.errors import ProviderUnavailable
from boz_server.integrations import thetvdb
from boz_server.integrations.json_client import JSONClient
from boz_server.integrations.thetvdb import TheTVDB
from tests.integrations.conftest import AIRED, DVD, FIREFLY
from tests.provider_server import KEY, FakeProviders, Show

Soon = Callable[..., float]


@pytest.fixture
def tv(providers: FakeProviders) -> TheTVDB:
    return client_of(providers)


def client_of(providers: FakeProviders, order: TVOrder = TVOrder.AIRED, key: str = KEY) -> TheTVDB:
    return TheTVDB(JSONClient("TheTVDB", f"{providers.url}/thetvdb"), key, order)


def test_it_finds_shows_by_name(tv: TheTVDB, providers: FakeProviders, soon: Soon) -> None:
    assert tv.search("firefly", None, soon()) == [FIREFLY]
    assert tv.search("firefly", 2002, soon()) == [FIREFLY]
    assert tv.search("firefly", 1999, soon()) == []
    assert tv.search("no such show", None, soon()) == []
    assert providers.requests[1].params == {"query": "firefly", "type": "series"}


def test_it_finds_a_show_by_id(tv: TheTVDB, soon: Soon) -> None:
    assert tv.series(78874, soon()) == FIREFLY
    assert tv.series(1, soon()) is None


def test_it_logs_in_once(tv: TheTVDB, providers: FakeProviders, soon: Soon) -> None:
    tv.series(78874, soon())
    tv.series(78874, soon())
    assert providers.paths("thetvdb") == ["/login", "/series/78874", "/series/78874"]


def test_it_renews_its_token(tv: TheTVDB, providers: FakeProviders, soon: Soon) -> None:
    tv.series(78874, soon())
    providers.expire_tokens()
    assert tv.series(78874, soon()) == FIREFLY
    assert providers.paths("thetvdb")[2:] == ["/series/78874", "/login", "/series/78874"]


def test_it_renews_its_token_only_once(tv: TheTVDB, providers: FakeProviders, soon: Soon) -> None:
    tv.series(78874, soon())
    providers.fail("401", times=1)
    assert tv.series(78874, soon()) == FIREFLY
    providers.requests.clear()
    providers.fail("401")
    with pytest.raises(ProviderUnavailable, match="does not accept the key"):
        tv.series(78874, soon())
    assert providers.count() == 2


def test_it_says_that_its_key_is_no_good(providers: FakeProviders, soon: Soon) -> None:
    with pytest.raises(ProviderUnavailable, match="does not accept the key"):
        client_of(providers, key="wrong").series(78874, soon())
    assert providers.count() == 1


def test_it_follows_all_pages(tv: TheTVDB, providers: FakeProviders, soon: Soon) -> None:
    assert tv.episodes(78874, soon()) == sorted(AIRED, key=lambda each: each.season_number)
    pages = [asked.params["page"] for asked in providers.requests[1:]]
    assert pages == ["0", "1"]


def test_it_takes_the_dvd_order(providers: FakeProviders, soon: Soon) -> None:
    assert client_of(providers, TVOrder.DVD).episodes(78874, soon()) == DVD


def test_it_takes_the_aired_order_where_there_is_no_other(soon: Soon) -> None:
    with FakeProviders([Show(FIREFLY, AIRED)]) as providers:
        assert len(client_of(providers, TVOrder.DVD).episodes(78874, soon())) == 3


def test_it_has_no_episodes_of_an_unknown_show(tv: TheTVDB, soon: Soon) -> None:
    assert tv.episodes(1, soon()) == []


def episodes_page(number: int, **links: Any) -> dict[str, Any]:
    items = [{"seasonNumber": 1, "number": number}]
    return {"data": {"episodes": items}, "links": links}


@pytest.fixture
def logged_in(tv: TheTVDB, soon: Soon) -> TheTVDB:
    tv.series(78874, soon())
    return tv


def test_it_ends_where_pages_do_not(
    logged_in: TheTVDB, providers: FakeProviders, soon: Soon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(thetvdb, "MAX_PAGES", 3)
    for number in range(1, 9):
        providers.fail("body", body=episodes_page(number, next="again"), times=1)
    assert [each.number for each in logged_in.episodes(78874, soon())] == [1, 2, 3]


def test_it_ends_where_a_page_comes_again(
    logged_in: TheTVDB, providers: FakeProviders, soon: Soon
) -> None:
    providers.fail("body", body=episodes_page(1, next="again"))
    assert len(logged_in.episodes(78874, soon())) == 1
    assert len(providers.paths("thetvdb")) == 4


def test_it_goes_on_by_the_count_where_there_is_no_link(
    logged_in: TheTVDB, providers: FakeProviders, soon: Soon
) -> None:
    for number in (1, 2):
        page = episodes_page(number, next=None, total_items=2, page_size=1)
        providers.fail("body", body=page, times=1)
    assert len(logged_in.episodes(78874, soon())) == 2


def test_it_has_all_episodes_or_an_error(
    logged_in: TheTVDB, providers: FakeProviders, soon: Soon
) -> None:
    providers.fail("body", body=episodes_page(1, next="more"), times=1)
    providers.fail("500")
    with pytest.raises(ProviderUnavailable):
        logged_in.episodes(78874, soon())


def test_it_passes_over_absurd_episodes(
    logged_in: TheTVDB, providers: FakeProviders, soon: Soon
) -> None:
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
    assert logged_in.episodes(78874, soon()) == [
        Episode(1, 1, None, None, None),
        Episode(1, 2, "A b", 44, None),
    ]


@pytest.mark.parametrize(
    ("item", "read"),
    [({"tvdb_id": "7", "name": "A", "year": "2001"}, Series(7, "A", 2001, ())),
     ({"id": "series-7", "name": "A", "first_air_time": "2001-02-03"}, Series(7, "A", 2001, ())),
     ({"tvdb_id": 7, "name": "A", "year": 0}, Series(7, "A", None, ())),
     ({"tvdb_id": "7", "name": "Å", "translations": {"fra": "B", "eng": "C"}, "aliases": ["B", 1]},
      Series(7, "Å", None, ("C", "B"))),
     ({"tvdb_id": "7", "name": "A", "aliases": {"a": "b"}, "translations": ["B"]},
      Series(7, "A", None, ())),
     ({"tvdb_id": "seven", "name": "A"}, None), ({"tvdb_id": -7, "name": "A"}, None),
     ({"tvdb_id": 2**40, "name": "A"}, None), ({"tvdb_id": "7"}, None),
     ({"tvdb_id": "7", "name": ""}, None), ({"name": "A"}, None), (7, None), (None, None)],
)  # fmt: skip
def test_it_passes_over_absurd_shows(
    logged_in: TheTVDB, providers: FakeProviders, soon: Soon, item: Any, read: Series | None
) -> None:
    providers.fail("body", body={"data": [item]})
    assert logged_in.search("a", None, soon()) == ([] if read is None else [read])


def test_it_takes_no_more_aliases_than_make_sense(
    logged_in: TheTVDB, providers: FakeProviders, soon: Soon
) -> None:
    many = {"tvdb_id": "7", "name": "A", "aliases": [f"alias {n}" for n in range(900)]}
    providers.fail("body", body={"data": [many] * 60})
    found = logged_in.search("a", None, soon())
    assert len(found) == thetvdb.MAX_RESULTS
    assert len(found[0].aliases) == thetvdb.MAX_ALIASES


@pytest.mark.parametrize("data", [{"a": 1}, "text", 7, True])
def test_it_refuses_other_shapes(
    logged_in: TheTVDB, providers: FakeProviders, soon: Soon, data: Any
) -> None:
    providers.fail("body", body={"data": data})
    with pytest.raises(ProviderUnavailable):
        logged_in.search("a", None, soon())
    with pytest.raises(ProviderUnavailable):
        logged_in.series(78874, soon())
    providers.work()
    providers.fail("body", body={"data": {"episodes": data}})
    with pytest.raises(ProviderUnavailable):
        logged_in.episodes(78874, soon())


@pytest.mark.parametrize("data", [None, {}, {"token": None}, {"token": 7}, {"token": ""}, []])
def test_it_refuses_a_login_without_a_token(
    tv: TheTVDB, providers: FakeProviders, soon: Soon, data: Any
) -> None:
    providers.fail("body", body={"data": data})
    with pytest.raises(ProviderUnavailable, match="no token"):
        tv.series(78874, soon())
