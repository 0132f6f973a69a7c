"""The time that maintenance sees, moved by hand."""

from tests.support import FakeClock


class Timer:
    """The time that a loop sees, moved by hand: the clock's, and `monotonic`."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.seconds = 1000.0

    def monotonic(self) -> float:
        return self.seconds

    def pass_by(self, seconds: float) -> None:
        self.seconds += seconds
        self.clock.advance(seconds)
