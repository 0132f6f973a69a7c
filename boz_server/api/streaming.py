"""Request bodies that are read piece by piece, as films are: plain bytes and multipart forms."""

from collections.abc import Callable, Iterator
from typing import Any

from flask import request
from gunicorn.http.body import Body, LengthReader
from gunicorn.http.unreader import SocketUnreader
from multipart import MultipartError, MultipartSegment, PushMultipartParser
from werkzeug.exceptions import ClientDisconnected
from werkzeug.http import parse_options_header

from boz_server.errors import Interrupted, Invalid
from boz_server.services.uploads.receive import FileHead, FormPiece, Word

#: How much of a form is read at once. Larger blocks save calls, but the parser cuts them, and then
#: the kernel spends more on handing out memory than the calls had cost (python -m bench.uploads).
READ_BYTES = 256 * 1024
#: A form has a file and a few words beside it.
MAX_PARTS, MAX_WORD_BYTES = 10, 64 * 1024
#: How many seconds a sender may be silent: one that vanished would occupy a thread forever.
SILENCE_SECONDS = 60

Read = Callable[[int], bytes]


def body_reader() -> Read:
    """Return a function that reads the request's body; it raises Interrupted when the sender is
    gone."""
    connection = request.environ.get("gunicorn.socket")
    if connection is not None:
        connection.settimeout(SILENCE_SECONDS)
    read = _direct(request.environ["wsgi.input"]) or request.stream.read

    def checked(size: int) -> bytes:
        try:
            return read(size)
        except (ClientDisconnected, OSError) as error:
            raise Interrupted(
                "The connection broke off before everything was here: send the rest, or all again."
            ) from error

    return checked


def form_pieces() -> Iterator[FormPiece]:
    """Read the request's multipart form as it arrives; nothing of a body that is no form.

    The file is the part named "file" that has a file name. Raises Invalid for a form that can't be
    read, Interrupted when the sender is gone.
    """
    kind, options = parse_options_header(request.headers.get("Content-Type", ""))
    if kind != "multipart/form-data":
        return
    try:
        parser = PushMultipartParser(options.get("boundary", ""), max_segment_count=MAX_PARTS)
        yield from _pieces(parser.parse_blocking(body_reader(), READ_BYTES))
    except MultipartError as error:
        reason = error.args[0]  # str() of it would name an exception
        raise Invalid("file", f"The form can't be read ({reason}): send it again.") from error


def _pieces(events: Iterator[MultipartSegment | bytes | bytearray | None]) -> Iterator[FormPiece]:
    """Turn the parser's events into pieces: a segment's head, its bytes, and None at its end."""
    name, word = "", bytearray()
    is_file = has_file = False
    for event in events:
        if isinstance(event, MultipartSegment):
            # Werkzeug reads `filename*=utf-8''…`, which some clients send.
            disposition = parse_options_header(event.header("Content-Disposition"))[1]
            name, word = str(event.name), bytearray()
            is_file = name == "file" and "filename" in disposition
            if is_file and not has_file:
                has_file = True
                yield FileHead(disposition["filename"])
        elif is_file:
            if event is not None:
                yield event
        elif event is None:
            yield Word(name, word.decode(errors="replace"))
        else:
            word += event
            if len(word) > MAX_WORD_BYTES:
                raise Invalid(name, "Is longer than anything that can be meant.")


def _direct(body: Any) -> Read | None:
    """Return a function that reads a body of known length straight from its connection; None for
    other bodies.

    Through the buffers of gunicorn and Werkzeug each byte is copied six times, which costs six
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
        if held := unreader.take_buffered():  # came with the request's head
            block = held[:size]
            unreader.unread(held[size:])
        else:
            block = unreader.sock.recv(size)
        if not block:
            raise ClientDisconnected
        # gunicorn's own count of what is left tells it where the next request begins.
        reader.length -= len(block)
        return block

    return read
