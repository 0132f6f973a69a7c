"""One HTTP request and its answer, within a time that the other side can't stretch.

The time-outs of requests are those of single reads: a server that sends a byte now and then is
waited for without end, and so is a name that does not resolve. So each exchange has a thread of
its own, and whoever waits for it cuts the connection when the time is up.
"""

import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from queue import Empty, SimpleQueue
from typing import Any

import requests
from requests import exceptions
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from boz_server.version import VERSION

#: What every request says of us, and of what we take.
HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": "gzip",
    "User-Agent": f"boz-ripper-server/{VERSION}",
}

#: How long a connection may take to come about, and the other side may say nothing.
CONNECT_SECONDS, SILENCE_SECONDS = 3.0, 6.0
#: More than the longest page of episodes has, many times over.
MAX_BYTES = 8 * 1024 * 1024
_CHUNK_BYTES = 64 * 1024

LATE = "it did not answer in time"


@dataclass(frozen=True, slots=True)
class Raw:
    """An answer as it came; `retry_after` is the header of that name."""

    status: int
    retry_after: str | None
    content: bytes

    @property
    def wait_seconds(self) -> float | None:
        """What Retry-After says: seconds, or a date (RFC 9110, 10.2.3); None if neither."""
        if not self.retry_after:
            return None
        if self.retry_after.strip().isdecimal():
            return float(self.retry_after)
        try:
            return (parsedate_to_datetime(self.retry_after) - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError, OverflowError):
            return None


class NoAnswer(Exception):
    """There was none; `reason` has no word of the other side's, nor of the address asked.

    `passing` says that asking again at once may help.
    """

    def __init__(self, reason: str, *, passing: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.passing = passing


def exchange(request: requests.Request, seconds: float) -> Raw:
    """Send a request, once, and return its answer; redirects are answers like any other.

    Raises NoAnswer when there is none within the time.
    """
    line = _Line()
    outcome: SimpleQueue[Raw | NoAnswer] = SimpleQueue()
    # A daemon, as the end of the process must not wait for it.
    threading.Thread(
        target=lambda: outcome.put(_carry_out(line, request, seconds)), name="exchange", daemon=True
    ).start()
    try:
        found = outcome.get(timeout=seconds)
    except Empty:
        line.cut()
        found = NoAnswer(LATE)
    if isinstance(found, NoAnswer):
        raise found
    return found


def _carry_out(line: "_Line", request: requests.Request, seconds: float) -> Raw | NoAnswer:
    timeout = (min(seconds, CONNECT_SECONDS), min(seconds, SILENCE_SECONDS))
    try:
        # Sent without a session: no .netrc replaces the key, and no redirect takes it elsewhere.
        with line.send(request.prepare(), stream=True, timeout=timeout) as response:
            retry_after = response.headers.get("Retry-After")
            return Raw(response.status_code, retry_after, _content_of(response))
    except Exception as error:
        return error if isinstance(error, NoAnswer) else _no_answer(error)
    finally:
        line.close()


def _no_answer(error: Exception) -> NoAnswer:
    """Say what went wrong in words of our own: an error's message quotes the address."""
    if isinstance(error, requests.Timeout):
        return NoAnswer(LATE)
    if isinstance(error, exceptions.SSLError):
        return NoAnswer("no safe connection came about")
    if isinstance(error, exceptions.ConnectionError | exceptions.ChunkedEncodingError):
        return NoAnswer("the connection failed", passing=True)
    if isinstance(error, exceptions.MissingSchema | exceptions.InvalidURL):
        return NoAnswer("its address in the settings is none")
    return NoAnswer(f"the exchange failed ({type(error).__name__})")


def _content_of(response: requests.Response) -> bytes:
    content = bytearray()
    for chunk in response.iter_content(_CHUNK_BYTES):
        content += chunk
        if len(content) > MAX_BYTES:
            raise NoAnswer("it answered more than can be an answer")
    return bytes(content)


class _Line(HTTPAdapter):
    """Connections for one exchange, which another thread can cut at any stage."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._handles: list[socket.socket] = []
        self._is_cut = False
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Have connections announce their sockets."""
        super().init_poolmanager(*args, **kwargs)
        pools: dict[str, type[HTTPConnectionPool]] = {
            "http": HTTPConnectionPool,
            "https": HTTPSConnectionPool,
        }
        connections: dict[str, type[HTTPConnection]] = {
            "http": HTTPConnection,
            "https": HTTPSConnection,
        }
        self.poolmanager.pool_classes_by_scheme = {
            scheme: type(
                pool.__name__,
                (pool,),
                {"ConnectionCls": _announcing(connections[scheme], self._note)},
            )
            for scheme, pool in pools.items()
        }

    def cut(self) -> None:
        """End the exchange: whoever reads or writes fails at once."""
        with self._lock:
            self._is_cut = True
            for handle in self._handles:
                _shut(handle)

    def close(self) -> None:
        """Let go of everything, in the thread that has sent."""
        super().close()
        with self._lock:
            for handle in self._handles:
                handle.close()
            self._handles.clear()

    def _note(self, connected: socket.socket) -> None:
        # A second handle on the connection: TLS takes the first one's from it.
        handle = connected.dup()
        with self._lock:
            self._handles.append(handle)
            if self._is_cut:
                _shut(handle)


def _announcing(
    kind: type[HTTPConnection], note: Callable[[socket.socket], None]
) -> type[HTTPConnection]:
    class Announcing(kind):  # type: ignore[valid-type, misc]
        def _new_conn(self) -> socket.socket:
            connected: socket.socket = super()._new_conn()
            note(connected)
            return connected

    return Announcing


def _shut(handle: socket.socket) -> None:
    try:
        handle.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # the other side was quicker
