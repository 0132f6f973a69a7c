"""Thumbnails on disk."""

from pathlib import Path

import pytest

from boz_server.errors import NotFound
from boz_server.services.thumbnail_store import Thumbnail, ThumbnailStore


@pytest.fixture
def store(tmp_path: Path) -> ThumbnailStore:
    """A store whose folder isn't there yet."""
    return ThumbnailStore(tmp_path / "thumbnails")


def test_it_makes_no_folder_for_nothing(store: ThumbnailStore) -> None:
    store.save("disc", [])
    assert not store.folder.exists()


def test_it_replaces_a_thumbnail_and_leaves_no_parts(store: ThumbnailStore) -> None:
    store.save("disc", [Thumbnail(0, 300, b"old")])
    store.save("disc", [Thumbnail(0, 300, b"new")])
    assert [path.name for path in (store.folder / "disc").iterdir()] == ["title_0_300.jpg"]
    assert store.read("disc", "title_0_300.jpg") == b"new"


def test_it_counts_no_parts(store: ThumbnailStore) -> None:
    store.save("disc", [Thumbnail(0, 300, b"jpeg")])
    (store.folder / "disc" / "tmp1.part").touch()
    assert store.count("disc") == 1


def test_it_drops_thumbnails_once(store: ThumbnailStore) -> None:
    store.save("disc", [Thumbnail(0, 300, b"a"), Thumbnail(1, 300, b"b")])
    assert (store.delete("disc"), store.delete("disc")) == (2, 0)
    with pytest.raises(NotFound):
        store.read("disc", "title_0_300.jpg")
