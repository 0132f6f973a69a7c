"""Sends requests over many keep-alive connections from one thread, and times the answers.

The bench calls this in its own process, where nothing else runs meanwhile.
"""

import heapq
import re
import select
import socket
import time
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Self

Address = tuple[str, int]

#: The header that says how many statements a request ran, of a server that counts them.
STATEMENTS = "X-Statements"

_LENGTH = re.compile(rb"\r\ncontent-length:\s*(\d+)", re.I)
_CLOSE = re.compile(rb"\r\nconnection:\s*close", re.I)
_READ_BYTES = 1 << 20
#: Seconds to wait for an answer.
GIVE_UP = 60


@dataclass
class Result:
    """What came of a number of requests.

    latencies: of the requests that succeeded, in seconds. seconds: until the last of these was
    answered. errors: how many others there were, by status or reason.
    """

    latencies: list[float] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Successful requests per second."""
        return len(self.latencies) / self.seconds if self.latencies else 0.0


class Connection:
    """A keep-alive connection with at most one request under way."""

    def __init__(self, address: Address, number: int) -> None:
        self.address, self.number = address, number
        self.socket: socket.socket | None = None
        self.is_busy = False
        #: Since when the answer is awaited.
        self.since = 0.0
        self.status = 0
        self._head, self._closes = b"", False
        #: Bytes of the answer that are to come; None in its head, -1 for an answer in chunks.
        self._left: int | None = None

    def send(self, request: bytes) -> socket.socket | None:
        """Send a request; returns the socket if it is a new one. Raises OSError."""
        self.is_busy, self._head, self._left = True, b"", None
        if self.socket is not None:
            try:
                self.socket.sendall(request)
            except OSError:  # an idle connection may have been closed
                self.close()
            else:
                return None
        self.socket = socket.create_connection(self.address, timeout=GIVE_UP)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.sendall(request)
        return self.socket

    def receive(self) -> bool:
        """Take what has arrived; whether the answer is complete. Raises OSError if it never will
        be."""
        data = self.socket.recv(_READ_BYTES) if self.socket else b""
        if not data:
            raise ConnectionError("cut off")
        if self._left is None:
            self._head += data
            end = self._head.find(b"\r\n\r\n")
            if end < 0:
                return False
            self.status = int(self._head[9:12])
            self._closes = _CLOSE.search(self._head, 0, end + 2) is not None
            length = _LENGTH.search(self._head, 0, end + 2)
            self._left = int(length[1]) - (len(self._head) - end - 4) if length else -1
        elif self._left >= 0:
            self._left -= len(data)
        is_complete = self._left == 0 or (self._left < 0 and data.endswith(b"0\r\n\r\n"))
        if is_complete:
            self.is_busy = False
            if self._closes:
                self.close()
        return is_complete

    def header(self, name: str) -> str:
        """Return a header of the latest answer. Raises KeyError."""
        found = re.search(rf"\r\n{name}: (.*?)\r\n".encode(), self._head, re.I)
        if found is None:
            raise KeyError(name)
        return found[1].decode()

    def close(self) -> None:
        """Close it; the next request opens it again."""
        if self.socket is not None:
            self.socket.close()
            self.socket = None


class Connections:
    """Connections to one server, and what came of the requests on them."""

    def __init__(self, address: Address, count: int) -> None:
        self.all = [Connection(address, number) for number in range(count)]
        self.result = Result()
        self.busy = 0
        #: Requests that were due before this are not counted.
        self.counts_from = 0.0
        self._poller = select.epoll()
        self._by_file: dict[int, Connection] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for connection in self.all:
            connection.close()
        self._poller.close()

    def send(self, connection: Connection, request: bytes, since: float) -> None:
        """Send a request, whose time counts from `since`. Raises OSError."""
        connection.since = since
        self.busy += 1
        opened = connection.send(request)
        if opened is not None:  # the epoll forgets a socket when it is closed
            self._by_file[opened.fileno()] = connection
            self._poller.register(opened.fileno(), select.EPOLLIN)

    def answered(self, timeout: float) -> list[Connection]:
        """Wait for something to arrive; returns the connections that are free again."""
        free = []
        for file, _ in self._poller.poll(timeout):
            connection = self._by_file[file]
            try:
                if not connection.receive():
                    continue
            except OSError:
                connection.close()
                if not connection.is_busy:
                    continue  # closed by the server while it was idle
                connection.is_busy, connection.status = False, 0
            self.busy -= 1
            self._note(connection)
            free.append(connection)
        return free

    def _note(self, connection: Connection) -> None:
        if connection.since < self.counts_from:
            return
        if 200 <= connection.status < 300:  # noqa: PLR2004
            self.result.latencies.append(time.perf_counter() - connection.since)
        else:
            self.result.errors[str(connection.status or "cut off")] += 1

    def finished(self) -> Result:
        """Return what came of all requests; those without an answer are errors."""
        if self.busy:
            self.result.errors["no answer"] += self.busy
        return self.result


def closed_loop(
    address: Address, requests: Iterator[bytes], seconds: float, connections: int
) -> Result:
    """Keep every connection busy for some seconds, then wait for the last answers."""
    with Connections(address, connections) as pool:
        began = now = time.perf_counter()
        stop = began + seconds
        for connection in pool.all:
            pool.send(connection, next(requests), time.perf_counter())
        while pool.busy and now < stop + GIVE_UP:
            for connection in pool.answered(1.0):
                pool.result.seconds = time.perf_counter() - began
                if time.perf_counter() < stop:
                    pool.send(connection, next(requests), time.perf_counter())
            now = time.perf_counter()
        return pool.finished()


def open_loop(
    address: Address,
    schedules: Sequence[Iterator[tuple[float, bytes]]],
    seconds: float,
    warm_up: float,
) -> Result:
    """Send requests at given times, however slow the answers are; one connection a schedule.

    schedules: of each connection, the seconds from the start and the request, in order. A request's
    time counts from when it was due, even if the connection was still busy then. warm_up: seconds
    before those that are measured.
    """
    end = warm_up + seconds
    with Connections(address, len(schedules)) as pool:
        began = time.perf_counter()
        pool.counts_from = began + warm_up
        due = [(*next(schedule), number) for number, schedule in enumerate(schedules)]
        heapq.heapify(due)
        waiting: list[deque[tuple[float, bytes]]] = [deque() for _ in schedules]

        def send_next(number: int) -> None:
            if waiting[number] and not pool.all[number].is_busy:
                at, request = waiting[number].popleft()
                pool.send(pool.all[number], request, began + at)

        now = 0.0
        while due[0][0] < end or (pool.busy and now < end + GIVE_UP):
            now = time.perf_counter() - began
            while due[0][0] < min(now, end):
                at, request, number = heapq.heappop(due)
                heapq.heappush(due, (*next(schedules[number]), number))
                waiting[number].append((at, request))
                send_next(number)
            for connection in pool.answered(min(0.05, max(0.0, due[0][0] - now))):
                send_next(connection.number)
        pool.result.seconds = seconds
        return pool.finished()
