"""Finished uploads that lie in the output folder without an organize job get one; nothing else."""

from pathlib import Path
from typing import Any

import pytest

from boz_server.database.models import Job, Upload
from boz_server.domain.naming.library_paths import CollisionPolicy
from boz_server.services.uploads import complete
from tests.client import ok
from tests.films import files, upload


def stranded(client, services, name="Same (2011)"):
    """Two films of one name that an older server knew by one job: the second was left behind."""
    first = upload(client, name, b"the first")
    services.organizer.run()
    second = upload(client, name, b"another")
    Upload.update(organize_job_id=first["organize_job_id"]).where(
        Upload.organize_job_id == second["organize_job_id"]
    ).execute()
    Job.delete().where(Job.job_id == second["organize_job_id"]).execute()
    return Path(second["path"])


@pytest.mark.parametrize("name", ["Same (2011)", "title_t00"])
def test_it_organizes_a_film_whose_job_was_another_films(client, library, nas, name):
    services = library(at_once=False)
    left = stranded(client, services, name)
    services.organizer.run()
    assert left.exists()
    assert complete.organize_stranded(services.context) == 1
    services.organizer.run()
    assert sorted(files(nas).values()) == [b"another", b"the first"]
    assert complete.organize_stranded(services.context) == 0


def test_it_organizes_what_came_while_there_was_no_library(client, services, library, nas):
    upload(client, "Heat (1995)", b"a film")
    assert complete.organize_stranded(services.context) == 0
    services = library(at_once=False)
    assert complete.organize_stranded(services.context) == 1
    assert complete.organize_stranded(services.context) == 0
    services.organizer.run()
    assert list(files(nas)) == ["Movies/Heat (1995)/Heat (1995).mkv"]


def test_it_organizes_a_film_whose_job_is_gone(client, library, nas):
    services = library(at_once=False)
    job_id = upload(client, "Heat (1995)", b"a film")["organize_job_id"]
    Job.delete().where(Job.job_id == job_id).execute()
    assert complete.organize_stranded(services.context) == 1
    services.organizer.run()
    assert list(files(nas).values()) == [b"a film"]


def test_it_leaves_a_file_alone_that_a_person_put_there(client, library, nas, settings):
    services = library()
    path = Path(upload(client, "Heat (1995)", b"a film")["path"])
    path.write_bytes(b"a film")
    (settings.output_dir / "Serenity (2005).mkv").write_bytes(b"a film")
    assert complete.organize_stranded(services.context) == 0


def test_it_leaves_another_file_alone_in_the_place_of_a_stranded_one(client, library, nas):
    services = library(at_once=False)
    stranded(client, services).write_bytes(b"put there by a person")
    assert complete.organize_stranded(services.context) == 0


@pytest.mark.parametrize("end", ["cancelled", "failed", "skipped", "waits"])
def test_it_leaves_what_has_a_job_or_had_one(client, library, nas, settings, end):
    services = library(
        at_once=False, collision_policy=CollisionPolicy.SKIP, max_organize_attempts=1
    )
    if end == "failed":
        (nas / "Movies" / "Heat (1995)").write_bytes(b"no folder")
    if end == "skipped":
        (nas / "Movies" / "Heat (1995)").mkdir()
        (nas / "Movies" / "Heat (1995)" / "Heat (1995).mkv").write_bytes(b"another film")
    job_id = upload(client, "Heat (1995)", b"a film")["organize_job_id"]
    if end == "cancelled":
        client.cancel(job_id)
    if end != "waits":
        services.organizer.run()
    assert [path.read_bytes() for path in settings.output_dir.iterdir()] == [b"a film"]
    assert complete.organize_stranded(services.context) == 0
    assert len(ok(client.get("/api/jobs"))) == 1


def test_it_organizes_the_others_when_a_file_vanishes(client, services, library, monkeypatch):
    for name in ("Alien (1979)", "Gone (2012)", "Heat (1995)"):
        upload(client, name, b"a film")
    services = library(at_once=False)
    real = complete.enqueue_organize_result

    def vanish(context: Any, file: Path, *rest: Any) -> Job | None:
        if file.name.startswith("Gone"):
            file.unlink()
        return real(context, file, *rest)

    monkeypatch.setattr(complete, "enqueue_organize_result", vanish)
    assert complete.organize_stranded(services.context) == 2


def test_it_leaves_a_file_alone_whose_later_job_was_cancelled(client, services, library):
    filename = upload(client, "Heat (1995)", b"a film")["filename"]
    services = library(at_once=False)
    client.cancel(ok(client.post(f"/api/files/organize/{filename}"))["organize_job_id"])
    assert complete.organize_stranded(services.context) == 0
