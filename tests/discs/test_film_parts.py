"""A film on several discs is named in parts, which Plex and Jellyfin play as one."""

from dataclasses import replace
from typing import Any

import pytest

from boz_server.settings import Settings
from tests.client import Client, titles
from tests.provider_server import Movie
from tests.support import file_names

pytestmark = pytest.mark.usefixtures("pc")

FILMS = [Movie("Cleopatra", 1963, 251, "tt0056937", 8095)]
FIRST, SECOND = (127.2, 9), (135.1, 6)


def films(client: Client, *disc_ids: str) -> list[str]:
    """The names of discs' selected titles."""
    discs = (client.disc(disc_id) for disc_id in disc_ids)
    return [
        title["proposed_filename"]
        for disc in discs
        for title in disc["titles"]
        if title["selected"]
    ]


def put_in(client: Client, label: str, minutes: tuple[float, ...], drive: str = "D:") -> str:
    return client.detect(label, drive=drive, titles=titles(*minutes, chapters=30)).id


def said_of_titles(disc: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = disc["identification"]["questions"]["titles"]
    return answer


def test_it_names_both_parts_when_the_second_disc_comes(client, clock):
    first = put_in(client, "RETURN_KING_EXT_D1", FIRST)
    assert films(client, first) == ["Return King {edition-Extended}.mkv"]
    clock.advance(60)
    second = put_in(client, "RETURN_KING_EXT_D2", SECOND, "E:")
    assert films(client, first, second) == [
        "Return King {edition-Extended} - pt1.mkv",
        "Return King {edition-Extended} - pt2.mkv",
    ]
    for disc_id in (first, second):
        disc = client.disc(disc_id)
        assert said_of_titles(disc)["sign"] == "film_part"
        assert said_of_titles(disc)["confidence"] < 0.9
        assert disc["identification"]["warnings"]


def test_it_names_them_whichever_comes_first(client, clock):
    second = put_in(client, "RETURN_KING_EXT_D2", SECOND)
    clock.advance(60)
    first = put_in(client, "RETURN_KING_EXT_D1", FIRST, "E:")
    assert [name[-7:] for name in films(client, first, second)] == ["pt1.mkv", "pt2.mkv"]


def test_it_names_the_two_sides_of_a_disc(client, clock):
    first = put_in(client, "ROADSHOW_SIDE_A", (95,))
    clock.advance(60)
    second = put_in(client, "ROADSHOW_SIDE_B", (82,), "E:")
    assert films(client, first, second) == ["Roadshow - pt1.mkv", "Roadshow - pt2.mkv"]


@pytest.mark.parametrize(
    ("other", "minutes"),
    [
        # One film in two pictures, or for two countries; extras; other editions and films.
        ("FILM_D2", (120.5,)),
        ("FILM_D2", (115.2,)),
        ("FILM_D2", (90, 30, 20, 15)),
        ("FILM_UNRATED_D2", (131,)),
        ("FILM_D3", (131,)),
        ("FILM", (131,)),
        ("ELSE_D2", (131,)),
    ],
)
def test_it_leaves_whole_films_alone(client, clock, other, minutes):
    first = put_in(client, "FILM_D1", (120,))
    clock.advance(60)
    put_in(client, other, minutes, "E:")
    assert films(client, first) == ["Film.mkv"]
    assert said_of_titles(client.disc(first))["sign"] == "film_alone"


def test_it_leaves_an_approved_first_part_and_says_so(client, clock):
    first = put_in(client, "RETURN_KING_EXT_D1", FIRST)
    client.approve(first)
    clock.advance(60)
    second = put_in(client, "RETURN_KING_EXT_D2", SECOND, "E:")
    assert films(client, first, second) == [
        "Return King {edition-Extended}.mkv",
        "Return King {edition-Extended} - pt2.mkv",
    ]
    assert any("rename it" in said for said in client.disc(second)["identification"]["warnings"])


def test_it_says_again_what_it_said_when_the_other_disc_turns_out_to_be_none(client, clock):
    first = put_in(client, "RETURN_KING_EXT_D1", FIRST)
    before = client.disc(first)
    clock.advance(60)
    second = put_in(client, "RETURN_KING_EXT_D2", SECOND, "E:")
    assert client.disc(first) != before
    client.reject(second)
    assert film_facts(client.disc(first)) == film_facts(before)


def film_facts(disc: dict[str, Any]) -> Any:
    return disc["identification"], file_names(disc)


class TestRunningTimes:
    """A provider knows how long the film is."""

    @pytest.fixture
    def settings(self, settings, providers) -> Settings:
        return replace(settings, **providers.settings())

    def test_it_knows_a_part_by_what_is_missing(self, client):
        disc = client.detect("CLEOPATRA_DISC_1", (123,))
        assert file_names(disc)[0].endswith(" - pt1.mkv")

    def test_it_knows_the_whole_film_on_a_numbered_disc(self, client):
        disc = client.detect("CLEOPATRA_DISC_1", (250,))
        assert file_names(disc) == ["Cleopatra (1963).mkv"]
