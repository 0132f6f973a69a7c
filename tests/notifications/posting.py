"""A sender for the outbox, and shortcuts to enter messages."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from boz_server.database.models import OutboxMessage
from boz_server.errors import RecipientUnavailable
from boz_server.services.notifications.outbox import SEND_SECONDS, Outbox


class Post:
    """A sender that records what it sends; `meanwhile` runs during each sending."""

    def __init__(self) -> None:
        self.sent: list[Any] = []
        self.meanwhile: Callable[[], object] = lambda: None

    def __call__(self, payload: dict[str, Any], deadline: float) -> None:
        self.sent.append(payload["text"])
        assert 0 < deadline - time.monotonic() <= SEND_SECONDS
        self.meanwhile()

    def fail(self, reason: str = "it sleeps", wait_seconds: float | None = None) -> None:
        """Fail from now on."""

        def raise_it() -> None:
            raise RecipientUnavailable("Post", reason, wait_seconds)

        self.meanwhile = raise_it

    def work(self) -> None:
        """Work again."""
        self.meanwhile = lambda: None


def enter(outbox: Outbox, text: str = "a", kind: str = "post", **options: Any) -> None:
    options = {"key": "key", **options}
    if "seconds" in options:
        options["delay"] = timedelta(seconds=options.pop("seconds"))
    with outbox.context.database.write():
        now = outbox.context.clock.now()
        outbox.context.stores.outbox.enter(kind, {"text": text}, now, **options)


def waiting() -> list[OutboxMessage]:
    return list(OutboxMessage.select().order_by(OutboxMessage.message_id))
