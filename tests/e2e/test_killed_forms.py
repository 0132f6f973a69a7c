"""A server that is killed while films come as forms: what it acknowledged is there and whole."""

import os
import threading

import pytest
import requests

from tests.e2e.files.films import Film, Films, unfinished, visible
from tests.e2e.files.kills import ROUNDS, SEED, Kills
from tests.e2e.gunicorn_server import GunicornServer, until

SENDERS = 3


@pytest.mark.parametrize("seed", [SEED])
def test_it_has_each_acknowledged_form_whole_when_it_is_killed(
    server: GunicornServer, seed: str
) -> None:
    kills = Kills(server, "forms", seed)
    films = kills.films
    output = server.folder / "output"
    acknowledged: dict[str, str] = {}

    def send_until_it_dies() -> None:
        with requests.Session() as session:
            while queue:
                film = queue.pop()
                try:
                    path = send(server, session, film)
                except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError):
                    return
                acknowledged[film.sha256] = path

    for _ in range(ROUNDS):
        queue = [films.make(1, 3_000_000 if n % 4 == 0 else 100_000) for n in range(60)]
        kills.start()
        senders = [threading.Thread(target=send_until_it_dies) for _ in range(SENDERS)]
        for sender in senders:
            sender.start()
        kills.kill(lambda: len(visible(output)))
        for sender in senders:
            sender.join()
        require_right(films, acknowledged, server)

    server.start()
    until(lambda: all(is_unknown(server, path.name) for path in unfinished(output)), 20)
    for path in unfinished(output):
        os.utime(path, (0, 0))  # a while later
    assert server.stop() == 0
    server.start()
    assert unfinished(output) == []
    require_right(films, acknowledged, server)
    assert len(acknowledged) > ROUNDS


def send(server: GunicornServer, session: requests.Session, film: Film) -> str:
    form = {"file": (film.name, film.content)}
    answer = session.post(f"{server.url}/api/files/upload", files=form, timeout=30)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["path"])


def is_unknown(server: GunicornServer, part: str) -> bool:
    upload_id = part.removeprefix(".arriving-")
    return requests.get(f"{server.url}/api/uploads/{upload_id}", timeout=30).status_code == 404


def require_right(films: Films, acknowledged: dict[str, str], server: GunicornServer) -> None:
    """Everything with a final name is whole, and there once; what was acknowledged is there."""
    found = films.whole(server.folder / "output")
    assert {sha256: str(found[sha256][0]) for sha256 in acknowledged} == acknowledged
    assert [paths for paths in found.values() if len(paths) > 1] == []
