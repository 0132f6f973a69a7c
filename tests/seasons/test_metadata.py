"""Discs of seasons whose episodes TheTVDB lists."""

from dataclasses import replace
from typing import Any

import pytest

from boz_server.domain.metadata.answers import Episode, Series
from boz_server.services.maintenance.retention import prune
from boz_server.settings import Settings
from tests.client import Client, titles
from tests.provider_server import Show
from tests.support import (
    FakeClock,
    episodes,
    file_names,
    restart,
)

pytestmark = pytest.mark.usefixtures("pc")


def listed(number: int, *minutes: int | None) -> list[Episode]:
    """A season with episodes of such running times."""
    return [
        Episode(number, at, f"Part {number}.{at}", length, None)
        for at, length in enumerate(minutes, start=1)
    ]


#: In Space, every episode has a length of its own; in Twins, all have one; Box has two seasons
#: of four; in Pilot, the first two episodes may be one title.
SPACE = (61, 52, 44, 37, 31, 26)
SHOWS = [
    Show(
        Series(1, "Space", 2001, ("Weltraum",)),
        [*listed(0, 12, 14), *listed(1, *SPACE), *listed(2, 45, 45, 45)],
    ),
    Show(Series(2, "Twins", 2002, ()), listed(1, *[45] * 8)),
    Show(Series(3, "Box", 2003, ()), [*listed(1, *[45] * 4), *listed(2, *[45] * 4)]),
    Show(Series(4, "Pilot", 2004, ()), listed(1, 43, 43, 43, 43, 43)),
    Show(Series(5, "Untimed", 2005, ()), listed(1, None, None, None)),
]


@pytest.fixture
def settings(settings, providers) -> Settings:
    return replace(settings, **providers.settings())


def confidences(disc: dict[str, Any]) -> list[float]:
    """How sure the selected titles' numbers are."""
    return [title["confidence_score"] for title in disc["titles"] if title["selected"]]


def box(client: Client, clock: FakeClock, number: int, *minutes: float) -> dict[str, Any]:
    """A disc of a box whose labels name no season, in a drive of its own."""
    clock.advance(60)
    return client.detect(f"BOX_D{number}", minutes, drive=f"drive {number}")


def test_it_names_episodes_as_thetvdb_does(client):
    disc = client.detect("SPACE_S01_D1", SPACE[:3])
    assert file_names(disc) == [
        f"Space - S01E0{number} - Part 1.{number}.mkv" for number in (1, 2, 3)
    ]
    assert [title["episode_title"] for title in disc["titles"]] == [
        "Part 1.1",
        "Part 1.2",
        "Part 1.3",
    ]
    assert confidences(disc) == [0.95] * 3
    assert disc["thetvdb_series_id"] == 1
    assert disc["identification"]["warnings"] == []
    (candidate,) = disc["candidates"]
    assert [candidate[key] for key in ("provider", "external_id", "title", "year")] == [
        "thetvdb", "1", "Space", 2001
    ]  # fmt: skip
    found = client.season("Space:s1")
    assert found["thetvdb_series_id"] == 1
    assert [each["runtime"] for each in found["episodes"]] == list(SPACE)


def test_it_finds_a_show_by_another_of_its_names(client):
    assert client.detect("WELTRAUM_S01_D1", SPACE[:3])["tv_show_name"] == "Space"


@pytest.mark.parametrize(
    ("minutes", "confidence"),
    [(45, 0.95), (47, 0.95), (41, 0.95), (50, 0.7), (53, 0.7), (60, 0.4), (66, 0.4), (70, 0.3)],
)
def test_it_is_as_sure_as_lengths_agree(client, minutes, confidence):
    disc_id = client.detect("TWINS_S01_D1", (minutes,))["disc_id"]
    body = {"season_number": 1, "starting_episode": 1}
    disc = client.edit(disc_id, "preview/update-season", **body)
    assert (episodes(disc), confidences(disc)) == ([1], [confidence])


def test_it_numbers_titles_beyond_the_last_episode_with_a_warning(client):
    disc = client.detect("UNTIMED_S01_D1", (44, 45, 43, 46, 47))
    assert sorted(number or 0 for number in episodes(disc)) == [1, 2, 3, 4, 5]
    assert confidences(disc) == [0.4] * 3 + [0.3] * 2
    assert disc["identification"]["warnings"] != []


def test_it_begins_where_the_lengths_say(client):
    disc = client.detect("SPACE_S01", SPACE[3:])
    assert episodes(disc) == [4, 5, 6]
    assert confidences(disc) == [0.95] * 3


def test_it_knows_an_unseen_discs_room_by_the_lengths(client):
    disc = client.detect("SPACE_S01_D2", SPACE[3:])
    assert episodes(disc) == [4, 5, 6]
    assert max(confidences(disc)) <= 0.4


def test_it_takes_titles_that_only_fit_specials_for_specials(client):
    disc = client.detect("SPACE_S01_D1", (12, 14))
    assert (disc["tv_season_number"], episodes(disc)) == (0, [1, 2])
    assert "specials" in " ".join(disc["identification"]["warnings"])


def test_it_goes_on_to_the_next_season_when_one_is_full(client, clock):
    first = client.approve(box(client, clock, 1, 44, 45)["disc_id"])
    second = client.approve(box(client, clock, 2, 45, 46)["disc_id"])
    third = box(client, clock, 3, 45.5, 44.5)
    assert [(disc["tv_season_id"], episodes(disc)) for disc in (first, second, third)] == [
        ("Box:s1", [1, 2]), ("Box:s1", [3, 4]), ("Box:s2", [1, 2])
    ]  # fmt: skip
    assert file_names(third)[0] == "Box - S02E01 - Part 2.1.mkv"
    assert "names no season" in " ".join(third["identification"]["warnings"])


def test_it_takes_the_last_disc_of_a_full_season_for_extras(client, clock):
    for number, first in enumerate((1, 5), start=1):
        clock.advance(60)
        disc = client.detect(
            f"TWINS_S01_D{number}", (44, 45, 46 + first, 45.5), drive=f"drive {number}"
        )
        assert episodes(disc) == list(range(first, first + 4))
    bonus = client.detect("TWINS_S01_D3", (44, 20, 8), drive="drive 3")
    assert episodes(bonus) == []
    assert "on other discs" in " ".join(bonus["identification"]["warnings"])
    assert client.season("Twins:s1")["last_episode_assigned"] == 8


def test_it_keeps_no_extras_disc_from_a_person_who_knows_better(client, clock):
    test_it_takes_the_last_disc_of_a_full_season_for_extras(client, clock)
    (last,) = [each for each in client.get("/api/discs").get_json() if each["drive"] == "drive 3"]
    body = {"season_number": 1, "starting_episode": 9}
    disc = client.edit(last["disc_id"], "preview/update-season", **body)
    assert episodes(disc)[0] == 9


def test_it_takes_a_long_title_for_two_episodes(client):
    body = titles(87, 43, 43.5)
    body[0]["chapters"] = 16
    disc = client.detect("PILOT_S01_D1", titles=body)
    first = disc["titles"][0]
    assert (first["kind"], first["episode_number"], first["last_episode_number"]) == (
        "double_episode", 1, 2
    )  # fmt: skip
    assert file_names(disc) == [
        "Pilot - S01E01-E02 - Part 1.1 & Part 1.2.mkv",
        "Pilot - S01E03 - Part 1.3.mkv",
        "Pilot - S01E04 - Part 1.4.mkv",
    ]
    assert first["confidence_score"] == 0.95
    assert client.season("Pilot:s1")["last_episode_assigned"] == 4


def test_it_numbers_another_season_with_its_own_episodes(client):
    disc_id = client.detect("SPACE_S01_D1", SPACE[:3])["disc_id"]
    disc = client.edit(disc_id, "preview/update-season", season_number=2)
    assert file_names(disc) == [f"Space - S02E0{at} - Part 2.{at}.mkv" for at in (1, 2, 3)]
    assert disc["candidates"] != []
    assert [each["episode_name"] for each in client.season("Space:s2")["episodes"]] == [
        "Part 2.1", "Part 2.2", "Part 2.3"
    ]  # fmt: skip


def test_it_approves_no_numbers_of_another_disc_with_metadata(client):
    client.approve(client.detect("SPACE_S01_D1", SPACE[:3])["disc_id"])
    second = client.detect("SPACE_S01_D2", SPACE[3:], drive="E:").approve()
    body = {"season_number": 1, "starting_episode": 1}
    address = f"/api/discs/{second['disc_id']}/preview/update-season"
    client.refused(409, "Episode 1").post(address, json=body)


@pytest.mark.parametrize("label", ["SPACE_S01_D1", "WELTRAUM_S01_D1"])
def test_it_asks_no_one_about_a_disc_that_is_known(app, client, providers, label):
    disc = client.detect(label, SPACE[:3])
    asked = providers.count()
    assert asked
    assert client.detect(label, SPACE[:3]) == disc
    client.approve(disc["disc_id"])
    restart(app)
    client.detect(label, SPACE[:3], drive="E:")
    assert providers.count() == asked


def test_it_asks_but_once_for_the_discs_of_a_show(client, providers):
    client.detect("SPACE_S01_D1", SPACE[:3])
    searches = [path for path in providers.paths("thetvdb") if path == "/search"]
    client.detect("SPACE_S01_D2", SPACE[3:], drive="E:")
    assert [path for path in providers.paths("thetvdb") if path == "/search"] == searches


def test_it_leaves_room_in_the_next_season_for_a_disc_that_has_not_come(client, clock):
    for number, minutes in ((1, (44, 45)), (2, (45, 46))):
        client.approve(box(client, clock, number, *minutes)["disc_id"])
    fourth = box(client, clock, 4, 44.5, 45.5)
    assert (fourth["tv_season_id"], episodes(fourth)) == ("Box:s2", [3, 4])
    assert "Disc 1 has not been seen" in " ".join(fourth["identification"]["warnings"])
    assert episodes(box(client, clock, 3, 45.5, 44.5)) == [1, 2]
    corrected = client.disc(fourth["disc_id"])
    assert episodes(corrected) == [3, 4]
    assert "not been seen" not in " ".join(corrected["identification"]["warnings"])


def test_it_asks_for_the_show_that_a_person_chose_for_an_archived_disc(client, services, clock):
    first = client.detect("SPACE_S01_D1", (45, 45.2, 44.9))
    client.edit(first["disc_id"], "identify", provider="thetvdb", external_id="2")
    client.approve(first["disc_id"])
    client.eject()
    clock.advance(200 * 86400)
    assert prune(services.context).archived_discs == 1
    second = client.detect("SPACE_S01_D2", (45.1, 45.3))
    assert file_names(second) == [
        f"Twins - S01E0{number} - Part 1.{number}.mkv" for number in (4, 5)
    ]
