"""Organize jobs: failed, killed, taken away, given back; and the lock on their files."""

import errno
import os
import threading
from pathlib import Path
from typing import IO, Any, NoReturn

import pytest

from boz_server import disk
from boz_server.domain.naming.library_paths import Described
from boz_server.services.library import mover, organizer
from boz_server.services.queue import leases
from boz_server.services.wiring import Services
from tests.client import ok
from tests.films import FILM, files, upload
from tests.support import restart


def test_it_retries_a_failed_job_until_no_attempts_are_left(
    client, library, nas, clock, monkeypatch
):
    services = library(max_organize_attempts=2)

    def full(*_: Any) -> NoReturn:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/nas/Movies")

    monkeypatch.setattr(mover, "rename_noreplace", full)
    answer = upload(client, "Serenity (2005)")
    job = client.job(answer["organize_job_id"])
    assert (job["status"], job["error"]) == ("failed", "No space left on device: /nas/Movies.")
    assert job["scheduled_at"] is not None
    assert Path(answer["path"]).read_bytes() == FILM
    clock.advance(60)
    assert leases.retry_due(services.context) == 1
    services.organizer.run()
    job = client.job(answer["organize_job_id"])
    assert (job["status"], job["attempt"], job["scheduled_at"]) == ("failed", 2, None)
    monkeypatch.undo()
    ok(client.post(f"/api/jobs/{job['job_id']}/retry"))
    services.organizer.run()
    assert client.job(job["job_id"])["status"] == "completed"
    assert list(files(nas).values()) == [FILM]


def test_it_continues_the_job_of_a_server_that_was_killed(client, library, nas):
    services = library(at_once=False)
    answer = upload(client, "Serenity (2005)")
    job = services.organizer._claim()
    assert job is not None
    assert client.job(job.job_id)["status"] == "running"
    assert services.organizer.run() == 0
    assert services.organizer.release() == 1
    assert client.job(job.job_id)["status"] == "queued"
    assert services.organizer.run() == 1
    ended = client.job(job.job_id)
    assert (ended["status"], ended["attempt"]) == ("completed", 2)
    assert not Path(answer["path"]).exists()
    assert [event["actor"] for event in client.history(job.job_id)] == ["server"] * 7


def test_it_counts_no_failure_when_a_server_is_lost(client, library, nas, clock):
    services = library(at_once=False, max_organize_attempts=1)
    job_id = upload(client, "Serenity (2005)")["organize_job_id"]
    for _ in range(3):
        assert services.organizer._claim() is not None
        clock.advance(200)
        assert leases.rescue(services.context) == 1
        assert client.job(job_id)["status"] == "queued"
    services.organizer.run()
    assert client.job(job_id)["status"] == "completed"


@pytest.mark.usefixtures("nas")
@pytest.mark.parametrize("error", [RecursionError("deep"), MemoryError(), ValueError("secret")])
def test_it_counts_an_unexpected_error_as_an_attempt(client, library, clock, monkeypatch, error):
    services = library(at_once=False, max_organize_attempts=2)

    def fail(*_: Any, **__: Any) -> NoReturn:
        raise error

    monkeypatch.setattr(mover, "make_folders", fail)
    other = upload(client, "Serenity (2005)")["organize_job_id"]
    services.organizer.run()
    job = client.job(other)
    assert (job["status"], job["scheduled_at"] is not None) == ("failed", True)
    sentence = f"The server has a fault ({type(error).__name__}): see its log, then retry the job."
    assert job["error"] == sentence
    clock.advance(60)
    leases.retry_due(services.context)
    services.organizer.run()
    job = client.job(other)
    assert (job["status"], job["attempt"], job["scheduled_at"]) == ("failed", 2, None)
    monkeypatch.undo()
    client.retry(other)
    services.organizer.run()
    assert client.job(other)["status"] == "completed"


@pytest.mark.parametrize("restarts", [True, False])
def test_it_gives_up_a_job_that_kills_the_server_each_time(client, library, nas, clock, restarts):
    services = library(at_once=False)
    job_id = upload(client, "Serenity (2005)")["organize_job_id"]

    def kill() -> str:
        assert services.organizer._claim() is not None
        clock.advance(200)
        if restarts:
            services.organizer.release()
        else:
            leases.rescue(services.context)
        return str(client.job(job_id)["status"])

    def kills() -> list[str]:
        return [kill() for _ in range(leases.MOST_LOST_SERVERS)]

    given_up = ["queued"] * (leases.MOST_LOST_SERVERS - 1) + ["failed"]
    assert kills() == given_up
    job = client.job(job_id)
    assert job["error"].startswith("Given up: the server was lost 10 times in a row")
    assert job["scheduled_at"] is None
    client.retry(job_id)
    assert kills() == given_up
    client.retry(job_id)
    services.organizer.run()
    assert client.job(job_id)["status"] == "completed"


def test_it_does_not_give_up_a_job_that_the_server_gave_back_meanwhile(client, library, nas, clock):
    services = library(at_once=False)
    answer = upload(client, "Serenity (2005)")
    for _ in range(2):
        for _ in range(leases.MOST_LOST_SERVERS - 1):
            assert services.organizer._claim() is not None
            services.organizer.release()
        with Path(answer["path"]).open("rb") as file:
            assert disk.lock(file)
            services.organizer.run()
        clock.advance(11)
    services.organizer.run()
    assert client.job(answer["organize_job_id"])["status"] == "completed"


@pytest.mark.parametrize("gone", ["source", "both"])
def test_it_continues_after_the_last_step_of_a_killed_attempt(client, library, nas, gone):
    """Killed when the file was in the library, before the job was completed."""
    services = library(at_once=False)
    answer = upload(client, "Serenity (2005)")
    job = services.organizer._claim()
    assert job is not None
    with organizer.Attempt(services.context, job, threading.Event()) as attempt:
        organizer._move(services.context, job, attempt)
    (place,) = files(nas)
    if gone == "both":
        (nas / place).unlink()
    services.organizer.release()
    services.organizer.run()
    job_now = client.job(answer["organize_job_id"])
    if gone == "both":
        assert (job_now["status"], job_now["error"]) == (
            "failed", f"No such file or directory: {answer['path']}."
        )  # fmt: skip
    else:
        assert (job_now["status"], job_now["output_file"]) == ("completed", str(nas / place))


def test_it_stops_when_its_attempt_was_taken_away(client, library, nas, monkeypatch):
    services = library(at_once=False)
    answer = upload(client, "Serenity (2005)")
    rename_noreplace = disk.rename_noreplace

    def cancelled_meanwhile(*args: Any) -> bool:
        raise AssertionError("the name must not be given")

    job = services.organizer._claim()
    assert job is not None
    client.cancel(job.job_id)
    monkeypatch.setattr(mover, "rename_noreplace", cancelled_meanwhile)
    services.organizer._organize(job)
    assert client.job(job.job_id)["status"] == "cancelled"
    assert Path(answer["path"]).read_bytes() == FILM
    assert files(nas) == {}
    assert rename_noreplace is disk.rename_noreplace


def test_it_puts_a_job_back_whose_file_is_locked(client, library, nas, clock):
    services = library(at_once=False)
    answer = upload(client, "Serenity (2005)")
    with Path(answer["path"]).open("rb") as file:
        assert disk.lock(file)
        services.organizer.run()
    job = client.job(answer["organize_job_id"])
    assert (job["status"], job["scheduled_at"] is not None) == ("queued", True)
    clock.advance(11)
    services.organizer.run()
    assert client.job(answer["organize_job_id"])["status"] == "completed"
    assert len(files(nas)) == 1


def test_it_gives_a_job_back_when_the_server_stops(client, library, nas, monkeypatch):
    services = library(at_once=False)
    answer = upload(client, "Serenity (2005)")
    link = os.link

    def other_disk(source: Path, path: Path) -> None:
        services.organizer.stop()
        if source.parent == services.context.settings.output_dir:
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        link(source, path)

    monkeypatch.setattr(disk.os, "link", other_disk)
    services.organizer.run()
    job = client.job(answer["organize_job_id"])
    assert (job["status"], job["assigned_agent_id"]) == ("queued", None)
    assert files(nas) == {}
    assert Path(answer["path"]).read_bytes() == FILM


@pytest.fixture
def waiting_film(app) -> Services:
    """Services with a library, and a film that waits to be organized."""
    services = restart(app, nas_enabled=True, organize_wait_seconds=0)
    (services.context.settings.nas_mount / "Movies").mkdir(parents=True)
    (services.context.settings.output_dir / "Heat (1995).mkv").write_bytes(b"a film")
    services.organizer.organize("Heat (1995).mkv", None, Described())
    return services


def organized_films(services: Services) -> list[str]:
    assert services.organizer.run() == 1
    return [path.name for path in services.context.settings.nas_mount.rglob("*.mkv")]


def test_it_locks_files_as_network_shares_need_it(waiting_film, monkeypatch):
    """NFS and SMB lock a file exclusively only if it is open for writing: flock(2)."""

    def lock(file: IO[bytes]) -> bool:
        if not file.writable():
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        return True

    monkeypatch.setattr(organizer, "lock", lock)
    assert organized_films(waiting_film) == ["Heat (1995).mkv"]


def test_it_organizes_a_file_that_it_may_not_write(waiting_film, monkeypatch):
    real = organizer.Path.open

    def refuse(path: Any, mode: str = "r", *rest: Any) -> Any:
        if "+" in mode:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return real(path, mode, *rest)

    monkeypatch.setattr(organizer.Path, "open", refuse)
    assert organized_films(waiting_film) == ["Heat (1995).mkv"]


def test_it_leaves_a_locked_film_alone(waiting_film):
    path = waiting_film.context.settings.output_dir / "Heat (1995).mkv"
    with path.open("r+b") as file:
        assert organizer.lock(file)
        assert organized_films(waiting_film) == []
    assert path.exists()
