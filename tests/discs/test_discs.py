"""Discs are listed and shown."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from boz_server import create_app
from boz_server.api.context import EXTENSION
from boz_server.settings import Settings
from tests.support import (
    JPEG,
    FakeClock,
    assert_problem,
    detect,
    ok,
    register_agent,
    season,
    titles,
)


@pytest.fixture
def hands_free(settings: Settings, clock: FakeClock) -> Iterator[FlaskClient]:
    """A client of a server that approves previews by itself."""
    app = create_app(replace(settings, auto_approve_previews=True), clock)
    yield app.test_client()
    app.extensions[EXTENSION].context.database.close()


def test_it_lists_no_discs_at_first(client: FlaskClient) -> None:
    assert ok(client.get("/api/discs")) == []


def test_it_lists_the_latest_disc_first(client: FlaskClient, clock: FakeClock) -> None:
    register_agent(client)
    first = detect(client)
    clock.advance(1)
    second = detect(client, drive="E:")
    assert ok(client.get("/api/discs")) == [second, first]


def test_it_lists_a_page_at_a_time(client: FlaskClient, clock: FakeClock) -> None:
    register_agent(client)
    discs = []
    for drive in ("D:", "E:", "F:"):
        discs.append(detect(client, drive=drive)["disc_id"])
        clock.advance(1)
    first = client.get("/api/discs?limit=2")
    address, rel = first.headers["Link"].split("; ")
    second = client.get(address.strip("<>"))
    found = [disc["disc_id"] for page in (first, second) for disc in ok(page)]
    assert rel == 'rel="next"'
    assert found == discs[::-1]
    assert "Link" not in second.headers


@pytest.mark.parametrize("query", ["limit=0", "limit=5001", "limit=all", "cursor=nonsense"])
def test_it_refuses_a_page_that_can_not_be(client: FlaskClient, query: str) -> None:
    assert_problem(client.get(f"/api/discs?{query}"), 422, field=query.partition("=")[0])


def test_it_answers_404_for_an_unknown_disc(client: FlaskClient) -> None:
    assert_problem(client.get("/api/discs/nothing"), 404, "nothing")


def test_it_approves_by_itself_where_it_is_told_to(hands_free: FlaskClient) -> None:
    register_agent(hands_free)
    assert detect(hands_free)["preview_status"] == "approved"
    remembered = season(hands_free, "Firefly:s1")["episodes"]
    assert [episode["episode_number"] for episode in remembered] == [1, 2, 3]


def test_it_asks_a_person_all_the_same_of_what_it_does_not_know(hands_free: FlaskClient) -> None:
    register_agent(hands_free)
    assert detect(hands_free, "HOLIDAY", (2, 3))["preview_status"] == "pending"


def test_it_keeps_no_thumbnails_that_no_one_has_to_look_at(hands_free: FlaskClient) -> None:
    register_agent(hands_free)
    disc = detect(hands_free, titles=titles(43, thumbnails=[JPEG]))
    assert disc["titles"][0]["thumbnails"] == []
    kept = ok(hands_free.get(f"/api/thumbnails/{disc['disc_id']}"))
    assert kept["thumbnail_count"] == 0


def test_it_remembers_the_episodes_that_a_person_renumbers_afterwards(
    hands_free: FlaskClient,
) -> None:
    register_agent(hands_free)
    address = f"/api/discs/{detect(hands_free)['disc_id']}/preview/update-season"
    ok(hands_free.post(address, json={"season_number": 2}))
    assert len(season(hands_free, "Firefly:s2")["episodes"]) == 3
