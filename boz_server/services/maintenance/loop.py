"""Background loops, each in a thread of its own."""

import logging
import threading
from collections.abc import Callable

log = logging.getLogger(__name__)


class BackgroundLoop:
    """Calls `tick` again and again, with pauses, until it is stopped.

    release: returns the thread's database connection; called after every tick. interrupt: ends a
    long tick; called when the loop is stopped. at_end: called after the last tick.
    """

    def __init__(
        self,
        name: str,
        tick: Callable[[], object],
        pause_seconds: float,
        release: Callable[[], None],
        *,
        interrupt: Callable[[], object] | None = None,
        at_end: Callable[[], object] | None = None,
    ) -> None:
        self.name = name
        self.tick = tick
        self.pause_seconds = pause_seconds
        self.release = release
        self.interrupt = interrupt
        self.at_end = at_end
        self._woken = threading.Event()
        self._is_stopping = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Start the thread, in this process."""
        self._thread.start()

    def stop(self) -> None:
        """End the loop after the current tick; `join` waits for that."""
        self._is_stopping = True
        if self.interrupt is not None:
            self.interrupt()
        self._woken.set()

    def join(self) -> None:
        """Wait until the loop has ended."""
        self._thread.join()

    def wake(self) -> None:
        """Tick now, or once more right after the current tick."""
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
        """Log errors and go on: a database that can't be reached may be back at the next tick."""
        try:
            call()
        except Exception:
            log.exception("Loop could not go on", extra={"loop": self.name})
        finally:
            self.release()
