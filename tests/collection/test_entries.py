"""What a disc is found by follows from its names, whatever was done with it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from boz_server.database.models import Disc, LibraryEntry, Title
from boz_server.domain.collection.search import entry_of
from boz_server.domain.metadata.answers import Episode, Series
from boz_server.services.maintenance.retention import prune
from boz_server.settings import Settings
from tests.client import ok
from tests.provider_server import Movie, Show
from tests.support import (
    NEW_DISC_SECONDS,
    restart,
)

pytestmark = pytest.mark.usefixtures("pc")

FILMS = [Movie("Solaris", 1972, 167, "tt0069293", 593), Movie("Heat", 1995, 170, None, 949)]
SHOWS = [
    Show(
        Series(5, "Sherlock", 2010, ()),
        [Episode(s, n, f"Case {s}.{n}", 88, None) for s in (1, 2) for n in (1, 2, 3)],
    )
]
HALF_A_YEAR = 181 * 86400.0


@pytest.fixture
def settings(settings, providers) -> Settings:
    return replace(settings, **providers.settings())


def entries() -> dict[str, dict[str, Any]]:
    rows: Any = LibraryEntry.select().dicts()
    return {row["disc_id"]: {name: row[name] for name in row if name != "id"} for row in rows}


def anew() -> dict[str, dict[str, Any]]:
    """The entries that the live discs should have."""
    found = {}
    for disc in Disc.select():
        titles = Title.select().where(Title.disc == disc.disc_id).order_by(Title.title_index)
        names = [title.episode_title for title in titles]
        found[disc.disc_id] = entry_of(disc.__data__, names)
    return found


@pytest.fixture
def step(client, clock) -> Callable[..., Any]:
    """Does something with a disc, and looks whether its entry is right and was another before;
    `changes`: whether it should be."""

    def done(request: Callable[[], Any], *, changes: bool = True) -> Any:
        clock.advance(60)
        before = entries()
        answer = request()
        assert entries() == anew()
        assert (entries() != before) is changes
        return answer

    return done


Step = Callable[..., Any]


def test_it_follows_a_show_through_everything(client, clock, step):
    second = step(lambda: client.detect("SHERLOCK_S01_D2", (88.2, 2)))["disc_id"]
    assert "case" in entries()[second]["text"]
    # The first disc comes: the second one's numbers move, and its episodes' names with them.
    first = step(lambda: client.detect("SHERLOCK_S01_D1", (88, 88.1, 2), drive="E:"))["disc_id"]
    assert client.disc(second)["titles"][0]["episode_title"] == "Case 1.3"
    assert "case 1 3" in entries()[second]["text"]
    edit = {"index": 0, "episode_title": "A Study in Pink"}
    step(lambda: client.approve(first, title_edits=[edit]))
    assert "pink" in entries()[first]["text"]
    step(lambda: client.edit(second, "preview/update-season", season_number=2))
    assert entries()[second]["sort_title"] == "sherlock 0002 0002"
    show = {"media_type": "tv_show", "show_name": "Elementary", "season_number": 3}
    step(lambda: client.edit(second, "preview/override-media-type", **show))
    assert entries()[second]["show_key"] == "elementary"
    step(lambda: client.edit(second, "identify", provider="thetvdb", external_id="5"))
    assert entries()[second]["show_key"] == "sherlock"
    step(lambda: client.edit(second, "preview/reject"), changes=False)
    (job, *_) = step(lambda: client.rip(first), changes=False)
    step(lambda: ok(client.report(job, "running")), changes=False)
    step(lambda: ok(client.report(job, "completed", output_file="/a.mkv")), changes=False)
    step(lambda: client.eject("E:"), changes=False)
    clock.advance(NEW_DISC_SECONDS)
    again = step(lambda: client.detect("SHERLOCK_S01_D1", (88, 88.1, 2), drive="E:"))["disc_id"]
    assert "pink" in entries()[again]["text"]
    step(lambda: client.detect("SHERLOCK_S01_D1", (88, 88.1, 2), drive="E:"), changes=False)


def test_it_follows_a_film_through_everything(client, step):
    disc_id = step(lambda: client.detect("SOLARIS", (167, 2)))["disc_id"]
    assert entries()[disc_id]["sort_title"] == "solaris 1972 0000"
    film = {"media_type": "movie", "movie_title": "Solyáris", "movie_year": 1973}
    step(lambda: client.edit(disc_id, "preview/override-media-type", **film))
    assert entries()[disc_id]["text"] == "solaris solyaris 1973"
    step(lambda: client.edit(disc_id, "identify", provider="tmdb", external_id="949"))
    assert entries()[disc_id]["text"] == "solaris heat 1995"
    step(lambda: client.approve(disc_id), changes=False)


def test_it_follows_what_a_provider_says_later(client, services, providers, step):
    providers.fail("500")
    disc_id = step(lambda: client.detect("SOLARIS", (167, 2)))["disc_id"]
    assert entries()[disc_id]["text"] == "solaris"
    providers.work()
    step(services.maintenance.tick)
    assert entries()[disc_id]["text"] == "solaris 1972"


def test_it_stays_while_the_disc_is_in_the_archive_and_comes_back(client, services, clock):
    disc_id = client.detect("SHERLOCK_S01_D1", (88, 88.1, 2)).approve().id
    client.eject()
    before = list(LibraryEntry.select().dicts())
    clock.advance(HALF_A_YEAR)
    assert prune(services.context).archived_discs == 1
    assert Disc.select().count() == 0
    assert list(LibraryEntry.select().dicts()) == before
    client.detect("SHERLOCK_S01_D2", (88.2, 2))
    assert Disc.select().count() == 2
    assert entries() == anew()
    assert [row for row in LibraryEntry.select().dicts() if row["disc_id"] == disc_id] == before


def test_it_is_as_it_was_where_a_change_is_refused(client, step):
    first = client.detect("SHERLOCK_S01_D1", (88, 88.1, 2))["disc_id"]
    second = client.detect("SHERLOCK_S01_D2", (88.2, 2), drive="E:")["disc_id"]
    client.approve(first)
    edit = {"index": 0, "episode_number": 1, "episode_title": "Taken"}
    body = {"title_edits": [edit]}
    refused = step(
        lambda: client.post(f"/api/discs/{second}/preview/approve", json=body), changes=False
    )
    assert refused.status_code == 409
    assert "taken" not in entries()[second]["text"]
    step(lambda: client.approve(second), changes=False)


def test_it_is_entered_for_a_disc_that_no_one_looks_at(app, client, step):
    restart(app, auto_approve_previews=True)
    disc_id = step(lambda: client.detect("SOLARIS", (167, 2)))["disc_id"]
    assert client.disc(disc_id)["preview_status"] == "approved"
