"""Discs are listed and shown."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from boz_server import create_app
from boz_server.api.context import EXTENSION
from tests.client import Client, ok, titles
from tests.support import JPEG, assert_problem

pytestmark = pytest.mark.usefixtures("pc")


@pytest.fixture
def hands_free(settings, clock) -> Iterator[Client]:
    """A client of a server that approves previews by itself."""
    app = create_app(replace(settings, auto_approve_previews=True), clock)
    yield app.test_client()
    app.extensions[EXTENSION].context.database.close()


def test_it_lists_no_discs_at_first(client):
    assert ok(client.get("/api/discs")) == []


def test_it_lists_the_latest_disc_first(client, clock):
    first = client.detect()
    clock.advance(1)
    second = client.detect(drive="E:")
    assert ok(client.get("/api/discs")) == [second, first]


def test_it_lists_a_page_at_a_time(client, clock):
    discs = []
    for drive in ("D:", "E:", "F:"):
        discs.append(client.detect(drive=drive)["disc_id"])
        clock.advance(1)
    first = client.get("/api/discs?limit=2")
    address, rel = first.headers["Link"].split("; ")
    second = client.get(address.strip("<>"))
    found = [disc["disc_id"] for page in (first, second) for disc in ok(page)]
    assert rel == 'rel="next"'
    assert found == discs[::-1]
    assert "Link" not in second.headers


@pytest.mark.parametrize("query", ["limit=0", "limit=5001", "limit=all", "cursor=nonsense"])
def test_it_refuses_a_page_that_can_not_be(client, query):
    assert_problem(client.get(f"/api/discs?{query}"), 422, field=query.partition("=")[0])


def test_it_approves_by_itself_where_it_is_told_to(hands_free):
    Client.register_agent(hands_free)
    assert Client.detect(hands_free)["preview_status"] == "approved"
    remembered = Client.season(hands_free, "Firefly:s1")["episodes"]
    assert [episode["episode_number"] for episode in remembered] == [1, 2, 3]


def test_it_asks_a_person_all_the_same_of_what_it_does_not_know(hands_free):
    Client.register_agent(hands_free)
    assert Client.detect(hands_free, "HOLIDAY", (2, 3))["preview_status"] == "pending"


def test_it_keeps_no_thumbnails_that_no_one_has_to_look_at(hands_free):
    Client.register_agent(hands_free)
    disc = Client.detect(hands_free, titles=titles(43, 42, 44, thumbnails=[JPEG]))
    assert disc["titles"][0]["thumbnails"] == []
    kept = ok(hands_free.get(f"/api/thumbnails/{disc['disc_id']}"))
    assert kept["thumbnail_count"] == 0


def test_it_remembers_the_episodes_that_a_person_renumbers_afterwards(hands_free):
    Client.register_agent(hands_free)
    address = f"/api/discs/{Client.detect(hands_free)['disc_id']}/preview/update-season"
    ok(hands_free.post(address, json={"season_number": 2}))
    assert len(Client.season(hands_free, "Firefly:s2")["episodes"]) == 3
