"""What the participants share, and how they begin and end."""

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.e2e.chaos.aim import UnderWay
from tests.e2e.chaos.ledger import Ledger

#: Between two turns of a participant: short, so that every kill meets requests under way.
PAUSE_SECONDS = 0.005


class AbortedError(Exception):
    """Another participant has failed, so this one stops."""


class Stage:
    """The server's address, the ledger, and the signals to finish."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.ledger = Ledger()
        self.under_way = UnderWay()
        #: Set when no new work begins, and nothing goes wrong on purpose.
        self.closing = threading.Event()
        #: Set when all work is done.
        self.finished = threading.Event()
        self.failures: list[tuple[str, BaseException]] = []
        self._abort = threading.Event()

    def pause(self, seconds: float) -> None:
        """Wait; raises AbortedError as soon as a participant has failed."""
        if self._abort.wait(seconds):
            raise AbortedError

    def abort(self) -> None:
        """Stop all participants."""
        self._abort.set()

    def fail(self, name: str, error: BaseException) -> None:
        """Record that a participant has failed, and stop all."""
        self.failures.append((name, error))
        self.abort()


class Participant:
    """Takes turns in a thread of its own until all work is done."""

    def __init__(self, stage: Stage, name: str, seed: int) -> None:
        self.stage = stage
        self.name = name
        self.random = random.Random(f"{seed}-{name}")  # noqa: S311 - a test's own choices
        #: Whether it has no work left, as far as it knows.
        self.idle = False
        self._thread = threading.Thread(target=self._play, name=name)

    def start(self) -> None:
        self._thread.start()

    def join(self, seconds: float) -> None:
        """Wait for the thread; fails if it does not end."""
        self._thread.join(seconds)
        assert not self._thread.is_alive(), f"{self.name} does not end"

    def arrive(self) -> None:
        """Prepare the first turn."""

    def turn(self) -> None:
        """Take one turn."""
        raise NotImplementedError

    def leave(self) -> None:
        """Clean up after the last turn, even a failed one."""

    def chance(self, share: float) -> bool:
        """Return True in this share of all calls."""
        return self.random.random() < share

    def trouble(self, share: float) -> bool:
        """Like `chance`, for failures and new work, which end when the stage closes."""
        return not self.stage.closing.is_set() and self.chance(share)

    def _play(self) -> None:
        with self._watched():
            self.arrive()
            while not self.stage.finished.is_set():
                self.turn()
                self.stage.pause(PAUSE_SECONDS)

    @contextmanager
    def _watched(self) -> Iterator[None]:
        try:
            yield
        except AbortedError:
            pass
        except BaseException as error:
            self.stage.fail(self.name, error)
        finally:
            self.leave()
