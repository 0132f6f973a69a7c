"""What the server does beside requests: loops, each in a thread of its own."""

import logging
import threading
from collections.abc import Callable

log = logging.getLogger(__name__)


class BackgroundLoop:
    """Calls `tick`, pauses so many seconds, and so on, until it is told to stop.

    release: gives the thread's database connection back; called after every tick.
    at_end: called after the last one.
    """

    def __init__(
        self,
        name: str,
        tick: Callable[[], object],
        pause_seconds: float,
        release: Callable[[], None],
        at_end: Callable[[], object] | None = None,
    ) -> None:
        self.name = name
        self.tick = tick
        self.pause_seconds = pause_seconds
        self.release = release
        self.at_end = at_end
        self._woken = threading.Event()
        self._is_stopping = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin, in this process."""
        self._thread.start()

    def stop(self) -> None:
        """End after the tick that is under way."""
        self._is_stopping = True
        self._woken.set()
        self._thread.join()

    def wake(self) -> None:
        """Tick at once: now, or again after the tick that is under way."""
        self._woken.set()

    def _run(self) -> None:
        while not self._is_stopping:
            self._woken.clear()
            self._guarded(self.tick)
            if not self._is_stopping:
                self._woken.wait(self.pause_seconds)
        if self.at_end is not None:
            self._guarded(self.at_end)

    def _guarded(self, call: Callable[[], object]) -> None:
        """A database that can't be reached now may be there at the next tick."""
        try:
            call()
        except Exception:
            log.exception("Loop could not go on", extra={"loop": self.name})
        finally:
            self.release()
