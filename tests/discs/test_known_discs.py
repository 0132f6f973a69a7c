"""Discs that TheDiscDb knows: named, numbered and approved by its entry."""

import re
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from boz_server.domain.metadata.answers import ListedDisc, ListedKind, ListedTitle
from boz_server.integrations import json_client
from boz_server.settings import Settings
from tests.client import Client, ok
from tests.discdb_server import FakeDiscDb
from tests.support import assert_problem, episodes, file_names, restart

pytestmark = pytest.mark.usefixtures("pc")

HASH = "0123456789ABCDEF0123456789ABCDEF"
DAY = 24 * 3600
#: Seconds of the titles of two discs of one season, in MakeMKV's order.
FIRST, SECOND = (2541, 2602, 5143, 2498, 305), (2533, 2610, 2476, 2588, 411)


def listed(seconds: tuple[int, ...], *numbers: Any, **changes: Any) -> ListedDisc:
    """An entry: a number for each episode, two for a double one; a name for each extra."""
    titles = [
        _title(index, length, number)
        for index, (length, number) in enumerate(zip(seconds, numbers, strict=True))
    ]
    disc = ListedDisc("Space: Above", True, 1995, None, None, None, tuple(titles))
    return replace(disc, **changes)


def _title(index: int, seconds: int, number: Any) -> ListedTitle:
    if number is None:
        return ListedTitle(index, seconds)
    if isinstance(number, str):
        kind = ListedKind.TRAILER if "Promo" in number else ListedKind.EXTRA
        return ListedTitle(index, seconds, kind=kind, name=number)
    first, last = number if isinstance(number, tuple) else (number, number)
    return ListedTitle(
        index, seconds, 0, "", "", ListedKind.EPISODE, f"Part {first}", 1, first, last
    )


ONE = listed(FIRST, 2, 1, (1, 2), 3, "Promo")
TWO = listed(SECOND, 7, 5, 4, 6, "Bloopers")
SOLARIS = ListedDisc(
    "Solaris",
    False,
    1972,
    "tt0069293",
    None,
    HASH,
    (
        ListedTitle(0, 9957, kind=ListedKind.MAIN_MOVIE, name="Solaris"),
        ListedTitle(1, 1210, kind=ListedKind.EXTRA, name="Tarkovsky"),
    ),
)


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeDiscDb]:
    monkeypatch.setattr(json_client, "BACKOFF_SECONDS", 0.0)
    with FakeDiscDb([TWO, ONE, SOLARIS]) as found:
        yield found


@pytest.fixture
def settings(settings: Settings, database: FakeDiscDb) -> Settings:
    return replace(
        settings,
        provider_timeout_seconds=1,
        auto_approve_previews=True,
        **database.settings(),
    )


def detect(client: Client, label: str, seconds: tuple[int, ...], **extra: Any) -> dict[str, Any]:
    """Report a disc in a drive of its own."""
    minutes = tuple(each / 60 for each in seconds)
    return dict(client.detect(label, minutes, **{"drive": label, **extra}))


def reasons(disc: dict[str, Any]) -> str:
    return " ".join(disc["identification"]["reasons"])


def test_it_names_and_numbers_a_disc_by_its_entry(client):
    disc = detect(client, "SPACE_DISC_1", FIRST)
    assert disc["tv_show_name"] == "Space - Above"
    assert disc["tv_season_number"] == 1
    assert [title["proposed_filename"] for title in disc["titles"]] == [
        "Space - Above - S01E02 - Part 2.mkv",
        "Space - Above - S01E01 - Part 1.mkv",
        "Space - Above - Extra 01.mkv",
        "Space - Above - S01E03 - Part 3.mkv",
        "Space - Above - Extra 02 - Promo.mkv",
    ]
    assert [title["kind"] for title in disc["titles"]] == [
        "episode",
        "episode",
        "play_all",
        "episode",
        "extra",
    ]
    assert disc["titles"][4]["proposed_path"].endswith("/Trailers")
    assert "TheDiscDb knows this disc by the lengths of 5 titles: Space: Above" in reasons(disc)
    assert disc["identification"]["confidence"] == 0.99
    assert disc["preview_status"] == "approved"


def test_it_numbers_later_discs_by_theirs_though_the_second_came_first(client):
    later = detect(client, "SPACE_DISC_2", SECOND)
    assert episodes(later) == [7, 5, 4, 6]
    assert episodes(detect(client, "SPACE_DISC_1", FIRST)) == [2, 1, 3]
    assert later["preview_status"] == "approved"


def test_it_keeps_listed_numbers_while_others_are_numbered(client):
    known = detect(client, "SPACE_DISC_2", SECOND)
    unknown = detect(client, "SPACE_ABOVE_S01_D1", (2401, 2402, 2403))
    assert not set(episodes(unknown)) & {4, 5, 6, 7}
    assert episodes(client.disc(known["disc_id"])) == [7, 5, 4, 6]


def test_it_is_not_sure_of_numbers_that_another_disc_was_approved_with(client, database):
    detect(client, "SPACE_DISC_1", FIRST)
    other = tuple(each + 9 for each in FIRST)
    database.discs.append(listed(other, 2, 1, (1, 2), 3, "Promo"))
    # What was found of another name is not asked again.
    disc = detect(client, "ABOVE_SPACE", other)
    assert episodes(disc) == [2, 1, 3]
    assert disc["preview_status"] == "pending"
    assert disc["identification"]["questions"]["numbers"]["confidence"] <= 0.5
    assert "Another disc has the numbers" in " ".join(disc["identification"]["warnings"])


def test_it_names_a_film_by_its_entry(client):
    disc = detect(client, "SOLARIS_WS", (9957, 1210))
    assert (disc["movie_title"], disc["movie_year"], disc["omdb_imdb_id"]) == (
        "Solaris",
        1972,
        "tt0069293",
    )
    assert file_names(disc) == ["Solaris (1972).mkv"]
    assert disc["titles"][1]["proposed_filename"] == "Solaris - Extra 01 - Tarkovsky.mkv"
    assert disc["preview_status"] == "approved"


def test_it_believes_an_entry_which_part_of_a_film_is_on_the_disc(client, database):
    part = replace(SOLARIS.titles[0], seconds=8104, name="Solaris - Part Two")
    database.discs = [replace(SOLARIS, titles=(part,))]
    for label in ("SOLARIS", "SOLARIS_DISC_2"):
        disc = detect(client, label, (8104,), content_hash=HASH)
        assert file_names(disc) == ["Solaris (1972) - pt2.mkv"]
        assert disc["identification"]["questions"]["titles"]["sign"] == "known_disc"


def test_it_knows_a_disc_by_its_hash_whatever_its_label(client):
    disc = detect(client, "DVD_VIDEO", (9957, 1210), content_hash=HASH.lower())
    assert disc["content_hash"] == HASH
    assert disc["movie_title"] == "Solaris"
    assert "by its content hash" in reasons(disc)


def test_it_knows_a_disc_by_its_lengths_whatever_its_label(client):
    assert detect(client, "E1587", FIRST)["tv_show_name"] == "Space - Above"


def test_it_sends_the_hash_the_name_and_lengths_and_nothing_else(client, database):
    database.discs.clear()
    detect(client, "SPACE_ABOVE_D1", FIRST, content_hash=HASH)
    asked = [query.split("where: ")[1].split(") { nodes")[0] for query in database.queries()]
    by_hash, name, lengths, *words = asked
    assert by_hash.count(HASH) == 1
    assert name == '{title: {contains: "Space Above"}}'
    assert re.findall('"(.*?)"', lengths) == ["1:25:43", "0:43:22", "0:42:21"]
    assert words == ['{title: {contains: "Above"}}', '{title: {contains: "Space"}}']


def test_it_asks_nothing_when_it_is_turned_off(app, database):
    restart(app, thediscdb_enabled=False)
    detect(app.test_client(), "SPACE_DISC_1", FIRST)
    assert database.count() == 0


def test_it_takes_no_near_disc_for_it(client, database):
    database.discs = [
        listed(tuple(round(each * 0.96) for each in FIRST), 2, 1, (1, 2), 3, "Promo"),
        listed((*FIRST[:3], 2504, 305), 2, 1, (1, 2), 3, "Promo"),
        TWO,
    ]
    assert "TheDiscDb" not in reasons(detect(client, "SPACE_DISC_1", FIRST))


@pytest.mark.parametrize("mode", ["500", "html", "half_json", "hang_up", "silence"])
def test_a_database_that_fails_is_as_good_as_none(client, database, mode):
    database.fail(mode)
    began = time.monotonic()
    disc = detect(client, "FIREFLY_S01_D1", FIRST)
    assert time.monotonic() - began < 2
    assert disc["tv_show_name"] == "Firefly"
    assert disc["identification"]["warnings"] == []
    asked = database.count()
    detect(client, "FIREFLY_S01_D2", SECOND)
    assert database.count() <= asked + 1


@pytest.mark.parametrize("body", [{}, {"data": {"mediaItems": {"nodes": [{"title": 7}]}}}])
def test_nonsense_is_as_good_as_none(client, database, body):
    database.fail("body", body=body)
    assert detect(client, "FIREFLY_S01_D1", FIRST)["tv_show_name"] == "Firefly"


@pytest.mark.parametrize(("found", "days"), [([ONE, TWO], 30), ([], 1)], ids=["found", "not"])
def test_it_asks_for_a_name_once_a_month_or_again_tomorrow(client, database, clock, found, days):
    def asked() -> int:
        return sum('contains: "Space"' in query for query in database.queries())

    database.discs = found
    detect(client, "SPACE_DISC_1", FIRST)
    clock.advance((days - 0.5) * DAY)
    detect(client, "SPACE_DISC_3", (2411, 2433))
    assert asked() == 1
    clock.advance(DAY)
    detect(client, "SPACE_DISC_4", (2412, 2434))
    assert asked() == 2


@pytest.mark.parametrize("sent", ["0" * 31, "0" * 33, "g" * 32, 7, ["0" * 32]])
def test_it_refuses_what_is_no_hash(client, sent):
    body = {"agent_id": "pc", "drive": "D:", "disc_name": "X", "content_hash": sent}
    assert_problem(client.post("/api/discs/detected", json=body), 422, "content_hash")


def test_a_hash_may_be_left_out_and_come_later(client):
    disc = detect(client, "FIREFLY_S01_D1", FIRST, content_hash=None)
    assert disc["content_hash"] is None
    detect(client, "FIREFLY_S01_D1", FIRST, content_hash=HASH)
    detect(client, "FIREFLY_S01_D1", FIRST)
    assert ok(client.get(f"/api/discs/{disc['disc_id']}"))["content_hash"] == HASH


def test_titles_of_which_nothing_is_said_leave_it_to_a_person(client, database):
    database.discs = [listed(FIRST, 2, 1, (1, 2), None, "Promo")]
    disc = detect(client, "SPACE_DISC_1", FIRST)
    assert episodes(disc) == [2, 1]
    assert disc["preview_status"] == "pending"
    assert "doesn't say what these titles are: 3" in " ".join(disc["identification"]["warnings"])


def test_a_persons_word_counts_more(client):
    disc = detect(client, "SPACE_DISC_1", FIRST)
    told = client.edit(disc["disc_id"], "preview/update-season", season_number=2)
    assert told["tv_season_number"] == 2
    assert episodes(told)[0] == 1
