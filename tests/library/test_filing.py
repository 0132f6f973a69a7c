"""One file on its way into the library: whole or not at all, whatever is there already."""

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest

from boz_server import disk
from boz_server.domain.naming.collision import CollisionPolicy
from boz_server.services.library import mover as filing
from boz_server.services.library.mover import TRASH, Damaged, Filed, Filing, Stopped

FILM = os.urandom(3 * disk.BLOCK_BYTES + 17)
PLACE = "Movies/Serenity (2005)/Serenity (2005).mkv"


class Stage:
    """A file in the output folder, and a library."""

    def __init__(self, folder: Path) -> None:
        self.library = folder / "nas"
        self.source = folder / "output" / "Serenity.mkv"
        self.target = self.library / PLACE
        self.noted: list[Path] = []
        self.seen_bytes = 0
        self.source.parent.mkdir()
        (self.library / "Movies").mkdir(parents=True)
        self.source.write_bytes(FILM)

    def file(self, policy: CollisionPolicy = CollisionPolicy.KEEP_BOTH, **hooks: Any) -> Filed:
        """File it, as the library does."""
        return Filing(
            self.source,
            self.target,
            self.library,
            job_id="job",
            policy=policy,
            note=hooks.get("note", self.note),
            seen=hooks.get("seen", self.seen),
        ).run()

    def note(self, path: Path) -> bool:
        self.noted.append(path)
        return True

    def seen(self, size: int) -> None:
        self.seen_bytes += size

    def there(self, name: str = "", content: bytes = b"another film") -> Path:
        """A file that the library has already."""
        path = self.target.with_name(name) if name else self.target
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def files(self) -> dict[str, bytes]:
        """All files of the library, by their place."""
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
    """Whether the library lies on another disk; the tests hold in either case."""
    if request.param == "two disks":
        refuse_links_from(monkeypatch, "output")
    return bool(request.param == "two disks")


def refuse_links_from(monkeypatch: pytest.MonkeyPatch, folder: str) -> None:
    """Have links from a folder refused as from one disk to another."""
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
    assert stage.file() == Filed(stage.target)
    assert stage.files() == {PLACE: FILM}
    assert not stage.source.exists()
    assert stage.noted == [stage.target]


def test_it_tells_how_far_a_copy_is(stage, disks):
    stage.file()
    # Written, and read back.
    assert stage.seen_bytes == (2 * len(FILM) if disks else 0)


@pytest.mark.usefixtures("disks")
def test_it_numbers_a_name_that_others_have(stage):
    stage.there()
    stage.there("Serenity (2005) (2).mkv", b"a third film")
    assert stage.file().path.name == "Serenity (2005) (3).mkv"
    assert sorted(stage.files().values()) == sorted([b"another film", b"a third film", FILM])
    assert not stage.source.exists()


@pytest.mark.usefixtures("disks")
@pytest.mark.parametrize("policy", CollisionPolicy)
def test_it_knows_the_same_content(stage, policy):
    stage.there(content=FILM)
    assert stage.file(policy) == Filed(stage.target, is_known=True)
    assert stage.files() == {PLACE: FILM}
    assert not stage.source.exists()


@pytest.mark.usefixtures("disks")
def test_it_knows_the_same_content_under_a_number(stage):
    stage.there()
    known = stage.there("Serenity (2005) (2).mkv", FILM)
    assert stage.file() == Filed(known, is_known=True)
    assert len(stage.files()) == 2


@pytest.mark.usefixtures("disks")
def test_it_takes_a_file_of_the_same_size_for_another_one(stage):
    stage.there(content=FILM[:-1] + bytes([FILM[-1] ^ 1]))
    assert stage.file().path.name == "Serenity (2005) (2).mkv"


@pytest.mark.usefixtures("disks")
def test_it_leaves_a_file_where_it_is_whose_name_is_taken(stage):
    stage.there()
    assert stage.file(CollisionPolicy.SKIP) == Filed(stage.source, is_skipped=True)
    assert stage.files() == {PLACE: b"another film"}
    assert stage.source.read_bytes() == FILM


@pytest.mark.usefixtures("disks")
def test_it_keeps_what_it_replaces_in_the_trash(stage):
    trash = f"Movies/{TRASH}/Serenity (2005)/Serenity (2005)"
    for number, content in enumerate((b"first", b"second")):
        stage.there(content=content)
        stage.source.write_bytes(FILM)
        assert stage.file(CollisionPolicy.REPLACE) == Filed(stage.target)
        stage.target.rename(stage.library / f"kept {number}")
    assert stage.files() == {
        f"{trash}.mkv": b"first",
        f"{trash} (2).mkv": b"second",
        "kept 0": FILM,
        "kept 1": FILM,
    }


@pytest.mark.usefixtures("disks")
def test_it_changes_nothing_when_it_may_not_note(stage):
    def stop(_: Path) -> NoReturn:
        raise Stopped

    with pytest.raises(Stopped):
        stage.file(note=stop)
    assert stage.files() == {}
    assert stage.source.read_bytes() == FILM


@pytest.mark.parametrize("blocks", range(8))
def test_it_leaves_no_half_file_when_it_is_stopped_in_a_copy(stage, monkeypatch, blocks):
    refuse_links_from(monkeypatch, "output")
    calls = 0

    def seen(_: int) -> None:
        nonlocal calls
        calls += 1
        if calls > blocks:
            raise Stopped

    with pytest.raises(Stopped):
        stage.file(seen=seen)
    assert stage.files() == {}
    assert stage.source.read_bytes() == FILM


def test_it_finds_a_copy_that_differs(stage, monkeypatch):
    refuse_links_from(monkeypatch, "output")
    write = filing.write_all
    monkeypatch.setattr(filing, "write_all", lambda file, block: write(file, block[:-1] + b"?"))
    with pytest.raises(Damaged, match="differs"):
        stage.file()
    assert stage.files() == {}
    assert stage.source.read_bytes() == FILM


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
def test_it_keeps_the_source_where_the_share_fails(stage, monkeypatch, number):
    refuse_links_from(monkeypatch, "output")
    monkeypatch.setattr(filing, "write_all", failing(number))
    with pytest.raises(OSError, match=os.strerror(number)):
        stage.file()
    assert stage.files() == {}
    assert stage.source.read_bytes() == FILM


def test_it_goes_on_where_a_link_was_made_and_the_server_killed(stage):
    stage.target.parent.mkdir()
    os.link(stage.source, stage.target)
    assert stage.file() == Filed(stage.target, is_known=True)
    assert stage.files() == {PLACE: FILM}
    assert not stage.source.exists()


def test_it_goes_on_after_a_copy_that_a_killed_server_left(stage, monkeypatch):
    refuse_links_from(monkeypatch, "output")
    half = stage.there(".boz-job.part", FILM[:1000])
    assert stage.file() == Filed(stage.target)
    assert not half.exists()
    assert stage.files() == {PLACE: FILM}


def test_it_deletes_old_copies_of_others_and_no_new_ones(stage):
    old, new = stage.there(".boz-old.part"), stage.there(".boz-new.part")
    os.utime(old, (1, 1))
    stage.file()
    assert (old.exists(), new.exists()) == (False, True)


def test_it_files_on_a_disk_without_links(stage, monkeypatch):
    monkeypatch.setattr(disk.os, "link", failing(errno.EPERM))
    stage.there()
    assert stage.file().path.name == "Serenity (2005) (2).mkv"
    assert stage.files()[PLACE] == b"another film"


def test_it_keeps_the_time_of_a_file(stage, disks):
    os.utime(stage.source, (1_700_000_000, 1_700_000_000))
    assert stage.file().path.stat().st_mtime == 1_700_000_000
    assert disks in (True, False)


def test_it_passes_over_a_folder_of_the_files_name(stage):
    stage.target.mkdir(parents=True)
    assert stage.file().path.name == "Serenity (2005) (2).mkv"


def test_it_leaves_a_library_alone_that_is_no_folder(stage):
    shutil.rmtree(stage.library)
    stage.library.write_text("no folder")
    with pytest.raises(FileExistsError):
        stage.file()
    assert stage.source.read_bytes() == FILM
