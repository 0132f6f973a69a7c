"""Uploads that have arrived are completed, wherever the server was killed, and whatever else looks
at them at the same time."""

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest

from boz_server.database.models import Upload
from boz_server.domain.uploads.upload_states import UploadPurpose, UploadState
from boz_server.errors import UploadBusy
from boz_server.services.uploads import complete, part_files, receive
from boz_server.services.uploads.part_files import PART_PREFIX, Part
from boz_server.services.uploads.receive import Announced
from boz_server.services.wiring import Services
from boz_server.settings import Settings
from tests.client import ok
from tests.support import restart

FILM = os.urandom(100_000)


def begun(services: Services, filename: str = "Heat (1995).mkv", **extra: Any) -> str:
    """Create an upload of the film; no byte has come yet. Returns its id."""
    announced = Announced(UploadPurpose.LIBRARY, filename, **extra)
    upload_id: str = receive.create(services.context, announced, len(FILM)).upload_id
    return upload_id


def sent(services: Services, upload_id: str) -> Upload:
    """Send all bytes of an upload at once."""
    blocks = [FILM]
    return receive.receive(
        services.context, upload_id, 0, lambda _: blocks.pop() if blocks else b""
    )


def killed_before(
    services: Services, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, filename: str = "a"
) -> str:
    """Send a whole upload, and kill the server just before it calls something."""

    def die(*_: Any, **__: Any) -> NoReturn:
        raise KeyboardInterrupt

    upload_id = begun(services, filename)
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, die)
        with pytest.raises(KeyboardInterrupt):
            sent(services, upload_id)
    return upload_id


def tick(services: Services) -> None:
    services.organizer.tick()


def contents(settings: Settings) -> dict[str, bytes]:
    """Everything in the output folder, part files included."""
    return {path.name: path.read_bytes() for path in settings.output_dir.iterdir()}


def test_it_leaves_one_file_when_it_was_killed_while_the_file_had_two_names(
    services, settings, monkeypatch
):
    upload_id = killed_before(services, monkeypatch, part_files.os, "unlink")
    assert len(contents(settings)) == 2
    tick(services)
    assert contents(settings) == {"a": FILM}
    assert complete.get_upload(services.context, upload_id).state is UploadState.COMPLETE


def test_it_completes_a_whole_upload_that_was_not_marked_as_arrived(
    services, settings, monkeypatch
):
    """HEAD says that all bytes are here, so its sender never comes back."""
    upload_id = killed_before(services, monkeypatch, Part, "sync")
    found = complete.get_upload(services.context, upload_id)
    assert receive.offset_of(services.context, found) == len(FILM)
    tick(services)
    assert contents(settings) == {"a": FILM}
    assert complete.get_upload(services.context, upload_id).state is UploadState.COMPLETE


def test_it_leaves_a_whole_upload_alone_whose_checksum_was_not_compared(services, settings):
    upload_id = begun(services)
    (settings.output_dir / f"{PART_PREFIX}{upload_id}").write_bytes(FILM)
    with services.context.database.write():
        services.context.stores.uploads.note_unchecked(upload_id, 10)
    tick(services)
    found = complete.get_upload(services.context, upload_id)
    assert (found.state, receive.offset_of(services.context, found)) == (UploadState.ARRIVING, 10)


@pytest.mark.parametrize("step", ["rename_noreplace", "sha256_of"])
def test_it_completes_the_others_when_one_fails(services, settings, monkeypatch, step):
    bad = begun(services, "bad", sha256="0" * 64 if step == "sha256_of" else None)
    with services.context.database.write():
        services.context.stores.uploads.arrive(bad, is_verified=False)
    good = killed_before(services, monkeypatch, complete, "rename_noreplace", "good")
    real: Callable[..., Any] = getattr(complete, step)

    def fail(part: Path, *rest: Any) -> Any:
        if part.name.endswith(bad):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return real(part, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(complete, step, fail)
        tick(services)
    assert complete.get_upload(services.context, good).state is UploadState.COMPLETE
    assert complete.get_upload(services.context, bad).state is UploadState.ARRIVED


@pytest.fixture
def eager_background(monkeypatch):
    """Another thread that locks each part file as soon as a request has closed it."""
    closed = part_files.Part.close
    opened = part_files.open_part

    def refuse(*_: Any) -> NoReturn:
        raise UploadBusy

    def close(part: Part) -> None:
        closed(part)
        monkeypatch.setattr(part_files, "open_part", refuse)

    def open_once(*which: Any) -> Part | None:
        monkeypatch.setattr(part_files, "open_part", refuse)
        return opened(*which)

    monkeypatch.setattr(part_files.Part, "close", close)
    monkeypatch.setattr(part_files, "open_part", open_once)


def test_it_completes_an_upload_while_the_background_looks_at_it(services, request):
    upload_id = begun(services)
    request.getfixturevalue("eager_background")
    assert sent(services, upload_id).state is UploadState.COMPLETE


@pytest.mark.usefixtures("eager_background")
def test_it_completes_an_empty_upload_while_the_background_looks_at_it(services):
    empty = receive.create(services.context, Announced(UploadPurpose.LIBRARY, "empty"), 0)
    assert empty.state is UploadState.COMPLETE


@pytest.mark.usefixtures("eager_background")
def test_it_completes_a_form_while_the_background_looks_at_it(client, settings):
    part_files.open_part(settings, "none", UploadPurpose.LIBRARY)
    assert ok(client.upload())["filename"] == "a.mkv"
    assert contents(settings) == {"a.mkv": b"a film"}


def test_it_opens_no_part_file_that_is_being_renamed(services, settings, monkeypatch):
    upload_id = begun(services)
    lock = part_files.lock

    def wait(file: Any) -> bool:
        (settings.output_dir / f"{PART_PREFIX}{upload_id}").rename(settings.output_dir / "named")
        return lock(file)

    monkeypatch.setattr(part_files, "lock", wait)
    assert part_files.open_part(settings, upload_id, UploadPurpose.LIBRARY) is None


def test_it_deletes_what_a_killed_server_left_as_soon_as_it_is_unlocked(services, settings, clock):
    """The film that will be sent again needs the room."""
    part = part_files.create(settings, UploadPurpose.LIBRARY)
    known = begun(services)
    for path in settings.output_dir.iterdir():
        os.utime(path, (clock.now().timestamp() - 100,) * 2)
    receive.forget_expired(services.context)
    assert part.path.name in contents(settings)
    part.file.close()
    receive.forget_expired(services.context)
    assert set(contents(settings)) == {f"{PART_PREFIX}{known}"}


def test_it_deletes_the_other_leftovers_when_it_may_not_open_one(
    services, settings, clock, monkeypatch
):
    """The server may have run as another user before; it has to start all the same."""
    for name in ("foreign", "own"):
        (settings.output_dir / f"{PART_PREFIX}{name}").touch()
        os.utime(settings.output_dir / f"{PART_PREFIX}{name}", (0, 0))
    real = part_files._open

    def refuse(path: Path) -> Part:
        if path.name.endswith("foreign"):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return real(path)

    monkeypatch.setattr(part_files, "_open", refuse)
    receive.forget_expired(services.context)
    assert set(contents(settings)) == {f"{PART_PREFIX}foreign"}


def test_it_organizes_by_the_name_that_was_sent_without_its_number(app):
    """Otherwise a second "Heat (1995)" would become a film called "Heat (1995) (2)"."""
    services = restart(app, nas_enabled=True)
    jobs = [
        services.context.stores.jobs.get(sent(services, begun(services)).organize_job_id)
        for _ in range(2)
    ]
    assert [Path(job.input_file).name for job in jobs] == ["Heat (1995).mkv", "Heat (1995) (2).mkv"]
    assert [job.library_path for job in jobs] == ["Movies/Heat (1995)/Heat (1995).mkv"] * 2
