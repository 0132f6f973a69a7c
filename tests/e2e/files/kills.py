"""Moments to kill a server, chosen by FILES_SEED, FILES_ROUNDS times."""

import logging
import os
import time
from collections.abc import Callable
from random import Random

from tests.e2e.files.films import Films
from tests.e2e.gunicorn_server import GunicornServer

log = logging.getLogger(__name__)

SEED = os.environ.get("FILES_SEED", "1")
#: The kills for each way that a file takes; `make chaos` has 20 and more.
ROUNDS = int(os.environ.get("FILES_ROUNDS", "3"))
#: The end of a round in which nothing happens.
LONGEST_SECONDS = 1.0
#: Three of four moments are just after one more step was seen, where names are given and rows are
#: written; the others are at any time.
AIMED_SHARE, TAIL_SECONDS = 0.75, 0.004
#: The most steps before a kill.
MOST_STEPS = 12


class Kills:
    """Kills one server again and again."""

    def __init__(self, server: GunicornServer, way: str, seed: str) -> None:
        self.server = server
        self.random = Random(f"{seed}-{way}")  # noqa: S311 - a test's own choices
        self.way, self.seed = way, seed
        #: The films that are sent; the senders make them, in any order.
        self.films = Films(Random(f"{seed}-{way}-films"))  # noqa: S311 - likewise

    def start(self) -> None:
        """Start the server, with one process or two."""
        self.server.environment["BOZ_WEB_WORKERS"] = self.random.choice("112")
        self.server.start()

    def kill(self, steps: Callable[[], int]) -> None:
        """Kill the server at the next moment; steps: counts the visible steps of its work."""
        began, before = time.monotonic(), steps()
        if self.random.random() < AIMED_SHARE:
            wanted = before + self.random.randint(1, MOST_STEPS)
            while steps() < wanted and time.monotonic() < began + LONGEST_SECONDS:
                _pause(0.0005)
            _pause(self.random.uniform(0, TAIL_SECONDS))
        else:
            _pause(self.random.uniform(0, LONGEST_SECONDS / 2))
        self.server.kill()
        seen = f"{time.monotonic() - began:.4f} s, {steps() - before} steps"
        log.info("seed %s, %s: killed after %s", self.seed, self.way, seen)


def _pause(seconds: float) -> None:
    """Wait exactly this long: the end of a sleep is up to the scheduler."""
    until = time.perf_counter() + seconds
    while (left := until - time.perf_counter()) > 0:
        if left > 0.002:
            time.sleep(left - 0.001)
