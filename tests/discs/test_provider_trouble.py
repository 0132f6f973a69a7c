"""Providers that fail: a preview by the label with a warning, made anew when they are back."""

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from boz_server.domain.metadata.answers import Episode, Series
from boz_server.services.discs import hands_free, lookup
from boz_server.services.discs.identify import facts_of
from boz_server.services.maintenance.scheduler import MaintenanceStep
from boz_server.services.wiring import Services
from boz_server.settings import Settings
from tests.client import Client, ok, titles
from tests.provider_server import Movie, Show
from tests.support import assert_problem, episodes, file_names, restart, unchanged

pytestmark = pytest.mark.usefixtures("pc")

FILMS = [Movie("Solaris", 2002, 99, "tt0307479"), Movie("Tenet", 2020, 150, None, 577922)]
SHOWS = [
    Show(
        Series(1, "Space", 2001, ()),
        [Episode(1, at, f"Part {at}", length, None) for at, length in enumerate((61, 52, 44), 1)],
    ),
    Show(
        Series(9, "Orbit", 2001, ()),
        [
            Episode(season, at, f"Part {at}", length, None)
            for season, lengths in ((1, (41, 42)), (2, (31, 32)))
            for at, length in enumerate(lengths, 1)
        ],
    ),
]
TROUBLES = ["500", "429", "401", "html", "half_json", "cut_short", "hang_up", "silence", "redirect"]
SHOW, FILM = ("SPACE_S01_D1", (61, 52, 44)), ("SOLARIS", (99, 5))
BY_LABEL = {SHOW: "Space - S01E01.mkv", FILM: "Solaris.mkv"}
LOOKED_UP = {SHOW: "Space - S01E01 - Part 1.mkv", FILM: "Solaris (2002).mkv"}
each_kind = pytest.mark.parametrize("disc", [SHOW, FILM], ids=["show", "film"])
Kind = tuple[str, tuple[float, ...]]


@pytest.fixture
def settings(settings, providers) -> Settings:
    return replace(settings, provider_timeout_seconds=0.3, **providers.settings())


@pytest.fixture
def refresh(services) -> Callable[[], int]:
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
def test_it_names_a_disc_by_its_label_while_a_provider_fails(client, providers, mode, disc):
    providers.fail(mode)
    started = time.monotonic()
    found = client.detect(*disc)
    assert time.monotonic() - started < 2
    assert file_names(found)[0] == BY_LABEL[disc]
    assert "can't be asked just now" in warnings(found)
    assert found["identification"]["confidence"] <= 0.85
    assert "127.0.0.1" not in warnings(found)


@pytest.mark.parametrize("body", [None, 7, [], [1], {"data": 7}, {"data": [{"tvdb_id": []}]}])
@each_kind
def test_it_takes_nonsense_for_nothing(client, providers, disc, body):
    providers.fail("body", body=body)
    assert file_names(client.detect(*disc))[0] == BY_LABEL[disc]


@each_kind
def test_it_makes_the_preview_anew_when_the_provider_is_back(
    client, providers, refresh, clock, disc
):
    providers.fail("500")
    disc_id = client.detect(*disc)["disc_id"]
    assert refresh() == 0
    assert file_names(client.disc(disc_id))[0] == BY_LABEL[disc]
    providers.work()
    clock.advance(5)
    assert refresh() == 1
    renamed = client.disc(disc_id)
    assert file_names(renamed)[0] == LOOKED_UP[disc]
    assert warnings(renamed) == ""
    assert renamed["preview_status"] == "pending"
    asked = providers.count()
    assert refresh() == 0
    assert providers.count() == asked


def test_it_makes_it_anew_after_a_restart(app, client, providers):
    providers.stop()
    disc_id = client.detect(*SHOW)["disc_id"]
    providers.start()
    assert step(restart(app))() == 1
    assert file_names(client.disc(disc_id))[0] == LOOKED_UP[SHOW]


def test_it_renumbers_the_season_with_it(client, providers, refresh):
    providers.fail("500")
    first = client.detect("SPACE_S01", (44,))
    assert episodes(first) == [1]
    providers.work()
    refresh()
    assert episodes(client.disc(first["disc_id"])) == [3]
    assert client.season("Space:s1")["last_episode_assigned"] == 3


@pytest.mark.parametrize("failing", [False, True], ids=["at once", "after an outage"])
def test_it_numbers_a_disc_of_a_later_season_alike(client, providers, refresh, clock, failing):
    """A disc that an outage put in an earlier season doesn't count as one of its discs later."""
    if failing:
        providers.fail("500")
    for label, minutes in (("ORBIT_S02_D1", (31, 32)), ("ORBIT_S01_D1", (41, 42))):
        client.detect(label, minutes)
        clock.advance(5)
    disc_id = client.detect("ORBIT_D3", (31, 32))["disc_id"]
    if failing:
        assert client.disc(disc_id)["tv_season_number"] == 1
        providers.work()
        assert refresh() == 1
    disc = client.disc(disc_id)
    # All of season 2 has been seen, but not its disc 2: this one may have more of it.
    assert disc["tv_season_number"] == 2
    assert [title["kind"] for title in disc["titles"]] == ["episode", "episode"]


def approved(client: Client, disc_id: str) -> None:
    client.approve(disc_id, title_edits=[{"index": 0, "episode_title": "Mine"}])


def rejected(client: Client, disc_id: str) -> None:
    client.edit(disc_id, "preview/reject")


def renumbered(client: Client, disc_id: str) -> None:
    body = {"season_number": 2, "starting_episode": 7}
    client.edit(disc_id, "preview/update-season", **body)


def overridden(client: Client, disc_id: str) -> None:
    body = {"media_type": "movie", "movie_title": "Mine"}
    client.edit(disc_id, "preview/override-media-type", **body)


def ejected(client: Client, disc_id: str) -> None:
    client.eject()


DECISIONS = [approved, rejected, renumbered, overridden, ejected]


@pytest.mark.parametrize("decide", DECISIONS)
def test_it_leaves_what_a_person_decided_meanwhile(client, services, providers, refresh, decide):
    providers.fail("500")
    disc_id = client.detect(*SHOW)["disc_id"]
    decide(client, disc_id)
    providers.work()
    with unchanged(services):
        assert refresh() == 0


@pytest.mark.parametrize("decide", DECISIONS)
def test_it_leaves_what_a_person_decides_while_it_asks(
    client, services, providers, monkeypatch, decide
):
    providers.fail("500")
    disc_id = client.detect(*SHOW)["disc_id"]
    providers.work()
    decided = []

    def then_decided(*args: Any, **kwargs: Any) -> Any:
        found = look_up(*args, **kwargs)
        if not decided:
            decided.append(True)
            decide(client, disc_id)
            decided.append(client.disc(disc_id))
        return found

    look_up = lookup.disc
    monkeypatch.setattr(lookup, "disc", then_decided)
    assert step(services)() == 0
    assert client.disc(disc_id) == decided[1]


def test_it_keeps_accepted_names_of_a_disc_that_comes_again(client, providers, refresh):
    providers.fail("500")
    disc_id = client.detect(*SHOW)["disc_id"]
    accepted = client.approve(disc_id, title_edits=[{"index": 0, "episode_title": "Mine"}])
    client.eject()
    again = client.detect(*SHOW)
    providers.work()
    assert refresh() == 0
    assert file_names(client.disc(again["disc_id"])) == file_names(accepted)


def test_it_refreshes_discs_that_need_only_the_provider_that_is_back(
    client, providers, refresh, clock
):
    providers.fail("500")
    film = client.detect(*FILM)
    clock.advance(1)
    show = client.detect(*SHOW, drive="E:")
    providers.work()
    providers.fail("500", provider="omdb")
    providers.fail("500", provider="tmdb")
    clock.advance(60)
    assert refresh() == 1
    assert file_names(client.disc(film["disc_id"]))[0] == BY_LABEL[FILM]
    assert file_names(client.disc(show["disc_id"]))[0] == LOOKED_UP[SHOW]


def test_it_takes_a_bounded_time_for_all_discs_together(
    client, providers, refresh, monkeypatch, clock
):
    providers.fail("500")
    for number in range(5):
        client.detect(f"SOLARIS {'X' * number}", (99, 5), drive=f"{number}")
    providers.work()
    providers.fail("silence")
    clock.advance(60)
    monkeypatch.setattr(hands_free, "REFRESH_SECONDS_A_RUN", 0.4)
    started = time.monotonic()
    assert refresh() == 0
    assert time.monotonic() - started < 1.5


@each_kind
def test_it_needs_no_provider_for_what_it_has_found_before(app, client, providers, disc):
    label, minutes = disc
    client.detect(label, minutes)
    providers.stop()
    restart(app)
    # Another disc of it, to which nothing is known but by its name.
    other = client.detect(label, tuple(each + 0.5 for each in minutes), drive="E:")
    providers.start()
    assert "can't be asked" not in warnings(other)
    assert len(other["candidates"]) == 1


def test_it_finds_a_film_with_one_of_two_providers(client, providers):
    providers.fail("500", provider="tmdb")
    assert file_names(client.detect(*FILM)) == ["Solaris (2002).mkv"]


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
    client, providers, action, body
):
    providers.fail("500")
    disc = client.edit(client.detect(*SHOW)["disc_id"], action, **body)
    assert disc["identification"]["questions"]["media_type"]["confidence"] == 1.0
    assert "can't be asked just now" in warnings(disc)
    assert file_names(disc) != []


def test_it_asks_no_one_within_a_transaction(services):
    context, metadata = services.context, services.metadata
    with services.context.database.write():
        for ask in (
            lambda: lookup.disc(context, metadata, facts_of(context, "SPACE_S01", [])),
            lambda: lookup.show(metadata, "Space"),
            lambda: lookup.film(metadata, "Solaris", None, None),
            lambda: lookup.chosen(metadata, "omdb", "tt0307479"),
        ):
            with pytest.raises(RuntimeError):
                ask()


@each_kind
def test_it_looks_up_a_disc_whose_report_may_be_sent_again(client, providers, disc):
    label, minutes = disc
    body = {"agent_id": "pc", "drive": "D:", "disc_name": label, "titles": titles(*minutes)}
    key = {"Idempotency-Key": "once"}
    found = ok(client.post("/api/discs/detected", json=body, headers=key))
    assert file_names(found)[0] == LOOKED_UP[disc]
    asked = providers.count()
    assert ok(client.post("/api/discs/detected", json=body, headers=key)) == found
    assert providers.count() == asked


def test_it_asks_no_one_for_an_agent_that_is_not_known(client, providers):
    body = {"agent_id": "nobody", "drive": "D:", "disc_name": "SOLARIS", "titles": titles(99)}
    assert_problem(client.post("/api/discs/detected", json=body), 404, "nobody")
    assert providers.count() == 0
