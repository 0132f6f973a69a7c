"""A server that is killed while films come by tus: their senders go on, and all get there whole."""

import os
from itertools import product
from pathlib import Path

import pytest
import requests

from tests.e2e.files.films import total_bytes, unfinished, visible
from tests.e2e.files.kills import ROUNDS, SEED, Kills
from tests.e2e.files.tus_sender import TUS, Habits, Sent, TusSender
from tests.e2e.gunicorn_server import GunicornServer, until

FINISH_SECONDS = 30
#: In all, each piece and none, with and without checksums of pieces and of the whole.
HABITS = [Habits(*each) for each in product((None, 100_000), (False, True), (False, True))]


@pytest.mark.parametrize("seed", [SEED])
def test_it_goes_on_with_each_upload_when_it_is_killed(server: GunicornServer, seed: str) -> None:
    kills = Kills(server, "tus", seed)
    films = kills.films
    output = server.folder / "output"
    output.mkdir()
    senders = [
        TusSender(
            server.url, habits, lambda: films.make(1, films.random.choice([2 * 10**4, 2**22]))
        )
        for habits in HABITS
    ]

    def steps() -> int:
        """Finished files, and pieces of others."""
        return len(visible(output)) + total_bytes(unfinished(output)) // 200_000

    try:
        for number in range(ROUNDS):
            kills.start()
            if number == 0:
                for sender in senders:
                    sender.start()
            kills.kill(steps)
            films.whole(output)
        server.start()
    finally:
        for sender in senders:
            sender.closing.set()
    for sender in senders:
        sender.finish()

    sent = [each for sender in senders for each in sender.sent]
    found = {each.film.sha256: until(lambda each=each: path(each), FINISH_SECONDS) for each in sent}
    lie = films.whole(output)
    assert {sha256: [place] for sha256, place in found.items()} == lie
    assert len(found) == len(sent) > ROUNDS
    assert sum(sender.resumed for sender in senders) >= ROUNDS

    give_up_the_unknown(server, output)
    assert {place for places in lie.values() for place in places} == set(output.iterdir())


def path(sent: Sent) -> Path | None:
    """Where an upload's file is, once it is complete."""
    found = requests.get(sent.url, timeout=30).json()
    assert found["state"] in ("arriving", "arrived", "complete"), found
    return Path(found["path"]) if found["state"] == "complete" else None


def give_up_the_unknown(server: GunicornServer, output: Path) -> None:
    """Give up uploads that were begun just before a kill, and of which no sender ever heard.

    Those that only have a file go with the next start.
    """
    for part in unfinished(output):
        upload_id = part.name.removeprefix(".arriving-")
        answer = requests.delete(f"{server.url}/api/uploads/{upload_id}", headers=TUS, timeout=30)
        assert answer.status_code in (204, 404), answer.text
        if answer.status_code == 404:
            os.utime(part, (0, 0))
    assert server.stop() == 0
    server.start()
