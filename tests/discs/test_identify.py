"""A person chooses which show or film a disc is."""

from dataclasses import replace
from typing import Any

import pytest

from boz_server.domain.metadata.answers import Episode, Series
from boz_server.settings import Settings
from tests.client import Client
from tests.provider_server import Movie, Show
from tests.support import assert_problem, episodes, file_names, restart

pytestmark = pytest.mark.usefixtures("pc")

FILMS = [
    Movie("Solaris", 1972, 167, "tt0069293", 593),
    Movie("Solaris", 2002, 99, "tt0307479", 2103),
    Movie("Unlisted", 2020, 90, None, 77),
]
SHOWS = [
    Show(
        Series(5, "Sherlock", 2010, ()),
        [Episode(s, n, f"Case {s}.{n}", 88, None) for s in (1, 2) for n in (1, 2, 3)],
    )
]


@pytest.fixture
def settings(settings, providers) -> Settings:
    return replace(settings, provider_timeout_seconds=0.3, **providers.settings())


def identify(client: Client, disc_id: str, provider: str, external_id: str) -> dict[str, Any]:
    """A disc after a person chose what it is."""
    return client.edit(disc_id, "identify", provider=provider, external_id=external_id)


def as_is(client: Client, disc_id: str) -> None:
    """Nothing was decided yet."""


def approved(client: Client, disc_id: str) -> None:
    client.approve(disc_id)


def rejected(client: Client, disc_id: str) -> None:
    client.edit(disc_id, "preview/reject")


@pytest.mark.parametrize(("provider", "external_id"), [("omdb", "tt0069293"), ("tmdb", "593")])
@pytest.mark.parametrize(
    ("decide", "status"), [(as_is, "pending"), (approved, "approved"), (rejected, "pending")]
)
def test_it_takes_another_film_at_any_stage_before_the_rip(
    client, provider, external_id, decide, status
):
    disc = client.detect("SOLARIS", (99, 12))
    assert disc["movie_year"] == 2002
    decide(client, disc["disc_id"])
    chosen = identify(client, disc["disc_id"], provider, external_id)
    assert file_names(chosen) == ["Solaris (1972).mkv"]
    assert [chosen[key] for key in ("movie_year", "omdb_imdb_id", "movie_confidence")] == [
        1972, "tt0069293", 1.0
    ]  # fmt: skip
    assert chosen["preview_status"] == status
    assert chosen["candidates"] == disc["candidates"]
    found = chosen["identification"]
    assert (found["media_type"], found["warnings"]) == ("movie", [])
    for question in ("media_type", "name"):
        assert found["questions"][question] == {
            "confidence": 1.0, "sign": "person", "reasons": ["A person said so."]
        }  # fmt: skip
    assert client.disc(disc["disc_id"]) == chosen


def test_it_takes_a_film_that_has_no_imdb_id(client):
    disc = identify(client, client.detect("SOLARIS", (99,))["disc_id"], "tmdb", "77")
    assert (file_names(disc), disc["omdb_imdb_id"]) == (["Unlisted (2020).mkv"], None)


def test_it_keeps_the_edition_of_the_label(client):
    disc_id = client.detect("SOLARIS_EXTENDED_EDITION", (99,))["disc_id"]
    disc = identify(client, disc_id, "omdb", "tt0069293")
    assert "{edition-Extended" in file_names(disc)[0]


@pytest.mark.parametrize(
    ("label", "numbered"),
    [("SHRLCK_S02_D1", ("Sherlock:s2", [1, 2])), ("SHRLCK", ("Sherlock:s1", [1, 2]))],
)
def test_it_takes_a_show_and_names_its_episodes(client, label, numbered):
    disc = identify(client, client.detect(label, (88, 88.5))["disc_id"], "thetvdb", "5")
    assert (disc["media_type"], disc["tv_show_name"], disc["thetvdb_series_id"]) == (
        "tv_show", "Sherlock", 5
    )  # fmt: skip
    assert (disc["tv_season_id"], episodes(disc)) == numbered
    number = disc["tv_season_number"]
    assert file_names(disc)[0] == f"Sherlock - S0{number}E01 - Case {number}.1.mkv"
    assert client.season(disc["tv_season_id"])["disc_ids"] == [disc["disc_id"]]


def test_it_takes_the_season_of_the_label_for_what_passed_as_a_film(client):
    disc_id = client.detect("SHERLOCK_S02_D1", (88,))["disc_id"]
    client.edit(disc_id, "preview/override-media-type", media_type="movie", movie_title="X")
    assert identify(client, disc_id, "thetvdb", "5")["tv_season_id"] == "Sherlock:s2"


def test_it_keeps_the_season_and_the_start_that_a_person_said(client):
    disc_id = client.detect("SHRLCK_S01_D1", (88, 88.5))["disc_id"]
    body = {"season_number": 2, "starting_episode": 2}
    client.edit(disc_id, "preview/update-season", **body)
    disc = identify(client, disc_id, "thetvdb", "5")
    assert (disc["tv_season_id"], episodes(disc)) == ("Sherlock:s2", [2, 3])


def test_it_gives_the_numbers_of_a_show_back_for_a_film(client):
    disc_id = client.detect("SHERLOCK_S01_D1", (88, 88.5))["disc_id"]
    identify(client, disc_id, "omdb", "tt0069293")
    assert client.season("Sherlock:s1")["last_episode_assigned"] == 0


def test_it_moves_no_approved_disc_onto_numbers_of_another(client):
    client.approve(client.detect("SHERLOCK_S01", (88, 88.5, 89))["disc_id"])
    other = client.detect("SHRLCK_S01", (87, 89.5), drive="E:")
    body = {"season_number": 1, "starting_episode": 1}
    client.edit(other["disc_id"], "preview/update-season", **body)
    other = client.approve(other["disc_id"])
    seasons = [client.season(season_id) for season_id in ("Sherlock:s1", "Shrlck:s1")]
    choice = {"provider": "thetvdb", "external_id": "5"}
    answer = client.post(f"/api/discs/{other['disc_id']}/identify", json=choice)
    assert_problem(answer, 409, "another disc")
    assert client.disc(other["disc_id"]) == other
    assert [client.season(season_id) for season_id in ("Sherlock:s1", "Shrlck:s1")] == seasons


def test_it_stays_chosen_when_the_disc_comes_again(client):
    disc = identify(client, client.detect("SOLARIS", (99,))["disc_id"], "omdb", "tt0069293")
    assert client.detect("SOLARIS", (99,)) == disc
    client.approve(disc["disc_id"])
    client.eject()
    assert file_names(client.detect("SOLARIS", (99,))) == ["Solaris (1972).mkv"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"provider": "imdb", "external_id": "tt0069293"}, "provider"),
        ({"provider": None, "external_id": "tt0069293"}, "provider"),
        ({"external_id": "tt0069293"}, "provider"),
        ({"provider": "omdb"}, "external_id"),
        ({"provider": "omdb", "external_id": ""}, "external_id"),
        ({"provider": "omdb", "external_id": 593}, "external_id"),
        ({"provider": "omdb", "external_id": "tt9999999"}, "external_id"),
        ({"provider": "omdb", "external_id": "../../x"}, "external_id"),
        ({"provider": "tmdb", "external_id": "1"}, "external_id"),
        ({"provider": "tmdb", "external_id": "9" * 100}, "external_id"),
        ({"provider": "thetvdb", "external_id": "4"}, "external_id"),
        ({"provider": "thetvdb", "external_id": "five"}, "external_id"),
        ({"provider": "thetvdb", "external_id": "-5"}, "external_id"),
        ({"provider": "thetvdb", "external_id": "\u0665"}, "external_id"),
        ({"provider": "thetvdb", "external_id": "9" * 30}, "external_id"),
    ],
)
def test_it_refuses_what_no_provider_knows(client, body, field):
    disc = client.detect("SOLARIS", (99,))
    answer = client.post(f"/api/discs/{disc['disc_id']}/identify", json=body)
    assert_problem(answer, 422, field=field)
    assert client.disc(disc["disc_id"]) == disc


@pytest.mark.parametrize("provider", ["thetvdb", "omdb", "tmdb"])
def test_it_says_which_key_is_missing(app, client, provider):
    disc = client.detect("SOLARIS", (99,))
    restart(app, **{f"{provider}_api_key": ""})
    body = {"provider": provider, "external_id": "5"}
    answer = client.post(f"/api/discs/{disc['disc_id']}/identify", json=body)
    assert_problem(answer, 400, f"BOZ_{provider.upper()}_API_KEY")
    assert client.disc(disc["disc_id"]) == disc


@pytest.mark.parametrize("mode", ["500", "html", "half_json", "silence", "hang_up"])
@pytest.mark.parametrize(
    ("provider", "external_id"), [("omdb", "tt0069293"), ("tmdb", "593"), ("thetvdb", "5")]
)
def test_it_answers_503_while_the_provider_is_down(client, providers, mode, provider, external_id):
    disc = client.detect("ANYTHING_ELSE", (99,))
    providers.fail(mode)
    body = {"provider": provider, "external_id": external_id}
    answer = client.post(f"/api/discs/{disc['disc_id']}/identify", json=body)
    assert_problem(answer, 503, "can't be asked")
    assert answer.headers["Retry-After"] == "60"
    assert client.disc(disc["disc_id"]) == disc


def test_it_answers_404_for_an_unknown_disc(client, providers):
    body = {"provider": "omdb", "external_id": "tt0069293"}
    assert_problem(client.post("/api/discs/nothing/identify", json=body), 404, "nothing")
    assert providers.count() == 0


def test_it_chooses_no_more_once_the_rip_is_ordered(client, providers):
    disc_id = client.detect("SOLARIS", (99,)).approve().id
    client.rip(disc_id)
    providers.fail("500")
    body = {"provider": "omdb", "external_id": "tt0069293"}
    client.refused(409, "ripping").post(f"/api/discs/{disc_id}/identify", json=body)


def test_it_chooses_nothing_for_a_disc_that_has_left(client):
    disc_id = client.detect("SOLARIS", (99,))["disc_id"]
    client.eject()
    body = {"provider": "omdb", "external_id": "tt0069293"}
    assert_problem(client.post(f"/api/discs/{disc_id}/identify", json=body), 409, "ejected")
