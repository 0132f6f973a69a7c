"""The order of people's choices about a disc: the latest one stays, however late others end.

A choice may have to wait for providers, and a person who waits chooses again.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from boz_server.context import Context
from boz_server.database.models import Disc
from boz_server.errors import Conflict

#: The finest step of a stored time.
TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Choice:
    """A person's choice. before: when the disc's latest choice before it began, or None."""

    began_at: datetime
    before: datetime | None


def begin(context: Context, disc: Disc) -> Choice:
    """Begin a choice about a disc as it was just read."""
    return Choice(context.clock.now(), disc.chosen_at)


def settle(context: Context, disc: Disc, choice: Choice) -> None:
    """Note a choice on its disc, in memory, before it is carried out.

    Raises Conflict when one that began later was carried out meanwhile.
    """
    context.database.require_queue()
    began_at = choice.began_at
    if disc.chosen_at is not None:
        if disc.chosen_at != choice.before and disc.chosen_at >= began_at:
            raise Conflict(
                "Someone chose again while this choice waited for an answer: the later one stays."
                " Look at the disc, and choose once more if it isn't right."
            )
        # Always another time, so that choices that wait notice this one.
        began_at = max(began_at, disc.chosen_at + TICK)
    disc.chosen_at = began_at
