"""The one place where the demo waits."""

import time


def pause(seconds: float, speed: float = 1.0) -> None:
    """Wait for people to follow; at speed 10 a tenth of the seconds."""
    time.sleep(seconds / speed)
