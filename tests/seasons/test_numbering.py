"""Seasons are numbered on from disc to disc."""

from typing import Any
from urllib.parse import quote

import pytest

from tests.client import Client, ok
from tests.support import assert_problem, episodes, file_names

pytestmark = pytest.mark.usefixtures("pc")

#: (title index, minutes) of each title from two minutes on, "The Complete Series" on four DVDs.
#: The first one begins with a long pilot; on the last one a documentary is long enough for an
#: episode, and the rest of it is extras.
FIREFLY = (
    ((0, 86.4), (1, 42.6), (2, 43.8)),
    ((0, 43.9), (1, 42.7), (2, 43.8), (5, 43.8)),
    ((0, 43.8), (1, 42.7), (2, 42.8), (3, 43.6)),
    (
        (0, 43.9), (1, 42.3), (2, 44), (6, 4.6), (7, 3.7), (8, 2.2), (9, 28.6), (10, 9.7),
        (12, 2.7), (15, 2.6),
    ),
)  # fmt: skip
PILOT_CHAPTERS, CHAPTERS = 21, 13


def reject(client: Client, disc: dict[str, Any]) -> None:
    """Refuse the names of a disc."""
    ok(client.post(f"/api/discs/{disc['disc_id']}/preview/reject"))


def second_disc(client: Client, drive: str = "E:") -> dict[str, Any]:
    """Another disc of the season of `detect`, with two episodes."""
    return client.detect("FIREFLY_S01_D2", (43, 44), drive=drive)


def unnumbered_disc(
    client: Client, drive: str = "E:", minutes: tuple[float, ...] = (43, 44)
) -> dict[str, Any]:
    """A disc of that season whose label has no disc number."""
    return client.detect("FIREFLY_S01", minutes, drive=drive)


def test_it_shows_a_season(client, clock):
    first = client.detect("FIREFLY_S01_D1", (43, 3))
    client.approve(first["disc_id"], title_edits=[{"index": 0, "episode_title": "Serenity"}])
    clock.advance(60)
    second = second_disc(client)
    expected = {
        "season_id": "Firefly:s1",
        "show_name": "Firefly",
        "season_number": 1,
        "thetvdb_series_id": None,
        "episodes": [
            {
                "episode_number": 1,
                "episode_name": "Serenity",
                "season_number": 1,
                "runtime": 43,
                "overview": None,
            }
        ],
        "last_episode_assigned": 3,
        "disc_ids": [first["disc_id"], second["disc_id"]],
        "last_disc_name": "FIREFLY_S01_D2",
    }
    assert ok(client.get("/api/tv-seasons/Firefly:s1")) == expected
    assert ok(client.get("/api/discs/tv-seasons/Firefly:s1")) == expected


@pytest.mark.parametrize("address", ["/api/tv-seasons", "/api/discs/tv-seasons"])
def test_it_answers_404_for_an_unknown_season(client, address):
    client.detect()
    assert_problem(client.get(f"{address}/Firefly:s2"), 404, "Firefly:s2")
    assert_problem(client.get(f"{address}/Firefly"), 404, "Firefly")


@pytest.mark.parametrize("address", ["/api/tv-seasons", "/api/discs/tv-seasons"])
@pytest.mark.parametrize(
    "show",
    [
        "Star Trek: Deep Space Nine",
        "Fate/stay night",
        "Face//Off",
        "Either\\Or",
        "What's Up? #1",
        "100% Wolf",
        "a+b & c",
        "Ärzte – Ночь 夜",
        "..",
    ],
)
def test_it_finds_a_season_of_any_name(client, address, show):
    disc_id = client.detect()["disc_id"]
    body = {"media_type": "tv_show", "show_name": show}
    disc = ok(client.post(f"/api/discs/{disc_id}/preview/override-media-type", json=body))
    assert disc["tv_season_id"] == f"{show}:s1"
    found = ok(client.get(f"{address}/{quote(f'{show}:s1', safe='')}"))
    assert (found["show_name"], found["disc_ids"]) == (show, [disc_id])


def test_it_numbers_a_season_of_four_discs(client, clock):
    found = []
    for number, layout in enumerate(FIREFLY, start=1):
        titles = [
            {
                "index": at,
                "duration_seconds": int(length * 60),
                "chapters": PILOT_CHAPTERS if length > 80 else CHAPTERS if length > 40 else 0,
            }
            for at, length in layout
        ]
        disc = client.detect(f"FIREFLY_D{number}", titles=titles)
        found += file_names(client.approve(disc["disc_id"]))
        clock.advance(3600)
    assert found == [f"Firefly - S01E{number:02d}.mkv" for number in range(1, 15)]
    assert client.season("Firefly:s1")["last_episode_assigned"] == 14


def test_it_counts_each_season_by_itself(client):
    client.detect()
    assert episodes(client.detect("FIREFLY_S02_D1", (43, 44), drive="E:")) == [1, 2]


def test_it_counts_each_show_by_itself(client):
    client.detect()
    assert episodes(client.detect("FARSCAPE_S01_D1", (43, 44), drive="E:")) == [1, 2]


def test_it_gives_the_same_disc_the_numbers_that_a_person_gave_it(client):
    edits = [{"index": index, "episode_number": index + 7} for index in range(3)]
    client.approve(client.detect()["disc_id"], title_edits=edits)
    assert episodes(client.detect(drive="E:")) == [7, 8, 9]


def test_it_gives_the_same_disc_the_numbers_it_had_last(client, clock):
    client.detect()
    clock.advance(60)
    address = f"/api/discs/{client.detect(drive='E:')['disc_id']}/preview/update-season"
    ok(client.post(address, json={"season_number": 1, "starting_episode": 7}))
    assert episodes(client.detect(drive="F:")) == [7, 8, 9]


def test_it_calls_the_same_disc_by_the_names_it_had(client):
    edits = [{"index": 1, "episode_title": "The Train Job"}]
    first = client.approve(client.detect()["disc_id"], title_edits=edits)
    again = client.detect(drive="E:")
    assert file_names(again) == file_names(first) == [
        "Firefly - S01E01.mkv", "Firefly - S01E02 - The Train Job.mkv", "Firefly - S01E03.mkv"
    ]  # fmt: skip


def test_it_keeps_a_name_that_another_copy_lacks(client):
    first, copy = client.detect(), client.detect(drive="E:")
    edits = [{"index": 0, "episode_title": "Serenity"}]
    client.approve(first["disc_id"], title_edits=edits)
    client.approve(copy["disc_id"])
    names = [each["episode_name"] for each in client.season("Firefly:s1")["episodes"]]
    assert names == ["Serenity", "Episode 2", "Episode 3"]


def test_it_forgets_a_name_that_a_person_took_away(client):
    disc_id = client.detect()["disc_id"]
    client.approve(disc_id, title_edits=[{"index": 0, "episode_title": "Sanctuary"}])
    client.approve(disc_id, title_edits=[{"index": 0, "episode_title": ""}])
    assert client.season("Firefly:s1")["episodes"][0]["episode_name"] == "Episode 1"


def test_it_gives_the_numbers_of_a_rejected_disc_to_the_next(client):
    reject(client, client.detect())
    emptied = client.season("Firefly:s1")
    assert (emptied["last_episode_assigned"], emptied["disc_ids"]) == (0, [])
    assert episodes(unnumbered_disc(client)) == [1, 2]


def test_it_numbers_a_rejected_disc_anew_when_it_comes_again(client, clock):
    reject(client, unnumbered_disc(client, minutes=(43, 44, 45)))
    clock.advance(60)
    assert episodes(unnumbered_disc(client)) == [1, 2]
    clock.advance(60)
    assert episodes(unnumbered_disc(client, "F:", (43, 44, 45))) == [3, 4, 5]


def test_it_keeps_the_numbers_of_a_copy_that_is_not_rejected(client):
    client.detect()
    reject(client, client.detect(drive="E:"))
    assert episodes(second_disc(client, drive="F:")) == [4, 5]


def test_it_approves_no_numbers_that_another_disc_got(client):
    first = client.detect()
    reject(client, first)
    other = client.approve(unnumbered_disc(client)["disc_id"])
    approved = client.approve(first["disc_id"])
    assert not {*episodes(approved)} & {*episodes(other)}


def test_it_approves_rejected_numbers_that_only_a_copy_holds(client):
    first = client.detect()
    client.detect(drive="E:")
    reject(client, first)
    assert client.approve(first["disc_id"])["preview_status"] == "approved"


def test_it_takes_an_extra_for_no_number(client):
    edits = [{"index": 3, "episode_number": 40, "selected": True}]
    client.approve(client.detect()["disc_id"], title_edits=edits)
    assert episodes(second_disc(client)) == [4, 5]


def test_it_goes_on_behind_the_highest_number(client):
    disc_id = client.detect()["disc_id"]
    client.approve(disc_id, title_edits=[{"index": 1, "episode_number": 99_999}])
    assert episodes(second_disc(client)) == [100_000, 100_001]
