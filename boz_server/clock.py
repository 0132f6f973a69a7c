"""The only source of "now".

Everything that needs the time is handed a Clock or, below the services, a `now`. Tests hand
in a clock that they move by hand.
"""

from datetime import UTC, datetime


class Clock:
    """Wall-clock time in UTC."""

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""
        return datetime.now(UTC)
