"""Other people's servers: one real HTTP server on loopback, which can fail in many ways."""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

#: A status, and JSON, or bytes for other content.
Answer = tuple[int, Any]


@dataclass(frozen=True)
class Asked:
    """A received request; `path` is below the provider's address, and `body` is its JSON or
    None."""

    provider: str
    method: str
    path: str
    params: dict[str, str]
    headers: dict[str, str]
    body: Any


@dataclass
class Trouble:
    """A failure: its mode, its provider, how many times it is left (None: for good), and
    details."""

    mode: str
    provider: str | None
    times: int | None
    body: Any
    headers: dict[str, str]


class FakeServers:
    """Servers that share one address; each, by its name, is below it.

    `fail` modes: a status such as "500", "401" or "429"; "html"; "half_json"; "cut_short" (fewer
    bytes than announced); "hang_up"; "silence" (never answers); "trickle_headers";
    "trickle_body"; "endless"; "redirect" (to `asked_elsewhere`, on the same server under another
    name); "body" (the JSON given, with 200).
    """

    def __init__(self) -> None:
        self.requests: list[Asked] = []
        self.troubles: list[Trouble] = []
        self.released = threading.Event()
        self._lock = threading.Lock()
        self._port = 0
        self.start()

    def right_answer(self, asked: Asked) -> Answer:
        """Return the right answer of the server that was asked."""
        raise NotImplementedError

    @property
    def url(self) -> str:
        """The base address of all servers."""
        return f"http://127.0.0.1:{self._port}"

    def fail(
        self,
        mode: str,
        *,
        provider: str | None = None,
        times: int | None = None,
        body: Any = None,
        **headers: str,
    ) -> None:
        """Make all answers, one provider's, or the next few fail: see the class."""
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        self.troubles.append(Trouble(mode, provider, times, body, names))

    def work(self) -> None:
        """Stop all failures."""
        self.troubles.clear()

    def count(self, provider: str | None = None) -> int:
        """The number of requests to all servers, or to one."""
        return sum(provider in (None, asked.provider) for asked in self.requests)

    def paths(self, provider: str) -> list[str]:
        """The requested paths of a provider, in order."""
        return [asked.path for asked in self.requests if asked.provider == provider]

    def start(self) -> None:
        """Listen, at the same address as before."""
        outer = self

        class Handler(_Handler):
            servers = outer

        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), Handler)
        self._server.daemon_threads = True
        self._port = self._server.server_address[1]
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Refuse connections, until `start`."""
        self._server.shutdown()
        self._thread.join()
        self.released.set()
        self._server.server_close()
        self.released = threading.Event()

    def take(self, asked: Asked) -> Trouble | None:
        """Record a request; returns how it is to fail, if at all."""
        with self._lock:
            self.requests.append(asked)
            for trouble in self.troubles:
                if trouble.provider not in (None, asked.provider) or trouble.times == 0:
                    continue
                if trouble.times is not None:
                    trouble.times -= 1
                return trouble
        return None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


class _Handler(BaseHTTPRequestHandler):
    servers: FakeServers

    def do_GET(self) -> None:
        self.released = self.servers.released
        parts = urlsplit(self.path)
        _, provider, path = f"{parts.path}/".split("/", 2)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        asked = Asked(
            provider,
            self.command,
            f"/{path}".removesuffix("/") or "/",
            dict(parse_qsl(parts.query, keep_blank_values=True)),
            dict(self.headers),
            json.loads(body or b"null"),
        )
        trouble = self.servers.take(asked)
        try:
            if trouble is None:
                self.answer(*self.servers.right_answer(asked))
            else:
                self.go_wrong(trouble, asked)
        except OSError:
            self.close_connection = True  # the client has gone

    do_POST = do_GET  # noqa: N815

    def answer(self, status: int, body: Any, **headers: str) -> None:
        if isinstance(body, bytes):
            self.send(status, body, "text/html", **headers)
        else:
            self.send(status, json.dumps(body).encode(), "application/json", **headers)

    def send(self, status: int, content: bytes, kind: str, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(content))}.items():
            self.send_header(name, headers.pop(name, value))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def go_wrong(self, trouble: Trouble, asked: Asked) -> None:
        right = json.dumps(self.servers.right_answer(asked)[1], default=bytes.decode).encode()
        modes: dict[str, Callable[[], None]] = {
            "html": lambda: self.send(200, b"<html>Log in first</html>", "text/html"),
            "half_json": lambda: self.send(200, right[: len(right) // 2], "application/json"),
            "cut_short": lambda: self.send(
                200, right[:-1], "application/json", **{"Content-Length": str(len(right))}
            ),
            "hang_up": lambda: None,
            "silence": lambda: self.released.wait() and None,
            "trickle_headers": lambda: self.trickle(b"HTTP/1.1 200 OK\r\nX-Slow: ", b"x"),
            "trickle_body": lambda: self.trickle(b"HTTP/1.1 200 OK\r\n\r\n", b" "),
            "endless": lambda: self.trickle(b"HTTP/1.1 200 OK\r\n\r\n", b" " * 2**20, pause=0),
            "redirect": lambda: self.answer(302, {}, Location=self.elsewhere()),
            "body": lambda: self.answer(200, trouble.body),
        }
        if trouble.mode.isdecimal():
            self.answer(int(trouble.mode), trouble.body or {}, **trouble.headers)
        else:
            modes[trouble.mode]()

    def elsewhere(self) -> str:
        return f"{self.servers.url}/elsewhere/".replace("127.0.0.1", "localhost")

    def trickle(self, begin: bytes, piece: bytes, pause: float = 0.01) -> None:
        self.wfile.write(begin)
        while not self.released.wait(pause):
            self.wfile.write(piece)

    def log_message(self, *_: object) -> None:
        """Log nothing: tests look at the requests."""
