"""What is done to files on disks of all kinds."""

import errno
import hashlib
import os
import sys
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any, NoReturn

import pytest

from boz_server import disk


def failing(number: int) -> Callable[..., NoReturn]:
    def fail(*_: Any) -> NoReturn:
        raise OSError(number, os.strerror(number))

    return fail


@pytest.fixture
def part(tmp_path: Path) -> Path:
    path = tmp_path / ".part"
    path.write_bytes(b"whole")
    return path


@pytest.mark.parametrize("links", [True, False])
def test_it_gives_a_name_that_is_free(part, monkeypatch, links):
    if not links:
        monkeypatch.setattr(disk.os, "link", failing(errno.EOPNOTSUPP))
    path = part.with_name("film.mkv")
    assert disk.rename_noreplace(part, path)
    assert (path.read_bytes(), part.exists()) == (b"whole", False)


@pytest.mark.parametrize("links", [True, False])
@pytest.mark.parametrize("kind", ["file", "folder", "broken link"])
def test_it_never_takes_a_name_from_another(part, monkeypatch, links, kind):
    if not links:
        monkeypatch.setattr(disk.os, "link", failing(errno.EOPNOTSUPP))
    path = part.with_name("film.mkv")
    {
        "file": path.touch,
        "folder": path.mkdir,
        "broken link": lambda: path.symlink_to("nowhere"),
    }[kind]()
    assert not disk.rename_noreplace(part, path)
    assert part.read_bytes() == b"whole"


def test_it_says_so_where_a_name_lies_on_another_disk(part, monkeypatch):
    monkeypatch.setattr(disk.os, "link", failing(errno.EXDEV))
    with pytest.raises(OSError, match=os.strerror(errno.EXDEV)):
        disk.rename_noreplace(part, part.with_name("film.mkv"))
    assert part.read_bytes() == b"whole"


def test_it_lets_one_at_a_time_have_a_file(part):
    with part.open("rb") as mine, part.open("rb") as others:
        assert disk.lock(mine)
        assert not disk.lock(others)
    with part.open("rb") as later:
        assert disk.lock(later)


def test_it_numbers_names_before_their_extension():
    names = [path.name for path in islice(disk.numbered(Path("/x/a.b.mkv")), 3)]
    assert names == ["a.b.mkv", "a.b (2).mkv", "a.b (3).mkv"]


def test_it_makes_folders_that_are_missing_and_leaves_those_that_are_there(tmp_path):
    folder = tmp_path / "a" / "b" / "c"
    for _ in range(2):
        disk.make_folders(folder)
        assert folder.is_dir()


def test_it_makes_folders_deeper_than_python_recurses(tmp_path):
    folder = tmp_path.joinpath(*"x" * (sys.getrecursionlimit() + 100))
    disk.make_folders(folder)
    assert folder.is_dir()
    # Whoever deletes pytest's folders recurses.
    while folder != tmp_path:
        folder.rmdir()
        folder = folder.parent


def test_it_takes_a_share_that_can_not_sync_folders(tmp_path, monkeypatch):
    monkeypatch.setattr(disk.os, "fsync", failing(errno.EINVAL))
    disk.sync_folder(tmp_path)
    monkeypatch.setattr(disk.os, "fsync", failing(errno.EIO))
    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        disk.sync_folder(tmp_path)


@pytest.mark.parametrize("size", [0, 1, disk.BLOCK_BYTES, 2 * disk.BLOCK_BYTES + 1])
def test_it_computes_the_checksum_of_a_file(tmp_path, size):
    content = os.urandom(size)
    (tmp_path / "film").write_bytes(content)
    seen: list[int] = []
    found = disk.sha256_of(tmp_path / "film", seen.append)
    assert found == hashlib.sha256(content).hexdigest()
    assert sum(seen) == size
