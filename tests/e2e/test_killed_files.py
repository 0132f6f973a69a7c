"""A server that is killed while films arrive or are organized: each film stays whole."""

import os
import threading
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests

from tests.e2e.files.disks import another_disk
from tests.e2e.files.films import Film, Films, total_bytes, unfinished, visible
from tests.e2e.files.kills import ROUNDS, SEED, Kills
from tests.e2e.files.tus_sender import TUS, Habits, Sent, TusSender
from tests.e2e.gunicorn_server import GunicornServer, until

FINISH_SECONDS = 30
#: Whole or in pieces, with and without checksums of the pieces and of the whole.
HABITS = [Habits(*each) for each in product((None, 100_000), (False, True), (False, True))]


@pytest.mark.parametrize("seed", [SEED])
def test_it_goes_on_with_each_upload_when_it_is_killed(server, seed):
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
        """Count finished files, and pieces of others."""
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
    """The file of a complete upload; None before."""
    found = requests.get(sent.url, timeout=30).json()
    assert found["state"] in ("arriving", "arrived", "complete"), found
    return Path(found["path"]) if found["state"] == "complete" else None


def give_up_the_unknown(server: GunicornServer, output: Path) -> None:
    """Abort uploads that began just before a kill, so that no sender knows them.

    The next start deletes those that are only a file.
    """
    for part in unfinished(output):
        upload_id = part.name.removeprefix(".arriving-")
        answer = requests.delete(f"{server.url}/api/uploads/{upload_id}", headers=TUS, timeout=30)
        assert answer.status_code in (204, 404), answer.text
        if answer.status_code == 404:
            os.utime(part, (0, 0))
    assert server.stop() == 0
    server.start()


SENDERS = 3


@pytest.mark.parametrize("seed", [SEED])
def test_it_has_each_acknowledged_form_whole_when_it_is_killed(server, seed):
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
    """Check that finished files are whole and unique, and that acknowledged ones exist."""
    found = films.whole(server.folder / "output")
    assert {sha256: str(found[sha256][0]) for sha256 in acknowledged} == acknowledged
    assert [paths for paths in found.values() if len(paths) > 1] == []


@pytest.fixture(params=["one disk", "two disks"])
def library(request: pytest.FixtureRequest, server: GunicornServer) -> Iterator[Path]:
    """The library, on the output folder's disk or on another."""
    if request.param == "one disk":
        folder = server.folder / "nas"
        folder.mkdir()
        yield folder
    else:
        with another_disk(server.folder / "nas", "600m") as folder:
            yield folder
            if server.is_running():
                server.kill()


@pytest.mark.parametrize("seed", [SEED])
def test_it_files_each_film_once_when_it_is_killed(server, library, seed, request):
    server.environment |= {
        "BOZ_NAS_ENABLED": "true",
        "BOZ_NAS_MOUNT": str(library),
        "BOZ_ORGANIZE_WAIT_SECONDS": "0",
    }
    for name in ("Movies", "TV Shows"):
        (library / name).mkdir()
    output = server.folder / "output"
    output.mkdir()
    kills = Kills(server, request.node.name, seed)
    films = kills.films
    acknowledged: list[str] = []
    two_disks = "two" in request.node.name

    def steps() -> int:
        """Count files in the library, and the blocks of a copy to another disk."""
        copying = total_bytes(unfinished(library)) // 200_000 if two_disks else 0
        return len(visible(library)) + copying

    for _ in range(ROUNDS):
        new = [films.make(1, 6_000_000 if n % 4 == 0 else 200_000) for n in range(8)]
        for film in new:
            (output / film.name).write_bytes(film.content)
        kills.start()
        person = threading.Thread(target=order, args=(server, new, acknowledged))
        person.start()
        kills.kill(steps)
        person.join()
        require_none_lost(films, output, library)

    server.start()
    until(lambda: all(job["status"] == "completed" for job in jobs(server)), FINISH_SECONDS)
    # The rest was never acknowledged: the server was killed before it could answer.
    assert {path.name for path in visible(output)}.isdisjoint(acknowledged)
    order(server, [Film(path.name, b"") for path in visible(output)], acknowledged)
    until(lambda: all(job["status"] == "completed" for job in jobs(server)), FINISH_SECONDS)

    found = films.whole(library)
    assert {sha256: len(paths) for sha256, paths in found.items()} == dict.fromkeys(films.made, 1)
    assert {path.name for path in visible(library)} == {film.name for film in films.made.values()}
    assert visible(output) + unfinished(output, library) == []
    assert {job["output_file"] for job in jobs(server)} == {str(path) for path in visible(library)}
    assert any(job["attempt"] > 1 for job in jobs(server)), "no kill has met a job under way"


def order(server: GunicornServer, films: list[Film], acknowledged: list[str]) -> None:
    """Order films to be organized until the server is killed."""
    for film in films:
        try:
            path = f"/api/files/organize/{quote(film.name)}"
            answer = requests.post(server.url + path, timeout=30)
        except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError):
            return
        assert answer.status_code == 200, answer.text
        acknowledged.append(film.name)


def require_none_lost(films: Films, output: Path, library: Path) -> None:
    """Check that every film is whole in one of the folders, and that there is no other finished
    file."""
    assert set(films.whole(output, library)) == set(films.made)


def jobs(server: GunicornServer) -> list[dict[str, Any]]:
    return list(server.get("/api/jobs?limit=5000"))
