"""A server that is killed while films of one name arrive: each job has its own film in the end."""

import threading
from pathlib import Path

import pytest
import requests

from tests.e2e.files.films import Film, unfinished, visible
from tests.e2e.files.kills import ROUNDS, SEED, Kills
from tests.e2e.gunicorn_server import GunicornServer, until

NAME = "Same (2011).mkv"
SENDERS = 3


@pytest.mark.parametrize("seed", [SEED])
def test_it_mixes_up_no_films_of_one_name_when_it_is_killed(server, seed):
    library, output = server.folder / "nas", server.folder / "output"
    for name in ("Movies", "TV Shows"):
        (library / name).mkdir(parents=True)
    server.environment |= {
        "BOZ_NAS_ENABLED": "true",
        "BOZ_NAS_MOUNT": str(library),
        "BOZ_ORGANIZE_WAIT_SECONDS": "0",
    }
    kills = Kills(server, "namesakes", seed)
    acknowledged: dict[str, bytes] = {}
    for _ in range(ROUNDS):
        films = [kills.films.make(1000, 300_000) for _ in range(60)]
        kills.start()
        senders = [
            threading.Thread(target=send, args=(server, films, acknowledged))
            for _ in range(SENDERS)
        ]
        for sender in senders:
            sender.start()
        kills.kill(lambda: len(visible(library)))
        for sender in senders:
            sender.join()

    server.start()
    # Those that were never acknowledged are completed and organized as well.
    until(lambda: visible(output) == [] and not has_open(server), 60)
    places = {job["job_id"]: Path(job["output_file"]) for job in jobs(server)}
    found = {job_id: places[job_id].read_bytes() for job_id in acknowledged}
    assert found == acknowledged
    assert sorted(places.values()) == sorted(visible(library))
    assert all(len(each) == 1 for each in kills.films.whole(library).values())
    assert unfinished(library) == []
    assert len(acknowledged) > ROUNDS


def send(server: GunicornServer, films: list[Film], acknowledged: dict[str, bytes]) -> None:
    """Send films under the one name until the server is killed."""
    with requests.Session() as session:
        while films:
            film = films.pop()
            form = {"file": (NAME, film.content)}
            try:
                answer = session.post(f"{server.url}/api/files/upload", files=form, timeout=30)
            except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError):
                return
            assert answer.status_code == 200, answer.text
            acknowledged[answer.json()["organize_job_id"]] = film.content


def jobs(server: GunicornServer) -> list[dict[str, str]]:
    return list(server.get("/api/jobs?limit=5000"))


def has_open(server: GunicornServer) -> bool:
    return any(job["status"] != "completed" for job in jobs(server))
