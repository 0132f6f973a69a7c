"""Filing one file, wherever an earlier attempt was killed."""

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from boz_server import disk
from boz_server.domain.naming.collision import CollisionPolicy
from boz_server.services.library.mover import Filed, Filing, Stopped

FILM = os.urandom(3_000_000)


class Folders:
    """An output folder with a film, and a library."""

    def __init__(self, folder: Path) -> None:
        self.source = folder / "output" / "Heat (1995).mkv"
        self.library = folder / "nas"
        self.target = self.library / "Movies" / "Heat (1995)" / "Heat (1995).mkv"
        for each in (self.source.parent, self.target.parent):
            each.mkdir(parents=True)
        self.source.write_bytes(FILM)
        self.stops_after = len(FILM) * 10
        #: Names that another job is about to give its file.
        self.reserved: set[Path] = set()

    def file(self, policy: CollisionPolicy = CollisionPolicy.KEEP_BOTH) -> Filed:
        return Filing(
            self.source,
            self.target,
            self.library,
            job_id="a-job",
            policy=policy,
            note=lambda path: path not in self.reserved,
            seen=self._seen,
        ).run()

    def left(self) -> list[bytes]:
        """What lies in the library, of whatever name."""
        return [path.read_bytes() for path in self.target.parent.iterdir()]

    def _seen(self, size_bytes: int) -> None:
        self.stops_after -= size_bytes
        if self.stops_after < 0:
            raise Stopped


@pytest.fixture
def folders(tmp_path) -> Folders:
    return Folders(tmp_path)


@pytest.fixture
def two_disks(monkeypatch, folders):
    """Let the output folder and the library lie on two disks."""
    link = os.link

    def refuse(source: Path, target: Path) -> None:
        if folders.library in Path(target).parents and folders.library not in source.parents:
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        link(source, target)

    monkeypatch.setattr(disk.os, "link", refuse)


@pytest.mark.usefixtures("two_disks")
@pytest.mark.parametrize("arrived", [0, 1, 1_000_000, len(FILM)])
def test_it_copies_anew_what_a_killed_server_left_of_a_copy(folders, arrived):
    # As many bytes as the film has prove nothing: a disk may have lost them.
    half = FILM[:arrived] if arrived < len(FILM) else bytes(len(FILM))
    (folders.target.parent / ".boz-a-job.part").write_bytes(half)
    assert folders.file() == Filed(folders.target)
    assert folders.left() == [FILM]
    assert not folders.source.exists()


@pytest.mark.usefixtures("two_disks")
@pytest.mark.parametrize("stops_after", [0, 1_500_000, 3_500_000, 5_500_000])
def test_it_leaves_nothing_of_a_copy_that_is_stopped(folders, stops_after):
    folders.stops_after = stops_after
    with pytest.raises(Stopped):
        folders.file()
    assert folders.left() == []
    assert folders.source.read_bytes() == FILM


@pytest.mark.parametrize("disks", [1, 2])
def test_it_goes_on_where_a_file_has_its_name_and_its_source_is_there_still(
    folders, disks, request
):
    if disks == 1:
        os.link(folders.source, folders.target)
    else:
        request.getfixturevalue("two_disks")
        folders.target.write_bytes(FILM)
    assert folders.file() == Filed(folders.target, is_known=True)
    assert folders.left() == [FILM]
    assert not folders.source.exists()


def test_it_makes_the_new_name_last_before_it_drops_the_old_one(folders, monkeypatch):
    """After power loss a disk may have one of both, in whatever order they were written."""
    done: list[Any] = []

    def noted(path: Path) -> None:
        done.append(path)
        if path.is_file():
            unlink(path)

    unlink = os.unlink
    monkeypatch.setattr(disk, "sync_folder", noted)
    monkeypatch.setattr(disk.os, "unlink", noted)
    assert disk.rename_noreplace(folders.source, folders.target)
    assert done == [folders.target.parent, folders.source, folders.source.parent]


@pytest.mark.parametrize("policy", list(CollisionPolicy))
@pytest.mark.parametrize("is_there", [False, True])
def test_it_waits_for_a_job_that_is_about_to_have_its_name(folders, policy, is_there):
    """It may be the same film: what becomes of this one is known only then."""
    folders.reserved = {folders.target}
    if is_there:
        folders.target.write_bytes(FILM)
    with pytest.raises(BlockingIOError):
        folders.file(policy)
    assert folders.left() == ([FILM] if is_there else [])
    assert folders.source.read_bytes() == FILM
