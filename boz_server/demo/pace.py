"""The one place where the demo waits."""

import time


def pause(seconds: float, speed: float = 1.0) -> None:
    """Wait as long as a person needs to follow; a speed of 10 waits a tenth of the seconds."""
    time.sleep(seconds / speed)
