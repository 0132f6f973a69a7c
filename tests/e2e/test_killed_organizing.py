"""A server that is killed while it files films into the library: each is in one piece somewhere at
every moment, and in the library once at the end."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests

from tests.e2e.files.disks import another_disk
from tests.e2e.files.films import Film, Films, total_bytes, unfinished, visible
from tests.e2e.files.kills import ROUNDS, SEED, Kills
from tests.e2e.gunicorn_server import GunicornServer, until

FINISH_SECONDS = 30


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
def test_it_files_each_film_once_when_it_is_killed(
    server: GunicornServer, library: Path, seed: str, request: pytest.FixtureRequest
) -> None:
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
        """Files in the library; on another disk, also each of the blocks of a copy."""
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
    # The rest was not ordered: the server was killed before it had heard, or said so.
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
    """Have films filed, until the server is killed."""
    for film in films:
        try:
            path = f"/api/files/organize/{quote(film.name)}"
            answer = requests.post(server.url + path, timeout=30)
        except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError):
            return
        assert answer.status_code == 200, answer.text
        acknowledged.append(film.name)


def require_none_lost(films: Films, output: Path, library: Path) -> None:
    """Every film is whole in one of both folders, and nothing else has a final name."""
    assert set(films.whole(output, library)) == set(films.made)


def jobs(server: GunicornServer) -> list[dict[str, Any]]:
    return list(server.get("/api/jobs?limit=5000"))
