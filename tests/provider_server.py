"""TheTVDB, OMDb and TMDb in one real HTTP server on loopback, with the troubles that servers have.

with FakeProviders(series=[Show(Series(78874, "Firefly", 2002, ()), episodes)]) as providers:
    settings = replace(settings, **providers.settings())
    providers.fail("500", provider="thetvdb")
    ...
    assert providers.count("thetvdb") == 3
"""

import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from boz_server.domain.metadata import Series
from tests.provider_forms import Movie, NotFound, OMDbForm, Show, TheTVDBForm, TMDbForm

__all__ = ["KEY", "FakeProviders", "Movie", "Series", "Show"]

#: The key that all of them accept, and the token of TMDb that does as well.
KEY, TMDB_TOKEN = "the-key", "eyJ.read.token"


@dataclass(frozen=True)
class Asked:
    """A request that came in; `path` is the one behind the provider's own address."""

    provider: str
    method: str
    path: str
    params: dict[str, str]
    headers: dict[str, str]


@dataclass
class Trouble:
    """What goes wrong, whose, how often still (None: for good), and what belongs to it."""

    mode: str
    provider: str | None
    times: int | None
    body: Any
    headers: dict[str, str]


class FakeProviders:
    """All three providers, of these shows and films.

    `fail` modes: a status such as "500", "401" or "429"; "html"; "half_json"; "cut_short" (fewer
    bytes than announced); "hang_up"; "silence" (never answers); "trickle_headers";
    "trickle_body"; "endless"; "redirect" (to `asked_elsewhere`, on the same server under another
    name); "body" (the JSON given, with 200).
    """

    def __init__(
        self, series: Sequence[Show] = (), films: Sequence[Movie] = (), *, page_size: int = 500
    ) -> None:
        self.forms: dict[str, Any] = {
            "thetvdb": TheTVDBForm(series, page_size, KEY),
            "omdb": OMDbForm(films, KEY),
            "tmdb": TMDbForm(films, KEY, TMDB_TOKEN),
        }
        self.requests: list[Asked] = []
        self.troubles: list[Trouble] = []
        self.released = threading.Event()
        self._lock = threading.Lock()
        self._port = 0
        self.start()

    @property
    def url(self) -> str:
        """The server's address; each provider is below it, at /thetvdb, /omdb and /tmdb."""
        return f"http://127.0.0.1:{self._port}"

    def settings(self) -> dict[str, Any]:
        """Settings of a server that asks these providers, with keys for all three."""
        names = ("thetvdb", "omdb", "tmdb")
        return {f"{name}_url": f"{self.url}/{name}" for name in names} | {
            f"{name}_api_key": KEY for name in names
        }

    def fail(
        self,
        mode: str,
        *,
        provider: str | None = None,
        times: int | None = None,
        body: Any = None,
        **headers: str,
    ) -> None:
        """Have every answer, or a provider's, or the next few, go wrong: see the class."""
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        self.troubles.append(Trouble(mode, provider, times, body, names))

    def work(self) -> None:
        """Have everything go right again."""
        self.troubles.clear()

    def expire_tokens(self) -> None:
        """Have TheTVDB refuse the tokens that it has given out."""
        self.forms["thetvdb"].tokens.clear()

    def count(self, provider: str | None = None) -> int:
        """How many requests came in, to all or to one."""
        return sum(provider in (None, asked.provider) for asked in self.requests)

    def paths(self, provider: str) -> list[str]:
        """The paths that a provider was asked for, in order."""
        return [asked.path for asked in self.requests if asked.provider == provider]

    def start(self) -> None:
        """Listen, at the same address as before."""
        outer = self

        class Handler(_Handler):
            providers = outer

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
        """Note a request; returns what is to go wrong with it."""
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
    providers: FakeProviders

    def do_GET(self) -> None:
        self.released = self.providers.released
        parts = urlsplit(self.path)
        _, provider, path = parts.path.split("/", 2)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        asked = Asked(
            provider,
            self.command,
            f"/{path}",
            dict(parse_qsl(parts.query, keep_blank_values=True)),
            dict(self.headers),
        )
        trouble = self.providers.take(asked)
        try:
            if trouble is None:
                self.answer(*self.right_answer(asked, body))
            else:
                self.go_wrong(trouble, asked, body)
        except OSError:
            self.close_connection = True  # the client has gone

    do_POST = do_GET  # noqa: N815

    def right_answer(self, asked: Asked, body: bytes) -> tuple[int, Any]:
        form = self.providers.forms.get(asked.provider)
        if form is None:
            return 404, {}
        try:
            answer: tuple[int, Any] = form.answer(
                asked.path, asked.params, asked.headers, json.loads(body or b"null")
            )
        except NotFound as error:
            return 404, error.args[0]
        return answer

    def answer(self, status: int, body: Any, **headers: str) -> None:
        self.send(status, json.dumps(body).encode(), "application/json", **headers)

    def send(self, status: int, content: bytes, kind: str, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(content))}.items():
            self.send_header(name, headers.pop(name, value))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def go_wrong(self, trouble: Trouble, asked: Asked, body: bytes) -> None:
        right = json.dumps(self.right_answer(asked, body)[1]).encode()
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
        return f"{self.providers.url}/elsewhere/".replace("127.0.0.1", "localhost")

    def trickle(self, begin: bytes, piece: bytes, pause: float = 0.01) -> None:
        self.wfile.write(begin)
        while not self.released.wait(pause):
            self.wfile.write(piece)

    def log_message(self, *_: object) -> None:
        """Say nothing: tests look at what was asked."""
