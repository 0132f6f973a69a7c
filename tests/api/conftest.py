"""What tests of discs that are looked up, and of the library, stand on beside what all tests do."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from boz_server.integrations import json_client
from boz_server.services.wiring import Services
from tests.provider_server import FakeProviders
from tests.support import restart


@pytest.fixture
def providers(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[FakeProviders]:
    """The three providers, with the module's SHOWS and FILMS; retries come at once."""
    monkeypatch.setattr(json_client, "BACKOFF_SECONDS", 0.0)
    shows, films = (getattr(request.module, name, ()) for name in ("SHOWS", "FILMS"))
    with FakeProviders(shows, films) as found:
        yield found


@pytest.fixture
def nas(services: Services) -> Path:
    """The library, with its folders for films and shows."""
    for name in ("Movies", "TV Shows"):
        (services.settings.nas_mount / name).mkdir(parents=True)
    return services.settings.nas_mount


@pytest.fixture
def library(app: Flask) -> Callable[..., Services]:
    """The server with a library, which files at once unless `at_once` says no."""

    def start(*, at_once: bool = True, **changes: Any) -> Services:
        services = restart(app, **{"nas_enabled": True, "organize_wait_seconds": 0, **changes})
        if at_once:
            services.files.door.wake = services.files.library.run
        return services

    return start
