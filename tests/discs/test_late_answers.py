"""A person waits five seconds at most for the providers, and what they chose last stays."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from boz_server.database.models import ProviderAnswer
from boz_server.domain.metadata.answers import Episode, Series
from boz_server.errors import Conflict
from boz_server.services.discs import choices, lookup, review
from boz_server.services.metadata import lookup as metadata_lookup
from boz_server.settings import Settings
from tests.client import Client, ok
from tests.provider_server import Movie, Show
from tests.support import assert_problem, at_once, restart

pytestmark = pytest.mark.usefixtures("pc")

FILMS = [Movie("Solaris", 2002, 99, "tt0307479", 2103)]
SHOWS = [
    Show(
        Series(5, "Space", 2010, ()),
        [Episode(season, n, f"Part {n}", 43, None) for season in (1, 2) for n in (1, 2, 3)],
    )
]
LABEL, LENGTHS = "SPACE_S01_D1", (43, 42.5, 44, 3)

#: What a person may ask of a disc: the address and the body.
MOVIE = ("preview/override-media-type", {"media_type": "movie", "movie_title": "Solaris"})
UNNAMED = ("preview/override-media-type", {"media_type": "movie"})
TV = ("preview/override-media-type", {"media_type": "tv_show", "show_name": "Space"})
OTHER_TV = ("preview/override-media-type", {"media_type": "tv_show", "show_name": "Other"})
SEASON = ("preview/update-season", {"season_number": 2})
FILM_ID = ("identify", {"provider": "omdb", "external_id": "tt0307479"})
SHOW_ID = ("identify", {"provider": "thetvdb", "external_id": "5"})
APPROVE: tuple[str, dict[str, Any]] = ("preview/approve", {})
REJECT: tuple[str, dict[str, Any]] = ("preview/reject", {})
ASKED = [MOVIE, UNNAMED, TV, SEASON, FILM_ID, SHOW_ID]


@pytest.fixture
def settings(settings, providers) -> Settings:
    return replace(settings, **providers.settings())


@pytest.fixture
def meanwhile(monkeypatch) -> Callable[[Callable[[], Any]], None]:
    """Makes something happen while the next choice waits for the providers."""

    def arrange(event: Callable[[], Any]) -> None:
        for name in ("show", "film", "chosen"):
            monkeypatch.setattr(lookup, name, interrupted(getattr(lookup, name)))
        events.append(event)

    def interrupted(look_up: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any) -> Any:
            found = look_up(*args)
            while events:
                events.pop()()
            return found

        return run

    events: list[Callable[[], Any]] = []
    return arrange


def choose(client: Client, disc_id: str, choice: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    action, body = choice
    return client.edit(disc_id, action, **body)


@pytest.mark.parametrize("late", ASKED)
@pytest.mark.parametrize("newer", [MOVIE, OTHER_TV, SEASON, FILM_ID, APPROVE, REJECT])
def test_it_keeps_the_newer_choice(client, meanwhile, late, newer):
    disc_id = client.detect(LABEL, LENGTHS).id
    chosen: list[dict[str, Any]] = []
    meanwhile(lambda: chosen.append(choose(client, disc_id, newer)))
    action, body = late
    answer = client.post(f"/api/discs/{disc_id}/{action}", json=body)
    assert_problem(answer, 409, "chose again")
    assert client.disc(disc_id) == chosen[0]


def test_it_keeps_a_choice_that_only_confirms_what_the_disc_is(client, meanwhile):
    disc_id = client.detect(LABEL, LENGTHS).id
    before = choose(client, disc_id, TV)
    meanwhile(lambda: choose(client, disc_id, TV))
    action, body = MOVIE
    assert client.post(f"/api/discs/{disc_id}/{action}", json=body).status_code == 409
    assert client.disc(disc_id) == before


def test_it_keeps_the_newer_of_two_choices_whichever_ends_first(client, clock, services):
    context = services.context
    disc_id = client.detect(LABEL, LENGTHS).id
    older = choices.begin(context, review.read_disc(context, disc_id))
    clock.advance(2)
    newer = choices.begin(context, review.read_disc(context, disc_id))
    for choice in (older, newer):
        with context.database.write_queue():
            disc = review.read_disc(context, disc_id)
            choices.settle(context, disc, choice)
            context.stores.discs.save(disc)
    with context.database.write_queue(), pytest.raises(Conflict):
        choices.settle(context, review.read_disc(context, disc_id), older)


@pytest.mark.parametrize("choice", ASKED)
def test_it_takes_one_choice_after_another(client, choice):
    disc_id = client.detect(LABEL, LENGTHS).id
    for _ in range(2):
        choose(client, disc_id, choice)
        choose(client, disc_id, TV)
        choose(client, disc_id, APPROVE)
        choose(client, disc_id, REJECT)


def test_it_carries_a_choice_out_although_the_server_approves_the_disc_meanwhile(
    client, services, meanwhile
):
    disc_id = client.detect(LABEL, LENGTHS).id
    meanwhile(lambda: review.approve(services.context, disc_id, {}, by_person=False))
    assert choose(client, disc_id, MOVIE)["media_type"] == "movie"


@pytest.mark.parametrize("mode", ["silence", "trickle_headers", "trickle_body", "500"])
@pytest.mark.parametrize("choice", ASKED)
def test_it_answers_in_time_whatever_the_providers_do(client, providers, monkeypatch, choice, mode):
    monkeypatch.setattr(metadata_lookup, "PERSON_SECONDS", 0.5)
    disc_id = client.detect(LABEL, LENGTHS).id
    ProviderAnswer.delete().execute()
    providers.fail(mode)
    action, body = choice
    started = time.monotonic()
    client.post(f"/api/discs/{disc_id}/{action}", json=body)
    assert time.monotonic() - started < 1.5


def test_it_lets_a_person_wait_no_longer_where_the_settings_allow_more(app, client, providers):
    restart(app, provider_timeout_seconds=60.0)
    assert Settings().provider_timeout_seconds < 5
    disc_id = client.detect(LABEL, LENGTHS).id
    providers.fail("silence")
    started = time.monotonic()
    choose(client, disc_id, MOVIE)
    assert time.monotonic() - started < 5


def test_it_shows_the_newer_choice_after_two_overlapping_requests(client, app, providers):
    """As a dashboard does: one choice hangs, and the person makes another."""
    disc_id = client.detect("UNHEARD", (43, 42.5, 44, 3)).id
    providers.fail("silence", provider="omdb")
    providers.fail("silence", provider="tmdb")

    def slow() -> int:
        action, body = MOVIE
        other = app.test_client()
        return other.post(f"/api/discs/{disc_id}/{action}", json=body).status_code

    def quick() -> int:
        other = app.test_client()
        while not providers.count("omdb"):
            time.sleep(0.01)
        action, body = TV
        ok(other.post(f"/api/discs/{disc_id}/{action}", json=body))
        return 200

    started = time.monotonic()
    assert at_once(slow, quick) == [409, 200]
    assert time.monotonic() - started < 5.5
    assert client.disc(disc_id)["media_type"] == "tv_show"
