"""Moving one file into the library: complete or not at all, whatever is there already, and wherever
an earlier attempt was killed."""

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest

from boz_server import disk
from boz_server.domain.naming.library_paths import CollisionPolicy
from boz_server.services.library import mover
from boz_server.services.library.mover import TRASH, Damaged, Moved, Mover, Stopped

FILM = os.urandom(3 * disk.BLOCK_BYTES + 17)
PLACE = "Movies/Serenity (2005)/Serenity (2005).mkv"


class Stage:
    """A file in the output folder, and a library."""

    def __init__(self, folder: Path) -> None:
        self.library = folder / "nas"
        self.source = folder / "output" / "Serenity.mkv"
        self.target = self.library / PLACE
        self.reserved: list[Path] = []
        self.progress_bytes = 0
        #: Names that other jobs have reserved.
        self.taken: set[Path] = set()
        self.source.parent.mkdir()
        (self.library / "Movies").mkdir(parents=True)
        self.source.write_bytes(FILM)

    def move(self, policy: CollisionPolicy = CollisionPolicy.KEEP_BOTH, **hooks: Any) -> Moved:
        """Move it, as the organizer does."""
        return Mover(
            self.source,
            self.target,
            self.library,
            job_id="job",
            policy=policy,
            reserve=hooks.get("reserve", self.reserve),
            on_progress=hooks.get("on_progress", self.on_progress),
        ).run()

    def reserve(self, path: Path) -> bool:
        self.reserved.append(path)
        return path not in self.taken

    def on_progress(self, size: int) -> None:
        self.progress_bytes += size

    def there(self, name: str = "", content: bytes = b"another film") -> Path:
        """Put another file into the library."""
        path = self.target.with_name(name) if name else self.target
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def files(self) -> dict[str, bytes]:
        """All files of the library, by their path in it."""
        return {
            str(path.relative_to(self.library)): path.read_bytes()
            for path in self.library.rglob("*")
            if path.is_file()
        }


@pytest.fixture
def stage(tmp_path) -> Stage:
    return Stage(tmp_path)


@pytest.fixture(params=["one disk", "two disks"])
def disks(request, monkeypatch) -> bool:
    """Whether the library is on another disk; the tests hold in either case."""
    if request.param == "two disks":
        refuse_links_from(monkeypatch, "output")
    return bool(request.param == "two disks")


def refuse_links_from(monkeypatch: pytest.MonkeyPatch, folder: str) -> None:
    """Refuse links from a folder, as between two disks."""
    link = os.link

    def refuse(source: Path, path: Path) -> None:
        if source.parent.name == folder and path.parent != source.parent:
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        link(source, path)

    monkeypatch.setattr(disk.os, "link", refuse)


def failing(number: int) -> Callable[..., NoReturn]:
    def fail(*_: Any) -> NoReturn:
        raise OSError(number, os.strerror(number))

    return fail


@pytest.mark.usefixtures("disks")
def test_it_moves_a_file_to_its_place(stage):
    assert stage.move() == Moved(stage.target)
    assert stage.files() == {PLACE: FILM}
    assert not stage.source.exists()
    assert stage.reserved == [stage.target]


def test_it_reports_the_progress_of_a_copy(stage, disks):
    stage.move()
    # Written, and read back.
    assert stage.progress_bytes == (2 * len(FILM) if disks else 0)


@pytest.mark.usefixtures("disks")
def test_it_adds_a_number_to_a_taken_name(stage):
    stage.there()
    stage.there("Serenity (2005) (2).mkv", b"a third film")
    assert stage.move().path.name == "Serenity (2005) (3).mkv"
    assert sorted(stage.files().values()) == sorted([b"another film", b"a third film", FILM])
    assert not stage.source.exists()


@pytest.mark.usefixtures("disks")
@pytest.mark.parametrize("policy", CollisionPolicy)
def test_it_recognizes_the_same_content(stage, policy):
    stage.there(content=FILM)
    assert stage.move(policy) == Moved(stage.target, is_known=True)
    assert stage.files() == {PLACE: FILM}
    assert not stage.source.exists()


@pytest.mark.usefixtures("disks")
def test_it_recognizes_the_same_content_under_a_number(stage):
    stage.there()
    known = stage.there("Serenity (2005) (2).mkv", FILM)
    assert stage.move() == Moved(known, is_known=True)
    assert len(stage.files()) == 2


@pytest.mark.usefixtures("disks")
def test_it_tells_files_of_the_same_size_apart(stage):
    stage.there(content=FILM[:-1] + bytes([FILM[-1] ^ 1]))
    assert stage.move().path.name == "Serenity (2005) (2).mkv"


@pytest.mark.usefixtures("disks")
def test_it_skips_a_file_whose_name_is_taken(stage):
    stage.there()
    assert stage.move(CollisionPolicy.SKIP) == Moved(stage.source, is_skipped=True)
    assert stage.files() == {PLACE: b"another film"}
    assert stage.source.read_bytes() == FILM


@pytest.mark.usefixtures("disks")
def test_it_moves_a_replaced_file_to_the_trash(stage):
    trash = f"Movies/{TRASH}/Serenity (2005)/Serenity (2005)"
    for number, content in enumerate((b"first", b"second")):
        stage.there(content=content)
        stage.source.write_bytes(FILM)
        assert stage.move(CollisionPolicy.REPLACE) == Moved(stage.target)
        stage.target.rename(stage.library / f"kept {number}")
    assert stage.files() == {
        f"{trash}.mkv": b"first",
        f"{trash} (2).mkv": b"second",
        "kept 0": FILM,
        "kept 1": FILM,
    }


@pytest.mark.usefixtures("disks")
def test_it_changes_nothing_when_it_may_not_reserve_a_name(stage):
    def stop(_: Path) -> NoReturn:
        raise Stopped

    with pytest.raises(Stopped):
        stage.move(reserve=stop)
    assert stage.files() == {}
    assert stage.source.read_bytes() == FILM


@pytest.mark.parametrize("blocks", range(8))
def test_it_leaves_no_incomplete_file_when_a_copy_is_stopped(stage, monkeypatch, blocks):
    refuse_links_from(monkeypatch, "output")
    calls = 0

    def stop(_: int) -> None:
        nonlocal calls
        calls += 1
        if calls > blocks:
            raise Stopped

    with pytest.raises(Stopped):
        stage.move(on_progress=stop)
    assert stage.files() == {}
    assert stage.source.read_bytes() == FILM


def test_it_notices_a_damaged_copy(stage, monkeypatch):
    refuse_links_from(monkeypatch, "output")
    write = mover.write_all
    monkeypatch.setattr(mover, "write_all", lambda file, block: write(file, block[:-1] + b"?"))
    with pytest.raises(Damaged, match="differs"):
        stage.move()
    assert stage.files() == {}
    assert stage.source.read_bytes() == FILM


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
def test_it_keeps_the_source_when_the_share_fails(stage, monkeypatch, number):
    refuse_links_from(monkeypatch, "output")
    monkeypatch.setattr(mover, "write_all", failing(number))
    with pytest.raises(OSError, match=os.strerror(number)):
        stage.move()
    assert stage.files() == {}
    assert stage.source.read_bytes() == FILM


@pytest.mark.usefixtures("disks")
def test_it_finishes_a_move_that_was_killed_before_the_source_was_deleted(stage, disks):
    if disks:
        stage.there(content=FILM)
    else:
        stage.target.parent.mkdir()
        os.link(stage.source, stage.target)
    assert stage.move() == Moved(stage.target, is_known=True)
    assert stage.files() == {PLACE: FILM}
    assert not stage.source.exists()


@pytest.mark.parametrize("arrived", [0, 1, 1_000_000, len(FILM)])
def test_it_repeats_a_copy_that_a_killed_server_left(stage, monkeypatch, arrived):
    refuse_links_from(monkeypatch, "output")
    # The right size proves nothing: a disk may have lost the bytes.
    half = FILM[:arrived] if arrived < len(FILM) else bytes(len(FILM))
    left = stage.there(".boz-job.part", half)
    assert stage.move() == Moved(stage.target)
    assert not left.exists()
    assert stage.files() == {PLACE: FILM}
    assert not stage.source.exists()


def test_it_makes_the_new_name_last_before_it_deletes_the_old_one(stage, monkeypatch):
    """After power loss a disk may have one of both, in whatever order they were written."""
    stage.target.parent.mkdir()
    done: list[Any] = []

    def record(path: Path) -> None:
        done.append(path)
        if path.is_file():
            unlink(path)

    unlink = os.unlink
    monkeypatch.setattr(disk, "sync_folder", record)
    monkeypatch.setattr(disk.os, "unlink", record)
    assert disk.rename_noreplace(stage.source, stage.target)
    assert done == [stage.target.parent, stage.source, stage.source.parent]


@pytest.mark.parametrize("policy", list(CollisionPolicy))
@pytest.mark.parametrize("is_there", [False, True])
def test_it_waits_for_a_job_that_has_reserved_its_name(stage, policy, is_there):
    """It may be the same film: only then do we know what to do with this one."""
    stage.taken = {stage.target}
    if is_there:
        stage.there(content=FILM)
    with pytest.raises(BlockingIOError):
        stage.move(policy)
    assert stage.files() == ({PLACE: FILM} if is_there else {})
    assert stage.source.read_bytes() == FILM


def test_it_deletes_old_copies_of_other_jobs_but_no_recent_ones(stage):
    old, new = stage.there(".boz-old.part"), stage.there(".boz-new.part")
    os.utime(old, (1, 1))
    stage.move()
    assert (old.exists(), new.exists()) == (False, True)


def test_it_works_on_a_disk_without_links(stage, monkeypatch):
    monkeypatch.setattr(disk.os, "link", failing(errno.EPERM))
    stage.there()
    assert stage.move().path.name == "Serenity (2005) (2).mkv"
    assert stage.files()[PLACE] == b"another film"


def test_it_keeps_the_time_of_a_file(stage, disks):
    os.utime(stage.source, (1_700_000_000, 1_700_000_000))
    assert stage.move().path.stat().st_mtime == 1_700_000_000
    assert disks in (True, False)


def test_it_skips_a_folder_that_has_the_files_name(stage):
    stage.target.mkdir(parents=True)
    assert stage.move().path.name == "Serenity (2005) (2).mkv"


def test_it_fails_when_the_library_is_not_a_folder(stage):
    shutil.rmtree(stage.library)
    stage.library.write_text("no folder")
    with pytest.raises(FileExistsError):
        stage.move()
    assert stage.source.read_bytes() == FILM
