"""The lock that keeps a film to one process, on disks of all kinds."""

import errno
import os
from typing import IO, Any

import pytest

from boz_server.domain.naming.library_paths import Described
from boz_server.services.library import organizer as library
from boz_server.services.wiring import Services
from tests.support import restart


@pytest.fixture
def filing(app) -> Services:
    """Services with a library, and a film that is to go there."""
    services = restart(app, nas_enabled=True, organize_wait_seconds=0)
    (services.context.settings.nas_mount / "Movies").mkdir(parents=True)
    (services.context.settings.output_dir / "Heat (1995).mkv").write_bytes(b"a film")
    services.organizer.organize("Heat (1995).mkv", None, Described())
    return services


def filed(services: Services) -> list[str]:
    assert services.organizer.run() == 1
    return [path.name for path in services.context.settings.nas_mount.rglob("*.mkv")]


def test_it_locks_as_network_shares_want_it(filing, monkeypatch):
    """NFS and SMB lock for writing alone what is open for writing: flock(2)."""

    def lock(file: IO[bytes]) -> bool:
        if not file.writable():
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        return True

    monkeypatch.setattr(library, "lock", lock)
    assert filed(filing) == ["Heat (1995).mkv"]


def test_it_files_what_it_may_not_write(filing, monkeypatch):
    real = library.Path.open

    def refuse(path: Any, mode: str = "r", *rest: Any) -> Any:
        if "+" in mode:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return real(path, mode, *rest)

    monkeypatch.setattr(library.Path, "open", refuse)
    assert filed(filing) == ["Heat (1995).mkv"]


def test_it_leaves_a_film_alone_that_another_process_has(filing):
    path = filing.context.settings.output_dir / "Heat (1995).mkv"
    with path.open("r+b") as file:
        assert library.lock(file)
        assert filed(filing) == []
    assert path.exists()
