"""The collection: every disc that was ever put in, searched, filtered, sorted and paged through."""

from itertools import product
from typing import Any
from urllib.parse import urlencode

import pytest

from boz_server.services.maintenance.retention import prune
from tests.client import Client, ok
from tests.support import (
    assert_problem,
)

pytestmark = pytest.mark.usefixtures("pc")

HALF_A_YEAR = 181 * 86400.0


@pytest.fixture
def collection(client, services, clock) -> dict[str, str]:
    """Discs by short names: of a show and a film in the archive, of two shows and a film live."""
    old = {
        "show 1": ("FIREFLY_S01_D1", (43, 42.5, 44, 3)),
        "film": ("SOLARIS_1972", (167, 3)),
    }
    live = {
        "other 2": ("FIRE_LANE_S02_D1", (50, 51, 52)),
        "other 1": ("FIRE_LANE_S01_D1", (50, 51.5, 52)),
        "new film": ("AMELIE", (122, 3)),
        "blank": ("DVD_VIDEO", (2,)),
    }
    ids = {}
    for number, (name, (label, minutes)) in enumerate((old | live).items()):
        clock.advance(60)
        ids[name] = client.detect(label, minutes, drive=f"{'DEFGHI'[number]}:")["disc_id"]
        if name in old:
            client.approve(ids[name])
            client.eject(f"{'DEFGHI'[number]}:")
        if name == "film":
            clock.advance(HALF_A_YEAR)
            assert prune(services.context).archived_discs == len(old)
    client.edit(ids["new film"], "preview/override-media-type", media_type="movie",
         movie_title="Le Fabuleux Destin d'Amélie Poulain", movie_year=2001)  # fmt: skip
    return ids


def library(client: Client, **query: Any) -> list[dict[str, Any]]:
    return list(ok(client.get(f"/api/library?{urlencode(query)}")))


def names(collection: dict[str, str], discs: list[dict[str, Any]]) -> list[str]:
    by_id = {disc_id: name for name, disc_id in collection.items()}
    return [by_id[disc["disc_id"]] for disc in discs]


def test_it_shows_archived_discs_beside_the_others(client, collection):
    discs = library(client)
    assert names(collection, discs) == [
        "blank", "new film", "other 1", "other 2", "film", "show 1"
    ]  # fmt: skip
    assert [disc["archived"] for disc in discs] == [False] * 4 + [True] * 2


def test_it_shows_the_same_of_a_disc_wherever_it_is(client, services, clock):
    disc_id = client.detect("FIREFLY_S01_D3", (43, 42.5, 44, 3))["disc_id"]
    edits = [{"index": 0, "episode_number": 9}, {"index": 2, "selected": False}]
    client.approve(disc_id, title_edits=edits)
    job_id, *_ = client.rip(disc_id)
    ok(client.report(job_id, "running"))
    ok(client.report(job_id, "completed", output_file="/a.mkv"))
    for job in ok(client.get("/api/jobs")):
        client.post(f"/api/jobs/{job['job_id']}/cancel")  # those that are not over
    client.eject()
    (live,) = library(client)
    assert live == {
        "disc_id": disc_id,
        "archived": False,
        "archived_at": None,
        "disc_name": "FIREFLY_S01_D3",
        "disc_type": "DVD disc",
        "media_type": "tv_show",
        "movie_title": None,
        "movie_year": None,
        "tv_show_name": "Firefly",
        "tv_season_number": 1,
        "tv_season_id": "Firefly:s1",
        "disc_number": 3,
        "detected_at": "2026-01-24T12:34:56.123456Z",
        "status": "ejected",
        "preview_status": "approved",
        "title_count": 4,
        "ripped_titles": 1,
        "episodes": [8, 9],
    }
    clock.advance(HALF_A_YEAR)
    assert prune(services.context).archived_discs == 1
    (archived,) = library(client)
    assert archived == live | {
        "archived": True,
        "archived_at": "2026-07-24T12:34:56.123456Z",
    }
    # It was ripped, whichever time it is that is looked at.
    client.detect("FIREFLY_S01_D3", (43, 42.5, 44, 3))
    assert [disc["ripped_titles"] for disc in library(client)] == [1, 1]


def test_it_finds_discs_by_all_words(client, collection, subtests):
    for search, found in {
        "firefly": ["show 1"],
        "FIRE": ["other 1", "other 2", "show 1"],
        "lane fire": ["other 1", "other 2"],
        "s01 fire": ["other 1", "show 1"],
        "amelie": ["new film"],
        "AMÉLIE fab 2001": ["new film"],
        "solaris 1972": ["film"],
        "olaris": [],
        "solaris firefly": [],
        "dvd video": ["blank"],
        "  ": ["blank", "new film", "other 1", "other 2", "film", "show 1"],
        "?!": [],
    }.items():
        with subtests.test(search=search):
            assert names(collection, library(client, search=search)) == found


def test_it_finds_a_disc_by_an_episode(client):
    disc_id = client.detect()["disc_id"]
    client.detect("FIREFLY_S01_D2", (45, 46), drive="E:")
    client.approve(disc_id, title_edits=[{"index": 1, "episode_title": "Our Mrs. Reynolds"}])
    assert [disc["disc_id"] for disc in library(client, search="reynold")] == [disc_id]


def test_it_pages_in_every_order(client, collection, subtests):
    orders = {
        "-detected_at": ["blank", "new film", "other 1", "other 2", "film", "show 1"],
        "detected_at": ["show 1", "film", "other 2", "other 1", "new film", "blank"],
        "title": ["blank", "other 1", "other 2", "show 1", "new film", "film"],
        "-title": ["film", "new film", "show 1", "other 2", "other 1", "blank"],
    }
    for (sort, found), limit in product(orders.items(), (1, 2, 6)):
        with subtests.test(sort=sort, limit=limit):
            response = client.get(f"/api/library?limit={limit}&sort={sort}")
            pages = [ok(response)]
            while "Link" in response.headers:
                response = client.get(response.headers["Link"].partition(">")[0].removeprefix("<"))
                pages.append(ok(response))
            assert names(collection, [disc for page in pages for disc in page]) == found
            assert all(len(page) == limit for page in pages)


def test_it_pages_through_what_is_found(client, collection):
    response = client.get("/api/library?limit=2&search=fire&sort=title")
    assert names(collection, ok(response)) == ["other 1", "other 2"]
    response = client.get(response.headers["Link"].partition(">")[0].removeprefix("<"))
    assert names(collection, ok(response)) == ["show 1"]
    assert "Link" not in response.headers


FILTERED: tuple[tuple[dict[str, Any], list[str]], ...] = (
    ({"media_type": "movie"}, ["new film", "film"]),
    ({"media_type": "tv_show", "sort": "title"}, ["other 1", "other 2", "show 1"]),
    ({"media_type": "unknown"}, ["blank"]),
    ({"show": "Firefly"}, ["show 1"]),
    ({"show": "fire LANE!"}, ["other 1", "other 2"]),
    ({"show": "fire"}, []),
    ({"show": "firefly", "media_type": "movie"}, []),
    ({"show": "fire lane", "media_type": "tv_show", "search": "s02"}, ["other 2"]),
    ({"show": "?"}, []),
    ({"media_type": "movie", "search": "sol"}, ["film"]),
    ({"search": "", "media_type": "", "show": "", "sort": "title", "limit": 1, "cursor": ""},
     ["blank"]),
)  # fmt: skip


def test_it_filters(client, collection, subtests):
    for query, found in FILTERED:
        with subtests.test(query=query):
            assert names(collection, library(client, **query)) == found


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"media_type": "dvd"}, "media_type"),
        ({"sort": "year"}, "sort"),
        ({"search": "x" * 201}, "search"),
        ({"search": " ".join(map(str, range(17)))}, "search"),
        ({"show": "x" * 256}, "show"),
        ({"limit": 0}, "limit"),
        ({"limit": 5001}, "limit"),
        ({"cursor": "x"}, "cursor"),
        ({"cursor": "x" * 3001}, "cursor"),
        ({"search": "a\x00"}, "search"),
    ],
)
def test_it_refuses_what_can_not_be_asked(client, query, field):
    assert_problem(client.get(f"/api/library?{urlencode(query)}"), 422, field=field)


def test_it_takes_no_cursor_of_another_order(client, collection):
    response = client.get("/api/library?limit=1&sort=title")
    link = response.headers["Link"].partition(">")[0].removeprefix("<")
    assert_problem(client.get(link.replace("sort=title", "sort=detected_at")), 422, field="cursor")


#: What other people's query languages are made of, and letters that databases have trouble with.
HOSTILE = [
    '"',
    '""',
    "'",
    "*",
    "fire*",
    "^fire",
    "text:fire",
    "NEAR(fire fly)",
    "NEAR(fire, 2",
    "fire AND",
    "AND OR NOT",
    "-fire",
    "{text} : fire",
    "fire + fly",
    "%",
    "_",
    "fire%' OR 1=1 --",
    "'; DROP TABLE library_entries; --",
    "fire & !fly | <-> (",
    "fire:*",
    "\\",
    "\\'",
    "$$",
    "?1",
    ":a @b $c %s %(x)s",
    "\u202eylferif",
    "مرحبا",
    "שלום",
    "進撃の巨人",
    "💿📀",
    "fire\u0301\u0302\u0303",
    "\ufeff\u200b\u2028",
    "\ud800",
    "\U0010ffff",
    "\ufdfa",
    "x" * 200,
    "💿" * 200,
    "e\u0301" * 100,
    "0x1F 1e5 1.5 -1",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_it_takes_whatever_is_searched_for(client, text):
    """A disc of that very name is found by it, unless it has no letter; no other one is."""
    disc_id = client.detect(text.encode(errors="replace").decode()[:255], (43, 44))["disc_id"]
    client.detect("SOLARIS", (167, 3), drive="E:")
    show = {"media_type": "tv_show", "show_name": text.encode(errors="replace").decode()}
    response = client.post(f"/api/discs/{disc_id}/preview/override-media-type", json=show)
    query = urlencode({"search": text, "sort": "title"}, errors="surrogatepass")
    found = [disc["disc_id"] for disc in ok(client.get(f"/api/library?{query}"))]
    assert found in ([disc_id], [])
    assert bool(found) is any(letter.isalnum() for letter in text)
    shows = urlencode({"show": text}, errors="replace")
    found = [disc["disc_id"] for disc in ok(client.get(f"/api/library?{shows}"))]
    assert found == ([disc_id] if response.status_code == 200 else [])
