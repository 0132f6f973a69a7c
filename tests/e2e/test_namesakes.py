"""Several senders of one name at once: every film reaches the library, and each sender is told its
own film's place. `make chaos` sends more films, in FILES_ROUNDS rounds."""

import os
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

import pytest
import requests
from tusclient.client import TusClient

from tests.e2e.files.films import visible
from tests.e2e.gunicorn_server import GunicornServer, until

NAME = "Same (2011).mkv"
ROUNDS = int(os.environ.get("FILES_ROUNDS", "1"))
FILMS = 25 if ROUNDS == 1 else 200


def by_form(server: GunicornServer, film: bytes) -> str:
    """Send a film as today's agents do; the id of the job that organizes it."""
    answer = requests.post(
        f"{server.url}/api/files/upload",
        files={"file": (NAME, film)},
        data={"name": NAME.removesuffix(".mkv")},
        timeout=30,
    )
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert not told["organized"] or Path(told["final_path"]).read_bytes() == film
    return str(told["organize_job_id"])


def by_tus(server: GunicornServer, film: bytes) -> str:
    """Send a film by tus; the id of the job that organizes it."""
    sender = TusClient(f"{server.url}/api/uploads").uploader(
        file_stream=BytesIO(film), metadata={"filename": NAME}
    )
    sender.upload()
    path = sender.url.removeprefix(server.url)
    return until(lambda: server.get(path)["organize_job_id"], 30)


@pytest.mark.parametrize("number", range(ROUNDS))
def test_it_files_each_of_many_namesakes(server, number):
    library = server.folder / "nas"
    for name in ("Movies", "TV Shows"):
        (library / name).mkdir(parents=True)
    server.environment |= {"BOZ_NAS_ENABLED": "true", "BOZ_NAS_MOUNT": str(library)}
    server.start()
    sent = {}

    def send(sender: int) -> None:
        for film in range(FILMS):
            content = f"film {film} by {sender} in round {number}".encode()
            sent[(by_form, by_tus)[sender % 2](server, content)] = content

    with ThreadPoolExecutor() as pool:
        list(pool.map(send, range(4)))
    until(lambda: server.get("/api/jobs/stats")["completed"] == 4 * FILMS, 60)
    jobs = server.get("/api/jobs?limit=5000")
    places = {job["job_id"]: Path(job["output_file"]) for job in jobs}
    assert {job_id: path.read_bytes() for job_id, path in places.items()} == sent
    assert set(visible(library)) == set(places.values())
    assert visible(server.folder / "output") == []
