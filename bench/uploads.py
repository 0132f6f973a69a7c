"""Compares uploads with `cp` of the same file, and measures the server's memory.

    python -m bench.uploads [GiB] [FOLDER]

A real gunicorn on loopback receives the file in both ways and serves other requests meanwhile. `cp`
runs in turn with them, with the same fsync that an upload ends with. The ratio counts, because
machines differ and are noisy.
"""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import requests

from tests.e2e.gunicorn_server import GunicornServer

MIB = 1024 * 1024
ROUNDS = 5
BOUNDARY = "the-boundary"


def main() -> None:
    """Measure, and print the results."""
    size = int(float(sys.argv[1] if len(sys.argv) > 1 else "4") * 1024) * MIB
    with TemporaryDirectory(dir=sys.argv[2] if len(sys.argv) > 2 else None) as name:  # noqa: PLR2004
        folder = Path(name)
        film = folder / "film.mkv"
        with film.open("wb") as file:
            block = os.urandom(MIB)
            for _ in range(size // MIB):
                file.write(block)
        server = GunicornServer(folder, BOZ_MIN_FREE_BYTES="0")
        server.start()
        try:
            measure(server, film, size)
        finally:
            server.kill()


def measure(server: GunicornServer, film: Path, size: int) -> None:
    """Alternate between cp and both ways, so that noise on the disk affects all of them."""
    ways: dict[str, Callable[[], None]] = {
        "multipart": lambda: multipart(server, film, size),
        "tus": lambda: tus(server, film, size),
    }
    copies: list[float] = []
    uploads: dict[str, list[float]] = {way: [] for way in ways}
    seen = Seen()
    for _ in range(ROUNDS):
        copies.append(seconds(lambda: copy(film)))
        for way, upload in ways.items():
            with watching(server, seen):
                uploads[way].append(seconds(upload))
            for file in (server.folder / "output").iterdir():
                file.unlink()
    gib = size / 1024**3
    print(f"cp and fsync of {gib:g} GiB: {gib / median(copies):.2f} GiB/s")
    for way, times in uploads.items():
        ratio = median(copies) / median(times)
        print(f"{way}: {gib / median(times):.2f} GiB/s, {ratio:.0%} of cp")
    print(
        f"memory: +{seen.growth / MIB:.1f} MiB; {len(seen.latencies)} other requests meanwhile:"
        f" median {median(seen.latencies) * 1000:.1f} ms, worst {max(seen.latencies) * 1000:.1f} ms"
    )


def copy(film: Path) -> None:
    target = film.with_suffix(".copy")
    subprocess.run(["cp", film, target], check=True)  # noqa: S603, S607
    with target.open("rb") as file:
        os.fsync(file.fileno())
    target.unlink()


def multipart(server: GunicornServer, film: Path, size: int) -> None:
    head = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="name"\r\n\r\nFilm (2001)\r\n'
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="film.mkv"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    ).encode()
    tail = f"\r\n--{BOUNDARY}--\r\n".encode()
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(
            f"POST /api/files/upload HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type:"
            f" multipart/form-data; boundary={BOUNDARY}\r\n"
            f"Content-Length: {len(head) + size + len(tail)}\r\n\r\n".encode()
            + head
        )
        with film.open("rb") as file:
            connection.sendfile(file)
        connection.sendall(tail)
        require_success(connection)


def tus(server: GunicornServer, film: Path, size: int) -> None:
    answer = requests.post(
        f"{server.url}/api/uploads",
        headers={
            "Tus-Resumable": "1.0.0",
            "Upload-Length": str(size),
            "Upload-Metadata": "filename RmlsbSAoMjAwMSkubWt2",
        },
        timeout=30,
    )
    answer.raise_for_status()
    path = answer.headers["Location"].removeprefix(server.url)
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(
            f"PATCH {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTus-Resumable: 1.0.0\r\n"
            "Content-Type: application/offset+octet-stream\r\nUpload-Offset: 0\r\n"
            f"Content-Length: {size}\r\n\r\n".encode()
        )
        with film.open("rb") as file:
            connection.sendfile(file)
        require_success(connection)


def require_success(connection: socket.socket) -> None:
    answer = b"".join(iter(lambda: connection.recv(65536), b""))
    if not answer.startswith(b"HTTP/1.1 20"):
        raise SystemExit(answer.decode())


def seconds(work: Callable[[], None]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began


def memory(server: GunicornServer) -> int:
    """Bytes of private memory of the server's processes."""
    total = 0
    for pid in server.workers():
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("RssAnon:"):
                total += int(line.split()[1]) * 1024
    return total


@dataclass
class Seen:
    """The most memory that the server took beyond what it had before, and other requests' times."""

    growth: int = 0
    latencies: list[float] = field(default_factory=list)


@contextmanager
def watching(server: GunicornServer, seen: Seen) -> Iterator[None]:
    """Record the server's memory and other requests' times while the block runs."""
    done = threading.Event()
    before = memory(server)

    def watch() -> None:
        while not done.wait(0.02):
            began = time.monotonic()
            requests.get(f"{server.url}/api/jobs/stats", timeout=60).raise_for_status()
            seen.latencies.append(time.monotonic() - began)
            seen.growth = max(seen.growth, memory(server) - before)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


if __name__ == "__main__":
    main()
