"""Reads the size of a JPEG's picture from its headers (ITU-T T.81, Annex B)."""

import re
import struct
from collections.abc import Iterator

#: Pixels. The largest picture on a disc is 3840 by 2160, and agents send smaller ones. A small file
#: may be a picture of 65,500 by 65,500, which takes 16 GiB in a browser.
MAX_SIDE = 4096
#: A frame header comes after a dozen segments, or a few hundred with a large colour profile.
MAX_SEGMENTS = 1000

_START = b"\xff\xd8"
#: A marker, after any number of fill bytes, and the length of its segment, including itself.
_SEGMENT = re.compile(rb"\xff++([\xc0-\xfe])(..)", re.DOTALL)
#: The frames that browsers show: baseline, extended sequential and progressive. They don't show
#: lossless, hierarchical and arithmetic ones.
_FRAMES = frozenset({0xC0, 0xC1, 0xC2})
#: Segments allowed before the frame, and between it and the scan: Huffman and quantisation tables,
#: the restart interval, comments, and applications' own (JFIF, Exif).
_TABLES = frozenset({0xC4, 0xDB, 0xDD, 0xFE, *range(0xE0, 0xF0)})
_SCAN = 0xDA
#: Bits per sample, height, width, components. Three bytes follow for each component: its number,
#: sampling factors and quantisation table.
_FRAME = struct.Struct(">BHHB")
_COMPONENT_BYTES = 3
_BITS = 8
_MAX_COMPONENTS = 4


def picture_size(data: bytes) -> tuple[int, int] | None:
    """Return width and height in pixels of a JPEG that a browser can show; None for anything else.

    Reads only the headers: a truncated picture is fine, as a browser shows what there is of it.
    A side of 0 (defined later, in a DNL segment) counts as no size.
    """
    size = None
    for marker, content in _segments(data):
        if marker == _SCAN:
            return size
        if marker in _FRAMES and size is None:
            size = _frame_size(content)
            if size is None:
                break
        elif marker not in _TABLES:
            break
    return None


def is_showable(data: bytes) -> bool:
    """Whether it is a JPEG that a browser can show, with sides of 1 to MAX_SIDE pixels."""
    size = picture_size(data)
    return size is not None and all(0 < side <= MAX_SIDE for side in size)


def _segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield marker and content of each whole segment, MAX_SEGMENTS at most.

    Yields none if the data doesn't begin like a JPEG.
    """
    at = len(_START) if data.startswith(_START) else len(data)
    for _ in range(MAX_SEGMENTS):
        segment = _SEGMENT.match(data, at)
        if segment is None:
            return
        at = segment.start(2) + int.from_bytes(segment[2])
        if not segment.end() <= at <= len(data):
            return
        yield segment[1][0], data[segment.end() : at]


def _frame_size(header: bytes) -> tuple[int, int] | None:
    """Return width and height; None unless the frame has 8-bit samples in 1 to 4 colours."""
    if len(header) < _FRAME.size:
        return None
    bits, height, width, components = _FRAME.unpack_from(header)
    fits = len(header) == _FRAME.size + _COMPONENT_BYTES * components
    if bits != _BITS or not 1 <= components <= _MAX_COMPONENTS or not fits:
        return None
    return (width, height) if width and height else None
