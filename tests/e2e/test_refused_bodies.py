"""Senders of large bodies can read why they are refused, and do not block others."""

import socket
import time
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection

import pytest
import requests

from tests.e2e.gunicorn_server import GunicornServer

HEAD = (
    "POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\n"
    "{length}\r\n\r\n"
)
MIB = 1024 * 1024


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GunicornServer]:
    """A server of one process that finds its disk too full for any upload."""
    server = GunicornServer(
        tmp_path_factory.mktemp("full"), BOZ_MIN_FREE_BYTES=str(2**60), BOZ_WEB_WORKERS="1"
    ).made_impatient()
    server.start()
    yield server
    server.kill()


def refused(server: GunicornServer, length: str, path: str = "/api/files/upload") -> socket.socket:
    """A connection that has sent the headers of a request that is refused."""
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=20)
    connection.sendall(HEAD.format(path=path, length=length).encode())
    return connection


@pytest.mark.parametrize("size", [100, 30 * MIB])
def test_it_answers_one_who_sends_all_before_reading(full, size):
    """Most clients do so; if their connection is reset, they may never see the answer."""
    with refused(full, f"Content-Length: {size}") as connection:
        connection.sendall(b"x" * size)
        assert connection.recv(MIB).startswith(b"HTTP/1.1 507 ")


def test_it_answers_one_who_does_not_say_how_much_comes(full):
    block = b"%x\r\n%s\r\n" % (MIB, b"x" * MIB)
    with refused(full, "Transfer-Encoding: chunked") as connection:
        for _ in range(30):
            connection.sendall(block)
        connection.sendall(b"0\r\n\r\n")
        assert connection.recv(MIB).startswith(b"HTTP/1.1 507 ")


def test_it_answers_one_who_waits_for_the_answer_before_sending(full):
    with refused(full, "Content-Length: 9000000000") as connection:
        assert connection.recv(MIB).startswith(b"HTTP/1.1 507 ")


def test_it_answers_a_client_with_a_film(full):
    for size in (10, 30 * MIB):
        form = {"file": ("a.mkv", b"x" * size)}
        answer = requests.post(f"{full.url}/api/files/upload", files=form, timeout=30)
        assert answer.status_code == 507
        assert "BOZ_MIN_FREE_BYTES" in answer.json()["detail"]


def test_it_answers_one_without_the_key(server):
    server.environment["BOZ_API_KEY"] = "key"
    server.start()
    with refused(server, f"Content-Length: {30 * MIB}") as connection:
        connection.sendall(b"x" * 30 * MIB)
        assert connection.recv(MIB).startswith(b"HTTP/1.1 401 ")


def test_it_serves_others_while_one_who_is_refused_stays(full):
    slowest = 0.0
    with refused(full, "Content-Length: 9000000000") as connection:
        connection.sendall(b"x" * 1000)
        assert connection.recv(MIB).startswith(b"HTTP/1.1 507 ")
        connection.settimeout(0.05)
        deadline = time.monotonic() + 20
        while not is_closed(connection):
            assert time.monotonic() < deadline
            began = time.monotonic()
            full.get("/livez")
            slowest = max(slowest, time.monotonic() - began)
        for _ in range(20):
            began = time.monotonic()
            full.get("/livez")
            slowest = max(slowest, time.monotonic() - began)
    assert slowest < 1


def is_closed(connection: socket.socket) -> bool:
    try:
        return connection.recv(1) == b""
    except TimeoutError:
        return False


def test_it_takes_nothing_of_the_next_request_for_what_it_refused(server):
    """The bytes may arrive with the headers, so that the server has read them already."""
    server.start()
    tus = {"Tus-Resumable": "1.0.0"}
    said = {"Upload-Length": "1000", "Upload-Metadata": "filename YQ=="}
    with requests.Session() as session:
        created = session.post(f"{server.url}/api/uploads", headers=tus | said, timeout=20)
    path = created.headers["Location"].removeprefix(server.url)
    said = {"Upload-Offset": "5", "Content-Type": "application/offset+octet-stream"}
    with closing(HTTPConnection("127.0.0.1", server.port, timeout=20)) as connection:
        for _ in range(2):
            connection.request("PATCH", path, b"x" * 1000, tus | said)
            answer = connection.getresponse()
            assert (answer.status, b"0 are here" in answer.read()) == (409, True)
        began = time.monotonic()
        connection.request("GET", "/livez")
        assert connection.getresponse().status == 200
        assert time.monotonic() - began < 1
