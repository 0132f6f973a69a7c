"""What all who take part share, and how they begin and end."""

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.e2e.chaos.aim import UnderWay
from tests.e2e.chaos.ledger import Ledger

#: Between two turns of a participant: short, so that every kill meets requests under way.
PAUSE_SECONDS = 0.005


class AbortedError(Exception):
    """Another participant has failed: nothing matters any more."""


class Stage:
    """Where it all happens: the server's address, the ledger, and the time to go."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.ledger = Ledger()
        self.under_way = UnderWay()
        #: Nothing new is begun any more, and nothing goes wrong on purpose.
        self.closing = threading.Event()
        #: Everything is done.
        self.finished = threading.Event()
        self.failures: list[tuple[str, BaseException]] = []
        self._abort = threading.Event()

    def pause(self, seconds: float) -> None:
        """Wait; raises AbortedError as soon as a participant has failed."""
        if self._abort.wait(seconds):
            raise AbortedError

    def abort(self) -> None:
        """Send everyone home."""
        self._abort.set()

    def fail(self, name: str, error: BaseException) -> None:
        """Note that a participant has failed, which ends it all."""
        self.failures.append((name, error))
        self.abort()


class Participant:
    """One who takes turns, in a thread of its own, until everything is done."""

    def __init__(self, stage: Stage, name: str, seed: int) -> None:
        self.stage = stage
        self.name = name
        self.random = random.Random(f"{seed}-{name}")  # noqa: S311 - a test's own choices
        #: Whether, as far as it knows, nothing is left for it to do.
        self.idle = False
        self._thread = threading.Thread(target=self._play, name=name)

    def start(self) -> None:
        self._thread.start()

    def join(self, seconds: float) -> None:
        """Wait for its end; fails when it does not come."""
        self._thread.join(seconds)
        assert not self._thread.is_alive(), f"{self.name} does not end"

    def arrive(self) -> None:
        """Do what comes before the first turn."""

    def turn(self) -> None:
        """Do what there is to do just now."""
        raise NotImplementedError

    def leave(self) -> None:
        """Do what comes after the last turn, however it ended."""

    def chance(self, share: float) -> bool:
        """Whether something happens that happens in that share of all cases."""
        return self.random.random() < share

    def trouble(self, share: float) -> bool:
        """The same of something that goes wrong, or is begun: not at the end any more."""
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
