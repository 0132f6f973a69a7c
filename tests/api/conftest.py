"""What tests of discs that are looked up stand on, beside what all tests do."""

from collections.abc import Iterator

import pytest

from boz_server.integrations import json_client
from tests.provider_server import FakeProviders


@pytest.fixture
def providers(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[FakeProviders]:
    """The three providers, with the module's SHOWS and FILMS; retries come at once."""
    monkeypatch.setattr(json_client, "BACKOFF_SECONDS", 0.0)
    shows, films = (getattr(request.module, name, ()) for name in ("SHOWS", "FILMS"))
    with FakeProviders(shows, films) as found:
        yield found
