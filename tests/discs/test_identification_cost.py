"""What it costs to identify a disc, however many were here before."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from boz_server.database.models import Disc
from boz_server.domain.metadata.answers import Episode, Series
from boz_server.services.wiring import Services
from boz_server.settings import Settings
from tests.client import Client
from tests.plans import noted, scans
from tests.provider_server import Movie, Show

pytestmark = pytest.mark.usefixtures("pc")

SHOWS = [
    Show(
        Series(5, "Sherlock", 2010, ()),
        [Episode(s, n, f"Case {s}.{n}", 88, None) for s in (1, 2) for n in (1, 2, 3)],
    )
]
FILMS = [Movie("Solaris", 2002, 99, "tt0307479")]

#: The newest discs, of which so many are looked through, are walked in order.
ALLOWED = (
    "SCAN CONSTANT ROW",
    "SCAN t1 USING INDEX idx_discs_newest",
    "SCAN t1 USING INDEX idx_discs_lookup_due",
)


@pytest.fixture
def settings(settings, providers) -> Settings:
    return replace(settings, provider_timeout_seconds=0.3, **providers.settings())


@contextmanager
def counted(services: Services) -> Iterator[Counter[str]]:
    """How often each kind of statement runs meanwhile."""
    found: Counter[str] = Counter()

    def note(event: Any) -> None:
        found[event.sql.split(" ", 1)[0]] += 1

    services.context.database.peewee.query_hooks.append(note)
    yield found
    services.context.database.peewee.query_hooks.remove(note)


def history(client: Client, number: int, *, approved: bool = False) -> None:
    """Discs of other shows and films that were here before."""
    for at in range(number):
        letters = chr(97 + at // 26) + chr(97 + at % 26)
        label, minutes = f"STORY_{letters}_S01_D1", (43, 44, 43.5)
        disc = client.detect(label, minutes, drive="X:")
        if approved:
            client.approve(disc["disc_id"])
    client.eject("X:")


# PostgreSQL plans by statistics: on tables this small an index is no gain to it.
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_it_reads_by_index(client, services, providers):
    history(client, 30)
    with noted(services) as statements:
        first = client.detect("SHERLOCK_D1", (88, 88.5))
        client.approve(first["disc_id"])
        second = client.detect("SHERLOCK_D2", (88.2, 87.5), drive="E:")
        third = client.detect("SHERLOCK3_D3", (88.1, 87), drive="F:")
        client.detect("SHERLOCK_D1", (88, 88.5), drive="G:")
        film = client.detect("SOLARIS", (99,), drive="H:")
        client.edit(film["disc_id"], "identify", provider="omdb", external_id="tt0307479")
        client.edit(second["disc_id"], "preview/update-season", season_number=2)
        client.edit(third["disc_id"], "preview/override-media-type", media_type="movie")
        client.edit(third["disc_id"], "preview/reject")
        providers.fail("500")
        client.detect("ANOTHER_FILM", (99,), drive="I:")
        providers.work()
        services.maintenance.tick()
    assert scans(services, statements, ALLOWED) == set()


@pytest.mark.parametrize(
    ("label", "minutes"),
    [
        ("SHERLOCK_S01_D1", (88, 88.5)),
        ("STORY_XX_D2", (43.2, 44.4, 43.9)),
        ("SOLARIS", (99, 4)),
        ("DVD_VIDEO", (43, 44, 45)),
    ],
)
def test_it_runs_as_many_statements_for_the_thousandth_disc_as_for_the_first(
    client, services, label, minutes
):
    client.detect(label, tuple(each + 1 for each in minutes), drive="Y:")  # what is remembered
    counts = []
    for _ in range(3):
        history(client, 6, approved=True)
        with counted(services) as statements:
            disc = client.detect(label, minutes)
        counts.append(statements)
        client.eject()
        Disc.delete().where(Disc.disc_id == disc["disc_id"]).execute()
    assert counts[1] == counts[2]
    assert counts[2].total() < 60
