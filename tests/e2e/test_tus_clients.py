"""The real tuspy, and senders that break off, fall silent, or send one upload twice at a time."""

import os
import socket
import time
from collections.abc import Iterator
from io import BytesIO
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import requests
from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError, TusUploadFailed

from tests.e2e.files.films import unfinished, visible
from tests.e2e.files.tus_sender import TUS
from tests.e2e.gunicorn_server import GunicornServer, until

MIB = 1024 * 1024
FILM = os.urandom(5 * MIB + 123)


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GunicornServer]:
    """A server with a short patience for silent senders."""
    server = GunicornServer(tmp_path_factory.mktemp("tus")).made_impatient()
    server.start()
    yield server
    server.kill()


@pytest.fixture
def running(impatient: GunicornServer) -> Iterator[GunicornServer]:
    """That server, without finished files; a test may restart it."""
    yield impatient
    for path in visible(impatient.folder / "output"):
        path.unlink()
    for path in unfinished(impatient.folder / "output"):
        url = f"{impatient.url}/api/uploads/{path.name.removeprefix('.arriving-')}"
        until(lambda url=url: requests.delete(url, headers=TUS, timeout=20).ok, 10)


def uploader(server: GunicornServer, content: bytes = FILM, **options: Any) -> Any:
    """A new tuspy."""
    options.setdefault("metadata", {"filename": "Heat (1995).mkv", "filetype": "video/x-matroska"})
    client = TusClient(f"{server.url}/api/uploads")
    return client.uploader(file_stream=BytesIO(content), **options)


def require_arrived(server: GunicornServer, name: str = "Heat (1995).mkv") -> Path:
    """Return the path of the film, which must be the only file."""
    output = server.folder / "output"
    (found,) = visible(output)
    assert (found.name, found.read_bytes()) == (name, FILM)
    assert unfinished(output) == []
    return found


def test_it_takes_a_film_from_tuspy(running):
    for chunk_size, upload_checksum in product((100_000, MIB, 5 * MIB + 123, 2**62), (False, True)):
        sender = uploader(running, chunk_size=chunk_size, upload_checksum=upload_checksum)
        sender.upload()
        assert sender.offset == len(FILM)
        require_arrived(running).unlink()


def test_it_lets_a_new_tuspy_go_on_by_the_address(running):
    first = uploader(running, chunk_size=MIB)
    first.upload(stop_at=2 * MIB)
    running.kill()
    with pytest.raises((TusCommunicationError, TusUploadFailed)):
        first.upload_chunk()
    running.start()
    second = uploader(running, url=first.url, chunk_size=MIB, upload_checksum=True)
    assert second.offset == 2 * MIB
    second.upload()
    require_arrived(running)


def test_it_takes_names_in_any_script_from_tuspy(running):
    name = "千と千尋の神隠し – Ü (2001).mkv"
    uploader(running, metadata={"filename": name}).upload()
    require_arrived(running, name)


def test_it_takes_an_empty_file_from_tuspy(running):
    uploader(running, b"", metadata={"filename": "empty.srt"}).upload()
    (found,) = visible(running.folder / "output")
    assert (found.name, found.read_bytes()) == ("empty.srt", b"")


def test_it_tells_tuspy_what_is_wrong(running):
    with pytest.raises(TusCommunicationError) as caught:
        uploader(running, metadata={}).upload()
    assert caught.value.status_code == 422
    assert b"filename" in caught.value.response_content
    sender = uploader(running, chunk_size=MIB)
    sender.upload(stop_at=MIB)
    sender.offset = 0
    with pytest.raises(TusUploadFailed) as failed:
        sender.upload_chunk()
    assert failed.value.status_code == 409


class Patch:
    """A PATCH of the whole film, sent piece by piece."""

    def __init__(self, server: GunicornServer, url: str, offset: int = 0) -> None:
        self.connection = socket.create_connection(("127.0.0.1", server.port), timeout=20)
        self.connection.sendall(
            f"PATCH {url.removeprefix(server.url)} HTTP/1.1\r\nHost: x\r\n"
            "Tus-Resumable: 1.0.0\r\nContent-Type: application/offset+octet-stream\r\n"
            f"Upload-Offset: {offset}\r\nContent-Length: {len(FILM) - offset}\r\n\r\n".encode()
        )

    def send(self, content: bytes) -> None:
        self.connection.sendall(content)

    def answer(self) -> bytes:
        return self.connection.recv(4096).partition(b"\r\n")[0]


@pytest.fixture
def url(running: GunicornServer) -> str:
    """The address of an upload that was begun."""
    address: str = uploader(running).create_url()
    return address


@pytest.fixture
def patch(running: GunicornServer, url: str) -> Iterator[Patch]:
    """A PATCH that was begun."""
    patch = Patch(running, url)
    yield patch
    patch.connection.close()


def offset(url: str) -> int:
    return int(requests.head(url, headers=TUS, timeout=20).headers["Upload-Offset"])


def test_it_keeps_what_came_before_a_sender_goes_away(running, url, patch):
    patch.send(FILM[: 2 * MIB])
    until(lambda: offset(url) == 2 * MIB, 10)
    patch.connection.close()
    rest = until(lambda: resumed(running, url, 2 * MIB), 10)
    rest.send(FILM[2 * MIB :])
    assert rest.answer() == b"HTTP/1.1 204 NO CONTENT"
    rest.connection.close()
    require_arrived(running)


def resumed(server: GunicornServer, url: str, at: int) -> Patch | None:
    """A PATCH that resumes, once the server has noticed the end of the previous one."""
    said = {"Content-Type": "application/offset+octet-stream", "Upload-Offset": str(at)}
    answer = requests.patch(url, headers=TUS | said, timeout=20)
    assert answer.status_code in (204, 423), answer.text
    return Patch(server, url, at) if answer.status_code == 204 else None


def test_it_lets_one_of_two_senders_go_on(running, url, patch):
    patch.send(FILM[:MIB])
    until(lambda: offset(url) == MIB, 10)
    for at in (0, MIB):
        second = Patch(running, url, at)
        assert second.answer() == b"HTTP/1.1 423 LOCKED"
        second.connection.close()
    assert requests.delete(url, headers=TUS, timeout=20).status_code == 423
    patch.send(FILM[MIB:])
    assert patch.answer() == b"HTTP/1.1 204 NO CONTENT"
    require_arrived(running)


def test_it_gives_up_on_a_sender_that_is_silent(running, url, patch):
    patch.send(FILM[:MIB])
    began = time.monotonic()
    assert patch.answer() == b"HTTP/1.1 400 BAD REQUEST"
    assert time.monotonic() - began < 10
    assert offset(url) == MIB
    rest = until(lambda: resumed(running, url, MIB), 10)
    rest.connection.close()


def test_it_waits_for_a_sender_that_is_slow(running, url, patch):
    """The server limits silence, not the total time."""
    for start in range(0, 5 * 1000, 1000):
        patch.send(FILM[start : start + 1000])
        until(lambda start=start: offset(url) == start + 1000, 10)
        later = time.monotonic() + 0.3
        until(lambda later=later: time.monotonic() > later, 1)
    patch.send(FILM[5000:])
    assert patch.answer() == b"HTTP/1.1 204 NO CONTENT"
    require_arrived(running)
