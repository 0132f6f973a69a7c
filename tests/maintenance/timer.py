"""The time by which maintenance goes, moved by hand."""

from tests.support import FakeClock


class Timer:
    """Time as a loop goes by it, moved by hand: the clock's, and the seconds since some start."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.seconds = 1000.0

    def monotonic(self) -> float:
        return self.seconds

    def pass_by(self, seconds: float) -> None:
        self.seconds += seconds
        self.clock.advance(seconds)
