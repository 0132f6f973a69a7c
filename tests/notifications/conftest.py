"""An outbox that sends to a server of the test's own."""

from collections.abc import Callable

import pytest

from boz_server.services.notifications.outbox import Outbox
from boz_server.services.wiring import Services
from tests.notifications.posting import Post


@pytest.fixture
def post() -> Post:
    """The server that the messages of `outbox` go to."""
    return Post()


@pytest.fixture
def outbox_process(services: Services, post: Post) -> Callable[[], Outbox]:
    """Builds the outbox of another process on the same database."""

    def build() -> Outbox:
        senders = {"post": post, "other": post}
        return Outbox(services.context, senders)

    return build


@pytest.fixture
def outbox(outbox_process: Callable[[], Outbox]) -> Outbox:
    """An outbox that sends to `post`."""
    return outbox_process()
