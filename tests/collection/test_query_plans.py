"""A page of the collection, or of seasons, costs what is on it, however many discs there are."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from boz_server.database import upkeep
from boz_server.database.models import ArchivedDisc, Disc, Title, TVEpisode, TVSeason
from boz_server.domain.collection.search import key
from boz_server.repositories.disc_repository import renew_entries
from boz_server.services.wiring import Services
from tests.client import Client, ok
from tests.database.rows import NOW
from tests.plans import learn_sizes, nodes, noted, steps_of

DISCS, ARCHIVED, SHOWS = 1500, 500, 300
#: These grow with the collection.
LARGE = {"library_entries", "discs", "titles", "archived_discs", "tv_seasons", "tv_episodes"}
FILTERS: tuple[dict[str, str], ...] = (
    {},
    {"media_type": "movie"},
    {"show": "Show 7"},
    {"show": "Show 7", "media_type": "tv_show"},
)
SORTS = ("-detected_at", "detected_at", "title", "-title")


@pytest.fixture
def large(client, services) -> Services:
    """A large collection, entered by rows: by requests it would take minutes."""
    client.register_agent()
    services.context.database.peewee.execute_sql("DELETE FROM library_entries")
    seasons = [
        {"season_id": f"Show {n}:s1", "show_name": f"Show {n}", "show_key": key(f"Show {n}"),
         "season_number": 1, "last_disc_name": f"DISC_N{n}", "created_at": NOW, "updated_at": NOW}
        for n in range(SHOWS)
    ]  # fmt: skip
    discs = [disc_row(number) for number in range(DISCS)]
    old = [disc_row(number) for number in range(DISCS, DISCS + ARCHIVED)]
    with services.context.database.write():
        TVSeason.insert_many(seasons).execute()
        TVEpisode.insert_many(
            {"season": season["season_id"], "episode_number": n, "episode_name": "E",
             "season_number": 1, "is_listed": True}
            for season in seasons for n in range(1, 9)
        ).execute()  # fmt: skip
        enter(discs + old)
        ids = [disc["disc_id"] for disc in old]
        for start in range(0, ARCHIVED, 500):
            Disc.delete().where(Disc.disc_id.in_(ids[start : start + 500])).execute()
            ArchivedDisc.insert_many(
                {name: value for name, value in disc.items() if name not in ("drive", "record")}
                | {"disc_type": "DVD", "title_key": "", "archived_at": NOW,
                   "record": {"disc": {}, "titles": [{"title_index": 0}]}}
                for disc in old[start : start + 500]
            ).execute()  # fmt: skip
    learn_sizes(services)
    return services


def enter(discs: list[dict[str, Any]]) -> None:
    for start in range(0, len(discs), 500):
        batch = discs[start : start + 500]
        Disc.insert_many(batch).execute()
        Title.insert_many(
            {"disc": disc["disc_id"], "title_index": n, "name": "T", "duration_seconds": 2580,
             "size_bytes": 0, "selected": True, "episode_number": n + 1,
             "thumbnail_timestamps": []}
            for disc in batch for n in range(2)
        ).execute()  # fmt: skip
        renew_entries([disc["disc_id"] for disc in batch])


def disc_row(number: int) -> dict[str, Any]:
    is_film = number % 3 == 0
    show = f"Show {number % SHOWS}"
    return {
        "disc_id": f"disc-{number:05}",
        "agent": "pc",
        "drive": "D:",
        "disc_name": f"DISC_N{number}",
        "fingerprint": f"f{number}",
        "detected_at": NOW - timedelta(minutes=number),
        "status": "ejected",
        "media_type": "movie" if is_film else "tv_show",
        "preview_status": "approved",
        "tv_show_name": None if is_film else show,
        "tv_season_number": None if is_film else 1,
        "tv_season": None if is_film else f"{show}:s1",
        "movie_title": f"Film {number}" if is_film else None,
        "movie_year": 1999 if is_film else None,
    }


def pages(client: Client, path: str, **query: Any) -> None:
    """The first page, and the one behind it."""
    first = client.get(f"{path}?{urlencode(query | {'limit': 3})}")
    assert ok(first), query
    if "Link" in first.headers:
        ok(client.get(first.headers["Link"].partition(">")[0].removeprefix("<")))


Request = Callable[[], None]


def library_requests(client: Client) -> dict[str, Request]:
    return {
        f"{asked} {sort}": lambda asked=asked, sort=sort: pages(  # type: ignore[misc]
            client, "/api/library", **asked, sort=sort
        )
        for asked in FILTERS
        for sort in SORTS
    }


def season_requests(client: Client) -> dict[str, Request]:
    return {
        "seasons": lambda: pages(client, "/api/seasons"),
        "seasons of a show": lambda: pages(client, "/api/seasons", show="Show 7"),
    }


def search_requests(client: Client) -> dict[str, Request]:
    return {
        f"{words} {asked} {sort}": lambda words=words, asked=asked, sort=sort: pages(  # type: ignore[misc]
            client, "/api/library", **asked, sort=sort, search=words
        )
        for words in ("disc", "n7 disc")
        for asked in FILTERS
        for sort in SORTS
        if not (words == "n7 disc" and "show" in asked)
    }


def steps(services: Services, request: Request) -> list[str]:
    """How SQLite goes about what a request asks."""
    with noted(services) as statements:
        request()
    assert statements
    return steps_of(services, statements)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("has_statistics", [False, True], ids=["as it is", "with statistics"])
def test_it_reads_only_what_is_asked_for_on_sqlite(client, large, has_statistics):
    if has_statistics:
        upkeep.optimize(large.context.database)
    assert upkeep.has_statistics(large.context.database) is has_statistics
    walks_an_index_a_page_long(client, large)
    looks_only_at_what_has_the_words(client, large)


def walks_an_index_a_page_long(client: Client, services: Services) -> None:
    for name, request in (library_requests(client) | season_requests(client)).items():
        for step in steps(services, request):
            is_walk = step.startswith(
                ("SCAN t1 USING INDEX idx_library", "SCAN t1 USING INDEX idx_tv")
            )
            assert is_walk or not step.startswith("SCAN"), (name, step)
            assert "MULTI-INDEX" not in step, (name, step)
            # Titles are in their disc's order; the page itself is never sorted.
            assert "B-TREE FOR ORDER BY" not in step, (name, step)


def looks_only_at_what_has_the_words(client: Client, services: Services) -> None:
    for name, request in search_requests(client).items():
        found = steps(services, request)
        assert "SCAN library_search VIRTUAL TABLE INDEX 0:M1" in found, name
        assert "SEARCH t1 USING INTEGER PRIMARY KEY (rowid=?)" in found, (name, found)
        assert not [
            step
            for step in found
            if step.startswith(("SCAN t", "SEARCH t1 USING INDEX idx_library"))
        ], (name, found)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_it_reads_no_table_as_a_whole_on_postgresql(client, large):
    requests = library_requests(client) | season_requests(client) | search_requests(client)
    for name, request in requests.items():
        with explained(large) as plans:
            request()
        assert plans, name
        for node in (node for plan in plans for node in nodes(plan)):
            is_read = node["Node Type"] == "Seq Scan" and node["Relation Name"] in LARGE
            assert not is_read, (name, node)
            assert node["Node Type"] != "Sort" or node["Plan Rows"] < 100, (name, node)
        of_words = {node.get("Index Name") for plan in plans for node in nodes(plan)}
        assert ("idx_library_words" in of_words) is (name in search_requests(client)), name


@contextmanager
def explained(services: Services) -> Iterator[list[dict[str, Any]]]:
    """PostgreSQL's plans of the queries that run meanwhile, as each transaction has them."""
    plans: list[dict[str, Any]] = []

    def explain(event: Any) -> None:
        if event.sql.startswith("SELECT") and any(f'"{table}"' in event.sql for table in LARGE):
            cursor = services.context.database.peewee.connection().cursor()
            cursor.execute(f"EXPLAIN (FORMAT JSON) {event.sql}", event.params)
            plans.append(cursor.fetchone()[0][0]["Plan"])

    services.context.database.peewee.query_hooks.append(explain)
    yield plans
    services.context.database.peewee.query_hooks.remove(explain)


def test_it_asks_a_fixed_number_of_times(client, large):
    asked: list[Any] = []
    counts = {}
    for path in ("/api/library", "/api/seasons"):
        for limit in (2, 100):
            large.context.database.peewee.query_hooks.append(asked.append)
            assert len(ok(client.get(f"{path}?limit={limit}"))) == limit
            large.context.database.peewee.query_hooks.clear()
            counts[path, limit] = len([each for each in asked if each.sql.startswith("SELECT")])
            asked.clear()
    assert counts["/api/library", 2] == counts["/api/library", 100] == 6
    assert counts["/api/seasons", 2] == counts["/api/seasons", 100] == 5
