"""Messages to other people's servers that are still to be sent, in the database."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from peewee import EXCLUDED, Case

from boz_server.database.connection import Database
from boz_server.database.models import OutboxMessage


class OutboxRepository:
    """Queries on messages; `claim` is the random name of one attempt at sending."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def enter(
        self,
        kind: str,
        key: str,
        payload: dict[str, Any],
        now: datetime,
        *,
        due_at: datetime,
        latest_due_at: datetime,
    ) -> None:
        """Enter a message; where its key is known, put off the one that is there.

        One that waits after a failure keeps its wait. One that is being sent is sent once more:
        whoever sends it may have done so before what it now says was so.
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
                key=key,
                payload=payload,
                entered_at=now,
                due_at=due_at,
                latest_due_at=latest_due_at,
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
        """Whether there is anything to send; asking changes nothing."""
        return OutboxMessage.select().where(OutboxMessage.due_at <= now).exists()

    def take(
        self, now: datetime, claim: str, again_at: datetime, passed_over: Collection[str]
    ) -> OutboxMessage | None:
        """Begin an attempt at the message that has been due for longest, in one statement.

        Unless its attempt is settled before, it is due again at `again_at`. None when nothing is
        due but the kinds that are passed over.
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

    def forget(self, message: OutboxMessage) -> bool:
        """Drop a message that an attempt has settled; False when it is that attempt's no more."""
        return bool(OutboxMessage.delete().where(*_attempt(message)).execute())

    def postpone(self, message: OutboxMessage, due_at: datetime, error: str) -> bool:
        """Plan the next attempt after one that failed; False when it is that one's no more."""
        query = OutboxMessage.update(claim=None, due_at=due_at, last_error=error)
        return bool(query.where(*_attempt(message)).execute())


def _attempt(message: OutboxMessage) -> tuple[Any, ...]:
    """Conditions of a row that is as the attempt at the message has left it."""
    return OutboxMessage.message_id == message.message_id, OutboxMessage.claim == message.claim
