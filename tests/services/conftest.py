"""What the tests of services stand on, beside what all tests do."""

from collections.abc import Callable

import pytest

from boz_server.repositories.outbox_repository import OutboxRepository
from boz_server.services.maintenance import scheduler as maintenance
from boz_server.services.notifications.outbox import Outbox
from boz_server.services.wiring import Services
from tests.services.posting import Post
from tests.services.timer import Timer
from tests.support import FakeClock


@pytest.fixture
def timer(clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> Timer:
    """Time that maintenance goes by; it stands still unless a test lets it pass."""
    timer = Timer(clock)
    monkeypatch.setattr(maintenance, "time", timer)
    return timer


@pytest.fixture
def post() -> Post:
    """Where the messages of `outbox` go."""
    return Post()


@pytest.fixture
def outbox_process(services: Services, post: Post) -> Callable[[], Outbox]:
    """Builds the outbox of one process more, on the same database."""
    database = services.database

    def build() -> Outbox:
        senders = {"post": post, "other": post}
        return Outbox(services.clock, database, OutboxRepository(database), senders)

    return build


@pytest.fixture
def outbox(outbox_process: Callable[[], Outbox]) -> Outbox:
    """An outbox that sends to `post`."""
    return outbox_process()
