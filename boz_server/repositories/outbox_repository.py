"""Messages to other servers that are not sent yet, in the database."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from peewee import EXCLUDED, Case

from boz_server.database.connection import Database
from boz_server.database.models import OutboxMessage

#: The longest that a message can be put off by entering it again and again.
LONGEST_DELAY = timedelta(seconds=60)


class OutboxRepository:
    """Queries on messages; `claim` is a random name of one attempt to send."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def enter(
        self,
        kind: str,
        payload: dict[str, Any],
        now: datetime,
        *,
        key: str | None = None,
        delay: timedelta = timedelta(),
    ) -> None:
        """Enter a message, due after the delay, in the transaction of the change it reports.

        A message that was not sent yet is replaced by a later one of the same kind and key, which
        puts it off by its own delay, up to a minute in all. key None: replaces no other message.

        A message that waits after a failure keeps its wait. A message that is being sent now is
        sent once more, because the sender may have read the old payload.
        """
        message = OutboxMessage
        is_sent_now = message.claim.is_null(False)
        put_off = Case(
            None,
            [
                (is_sent_now, EXCLUDED.due_at),
                (message.attempts > 0, message.due_at),
                (EXCLUDED.due_at < message.latest_due_at, EXCLUDED.due_at),
            ],
            message.latest_due_at,
        )
        latest = Case(None, [(is_sent_now, EXCLUDED.latest_due_at)], message.latest_due_at)
        (
            message.insert(
                kind=kind,
                key=f"{kind}:{uuid4().hex if key is None else key}",
                payload=payload,
                entered_at=now,
                due_at=now + delay,
                latest_due_at=now + max(delay, LONGEST_DELAY),
            )
            .on_conflict(
                conflict_target=[message.key],
                preserve=[message.payload, message.entered_at],
                update={
                    message.due_at: put_off,
                    message.latest_due_at: latest,
                    message.claim: None,
                },
            )
            .execute()
        )

    def has_due(self, now: datetime) -> bool:
        """Whether a message is due."""
        return OutboxMessage.select().where(OutboxMessage.due_at <= now).exists()

    def take(
        self, now: datetime, claim: str, again_at: datetime, passed_over: Collection[str]
    ) -> OutboxMessage | None:
        """Begin an attempt to send the message that has been due longest, in one statement.

        The message is due again at `again_at`, unless the attempt ends before. None when no message
        is due, apart from the kinds that are passed over.
        """
        is_due = OutboxMessage.due_at <= now
        first = (
            OutboxMessage.select(OutboxMessage.message_id)
            .where(is_due, OutboxMessage.kind.not_in(passed_over))
            .order_by(OutboxMessage.due_at, OutboxMessage.message_id)
            .limit(1)
        )
        first = self.database.dialect.skip_locked(first)
        query = OutboxMessage.update(
            claim=claim, due_at=again_at, attempts=OutboxMessage.attempts + 1
        ).where(OutboxMessage.message_id == first, is_due)
        return next(iter(query.returning(OutboxMessage).execute()), None)

    def delete(self, message: OutboxMessage) -> bool:
        """Delete a message after its attempt; False when another attempt or a new entry took it."""
        return bool(OutboxMessage.delete().where(*_attempt(message)).execute())

    def postpone(self, message: OutboxMessage, due_at: datetime, error: str) -> bool:
        """Plan the next attempt; False when another attempt or a new entry took the message."""
        query = OutboxMessage.update(claim=None, due_at=due_at, last_error=error)
        return bool(query.where(*_attempt(message)).execute())


def _attempt(message: OutboxMessage) -> tuple[Any, ...]:
    """The conditions of a row that still belongs to the attempt."""
    return OutboxMessage.message_id == message.message_id, OutboxMessage.claim == message.claim
