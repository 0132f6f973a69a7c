"""One HTTP request and its answer, within a time that the other side can't stretch.

The timeouts of requests apply to single reads, so a server that sends a byte now and then, or a
name that doesn't resolve, could keep us waiting without end. Each request therefore runs in a
thread of its own, and the caller cuts the connection when the time is up.
"""

import socket
import threading
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

#: A JSON object.
Json = dict[str, Any]

#: Sent with every request.
HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": "gzip",
    "User-Agent": f"boz-ripper-server/{VERSION}",
}
#: How long connecting may take, and how long the other side may send nothing.
CONNECT_SECONDS, SILENCE_SECONDS = 3.0, 6.0
#: With less time left, sending is pointless.
LEAST_SECONDS = 0.02
#: Many times the size of the longest page of episodes.
MAX_BYTES = 8 * 1024 * 1024
_CHUNK_BYTES = 64 * 1024
_LATE = "it did not answer in time"
#: Tests look for threads of this name.
THREAD_NAME = "http-request"


@dataclass(frozen=True, slots=True)
class Answer:
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
    """No answer came. `reason` quotes neither the other side nor the address, which may hold a key.

    `passing` says that sending the request again at once may help.
    """

    def __init__(self, reason: str, *, passing: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.passing = passing


def send(
    method: str,
    url: str,
    seconds: float,
    *,
    headers: dict[str, str] | None = None,
    params: Json | None = None,
    body: Json | None = None,
) -> Answer:
    """Send a request once and return its answer within the seconds; redirects aren't followed.

    Params that are None are left out. Raises NoAnswer.
    """
    if seconds < LEAST_SECONDS:
        raise NoAnswer(_LATE)
    request = requests.Request(
        method, url, params=params, json=body, headers={**HEADERS, **(headers or {})}
    )
    adapter = _CuttableAdapter()
    outcome: SimpleQueue[Answer | NoAnswer] = SimpleQueue()
    # A daemon, so that the process can end without waiting for it.
    threading.Thread(
        target=lambda: outcome.put(_carry_out(adapter, request, seconds)),
        name=THREAD_NAME,
        daemon=True,
    ).start()
    try:
        found = outcome.get(timeout=seconds)
    except Empty:
        adapter.cut()
        found = NoAnswer(_LATE)
    if isinstance(found, NoAnswer):
        raise found
    return found


def _carry_out(
    adapter: "_CuttableAdapter", request: requests.Request, seconds: float
) -> Answer | NoAnswer:
    _this_thread.adapter = adapter
    timeout = (min(seconds, CONNECT_SECONDS), min(seconds, SILENCE_SECONDS))
    try:
        # Without a session, no .netrc replaces the key and no redirect takes it elsewhere.
        with adapter.send(request.prepare(), stream=True, timeout=timeout) as response:
            retry_after = response.headers.get("Retry-After")
            return Answer(response.status_code, retry_after, _content_of(response))
    except Exception as error:
        return error if isinstance(error, NoAnswer) else _no_answer(error)
    finally:
        adapter.close()


def _no_answer(error: Exception) -> NoAnswer:
    """Say what went wrong in words of our own: an error's message quotes the address."""
    if isinstance(error, requests.Timeout):
        return NoAnswer(_LATE)
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


class _CuttableAdapter(HTTPAdapter):
    """The connections of one request, which another thread can cut at any stage."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._handles: list[socket.socket] = []
        self._is_cut = False
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Use connections that announce their sockets to `note`."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TLSPool}

    def note(self, connected: socket.socket) -> None:
        """Remember a socket, so that it can be cut."""
        # A second handle on the connection, because TLS detaches the first one.
        handle = connected.dup()
        with self._lock:
            self._handles.append(handle)
            if self._is_cut:
                _shut(handle)

    def cut(self) -> None:
        """Make every read and write fail at once, now and later."""
        with self._lock:
            self._is_cut = True
            for handle in self._handles:
                _shut(handle)

    def close(self) -> None:
        """Close all sockets; called in the thread that sends."""
        super().close()
        with self._lock:
            for handle in self._handles:
                handle.close()
            self._handles.clear()


#: The adapter of the request that this thread carries out.
_this_thread = threading.local()


class _Connection(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        connected: socket.socket = super()._new_conn()
        _this_thread.adapter.note(connected)
        return connected


class _TLSConnection(_Connection, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TLSPool(HTTPSConnectionPool):
    ConnectionCls = _TLSConnection


def _shut(handle: socket.socket) -> None:
    try:
        handle.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # the other side has already closed it
