"""The library's share: there, away, dead; and who is told of what is organized."""

import errno
import os
from pathlib import Path
from typing import NoReturn

import pytest

from boz_server.database.models import OutboxMessage
from tests.client import ok
from tests.films import FILM, files, upload


def test_it_answers_without_waiting_for_a_slow_library(client, library, nas):
    services = library(at_once=False)
    answer = upload(client, "Serenity (2005)")
    path = services.context.settings.output_dir / "Serenity (2005).mkv"
    assert (answer["organized"], answer["final_path"]) == (False, str(path))
    assert path.read_bytes() == FILM
    assert client.job(answer["organize_job_id"])["status"] == "queued"
    assert services.organizer.run() == 1
    assert client.job(answer["organize_job_id"])["status"] == "completed"
    assert list(files(nas)) == ["Movies/Serenity (2005)/Serenity (2005).mkv"]


@pytest.mark.parametrize("mounted", ["nothing", "empty"])
def test_it_waits_for_a_share_that_is_not_mounted(client, library, mounted):
    services = library()
    mount = services.context.settings.nas_mount
    if mounted == "empty":
        mount.mkdir()
    answer = upload(client, "Serenity (2005)")
    assert answer["organized"] is False
    assert Path(answer["final_path"]).read_bytes() == FILM
    job = client.job(answer["organize_job_id"])
    assert job["status"] == "queued"
    assert f"{mount / 'Movies'} is missing" in job["waiting_reason"]
    assert not mount.exists() or list(mount.iterdir()) == []
    # Once it is there, the job goes on by itself.
    (mount / "Movies").mkdir(parents=True)
    services.organizer.run()
    assert client.job(answer["organize_job_id"])["status"] == "completed"


def test_it_organizes_films_while_the_folder_for_shows_is_missing(client, library, nas):
    library()
    (nas / "TV Shows").rmdir()
    assert upload(client, "Firefly - S01E01")["organized"] is False
    assert upload(client, "Serenity (2005)")["organized"] is True


def test_it_creates_the_librarys_folders_if_a_whole_disk_is_mounted(app, client, library, tmp_path):
    services = library()
    mount = services.context.settings.nas_mount
    mount.mkdir()
    mounts = tmp_path / "mountinfo"
    services.organizer.share.mounts = mounts
    # A folder of the host's own disk, as a container sees the mount point of a share.
    mounts.write_text(f"36 35 98:0 /mnt/nas {mount} rw - ext4 /dev/sda1 rw\n")
    assert upload(client, "Serenity (2005)")["organized"] is False
    mounts.write_text(f"36 35 98:0 / {mount} rw - cifs //nas/media rw\n")
    assert services.organizer.run() == 1
    assert list(files(mount)) == ["Movies/Serenity (2005)/Serenity (2005).mkv"]


def test_it_says_that_a_dead_share_does_not_answer(client, library, nas, monkeypatch):
    library()

    def fail(_: Path) -> NoReturn:
        raise OSError(errno.EHOSTDOWN, os.strerror(errno.EHOSTDOWN))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "is_dir", fail)
        answer = upload(client, "Serenity (2005)")
    job = client.job(answer["organize_job_id"])
    assert (job["status"], job["attempt"]) == ("queued", 0)
    assert "does not answer (Host is down)" in job["waiting_reason"]
    assert files(nas) == {}


def test_it_keeps_files_without_a_library(client, services):
    answer = upload(client, "Serenity (2005)")
    assert (answer["organized"], answer["organize_job_id"]) == (False, None)
    assert ok(client.get("/api/jobs")) == []
    assert services.organizer.run() == 0


def test_it_says_why_a_clients_organize_job_waits_without_a_library(client):
    job = ok(client.post("/api/jobs", json={"job_type": "organize", "input_file": "/out/a.mkv"}))
    assert "BOZ_NAS_ENABLED" in job["waiting_reason"]


def test_it_notifies_media_servers_and_people(client, library, nas):
    library(
        plex_enabled=True,
        plex_token="t",
        discord_enabled=True,
        discord_webhook_url="http://127.0.0.1:9/x",
    )
    upload(client, "Firefly - S01E02")
    messages = {message.kind: message.payload for message in OutboxMessage.select()}
    folder = str(nas / "TV Shows/Firefly/Season 01")
    assert messages["plex"] == {"folder": folder, "media_type": "tv"}
    assert "In the library" in messages["discord"]["content"]


def test_it_counts_a_plain_folder_as_mounted_once_it_was_used(client, library, nas):
    library()
    assert ok(client.get("/health"))["nas"]["mounted"] is False
    upload(client, "Serenity (2005)")
    assert ok(client.get("/health"))["nas"]["mounted"] is True


def test_it_does_not_wait_for_an_unavailable_library(client, library):
    library(organize_wait_seconds=30)
    assert upload(client, "Serenity (2005)")["organized"] is False


def test_it_waits_for_the_thread_that_organizes(client, library, nas):
    services = library(at_once=False, organize_wait_seconds=30)
    services.organizer.loop.start()
    try:
        assert upload(client, "Serenity (2005)")["organized"] is True
    finally:
        services.organizer.loop.stop()
        services.organizer.loop.join()
    assert list(files(nas)) == ["Movies/Serenity (2005)/Serenity (2005).mkv"]
