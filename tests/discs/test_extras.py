"""Extras are numbered over all discs of a season or film."""

from typing import Any

import pytest

from boz_server.domain.discs.extras import number_extras
from boz_server.domain.naming import names as naming
from tests.client import Client
from tests.plans import noted, scans
from tests.support import restart

pytestmark = pytest.mark.usefixtures("pc")

#: Two episodes and two extras; a film and an extra; extras only.
D1, D2, D3 = (21, 22, 3, 4), (21.5, 22.5, 3.5, 4.5), (20.5, 21.8, 2.5)
FILM, BONUS = (117, 5), (7, 8, 9)


def extras(disc: dict[str, Any]) -> list[int | None]:
    """The numbers of a disc's extras."""
    name = disc["tv_show_name"] or disc["movie_title"]
    return [
        naming.extra_number(name, title["proposed_filename"])
        for title in disc["titles"]
        if title["is_extra"]
    ]


def put_in(client: Client, label: str, minutes: tuple[float, ...], drive: str = "D:") -> str:
    return client.detect(label, minutes, drive=drive).id


def shown(client: Client, *disc_ids: str) -> list[list[int | None]]:
    return [extras(client.disc(disc_id)) for disc_id in disc_ids]


@pytest.mark.parametrize("approves", [True, False])
def test_it_numbers_extras_on_over_the_discs_of_a_season(client, clock, approves):
    found = []
    for number, minutes in enumerate((D1, D2, D3), 1):
        clock.advance(60)
        found.append(put_in(client, f"SCRUBS_S1_D{number}", minutes, f"{number}:"))
        if approves:
            client.approve(found[-1])
    assert shown(client, *found) == [[1, 2], [3, 4], [5]]


def test_it_numbers_them_anew_when_an_earlier_disc_comes(client, clock):
    second = put_in(client, "SCRUBS_S1_D2", D2, "E:")
    assert shown(client, second) == [[1, 2]]
    clock.advance(60)
    first = put_in(client, "SCRUBS_S1_D1", D1)
    assert shown(client, first, second) == [[1, 2], [3, 4]]


def test_it_leaves_the_extras_of_an_approved_disc(client, clock):
    second = put_in(client, "SCRUBS_S1_D2", D2, "E:")
    client.approve(second)
    clock.advance(60)
    first = put_in(client, "SCRUBS_S1_D1", D1)
    assert shown(client, first, second) == [[3, 4], [1, 2]]


def test_it_gives_the_numbers_of_a_rejected_disc_back(client, clock):
    first = put_in(client, "SCRUBS_S1_D1", D1)
    clock.advance(60)
    second = put_in(client, "SCRUBS_S1_D2", D2, "E:")
    client.reject(first)
    assert shown(client, second) == [[1, 2]]
    client.approve(first)
    assert shown(client, first, second) == [[1, 2], [3, 4]]


@pytest.mark.parametrize("approves", [True, False])
def test_it_keeps_the_numbers_of_a_disc_that_is_reported_again(client, clock, approves):
    for number, minutes in enumerate((D1, D2), 1):
        clock.advance(60)
        found = put_in(client, f"SCRUBS_S1_D{number}", minutes, f"{number}:")
        if approves:
            client.approve(found)
    assert shown(client, put_in(client, "SCRUBS_S1_D2", D2, "2:")) == [[3, 4]]
    client.eject("2:")
    clock.advance(60)
    assert shown(client, put_in(client, "SCRUBS_S1_D2", D2, "5:")) == [[3, 4]]


def test_it_counts_the_extras_of_each_season_by_themselves(client):
    first = put_in(client, "SCRUBS_S1_D1", D1)
    other = put_in(client, "SCRUBS_S2_D1", D2, "E:")
    assert shown(client, first, other) == [[1, 2], [1, 2]]


def test_it_numbers_extras_on_over_the_discs_of_a_film(client, clock):
    found = []
    for number, minutes in enumerate((FILM, BONUS), 1):
        clock.advance(60)
        disc_id = put_in(client, f"ALIEN_D{number}", minutes, f"{number}:")
        body = {"media_type": "movie", "movie_title": "Alien", "movie_year": 1979}
        client.edit(disc_id, "preview/override-media-type", **body)
        found.append(disc_id)
    (first,), second = shown(client, *found)
    assert [first, *second] == sorted({first, *second})


def test_it_renumbers_a_films_second_disc_when_its_first_comes(client, clock):
    film = {"media_type": "movie", "movie_title": "Alien", "movie_year": 1979}
    found = {}
    for number, minutes in ((2, (118, 6, 7)), (1, (117, 5))):
        clock.advance(60)
        found[number] = put_in(client, f"ALIEN_D{number}", minutes, f"{number}:")
        client.edit(found[number], "preview/override-media-type", **film)
    assert shown(client, found[1], found[2]) == [[1], [2, 3]]
    client.approve(found[2])
    assert shown(client, found[1], found[2]) == [[1], [2, 3]]


def test_it_tells_films_of_one_name_apart_by_their_year(client, clock):
    found = []
    for drive, year, minutes in (("D:", 1972, (167, 5)), ("E:", 2002, (99, 6))):
        clock.advance(60)
        disc_id = put_in(client, f"SOLARIS_{year}", minutes, drive)
        body = {"media_type": "movie", "movie_title": "Solaris", "movie_year": year}
        client.edit(disc_id, "preview/override-media-type", **body)
        found.append(disc_id)
    assert shown(client, *found) == [[1], [1]]


def test_it_gives_an_episode_that_is_made_an_extra_a_number_of_its_own(client, clock):
    put_in(client, "SCRUBS_S1_D1", D1)
    clock.advance(60)
    second = put_in(client, "SCRUBS_S1_D2", D2, "E:")
    client.approve(second, title_edits=[{"index": 0, "is_extra": True}])
    assert sorted(filter(None, extras(client.disc(second)))) == [3, 4, 5]


def test_it_keeps_the_name_that_a_person_gave_an_extra(client, clock):
    first = put_in(client, "SCRUBS_S1_D1", D1)
    edit = {"index": 2, "selected": True, "proposed_filename": "Scrubs - Bloopers.mkv"}
    client.approve(first, title_edits=[edit])
    clock.advance(60)
    second = put_in(client, "SCRUBS_S1_D2", D2, "E:")
    assert client.disc(first)["titles"][2]["proposed_filename"] == "Scrubs - Bloopers.mkv"
    assert shown(client, second) == [[1, 3]]


def test_it_keeps_an_extras_own_name(client, clock):
    named = [{"index": i, "name": name, "duration_seconds": seconds, "size_bytes": 0}
             for i, (name, seconds) in enumerate(
                 (("A", 1260), ("B", 1300), ("Bloopers", 200)))]  # fmt: skip
    put_in(client, "SCRUBS_S1_D1", D1)
    clock.advance(60)
    disc = client.detect("SCRUBS_S1_D2", drive="E:", titles=named)
    assert disc["titles"][2]["proposed_filename"] == "Scrubs - Extra 03 - Bloopers.mkv"


def test_it_numbers_them_over_a_restart(app, client, clock):
    put_in(client, "SCRUBS_S1_D1", D1)
    restart(app)
    clock.advance(60)
    assert shown(client, put_in(client, "SCRUBS_S1_D2", D2, "E:")) == [[3, 4]]


def test_it_numbers_no_discs():
    number_extras("Scrubs", [])


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_it_finds_the_other_discs_by_index(client, services):
    for label, body in (
        ("SCRUBS_S1_D1", {"media_type": "tv_show", "show_name": "Scrubs"}),
        ("ALIEN", {"media_type": "movie", "movie_title": "Alien"}),
    ):
        disc_id = put_in(client, label, D1)
        client.edit(disc_id, "preview/override-media-type", **body)
        with noted(services) as statements:
            client.approve(disc_id, title_edits=[{"index": 1, "is_extra": True}])
        assert scans(services, statements) == set()
