"""Bodies of requests that are read piece by piece, as films are."""

import socket
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from flask import Response, request
from gunicorn.http.body import Body, LengthReader
from gunicorn.http.unreader import SocketUnreader
from werkzeug.exceptions import ClientDisconnected

from boz_server.disk import BLOCK_BYTES
from boz_server.errors import Interrupted

#: Seconds for which the body of a refused request is still read.
LINGER_SECONDS = 5

Read = Callable[[int], bytes]

#: Seconds that a sender may be silent: one that is gone without a word would keep a thread.
SILENCE_SECONDS = 60


def body_reader() -> Read:
    """Return what reads the request's body; raises Interrupted where the sender is gone."""
    connection = request.environ.get("gunicorn.socket")
    if connection is not None:
        connection.settimeout(SILENCE_SECONDS)
    read = _straight(request.environ["wsgi.input"]) or request.stream.read

    def checked(size: int) -> bytes:
        try:
            return read(size)
        except (ClientDisconnected, OSError) as error:
            raise Interrupted(
                "The connection broke off before everything was here: send the rest, or all again."
            ) from error

    return checked


def read_to_end(response: Response) -> Response:
    """After the answer to a request whose body was not read, as it was refused: read what still
    comes and drop it, for a while.

    Most senders read no answer before they have sent everything. A connection that is closed while
    bytes come is reset, and then they may never see it (RFC 9112, section 9.6).
    """
    connection = request.environ.get("gunicorn.socket")
    if connection is not None and (
        request.content_length or "Transfer-Encoding" in request.headers
    ):
        body = request.environ["wsgi.input"]
        response.call_on_close(lambda: _drop(connection, body))
    return response


def _drop(connection: socket.socket, body: Any) -> None:
    deadline = time.monotonic() + LINGER_SECONDS
    try:
        while (left := deadline - time.monotonic()) > 0:
            connection.settimeout(left)
            if not body.read(BLOCK_BYTES):
                return
    except OSError:
        pass
    # Else gunicorn would wait for the sender's end of it, and serve no one else meanwhile.
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def _straight(body: Any) -> Read | None:
    """Return what reads a body of known length from its connection; None for other bodies.

    By way of gunicorn's and Werkzeug's own buffers each byte is copied six times: that costs six
    times as much, and more than the disk takes for a film (python -m bench.uploads).
    """
    reader = getattr(body, "reader", None)
    if not isinstance(body, Body) or not isinstance(reader, LengthReader):
        return None
    unreader = reader.unreader
    if not isinstance(unreader, SocketUnreader) or body.buf.tell():
        return None

    def read(size: int) -> bytes:
        size = min(size, reader.length)
        if not size:
            return b""
        if held := unreader.take_buffered():  # what came along with the request's head
            block = held[:size]
            unreader.unread(held[size:])
        else:
            block = unreader.sock.recv(size)
        if not block:
            raise ClientDisconnected
        # gunicorn's own account of what is left, by which it knows where the next request begins.
        reader.length -= len(block)
        return block

    return read
