"""At whatever moment kill -9 comes: what was acknowledged is so, and nothing is done twice.

`make chaos` goes on for longer, with another seed each time: CHAOS_ROUNDS, CHAOS_SEED.
"""

import logging
import os

import pytest

from tests.e2e.chaos.rounds import Chaos

log = logging.getLogger(__name__)

ROUNDS = int(os.environ.get("CHAOS_ROUNDS", "5"))
SEED = int(os.environ.get("CHAOS_SEED", "1"))


@pytest.mark.parametrize(("seed", "rounds"), [(SEED, ROUNDS)])
def test_it_keeps_its_word_when_it_is_killed_at_any_moment(server, seed, rounds):
    summary = Chaos(server, seed).run(rounds)
    log.info("seed %d: %s", seed, summary)
    assert summary.sent_again > 0
    assert summary.jobs["transcode completed"] > 0
