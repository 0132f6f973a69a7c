"""Messages to other people's servers: entered with what they tell of, sent later, and again.

What is entered is sent at least once, unless it fails for a day. A message is no more than a wish
(scan this folder, post this text), so that one too many does no harm.
"""

import logging
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any
from uuid import uuid4

from boz_server.clock import Clock
from boz_server.database.connection import Database
from boz_server.database.models import OutboxMessage
from boz_server.errors import RecipientUnavailable
from boz_server.repositories.outbox_repository import OutboxRepository

log = logging.getLogger(__name__)

#: Sends a payload before an instant of `time.monotonic`; raises RecipientUnavailable.
Sender = Callable[[dict[str, Any], float], object]

#: How often each process looks for what is due.
TICK_SECONDS = 2.0
#: The most that one attempt takes. All kinds together stay below gunicorn's graceful_timeout.
SEND_SECONDS = 7.0
#: When the message of a sender that was killed is sent again.
CLAIM = timedelta(seconds=60)
#: The longest that entering a message again and again puts it off.
LONGEST_DELAY = timedelta(seconds=60)
#: Waits after failures: the first, then twice as long each time, up to the longest.
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=30), timedelta(minutes=30)
#: A message that still fails so long after it was entered is given up.
KEPT = timedelta(hours=24)


class Outbox:
    """Keeps messages until their servers have taken them.

    Every process calls `tick` in a thread of its own; each message is one process's at a time.
    """

    def __init__(
        self,
        clock: Clock,
        database: Database,
        rows: OutboxRepository,
        senders: Mapping[str, Sender],
    ) -> None:
        self.clock = clock
        self.database = database
        self.rows = rows
        self.senders = senders

    def enter(
        self,
        kind: str,
        payload: dict[str, Any],
        *,
        key: str | None = None,
        delay: timedelta = timedelta(),
    ) -> None:
        """Enter a message, due after the delay; runs inside the caller's `write()`.

        key: what makes it the same message as an earlier one of its kind that was not sent yet,
        which then takes its payload and its delay, up to a minute in all. None: like no other.
        """
        now = self.clock.now()
        self.rows.enter(
            kind,
            f"{kind}:{uuid4().hex if key is None else key}",
            payload,
            now,
            due_at=now + delay,
            latest_due_at=now + max(delay, LONGEST_DELAY),
        )

    def tick(self) -> int:
        """Send what is due; returns how much was. A kind that fails is left for the next tick."""
        sent = 0
        failing: set[str] = set()
        while self.rows.has_due(self.clock.now()):
            message = self._take(failing)
            if message is None:
                break
            error = self._send(message)
            if error is None:
                with self.database.write():
                    self.rows.forget(message)
                sent += 1
            else:
                failing.add(message.kind)
                self._put_off(message, error)
        return sent

    def _take(self, failing: set[str]) -> OutboxMessage | None:
        now = self.clock.now()
        with self.database.write():
            return self.rows.take(now, uuid4().hex, now + CLAIM, failing)

    def _send(self, message: OutboxMessage) -> RecipientUnavailable | None:
        """Make one attempt; returns why it failed."""
        self.database.refuse_transaction()
        sender = self.senders.get(message.kind)
        if sender is None:
            return RecipientUnavailable(message.kind, "it is not enabled any more")
        try:
            sender(message.payload, time.monotonic() + SEND_SECONDS)
        except RecipientUnavailable as error:
            return error
        except Exception as error:
            # A fault of ours must not keep the messages behind it from being sent.
            log.exception("Message could not be sent", extra={"kind": message.kind})
            return RecipientUnavailable(message.kind, f"sending failed ({type(error).__name__})")
        return None

    def _put_off(self, message: OutboxMessage, error: RecipientUnavailable) -> None:
        now = self.clock.now()
        said = {"kind": message.kind, "attempts": message.attempts, "reason": error.reason}
        if now - message.entered_at >= KEPT:
            with self.database.write():
                given_up = self.rows.forget(message)
            if given_up:
                log.error("Message given up", extra=said | {"key": message.key})
            return
        # Beyond ten doublings every wait is the longest.
        wait = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(message.attempts - 1, 10))
        if error.wait_seconds is not None:
            wait = max(wait, timedelta(seconds=min(error.wait_seconds, KEPT.total_seconds())))
        with self.database.write():
            self.rows.postpone(message, now + wait, error.detail)
        log.warning("Message put off", extra=said | {"seconds": wait.total_seconds()})
