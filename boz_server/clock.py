"""The only source of "now".

Services get a Clock, and everything below them a `now`. Tests pass a clock that they move by hand.
"""

from datetime import UTC, datetime


class Clock:
    """Wall-clock time in UTC."""

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""
        return datetime.now(UTC)
