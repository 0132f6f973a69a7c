"""Thumbnails on disk: only what is a JPEG by its headers is stored."""

import base64
import struct
import time
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boz_server.domain.discs.jpeg import MAX_SEGMENTS, MAX_SIDE, is_showable, picture_size
from boz_server.errors import NotFound
from boz_server.services.discs.thumbnails import Thumbnail, ThumbnailStore
from tests.support import JPEG, FakeClock


@pytest.fixture
def clock() -> FakeClock:
    """The time, which stands still unless a test moves it."""
    return FakeClock()


@pytest.fixture
def store(tmp_path, clock) -> ThumbnailStore:
    """A store whose folder isn't there yet."""
    return ThumbnailStore(tmp_path / "thumbnails", clock)


def files(store: ThumbnailStore, owner_id: str = "disc") -> list[str]:
    """The files that are kept of an owner."""
    return sorted(path.name for path in (store.folder / owner_id).iterdir())


def test_it_makes_no_folder_for_nothing(store):
    store.save("disc", [])
    assert not store.folder.exists()


def test_it_replaces_a_thumbnail_and_leaves_no_parts(store):
    store.save("disc", [Thumbnail(0, 300, b"old")])
    store.save("disc", [Thumbnail(0, 300, b"new")])
    assert files(store) == ["title_0_300.jpg"]
    assert store.read("disc", "title_0_300.jpg") == b"new"


def test_it_counts_no_parts(store):
    store.save("disc", [Thumbnail(0, 300, b"jpeg")])
    (store.folder / "disc" / "tmp1.part").touch()
    assert store.count("disc") == 1


def test_it_keeps_nothing_else_of_a_title_that_is_saved_again(store):
    store.save("disc", [Thumbnail(0, 300, b"a"), Thumbnail(0, 600, b"b"), Thumbnail(10, 9, b"c")])
    store.save("disc", [Thumbnail(1, 9, b"d"), Thumbnail(0, 600, b"e")])
    assert files(store) == ["title_0_600.jpg", "title_10_9.jpg", "title_1_9.jpg"]
    assert store.read("disc", "title_0_600.jpg") == b"e"


def test_it_drops_all_of_an_owner(store):
    store.save("disc", [Thumbnail(0, 300, b"a"), Thumbnail(1, 300, b"b")])
    store.delete("disc")
    store.delete("disc")
    with pytest.raises(NotFound):
        store.read("disc", "title_0_300.jpg")
    assert store.owners() == []


def test_it_keeps_only_what_it_is_told(store):
    store.save("disc", [Thumbnail(0, 300, b"a"), Thumbnail(1, 300, b"b")])
    (store.folder / "disc" / "tmp1.part").touch()
    assert store.keep_only("disc", {"title_1_300.jpg"}) == 1
    assert files(store) == ["title_1_300.jpg"]
    assert (store.keep_only("disc", set()), store.keep_only("disc", set())) == (1, 0)
    assert store.owners() == []


def test_it_knows_owners_by_their_ids(store):
    assert store.owners() == []
    store.save("b", [Thumbnail(0, 300, b"")])
    store.save("a", [Thumbnail(0, 300, b"")])
    (store.folder / ".boz-probe").touch()
    assert store.owners() == ["a", "b"]


def test_it_tells_how_old_a_thumbnail_is_by_the_clock(store, clock):
    store.save("disc", [Thumbnail(0, 300, b"")])
    since = clock.now()
    clock.advance(60)
    store.save("disc", [Thumbnail(1, 300, b"")])
    assert store.saved_since(since, "disc") == {"title_1_300.jpg"}
    assert store.saved_since(since, "other") == set()


def test_it_takes_a_thumbnail_from_the_future_for_a_new_one(store, clock):
    store.save("disc", [Thumbnail(0, 300, b"")])
    clock.advance(-3600)
    now = clock.now()
    assert store.saved_since(now - timedelta(seconds=1), "disc") == {"title_0_300.jpg"}
    clock.advance(60)
    assert store.saved_since(now, "disc") == set()


@pytest.mark.parametrize("owner_id", ["", ".", "..", "../disc", "a/b", "a\x00", "a" * 65, "\uff0e"])
def test_it_finds_nothing_by_what_is_no_id(store, owner_id):
    for call in (store.count, store.delete, store.require_id):
        with pytest.raises(NotFound):
            call(owner_id)
    with pytest.raises(NotFound):
        store.keep_only(owner_id, set())


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
