"""TheDiscDb's client: what it asks, and what it makes of answers that make no sense."""

import copy
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from boz_server.domain.metadata.answers import ListedDisc, ListedKind, ListedTitle
from boz_server.errors import ProviderUnavailable
from boz_server.integrations import thediscdb
from boz_server.integrations.thediscdb import TheDiscDb
from tests.discdb_server import FakeDiscDb, node

HASH = "0123456789ABCDEF0123456789ABCDEF"
EPISODE = ListedTitle(0, 2541, 9, "1.mpls", "1,2", ListedKind.EPISODE, "Pilot", 1, 1, 2)
EXTRA = ListedTitle(3, 130, kind=ListedKind.DELETED_SCENE, name="A scene")
SHOW = ListedDisc(
    'The "Show"', True, 2002, None, 78874, HASH, (EPISODE, ListedTitle(1, 5410), EXTRA)
)
MOVIE = ListedTitle(0, 9957, kind=ListedKind.MAIN_MOVIE)
FILM = ListedDisc("Film", False, 1972, "tt0069293", None, None, (MOVIE,))
TROUBLES = ["500", "429", "404", "html", "half_json", "cut_short", "hang_up", "redirect"]


@pytest.fixture
def server() -> Iterator[FakeDiscDb]:
    with FakeDiscDb([SHOW, FILM]) as found:
        yield found


@pytest.fixture
def database(server) -> TheDiscDb:
    return TheDiscDb(server.settings()["thediscdb_url"])


def answer(*nodes: Any, **info: Any) -> dict[str, Any]:
    page = {"hasNextPage": False, "endCursor": None, **info}
    return {"data": {"mediaItems": {"nodes": list(nodes), "pageInfo": page}}}


def broken(**title: Any) -> dict[str, Any]:
    """The show, whose first title has these values."""
    found = copy.deepcopy(node([SHOW]))
    found["releases"][0]["discs"][0]["titles"][0] |= title
    return found


def test_it_finds_discs_by_hash(database, soon):
    assert database.with_hash(HASH, soon()) == [SHOW]
    assert database.with_hash("0" * 32, soon()) == []


def test_it_finds_discs_by_a_part_of_the_name(database, soon):
    assert database.named("film", soon()) == [FILM]
    assert database.named('"show', soon()) == [SHOW]
    assert database.named("nothing", soon()) == []


def test_it_finds_discs_by_the_lengths_of_titles(database, soon):
    assert database.with_lengths([2541, 130], soon()) == [SHOW]
    assert database.with_lengths([2541, 9957], soon()) == []


def test_it_asks_in_the_plainest_form(server, database, soon):
    database.with_hash(HASH, soon())
    database.named('The "Show"\\', soon())
    first, second = server.queries()
    assert f'{{releases: {{some: {{discs: {{some: {{disc: {{contentHash: {{eq: "{HASH}"' in first
    assert '{title: {contains: "The \\"Show\\"\\\\"}}' in second
    assert [set(asked.body) for asked in server.requests] == [{"query", "variables"}] * 2


def test_it_asks_at_the_very_address_that_is_set(server, soon):
    TheDiscDb(f"{server.url}/graphql").named("film", soon())
    TheDiscDb(f"{server.url}/graphql/").named("film", soon())
    assert server.count("graphql") == 2


def test_it_reads_all_pages(soon):
    discs = [replace(FILM, name=f"Film {place:02d}") for place in range(7)]
    with FakeDiscDb(discs, page_size=3) as server:
        database = TheDiscDb(server.settings()["thediscdb_url"])
        assert database.named("Film", soon()) == discs
        assert server.count() == 3


def test_it_reads_pages_up_to_a_limit(server, database, soon, monkeypatch):
    monkeypatch.setattr(thediscdb, "MAX_PAGES", 4)
    for place in range(9):
        server.fail("body", body=answer(hasNextPage=True, endCursor=str(place)), times=1)
    assert database.named("film", soon()) == []
    assert server.count() == 4


def test_it_is_not_led_in_circles(server, database, soon):
    server.fail("body", body=answer(hasNextPage=True, endCursor="a"))
    assert database.named("film", soon()) == []
    assert server.count() == 2


@pytest.mark.parametrize("mode", TROUBLES)
def test_it_says_so_when_it_can_not_be_asked(server, database, soon, mode):
    server.fail(mode)
    with pytest.raises(ProviderUnavailable, match="TheDiscDb can't be asked"):
        database.named("film", soon(2))


def test_it_waits_no_longer_than_it_may(server, database, soon):
    server.fail("silence")
    with pytest.raises(ProviderUnavailable):
        database.named("film", soon(0.2))


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"data": None},
        {"data": {"mediaItems": None}},
        {"data": {"mediaItems": []}},
        {"data": []},
        {"errors": [{"message": "Unexpected Execution Error"}], "data": {"mediaItems": {}}},
    ],
)
def test_it_refuses_what_is_no_answer(server, database, soon, body):
    server.fail("body", body=body)
    with pytest.raises(ProviderUnavailable):
        database.named("film", soon())


def test_it_refuses_more_discs_than_can_be_meant(server, database, soon, monkeypatch):
    monkeypatch.setattr(thediscdb, "MAX_DISCS", 10)
    server.discs = [FILM] * 11
    with pytest.raises(ProviderUnavailable, match="more discs"):
        database.named("film", soon())


@pytest.mark.parametrize(
    "nodes",
    [
        None,
        7,
        [None, 1, "x", [], {}],
        [{"title": None, "type": "Series"}],
        [{"title": "x", "type": "Game"}],
        [{"title": "x", "type": 7}],
        [{"title": "x", "type": "Movie", "releases": {"discs": []}}],
        [{"title": "x", "type": "Movie", "releases": [None, {"discs": [None, {"titles": None}]}]}],
        [broken(duration="-0:42:21")],
        [broken(duration=2541)],
        [broken(duration="99:59:59")],
        [broken(duration=None)],
        [broken(index=-1)],
        [broken(index=3)],
        [broken(index="first")],
    ],
)
def test_it_takes_nonsense_for_nothing(server, database, soon, nodes):
    body = answer()
    body["data"]["mediaItems"]["nodes"] = nodes
    server.fail("body", body=body)
    assert database.named("film", soon()) == []


@pytest.mark.parametrize(
    ("values", "changes"),
    [
        ({"size": -5}, {"size_bytes": 0}),
        ({"size": "many"}, {"size_bytes": 0}),
        ({"sourceFile": 7, "segmentMap": None}, {"source_file": "", "segment_map": ""}),
        ({"duration": "42:21"}, {}),
        ({"item": {"type": "Episode", "title": "Pilot", "season": "1", "episode": "1&2"}}, {}),
        ({"item": {"type": "Episode", "title": "Pilot", "season": 1, "episode": "1 - 2"}}, {}),
        (
            {"item": {"type": "Episode", "title": 7, "season": "-1", "episode": "2-1"}},
            {"name": None, "season": None, "first": None, "last": None},
        ),
        (
            {"item": {"type": "Featurette"}},
            dict.fromkeys(("name", "season", "first", "last")) | {"kind": ListedKind.EXTRA},
        ),
        (
            {"item": ["Episode"]},
            dict.fromkeys(("kind", "name", "season", "first", "last")),
        ),
    ],
)
def test_it_takes_a_value_that_makes_no_sense_for_unknown(server, database, soon, values, changes):
    server.fail("body", body=answer(broken(**values)))
    first = database.named("show", soon())[0].titles[0]
    assert first == replace(EPISODE, **changes)
