"""Fixtures for the tests of the clients of other people's servers."""

import time
from collections.abc import Callable, Iterator

import pytest

from boz_server.domain.metadata.answers import Episode, Series
from boz_server.integrations import json_client
from tests.provider_server import FakeProviders, Movie, Show

FIREFLY = Series(78874, "Firefly", 2002, ("Serenity",))
AIRED = [
    Episode(1, 1, "The Train Job", 42, "A job."),
    Episode(1, 2, "Bushwhacked", 42, None),
    Episode(0, 1, "Making of", None, None),
]
DVD = [Episode(1, 1, "Serenity", 86, None), Episode(1, 2, "The Train Job", 42, None)]


@pytest.fixture(autouse=True)
def no_backoff(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries come at once."""
    monkeypatch.setattr(json_client, "BACKOFF_SECONDS", 0.0)


@pytest.fixture
def providers() -> Iterator[FakeProviders]:
    """The three providers, with a show and a few films."""
    films = [
        Movie("The Matrix", 1999, 136, "tt0133093", 603),
        Movie("The Matrix Reloaded", 2003, 138, "tt0234215", 604),
        Movie("Up", 2009, 96, "tt1049413", 14160),
    ]
    with FakeProviders([Show(FIREFLY, AIRED, DVD)], films, page_size=2) as found:
        yield found


@pytest.fixture
def soon() -> Callable[..., float]:
    """A deadline this many seconds from now."""
    return lambda seconds=5.0: time.monotonic() + seconds
