"""The multipart form that a finished file comes in, written to disk as it arrives."""

from collections.abc import Callable
from dataclasses import dataclass, field

from flask import request
from multipart import MultipartError, MultipartSegment, PushMultipartParser
from werkzeug.http import parse_options_header

from boz_server.api.bodies import body_reader
from boz_server.errors import Invalid
from boz_server.services.uploads.part_files import Part

#: What is read at once: larger pieces, which the parser cuts, cost the kernel more memory to hand
#: out than they save calls (python -m bench.uploads).
READ_BYTES = 256 * 1024
#: A form has a file and a few words beside it.
MAX_PARTS, MAX_WORDS_BYTES = 10, 64 * 1024
MISSING = "Missing: send the file as multipart form data, with its name."


@dataclass
class Form:
    """What has come. sent_as: the sender's own name for the file, "" where it says none."""

    words: dict[str, str] = field(default_factory=dict)
    part: Part | None = None
    sent_as: str = ""


def read_form(begin: Callable[[], Part]) -> Form:
    """Read the request's form; `begin` opens the file for the part named "file".

    Raises Invalid for what is no such form, Interrupted where the sender broke off.
    """
    kind, options = parse_options_header(request.headers.get("Content-Type", ""))
    if kind != "multipart/form-data":
        raise Invalid("file", MISSING)
    form, words = Form(), bytearray()
    segment: MultipartSegment | None = None
    is_file = False  # found once a part: its head would else be read anew for each block
    try:
        parser = PushMultipartParser(options.get("boundary", ""), max_segment_count=MAX_PARTS)
        for event in parser.parse_blocking(body_reader(), READ_BYTES):
            if isinstance(event, MultipartSegment):
                segment, words, is_file = event, bytearray(), _is_file(event)
                if is_file and form.part is None:
                    form.part, form.sent_as = begin(), _sent_as(segment)
            elif segment is not None and event is not None:
                if is_file and form.part is not None:
                    form.part.write(event)
                else:
                    _add(words, event, segment)
            elif segment is not None and not is_file:
                form.words[str(segment.name)] = words.decode(errors="replace")
    except MultipartError as error:
        reason = error.args[0]  # others are exceptions
        raise Invalid("file", f"The form can't be read ({reason}): send it again.") from error
    return form


def _add(words: bytearray, more: bytes, segment: MultipartSegment) -> None:
    words += more
    if len(words) > MAX_WORDS_BYTES:
        raise Invalid(str(segment.name), "Is longer than anything that can be meant.")


def _is_file(segment: MultipartSegment) -> bool:
    return segment.name == "file" and "filename" in _disposition(segment)


def _sent_as(segment: MultipartSegment) -> str:
    return _disposition(segment)["filename"]


def _disposition(segment: MultipartSegment) -> dict[str, str]:
    # Werkzeug's reading knows `filename*=utf-8''…`, which some clients send.
    return parse_options_header(segment.header("Content-Disposition"))[1]
