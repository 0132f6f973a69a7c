"""Messages to other servers: entered with the change they report, sent later, retried on failure.

A message is sent at least once, or given up when it has failed for a day. It is only a request
(scan this folder, post this text), so a duplicate does no harm.
"""

import logging
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any
from uuid import uuid4

from boz_server.context import Context
from boz_server.database.models import OutboxMessage
from boz_server.errors import RecipientUnavailable

log = logging.getLogger(__name__)

#: Sends a payload before an instant of `time.monotonic`; raises RecipientUnavailable.
Sender = Callable[[dict[str, Any], float], object]

#: How often each process looks for messages that are due.
TICK_SECONDS = 2.0
#: The longest that one attempt takes. All kinds together stay below gunicorn's graceful_timeout.
SEND_SECONDS = 7.0
#: After this time a message is sent again whose sender was killed.
CLAIM = timedelta(seconds=60)
#: The wait after the first failure; it doubles each time, up to the longest.
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=30), timedelta(minutes=30)
#: A message that still fails this long after it was entered is given up.
LIFETIME = timedelta(hours=24)


class Outbox:
    """Sends the messages, with the senders of one process: {kind: sender}.

    Every process calls `tick` in a thread of its own; each message is one process's at a time.
    """

    def __init__(self, context: Context, senders: Mapping[str, Sender]) -> None:
        self.context = context
        self.senders = senders

    def tick(self) -> int:
        """Send the messages that are due; returns how many were sent.

        After a failure the other messages of that kind wait for the next tick.
        """
        sent = 0
        failing: set[str] = set()
        while self.context.stores.outbox.has_due(self.context.clock.now()):
            message = self._take(failing)
            if message is None:
                break
            error = self._send(message)
            if error is None:
                with self.context.database.write():
                    self.context.stores.outbox.delete(message)
                sent += 1
            else:
                failing.add(message.kind)
                self._put_off(message, error)
        return sent

    def _take(self, failing: set[str]) -> OutboxMessage | None:
        now = self.context.clock.now()
        with self.context.database.write():
            return self.context.stores.outbox.take(now, uuid4().hex, now + CLAIM, failing)

    def _send(self, message: OutboxMessage) -> RecipientUnavailable | None:
        """Make one attempt; returns why it failed."""
        self.context.database.refuse_transaction()
        sender = self.senders.get(message.kind)
        if sender is None:
            return RecipientUnavailable(message.kind, "it is not enabled any more")
        try:
            sender(message.payload, time.monotonic() + SEND_SECONDS)
        except RecipientUnavailable as error:
            return error
        except Exception as error:
            # A bug of ours must not hold up the messages behind this one.
            log.exception("Message could not be sent", extra={"kind": message.kind})
            return RecipientUnavailable(message.kind, f"sending failed ({type(error).__name__})")
        return None

    def _put_off(self, message: OutboxMessage, error: RecipientUnavailable) -> None:
        now = self.context.clock.now()
        fields = {"kind": message.kind, "attempts": message.attempts, "reason": error.reason}
        if now - message.entered_at >= LIFETIME:
            with self.context.database.write():
                given_up = self.context.stores.outbox.delete(message)
            if given_up:
                log.error("Message given up", extra=fields | {"key": message.key})
            return
        # After ten doublings every wait is the longest.
        wait = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(message.attempts - 1, 10))
        if error.wait_seconds is not None:
            wait = max(wait, timedelta(seconds=min(error.wait_seconds, LIFETIME.total_seconds())))
        with self.context.database.write():
            self.context.stores.outbox.postpone(message, now + wait, error.detail)
        log.warning("Message put off", extra=fields | {"seconds": wait.total_seconds()})
