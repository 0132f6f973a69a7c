"""JPEGs are known by their headers, and nothing that only looks like one gets through."""

import base64
import struct
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boz_server.domain.discs.jpeg import MAX_SEGMENTS, MAX_SIDE, is_showable, picture_size
from tests.support import JPEG

START, END = b"\xff\xd8", b"\xff\xd9"
COLOURS = b"\x01\x22\x00\x02\x11\x01\x03\x11\x01"
JFIF = b"JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"


def segment(marker: int, payload: bytes = b"") -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(payload) + 2) + payload


def frame(width: int, height: int, marker: int = 0xC0, bits: int = 8, components: int = 3) -> bytes:
    header = struct.pack(">BHHB", bits, height, width, components)
    return segment(marker, header + (COLOURS * 2)[: 3 * components])


SCAN = segment(0xDA, b"\x01\x01\x00\x00\x3f\x00") + b"\x00"


def jpeg(*segments: bytes) -> bytes:
    """A JPEG with these segments before its scan."""
    return START + b"".join(segments) + SCAN + END


def test_it_reads_width_and_height():
    assert picture_size(jpeg(segment(0xE0, JFIF), frame(320, 180))) == (320, 180)
    assert picture_size(base64.b64decode(JPEG)) == (1, 1)


@pytest.mark.parametrize("marker", [0xC0, 0xC1, 0xC2])
@pytest.mark.parametrize("components", [1, 3, 4])
def test_it_takes_every_frame_that_browsers_show(marker, components):
    assert is_showable(jpeg(frame(640, 480, marker, components=components)))


def test_it_skips_what_comes_before_and_behind_the_frame():
    before = [segment(marker, b"\xff\xc0\x00") for marker in (0xE1, 0xED, 0xFE, 0xDB, 0xC4)]
    behind = [segment(0xC4, b"\xff\xd9"), segment(0xDD, b"\x00\x04")]
    assert picture_size(jpeg(*before, b"\xff\xff\xff" + frame(720, 576), *behind)) == (720, 576)


@pytest.mark.parametrize(
    ("width", "height", "taken"),
    [
        (1, 1, True),
        (3840, 2160, True),
        (MAX_SIDE, MAX_SIDE, True),
        (MAX_SIDE + 1, 1, False),
        (1, MAX_SIDE + 1, False),
        (65535, 65535, False),
        (0, 480, False),
        (640, 0, False),
    ],
)
def test_it_takes_pictures_of_a_sane_size(width, height, taken):
    assert is_showable(jpeg(frame(width, height))) == taken


@pytest.mark.parametrize(
    "data",
    [
        b"",
        START,
        START + END,
        b"\xff\xd8\xff",
        b"\x89PNG\r\n\x1a\n",
        b"GIF89a",
        b"\x00" + jpeg(frame(8, 8)),
        START + frame(8, 8),  # no scan
        jpeg(),  # no frame
        jpeg(segment(0xE0, JFIF)),
        jpeg(frame(8, 8, marker=0xC3)),  # lossless
        jpeg(frame(8, 8, marker=0xC9)),  # arithmetic
        jpeg(frame(8, 8, bits=12)),
        jpeg(frame(8, 8, components=5)),
        jpeg(frame(8, 8), frame(9, 9)),
        jpeg(frame(0, 8), frame(8, 8)),
        jpeg(segment(0xC0, b"\x08\x00")),
        jpeg(segment(0xC0, struct.pack(">BHHB", 8, 8, 8, 3))),  # components left out
        jpeg(segment(0xD8), frame(8, 8)),
        jpeg(segment(0xD0), frame(8, 8)),
        START + b"\xff\xe0\x00\x00" + frame(8, 8) + SCAN,  # shorter than its own length
        START + b"\xff\xe0\x00\x01" + frame(8, 8) + SCAN,
        START + b"\xff\xe0\xff\xff" + frame(8, 8) + SCAN,  # beyond the end
        START + b"\xff\xe0",
        START + b"<script>alert(1)</script>",
    ],
)
def test_it_takes_nothing_else(data):
    assert not is_showable(data)


def test_it_looks_at_so_many_segments_and_no_more():
    comment = segment(0xFE)
    assert is_showable(jpeg(*[comment] * (MAX_SEGMENTS - 2), frame(8, 8)))
    assert not is_showable(jpeg(*[comment] * (MAX_SEGMENTS - 1), frame(8, 8)))


@pytest.mark.parametrize("filler", [b"\xff", b"\xff\xfe\x00\x02", b"\xff\xe0\x00", b"\x00"])
def test_it_is_soon_done_with_any_file(filler):
    data = START + filler * (2 * 1024 * 1024 // len(filler))
    began = time.process_time()
    assert not is_showable(data)
    assert time.process_time() - began < 0.1


@given(
    st.integers(1, 65535),
    st.integers(1, 65535),
    st.lists(st.binary(max_size=40), max_size=5),
    st.binary(max_size=20),
)
def test_it_finds_the_size_among_any_comments(width, height, comments, scan):
    before = [segment(0xFE, comment) for comment in comments]
    assert picture_size(jpeg(*before, frame(width, height)) + scan) == (width, height)


@given(st.binary(max_size=300), st.integers(0, 300), st.integers(0, 300))
def test_it_never_fails_on_any_bytes(noise, start, end):
    whole = jpeg(segment(0xE0, JFIF), frame(320, 180))
    for data in (noise, START + noise, whole[:start] + noise + whole[end:]):
        size = picture_size(data)
        assert size is None or min(size) > 0
