"""Shows and films: looked up once, stored, and available while a provider is down."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from boz_server.database.models import ProviderAnswer
from boz_server.domain.metadata.answers import Episode, Film, Series
from boz_server.errors import ProviderUnavailable
from boz_server.repositories import provider_cache_repository
from boz_server.services.metadata import cache
from boz_server.services.metadata import lookup as metadata_module
from boz_server.services.metadata.lookup import Metadata
from boz_server.services.wiring import Services, build_services
from boz_server.settings import Settings
from tests.provider_server import FakeProviders, Movie, Show

FIREFLY = Series(78874, "Firefly", 2002, ("Serenity",))
EPISODES = [Episode(1, 1, "Serenity", 86, None), Episode(1, 2, "The Train Job", 42, "A job.")]
DAY = 24 * 3600.0

SHOWS = [Show(FIREFLY, EPISODES)]
FILMS = [
    Movie("The Matrix Reloaded", 2003, 138, "tt0234215", 604),
    Movie("The Matrix", 1999, 136, "tt0133093", 603),
    Movie("Heidi", 2001, 104, "tt0265161"),
    Movie("Heidi", 2015, 111, None, 365045),
]
MATRIX = Film("omdb", "tt0133093", "The Matrix", 1999, 136, "tt0133093")

#: Every look-up with its result.
LOOK_UPS: list[tuple[Callable[[Metadata], Any], Any]] = [
    (lambda metadata: metadata.series_named("Firefly"), [FIREFLY]),
    (lambda metadata: metadata.series(78874), FIREFLY),
    (lambda metadata: metadata.episodes(78874), EPISODES),
    (lambda metadata: metadata.films_named("The Matrix", 1999), [MATRIX]),
    (lambda metadata: metadata.film("omdb", "tt0133093"), MATRIX),
]
each_look_up = pytest.mark.parametrize(("look_up", "found"), LOOK_UPS)

#: Look-ups without a result.
IN_VAIN: list[Callable[[Metadata], Any]] = [
    lambda metadata: metadata.series_named("No such show"),
    lambda metadata: metadata.series(1),
    lambda metadata: metadata.episodes(1),
    lambda metadata: metadata.films_named("No such film"),
    lambda metadata: metadata.film("tmdb", "1"),
]

TROUBLES = ["500", "429", "401", "html", "half_json", "hang_up", "silence"]


@pytest.fixture
def settings(settings: Settings, providers: FakeProviders) -> Settings:
    return replace(settings, provider_timeout_seconds=0.3, **providers.settings())


@pytest.fixture
def metadata(services: Services) -> Metadata:
    return services.metadata


@each_look_up
def test_it_asks_once(metadata, providers, look_up, found):
    assert look_up(metadata) == found
    asked = providers.count()
    assert asked
    assert look_up(metadata) == found
    assert providers.count() == asked


@each_look_up
def test_it_remembers_over_a_restart(services, providers, look_up, found):
    look_up(services.metadata)
    providers.stop()
    again = build_services(
        services.context.settings, services.context.database, services.context.clock
    ).metadata
    assert look_up(again) == found
    providers.start()


@each_look_up
def test_it_asks_again_after_a_week(metadata, providers, clock, look_up, found):
    look_up(metadata)
    asked = providers.count()
    clock.advance(7 * DAY - 1)
    look_up(metadata)
    assert providers.count() == asked
    clock.advance(2)
    assert look_up(metadata) == found
    assert providers.count() > asked
    asked = providers.count()
    look_up(metadata)
    assert providers.count() == asked


@pytest.mark.parametrize("look_up", IN_VAIN)
def test_it_asks_again_after_a_day_for_what_was_not_found(metadata, providers, clock, look_up):
    assert not look_up(metadata)
    asked = providers.count()
    assert asked
    clock.advance(DAY - 1)
    assert not look_up(metadata)
    assert providers.count() == asked
    clock.advance(2)
    assert not look_up(metadata)
    assert providers.count() > asked


@pytest.mark.parametrize("mode", TROUBLES)
def test_it_uses_an_old_answer_while_a_provider_fails(services, providers, clock, mode):
    for look_up, _ in LOOK_UPS:
        look_up(services.metadata)
    clock.advance(80 * DAY)
    providers.fail(mode)
    for look_up, found in LOOK_UPS:
        metadata = build_services(
            services.context.settings, services.context.database, clock
        ).metadata
        assert look_up(metadata) == found
    providers.work()
    clock.advance(61)
    asked = providers.count()
    assert services.metadata.episodes(78874) == EPISODES
    assert providers.count() > asked


@each_look_up
def test_it_says_that_a_provider_fails_where_nothing_is_known(metadata, providers, look_up, found):
    providers.fail("500")
    with pytest.raises(ProviderUnavailable):
        look_up(metadata)
    assert ProviderAnswer.select().count() == 0


def test_it_leaves_a_provider_that_failed_alone_for_a_minute(metadata, providers, clock):
    providers.fail("html", provider="thetvdb")
    for name in ("Firefly", "Serenity", "Firefly"):
        with pytest.raises(ProviderUnavailable, match="TheTVDB can't be asked just now: it ans"):
            metadata.series_named(name)
    assert providers.count("thetvdb") == 1
    assert metadata.film("omdb", "tt0133093") == MATRIX  # other providers are still asked
    providers.work()
    clock.advance(59)
    with pytest.raises(ProviderUnavailable):
        metadata.series_named("Firefly")
    clock.advance(2)
    assert metadata.series_named("Firefly") == [FIREFLY]


def test_it_asks_all_the_same_where_the_caller_insists(metadata, providers):
    providers.fail("html")
    with pytest.raises(ProviderUnavailable):
        metadata.series_named("Firefly")
    providers.work()
    with metadata.budget(5, insist=True):
        assert metadata.series_named("Firefly") == [FIREFLY]
    assert metadata.episodes(78874) == EPISODES  # it answered: the pause is over


def test_it_takes_no_longer_than_the_settings_say(metadata, providers):
    providers.fail("trickle_headers")
    began = time.monotonic()
    with pytest.raises(ProviderUnavailable):
        metadata.films_named("The Matrix")
    assert time.monotonic() - began < 0.8  # two providers, one after the other


def test_it_takes_one_time_for_all_look_ups_of_a_budget(metadata, providers):
    providers.fail("silence")
    began = time.monotonic()
    with metadata.budget(0.2):
        for look_up, _ in LOOK_UPS:
            with pytest.raises(ProviderUnavailable):
                look_up(metadata)
        with metadata.budget(60), pytest.raises(ProviderUnavailable):
            metadata.series(78874)
    assert time.monotonic() - began < 0.4
    # OMDb and TMDb were not asked any more, so they do not count as failed.
    providers.work()
    assert metadata.film("tmdb", "604") is not None


def test_it_answers_what_it_knows_when_the_time_is_up(metadata):
    metadata.episodes(78874)
    with metadata.budget(0):
        assert metadata.episodes(78874) == EPISODES
        with pytest.raises(ProviderUnavailable):
            metadata.series(78874)


def test_it_sends_nothing_without_a_key(services, providers):
    keys = ("thetvdb_api_key", "omdb_api_key", "tmdb_api_key")
    settings = replace(services.context.settings, **dict.fromkeys(keys))
    metadata = build_services(settings, services.context.database, services.context.clock).metadata
    assert (metadata.has_tv, metadata.has_films) == (False, False)
    assert [look_up(metadata) or None for look_up, _ in LOOK_UPS] == [None] * 5
    assert providers.count() == 0


@pytest.mark.parametrize(
    ("key", "has"),
    [("thetvdb_api_key", (True, False)), ("omdb_api_key", (False, True)),
     ("tmdb_api_key", (False, True))],
)  # fmt: skip
def test_it_says_whom_it_can_ask(services, key, has):
    keys: dict[str, Any] = dict.fromkeys(("thetvdb_api_key", "omdb_api_key", "tmdb_api_key"))
    settings = replace(services.context.settings, **{**keys, key: "k"})
    metadata = build_services(settings, services.context.database, services.context.clock).metadata
    assert (metadata.has_tv, metadata.has_films) == has


@pytest.mark.parametrize("look_up", [look_up for look_up, _ in LOOK_UPS])
def test_it_refuses_to_work_inside_a_transaction(services, look_up):
    for transaction in (services.context.database.write, services.context.database.read):
        with transaction(), pytest.raises(RuntimeError, match="inside a transaction"):
            look_up(services.metadata)


def test_it_merges_what_two_providers_know_of_a_film(metadata):
    found = metadata.films_named("matrix")
    assert [film.imdb_id for film in found] == ["tt0234215", "tt0133093"]
    assert [film.provider for film in found] == ["omdb", "omdb"]
    assert [film.external_id for film in metadata.films_named("Heidi")] == ["tt0265161", "365045"]


def test_it_puts_title_and_year_first(metadata):
    assert [film.year for film in metadata.films_named("the MATRIX")] == [1999, 2003]
    assert [film.year for film in metadata.films_named("Heidi", 2015)] == [2015, 2001]


@pytest.mark.parametrize("year", [1998, 2003])
def test_it_looks_in_other_years_where_the_year_has_no_such_title(metadata, year):
    assert metadata.films_named("The Matrix", year)[0].year == 1999
    assert metadata.series_named("Firefly", year) == [FIREFLY]


def test_it_asks_for_the_running_times_of_the_first_few(metadata, providers, monkeypatch):
    monkeypatch.setattr(metadata_module, "DETAILED", 1)
    providers.fail("500", provider="tmdb")
    found = metadata.films_named("The Matrix")
    assert [(film.year, film.runtime_minutes) for film in found] == [(1999, 136), (2003, None)]
    assert sum("i" in asked.params for asked in providers.requests) == 1


@pytest.mark.parametrize(("down", "up"), [("omdb", "tmdb"), ("tmdb", "omdb")])
def test_it_takes_films_of_the_provider_that_is_there(metadata, providers, down, up):
    providers.fail("500", provider=down)
    assert {film.provider for film in metadata.films_named("The Matrix")} == {up}
    with pytest.raises(ProviderUnavailable):
        metadata.films_named("No such film")


def test_it_lists_films_without_running_times_where_details_fail(metadata, providers, clock):
    search = providers.forms["omdb"].answer("", {"apikey": "the-key", "s": "matrix"}, {}, None)
    providers.fail("body", provider="omdb", body=search[1], times=1)
    providers.fail("500")
    assert [film.runtime_minutes for film in metadata.films_named("matrix")] == [None, None]
    providers.work()
    clock.advance(61)
    assert [film.runtime_minutes for film in metadata.films_named("matrix")] == [138, 136]


@pytest.mark.parametrize(
    "name",
    ["", " ", "\x00", "\n", "🎬" * 255, "é" * 5000, "ß" * 5000, "a\x00b", "\ud800", "%", "…"],
)
def test_it_takes_any_name(metadata, name):
    assert metadata.series_named(name) == []
    assert metadata.films_named(name) == []
    assert metadata.films_named(name, -5) == []
    assert metadata.film("omdb", name) is None
    assert metadata.film(name, "603") is None


def test_it_counts_case_and_blanks_as_the_same_question(metadata, providers):
    for name in ("Firefly", "FIREFLY", " fire\tfly".replace("\t", "")):
        assert metadata.series_named(name) == [FIREFLY]
    assert providers.paths("thetvdb") == ["/login", "/search"]


@pytest.mark.parametrize("answer", [[{"name": "Firefly"}], [7], {"series_id": 1}, [None]])
def test_it_asks_anew_where_another_version_has_left_an_answer(metadata, answer):
    metadata.series(78874)
    ProviderAnswer.update(answer=answer).execute()
    assert metadata.series(78874) == FIREFLY


def test_it_serves_two_who_ask_at_once(services, providers):
    def ask(_: int) -> Any:
        # Like another process, with services of its own.
        metadata = build_services(
            services.context.settings, services.context.database, services.context.clock
        ).metadata
        try:
            with metadata.budget(10):
                return [look_up(metadata) for look_up, _ in LOOK_UPS]
        finally:
            services.context.database.release()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(ask, range(4))) == [[found for _, found in LOOK_UPS]] * 4


def test_it_forgets_what_no_one_asks_for(services, clock, monkeypatch):
    monkeypatch.setattr(provider_cache_repository, "BATCH", 2)
    for look_up, _ in LOOK_UPS:
        look_up(services.metadata)
    old = ProviderAnswer.select().count()
    assert old > 4
    clock.advance(90 * DAY - 1)
    services.metadata.series(1)
    assert cache.delete_old(services.context) == 0
    clock.advance(2)
    assert cache.delete_old(services.context) == old
    assert [row.key for row in ProviderAnswer.select()] == ["series_id:1"]
