"""What a JPEG's own bytes say of its picture, read as ITU-T T.81 (Annex B) lays it out."""

import re
import struct
from collections.abc import Iterator

#: Pixels of a side. The largest picture on a disc is 3840 by 2160, and agents send smaller ones;
#: a picture of 65,500 by 65,500 is a small file too, and takes 16 GiB in the browser that shows it.
MAX_SIDE = 4096
#: A frame header comes after a dozen segments, or a few hundred where a colour profile is spread
#: over them; no file makes us look at more.
MAX_SEGMENTS = 1000

_START = b"\xff\xd8"
#: A marker, after any number of fill bytes, and the length of its segment, which counts itself.
_SEGMENT = re.compile(rb"\xff++([\xc0-\xfe])(..)", re.DOTALL)
#: Baseline, extended sequential and progressive frames: what browsers show. The others (lossless,
#: hierarchical, arithmetic) they don't.
_FRAMES = frozenset({0xC0, 0xC1, 0xC2})
#: What may stand before the frame and between it and the scan: Huffman and quantisation tables,
#: the restart interval, comments, and applications' own segments (JFIF, Exif).
_TABLES = frozenset({0xC4, 0xDB, 0xDD, 0xFE, *range(0xE0, 0xF0)})
_SCAN = 0xDA
#: Bits a sample, height, width, components; each component has three bytes behind it: its number,
#: sampling factors and quantisation table.
_FRAME = struct.Struct(">BHHB")
_COMPONENT_BYTES = 3
_BITS = 8
_MAX_COMPONENTS = 4


def picture_size(data: bytes) -> tuple[int, int] | None:
    """Return width and height in pixels of a JPEG that a browser can show; None for anything else.

    Looks at the headers only: whether the picture itself is whole can't be told without decoding
    it, and a browser shows what there is. A side of 0 ("told later", a DNL segment) is none.
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
    """Give marker and content of each segment, as far as they are whole, and MAX_SEGMENTS at most;
    none where the data begins like no JPEG."""
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
    """Return width and height; None where the header is none of 8-bit samples in 1 to 4 colours."""
    if len(header) < _FRAME.size:
        return None
    bits, height, width, components = _FRAME.unpack_from(header)
    fits = len(header) == _FRAME.size + _COMPONENT_BYTES * components
    if bits != _BITS or not 1 <= components <= _MAX_COMPONENTS or not fits:
        return None
    return (width, height) if width and height else None
