"""What the tests of services stand on, beside what all tests do."""

import pytest

from boz_server.services import maintenance
from tests.services.timer import Timer
from tests.support import FakeClock


@pytest.fixture
def timer(clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> Timer:
    """Time that maintenance goes by; it stands still unless a test lets it pass."""
    timer = Timer(clock)
    monkeypatch.setattr(maintenance, "time", timer)
    return timer
