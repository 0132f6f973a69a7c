"""Files of one name: each has its own job, and no sender is told another film's path."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import pytest

from boz_server.services.library import mover, organizer
from boz_server.services.queue import leases
from boz_server.services.uploads import complete
from boz_server.services.wiring import Services
from tests.films import files, upload

NAMES = ["Same (2011)", "title_t00", "Firefly - S01E04"]


class Killed(BaseException):
    """The process ends here."""


def die(*_: Any, **__: Any) -> NoReturn:
    raise Killed


def killed_after_the_move(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    """Move the next file into the library, and kill the server before its job is completed."""
    with monkeypatch.context() as patch:
        patch.setattr(organizer, "_complete", die)
        with pytest.raises(Killed):
            services.organizer.run()


def places(client: Any, answers: list[dict[str, Any]]) -> list[bytes]:
    """What lies where each sender's job says that its film is."""
    jobs = [client.job(answer["organize_job_id"]) for answer in answers]
    assert {job["status"] for job in jobs} == {"completed"}
    return [Path(job["output_file"]).read_bytes() for job in jobs]


@pytest.mark.parametrize("name", NAMES)
def test_it_passes_over_the_name_of_a_file_whose_job_is_not_over(
    client, library, nas, monkeypatch, name
):
    services = library(at_once=False)
    first = upload(client, name, b"the first")
    killed_after_the_move(services, monkeypatch)
    assert not Path(first["path"]).exists()
    second = upload(client, name, b"the second")
    assert second["organize_job_id"] != first["organize_job_id"]
    assert second["path"] != first["path"]
    services.organizer.release()
    services.organizer.run()
    assert places(client, [first, second]) == [b"the first", b"the second"]


@pytest.mark.parametrize("name", NAMES)
def test_it_never_gives_two_uploads_a_name_at_once(client, library, nas, monkeypatch, name):
    """Between the reservation and the renaming of one, another comes and goes."""
    services = library(at_once=False)
    real, others = complete.rename_noreplace, []

    def overtaken(part: Path, path: Path) -> bool:
        monkeypatch.setattr(complete, "rename_noreplace", real)
        others.append(upload(client, name, b"the other"))
        killed_after_the_move(services, monkeypatch)
        return real(part, path)

    monkeypatch.setattr(complete, "rename_noreplace", overtaken)
    mine = upload(client, name, b"mine")
    services.organizer.release()
    services.organizer.run()
    assert places(client, [mine, *others]) == [b"mine", b"the other"]


def test_it_passes_over_the_name_of_a_file_that_failed_after_its_move(
    client, library, nas, clock, monkeypatch
):
    """Its job is tried again, and must not find another film."""
    services = library(at_once=False)
    first = upload(client, "Same (2011)", b"the first")
    real = mover.rename_noreplace

    def fail_after(source: Path, path: Path) -> bool:
        real(source, path)
        raise OSError(5, "Input/output error", str(path))

    monkeypatch.setattr(mover, "rename_noreplace", fail_after)
    services.organizer.run()
    monkeypatch.setattr(mover, "rename_noreplace", real)
    assert client.job(first["organize_job_id"])["status"] == "failed"
    second = upload(client, "Same (2011)", b"the second")
    clock.advance(60)
    leases.retry_due(services.context)
    services.organizer.run()
    assert places(client, [first, second]) == [b"the first", b"the second"]


def test_it_leaves_a_file_to_its_upload_until_that_has_passed_it_on(
    client, library, nas, settings, monkeypatch
):
    services = library(at_once=False)
    monkeypatch.setattr(complete, "_pass_on", die)
    with pytest.raises(Killed):
        upload(client, "Same (2011)", b"a film")
    (path,) = settings.output_dir.iterdir()
    assert client.post(f"/api/files/organize/{path.name}").status_code == 409
    job = {"job_type": "organize", "input_file": str(path)}
    assert client.post("/api/jobs", json=job).status_code == 409
    monkeypatch.undo()
    services.organizer.tick()
    assert list(files(nas).values()) == [b"a film"]
    assert [job["status"] for job in client.get("/api/jobs").json] == ["completed"]


def test_it_deletes_no_other_film_with_a_refused_one(client, services, settings, monkeypatch):
    """Once the refusal is committed, the name may be another film's."""
    monkeypatch.setattr(complete, "_pass_on", die)
    with pytest.raises(Killed):
        upload(client, "Same (2011)", b"a film")
    monkeypatch.undo()
    (path,) = settings.output_dir.iterdir()
    path.unlink()
    database, others = services.context.database, []
    write_queue = database.write_queue

    @contextmanager
    def then_another() -> Iterator[None]:
        monkeypatch.setattr(database, "write_queue", write_queue)
        with write_queue():
            yield
        others.append(upload(client, "Same (2011)", b"another film")["path"])

    monkeypatch.setattr(database, "write_queue", then_another)
    assert complete.complete_arrived(services.context) == 0
    assert {str(path): path.read_bytes()} == {others[0]: b"another film"}
