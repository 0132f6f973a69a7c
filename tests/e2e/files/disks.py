"""Disks for single tests."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

#: A disk in memory that every Linux has and everyone may write to.
MEMORY = Path("/dev/shm")  # noqa: S108


@contextmanager
def disk(folder: Path, size: str) -> Iterator[Path]:
    """Mount a disk of this size, such as "64m", at a folder; skips the test if mounting is
    forbidden."""
    folder.mkdir(exist_ok=True)
    if not _mount(folder, size):
        pytest.skip("no disk may be mounted here")
    try:
        yield folder
    finally:
        _unmount(folder)


@contextmanager
def another_disk(folder: Path, size: str) -> Iterator[Path]:
    """Mount a disk at a folder; if mounting is forbidden, use a folder on another disk."""
    folder.mkdir(exist_ok=True)
    if _mount(folder, size):
        try:
            yield folder
        finally:
            _unmount(folder)
        return
    if not MEMORY.is_dir() or MEMORY.stat().st_dev == folder.stat().st_dev:
        pytest.skip("there is only one disk here")
    with TemporaryDirectory(dir=MEMORY, prefix="boz-test-") as name:
        yield Path(name)


def _mount(folder: Path, size: str) -> bool:
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    with suppress(FileNotFoundError):
        return subprocess.run(command, check=False, capture_output=True).returncode == 0  # noqa: S603
    return False


def _unmount(folder: Path) -> None:
    # Lazily: an open file does not keep the folder.
    subprocess.run(["umount", "--lazy", str(folder)], check=True)  # noqa: S603, S607
