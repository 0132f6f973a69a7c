"""A server for the tests of whole processes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.gunicorn_server import GunicornServer


@pytest.fixture
def server(tmp_path: Path) -> Iterator[GunicornServer]:
    """A server that is not started yet; it is killed at the end of the test."""
    server = GunicornServer(tmp_path)
    yield server
    if server.is_running():
        server.kill()
