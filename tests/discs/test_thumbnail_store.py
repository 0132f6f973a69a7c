"""Thumbnails on disk."""

from datetime import timedelta

import pytest

from boz_server.errors import NotFound
from boz_server.services.discs.thumbnails import Thumbnail, ThumbnailStore
from tests.support import FakeClock


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
