"""Seasons with the episodes that were seen on discs, and those that are missing."""

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest

from boz_server.database.models import TVSeason
from boz_server.domain.metadata.answers import Episode, Series
from boz_server.services.maintenance.retention import prune
from boz_server.settings import Settings
from tests.client import Client, ok
from tests.provider_server import Show
from tests.support import (
    NEW_DISC_SECONDS,
    FakeClock,
    assert_problem,
    episodes,
)

pytestmark = pytest.mark.usefixtures("pc")

HALF_A_YEAR = 181 * 86400.0


def listed(season: int, count: int) -> list[Episode]:
    return [Episode(season, at, f"Part {at}", 45, None) for at in range(1, count + 1)]


SHOWS = [Show(Series(3, "Box", 2003, ()), [*listed(1, 6), *listed(2, 4)])]


@pytest.fixture
def settings(settings, providers) -> Settings:
    return replace(settings, **providers.settings())


def seasons(client: Client, **query: Any) -> list[dict[str, Any]]:
    return list(ok(client.get(f"/api/seasons?{urlencode(query)}")))


def only(client: Client, **query: Any) -> dict[str, Any]:
    (season,) = seasons(client, **query)
    return season


def walked(client: Client, first: str) -> list[str]:
    """The ids of the seasons on all pages."""
    response = client.get(first)
    found = [each["season_id"] for each in ok(response)]
    while "Link" in response.headers:
        response = client.get(response.headers["Link"].partition(">")[0].removeprefix("<"))
        found += [each["season_id"] for each in ok(response)]
    return found


def put_in(
    client: Client,
    clock: FakeClock,
    label: str,
    *minutes: float,
    accept: bool = True,
) -> str:
    """A disc that was there, with its names accepted or not yet decided; its id."""
    clock.advance(60)
    disc_id = str(client.detect(label, minutes)["disc_id"])
    if accept:
        client.approve(disc_id)
    client.eject()
    return disc_id


def ripped(client: Client, disc_id: str, *indices: int) -> None:
    """Rips of titles that are done, with nothing left to do."""
    for job_id in client.rip(disc_id, title_indices=list(indices)):
        ok(client.report(job_id, "running"))
        ok(client.report(job_id, "completed", output_file=f"/{job_id}.mkv"))
    for job in ok(client.get("/api/jobs")):
        client.post(f"/api/jobs/{job['job_id']}/cancel")  # those that are not over


def test_it_says_what_was_seen_and_what_is_missing(client, clock):
    put_in(client, clock, "BOX_S01_D1", 45, 45, 2)
    put_in(client, clock, "BOX_S01_D2", 45.5, 45.5, accept=False)
    assert only(client) == {
        "season_id": "Box:s1",
        "show_name": "Box",
        "season_number": 1,
        "thetvdb_series_id": 3,
        "episode_count": 6,
        "seen": [1, 2, 3, 4],
        "ripped": [],
        "missing": [5, 6],
        "is_complete": False,
        "discs": 2,
        "last_disc_name": "BOX_S01_D2",
    }


def test_it_says_that_none_is_missing(client, clock):
    put_in(client, clock, "BOX_S02_D1", 45, 45)
    put_in(client, clock, "BOX_S02_D2", 45.5, 45.5)
    season = only(client)
    assert (season["missing"], season["is_complete"]) == ([], True)


def test_it_calls_no_season_complete_that_no_provider_lists(client, clock):
    put_in(client, clock, "FIREFLY_S01_D1", 43, 42.5, 44)
    season = only(client)
    assert (season["episode_count"], season["seen"], season["missing"]) == (None, [1, 2, 3], [])
    assert season["is_complete"] is False


def test_it_counts_no_extras_and_nothing_that_is_left_out(client, clock):
    disc_id = client.detect("BOX_S01_D1", (45, 45.1, 45.2))["disc_id"]
    edits = [{"index": 0, "selected": False}, {"index": 1, "is_extra": True}]
    client.approve(disc_id, title_edits=edits)
    assert only(client)["seen"] == [3]


def test_it_counts_both_of_two_in_one(client):
    disc_id = client.detect("BOX_S01_D1", (45, 45.1))["disc_id"]
    edits = [{"index": 1, "episode_number": 2, "last_episode_number": 3}]
    client.approve(disc_id, title_edits=edits)
    assert only(client)["seen"] == [1, 2, 3]


def test_it_counts_no_refused_disc(client):
    disc_id = client.detect("BOX_S01_D1", (45, 45.1))["disc_id"]
    client.edit(disc_id, "preview/reject")
    assert seasons(client) == []
    client.detect("BOX_S01_D2", (45.2, 45.3), drive="E:")
    season = only(client)
    assert (season["discs"], len(season["seen"]), len(season["missing"])) == (1, 2, 4)


def test_it_leaves_out_a_season_of_which_there_is_no_disc(client):
    disc_id = client.detect("BOX_S01_D1", (45, 45.1))["disc_id"]
    client.edit(disc_id, "preview/override-media-type", media_type="movie", movie_title="Box")
    assert seasons(client) == []


def test_it_says_what_was_ripped(client):
    disc_id = client.detect("BOX_S01_D1", (45, 45.1)).approve().id
    ripped(client, disc_id, 1)
    assert only(client)["ripped"] == [2]


def test_it_counts_a_disc_once_that_comes_again(client, clock):
    disc_id = client.detect("BOX_S01_D1", (45, 45.1)).approve().id
    ripped(client, disc_id, 0)
    client.eject()
    clock.advance(NEW_DISC_SECONDS)
    put_in(client, clock, "BOX_S01_D1", 45, 45.1)
    season = only(client)
    assert (season["seen"], season["ripped"], season["discs"]) == ([1, 2], [1], 1)


def test_it_takes_a_discs_numbers_from_a_season_that_it_left(client, clock):
    disc_id = put_in(client, clock, "BOX_S01_D1", 45, 45.1)
    clock.advance(NEW_DISC_SECONDS)
    again = client.detect("BOX_S01_D1", (45, 45.1))["disc_id"]
    assert again != disc_id
    client.edit(again, "preview/update-season", season_number=2)
    client.approve(again)
    # No disc is of the first any more.
    (second,) = seasons(client)
    assert (second["season_number"], second["seen"], second["discs"]) == (2, [1, 2], 1)


def test_it_counts_what_is_in_the_archive(client, services, clock):
    disc_id = client.detect("BOX_S01_D1", (45, 45.1)).approve().id
    ripped(client, disc_id, 0)
    client.eject()
    clock.advance(NEW_DISC_SECONDS)
    put_in(client, clock, "BOX_S01_D1", 45, 45.1)
    put_in(client, clock, "BOX_S01_D2", 45.5, 45.6, accept=False)
    refused = client.detect("BOX_S01_D3", (45.5, 45.6, 45.7))["disc_id"]
    client.edit(refused, "preview/reject")
    client.eject()
    live = only(client)
    assert (live["seen"], live["ripped"], live["discs"]) == ([1, 2, 3, 4], [1], 2)
    clock.advance(HALF_A_YEAR)
    assert prune(services.context).archived_discs == 4
    assert only(client) == live


@pytest.mark.parametrize(("label", "seen"), [("BOX_S01_D1", [1, 2, 3]), ("CUBE_S01", [1, 2, 3])])
def test_it_counts_numbers_of_discs_that_are_gone(client, clock, label, seen):
    """As an adopted database has them."""
    put_in(client, clock, label, 45, 45.1)
    TVSeason.update(gone_last_episode=3).execute()
    season = only(client)
    assert season["seen"] == seen
    assert season["missing"] == ([4, 5, 6] if season["episode_count"] else [])


def test_it_counts_no_more_numbers_of_gone_discs_than_are_listed(client, clock):
    put_in(client, clock, "BOX_S02_D1", 45, 45.1)
    TVSeason.update(gone_last_episode=99_999).execute()
    season = only(client)
    assert (season["seen"], season["is_complete"]) == ([1, 2, 3, 4], True)


def test_it_pages_by_show_and_number(client, clock):
    for label in ("ZORRO_S01", "BOX_S02", "BOX_S01", "ARROW_S10", "ARROW_S09"):
        put_in(client, clock, label, 45, 45.1)
    assert walked(client, "/api/seasons?limit=2") == [
        "Arrow:s9", "Arrow:s10", "Box:s1", "Box:s2", "Zorro:s1"
    ]  # fmt: skip


def test_it_shows_one_show(client, clock):
    for label in ("FIREFLY_S01", "FIREFLY_LANE_S01", "FIREFLY_S02"):
        put_in(client, clock, label, 45, 45.1)
    shown = seasons(client, show="fireFLY!")
    assert [each["season_id"] for each in shown] == ["Firefly:s1", "Firefly:s2"]
    assert seasons(client, show="fire") == []
    assert len(seasons(client, show=" ")) == 3


def test_it_shows_none_where_none_is(client):
    assert seasons(client) == []


@pytest.mark.parametrize("query", ["limit=0", "cursor=x", f"show={'x' * 256}"])
def test_it_refuses_what_can_not_be_asked(client, query):
    assert_problem(client.get(f"/api/seasons?{query}"), 422, field=query.partition("=")[0])


def test_it_pages_behind_a_name_of_wide_letters(client):
    for drive, name in (("D:", "\U00020000" * 255), ("E:", "\U0002a6d6" * 255)):
        disc_id = client.detect("X", (45, 45.1), drive=drive)["disc_id"]
        show = {"media_type": "tv_show", "show_name": name}
        client.edit(disc_id, "preview/override-media-type", **show)
    assert walked(client, "/api/seasons?limit=1")[-2:] == [
        f"{wide * 255}:s1" for wide in ("\U00020000", "\U0002a6d6")
    ]


def test_it_agrees_with_what_discs_hold(client, clock):
    first = client.detect("BOX_S01_D1", (45, 45.1, 3))
    second = client.detect("BOX_S01_D2", (45.2, 45.3, 3), drive="E:")
    assert only(client)["seen"] == sorted([*episodes(first), *episodes(second)])
