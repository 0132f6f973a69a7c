"""Attempts at organizing a file: failed, killed, taken away, given back."""

import errno
import os
import threading
from pathlib import Path
from typing import Any, NoReturn

import pytest

from boz_server import disk
from boz_server.services.library import mover, organizer
from boz_server.services.queue import leases
from tests.client import ok
from tests.films import FILM, files, upload


def test_it_tries_again_what_failed_and_gives_up_in_the_end(
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


def test_it_takes_up_what_a_server_had_that_was_killed(client, library, nas):
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


def test_it_counts_no_failure_where_a_server_was_lost(client, library, nas, clock):
    services = library(at_once=False, max_organize_attempts=1)
    job_id = upload(client, "Serenity (2005)")["organize_job_id"]
    for _ in range(3):
        assert services.organizer._claim() is not None
        clock.advance(200)
        assert leases.rescue(services.context) == 1
        assert client.job(job_id)["status"] == "queued"
    services.organizer.run()
    assert client.job(job_id)["status"] == "completed"


@pytest.mark.parametrize("gone", ["source", "both"])
def test_it_goes_on_behind_the_last_step_of_an_attempt(client, library, nas, gone):
    """Killed when the file had its name in the library, before the job was completed."""
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


def test_it_leaves_a_file_that_another_process_has(client, library, nas, clock):
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
