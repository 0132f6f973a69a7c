"""Providers that fail: a preview by the label with a warning, made anew when they are back."""

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from boz_server.domain.metadata.answers import Episode, Series
from boz_server.services.discs import preview_refresh
from boz_server.services.maintenance.scheduler import MaintenanceStep
from boz_server.services.wiring import Services
from boz_server.settings import Settings
from tests.provider_server import FakeProviders, Movie, Show
from tests.support import (
    FakeClock,
    approve,
    assert_problem,
    detect,
    disc_of,
    eject,
    episodes,
    file_names,
    ok,
    register_agent,
    restart,
    season,
    titles,
    told,
    unchanged,
)

FILMS = [Movie("Solaris", 2002, 99, "tt0307479"), Movie("Tenet", 2020, 150, None, 577922)]
SHOWS = [
    Show(
        Series(1, "Space", 2001, ()),
        [Episode(1, at, f"Part {at}", length, None) for at, length in enumerate((61, 52, 44), 1)],
    )
]
TROUBLES = ["500", "429", "401", "html", "half_json", "cut_short", "hang_up", "silence", "redirect"]
SHOW, FILM = ("SPACE_S01_D1", (61, 52, 44)), ("SOLARIS", (99, 5))
BY_LABEL = {SHOW: "Space - S01E01.mkv", FILM: "Solaris.mkv"}
LOOKED_UP = {SHOW: "Space - S01E01 - Part 1.mkv", FILM: "Solaris (2002).mkv"}
each_kind = pytest.mark.parametrize("disc", [SHOW, FILM], ids=["show", "film"])
Kind = tuple[str, tuple[float, ...]]


@pytest.fixture
def settings(settings: Settings, providers: FakeProviders) -> Settings:
    return replace(settings, provider_timeout_seconds=0.3, **providers.settings())


@pytest.fixture(autouse=True)
def agent(client: FlaskClient) -> None:
    """Every disc lies in a drive of a registered agent."""
    register_agent(client)


@pytest.fixture
def refresh(services: Services) -> Callable[[], int]:
    """Makes previews anew, as the server does every minute."""
    return step(services)


def step(services: Services) -> Callable[[], int]:
    found: MaintenanceStep = next(
        step for step in services.maintenance.steps if step.name == "refresh_previews"
    )
    return partial(found.run, services.context)  # type: ignore[return-value]


def warnings(disc: dict[str, Any]) -> str:
    return " ".join(disc["identification"]["warnings"])


@each_kind
@pytest.mark.parametrize("mode", TROUBLES)
def test_it_names_a_disc_by_its_label_while_a_provider_fails(
    client: FlaskClient, providers: FakeProviders, mode: str, disc: Kind
) -> None:
    providers.fail(mode)
    started = time.monotonic()
    found = detect(client, *disc)
    assert time.monotonic() - started < 2
    assert file_names(found)[0] == BY_LABEL[disc]
    assert "can't be asked just now" in warnings(found)
    assert found["identification"]["confidence"] <= 0.85
    assert "127.0.0.1" not in warnings(found)


@pytest.mark.parametrize("body", [None, 7, [], [1], {"data": 7}, {"data": [{"tvdb_id": []}]}])
@each_kind
def test_it_takes_nonsense_for_nothing(
    client: FlaskClient, providers: FakeProviders, disc: Kind, body: Any
) -> None:
    providers.fail("body", body=body)
    assert file_names(detect(client, *disc))[0] == BY_LABEL[disc]


@each_kind
def test_it_makes_the_preview_anew_when_the_provider_is_back(
    client: FlaskClient,
    providers: FakeProviders,
    refresh: Callable[[], int],
    clock: FakeClock,
    disc: Kind,
) -> None:
    providers.fail("500")
    disc_id = detect(client, *disc)["disc_id"]
    assert refresh() == 0
    assert file_names(disc_of(client, disc_id))[0] == BY_LABEL[disc]
    providers.work()
    clock.advance(5)
    assert refresh() == 1
    renamed = disc_of(client, disc_id)
    assert file_names(renamed)[0] == LOOKED_UP[disc]
    assert warnings(renamed) == ""
    assert renamed["preview_status"] == "pending"
    asked = providers.count()
    assert refresh() == 0
    assert providers.count() == asked


def test_it_makes_it_anew_after_a_restart(
    app: Flask, client: FlaskClient, providers: FakeProviders
) -> None:
    providers.stop()
    disc_id = detect(client, *SHOW)["disc_id"]
    providers.start()
    assert step(restart(app))() == 1
    assert file_names(disc_of(client, disc_id))[0] == LOOKED_UP[SHOW]


def test_it_renumbers_the_season_with_it(
    client: FlaskClient, providers: FakeProviders, refresh: Callable[[], int]
) -> None:
    providers.fail("500")
    first = detect(client, "SPACE_S01", (44,))
    assert episodes(first) == [1]
    providers.work()
    refresh()
    assert episodes(disc_of(client, first["disc_id"])) == [3]
    assert season(client, "Space:s1")["last_episode_assigned"] == 3


def approved(client: FlaskClient, disc_id: str) -> None:
    approve(client, disc_id, title_edits=[{"index": 0, "episode_title": "Mine"}])


def rejected(client: FlaskClient, disc_id: str) -> None:
    told(client, disc_id, "preview/reject")


def renumbered(client: FlaskClient, disc_id: str) -> None:
    body = {"season_number": 2, "starting_episode": 7}
    told(client, disc_id, "preview/update-season", **body)


def overridden(client: FlaskClient, disc_id: str) -> None:
    body = {"media_type": "movie", "movie_title": "Mine"}
    told(client, disc_id, "preview/override-media-type", **body)


def ejected(client: FlaskClient, disc_id: str) -> None:
    eject(client)


DECISIONS = [approved, rejected, renumbered, overridden, ejected]


@pytest.mark.parametrize("decide", DECISIONS)
def test_it_leaves_what_a_person_decided_meanwhile(
    client: FlaskClient,
    services: Services,
    providers: FakeProviders,
    refresh: Callable[[], int],
    decide: Callable[[FlaskClient, str], None],
) -> None:
    providers.fail("500")
    disc_id = detect(client, *SHOW)["disc_id"]
    decide(client, disc_id)
    providers.work()
    with unchanged(services):
        assert refresh() == 0


@pytest.mark.parametrize("decide", DECISIONS)
def test_it_leaves_what_a_person_decides_while_it_asks(
    client: FlaskClient,
    services: Services,
    providers: FakeProviders,
    monkeypatch: pytest.MonkeyPatch,
    decide: Callable[[FlaskClient, str], None],
) -> None:
    providers.fail("500")
    disc_id = detect(client, *SHOW)["disc_id"]
    providers.work()
    decided = []

    def then_decided(*args: Any, **kwargs: Any) -> Any:
        found = look_up(*args, **kwargs)
        if not decided:
            decided.append(True)
            decide(client, disc_id)
            decided.append(disc_of(client, disc_id))
        return found

    look_up = services.overrides.lookup.disc
    monkeypatch.setattr(services.overrides.lookup, "disc", then_decided)
    assert step(services)() == 0
    assert disc_of(client, disc_id) == decided[1]


def test_it_keeps_accepted_names_of_a_disc_that_comes_again(
    client: FlaskClient, providers: FakeProviders, refresh: Callable[[], int]
) -> None:
    providers.fail("500")
    disc_id = detect(client, *SHOW)["disc_id"]
    accepted = approve(client, disc_id, title_edits=[{"index": 0, "episode_title": "Mine"}])
    eject(client)
    again = detect(client, *SHOW)
    providers.work()
    assert refresh() == 0
    assert file_names(disc_of(client, again["disc_id"])) == file_names(accepted)


def test_it_refreshes_discs_that_need_only_the_provider_that_is_back(
    client: FlaskClient, providers: FakeProviders, refresh: Callable[[], int], clock: FakeClock
) -> None:
    providers.fail("500")
    film = detect(client, *FILM)
    clock.advance(1)
    show = detect(client, *SHOW, drive="E:")
    providers.work()
    providers.fail("500", provider="omdb")
    providers.fail("500", provider="tmdb")
    clock.advance(60)
    assert refresh() == 1
    assert file_names(disc_of(client, film["disc_id"]))[0] == BY_LABEL[FILM]
    assert file_names(disc_of(client, show["disc_id"]))[0] == LOOKED_UP[SHOW]


def test_it_takes_a_bounded_time_for_all_discs_together(
    client: FlaskClient,
    providers: FakeProviders,
    refresh: Callable[[], int],
    monkeypatch: pytest.MonkeyPatch,
    clock: FakeClock,
) -> None:
    providers.fail("500")
    for number in range(5):
        detect(client, f"SOLARIS {'X' * number}", (99, 5), drive=f"{number}")
    providers.work()
    providers.fail("silence")
    clock.advance(60)
    monkeypatch.setattr(preview_refresh, "SECONDS_A_RUN", 0.4)
    started = time.monotonic()
    assert refresh() == 0
    assert time.monotonic() - started < 1.5


@each_kind
def test_it_needs_no_provider_for_what_it_has_found_before(
    app: Flask, client: FlaskClient, providers: FakeProviders, disc: Kind
) -> None:
    label, minutes = disc
    detect(client, label, minutes)
    providers.stop()
    restart(app)
    # Another disc of it, to which nothing is known but by its name.
    other = detect(client, label, tuple(each + 0.5 for each in minutes), drive="E:")
    providers.start()
    assert "can't be asked" not in warnings(other)
    assert len(other["candidates"]) == 1


def test_it_finds_a_film_with_one_of_two_providers(
    client: FlaskClient, providers: FakeProviders
) -> None:
    providers.fail("500", provider="tmdb")
    assert file_names(detect(client, *FILM)) == ["Solaris (2002).mkv"]


@pytest.mark.parametrize(
    ("action", "body"),
    [
        ("preview/update-season", {"season_number": 2}),
        ("preview/override-media-type", {"media_type": "tv_show", "show_name": "Other"}),
        ("preview/override-media-type", {"media_type": "movie", "movie_title": "Other"}),
        ("preview/override-media-type", {"media_type": "movie"}),
    ],
)
def test_it_takes_a_persons_word_with_a_warning_while_a_provider_fails(
    client: FlaskClient, providers: FakeProviders, action: str, body: dict[str, Any]
) -> None:
    providers.fail("500")
    disc = told(client, detect(client, *SHOW)["disc_id"], action, **body)
    assert disc["identification"]["confidence"] == 1.0
    assert "can't be asked just now" in warnings(disc)
    assert file_names(disc) != []


def test_it_asks_no_one_within_a_transaction(services: Services) -> None:
    lookup = services.overrides.lookup
    with services.context.database.write():
        for ask in (
            lambda: lookup.disc("SPACE_S01", [], "f"),
            lambda: lookup.show("Space"),
            lambda: lookup.film("Solaris", None, None),
            lambda: lookup.chosen("omdb", "tt0307479"),
        ):
            with pytest.raises(RuntimeError):
                ask()


@each_kind
def test_it_looks_up_a_disc_whose_report_may_be_sent_again(
    client: FlaskClient, providers: FakeProviders, disc: Kind
) -> None:
    label, minutes = disc
    body = {"agent_id": "pc", "drive": "D:", "disc_name": label, "titles": titles(*minutes)}
    key = {"Idempotency-Key": "once"}
    found = ok(client.post("/api/discs/detected", json=body, headers=key))
    assert file_names(found)[0] == LOOKED_UP[disc]
    asked = providers.count()
    assert ok(client.post("/api/discs/detected", json=body, headers=key)) == found
    assert providers.count() == asked


def test_it_asks_no_one_for_an_agent_that_is_not_known(
    client: FlaskClient, providers: FakeProviders
) -> None:
    body = {"agent_id": "nobody", "drive": "D:", "disc_name": "SOLARIS", "titles": titles(99)}
    assert_problem(client.post("/api/discs/detected", json=body), 404, "nobody")
    assert providers.count() == 0
