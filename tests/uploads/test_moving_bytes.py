"""While bytes of a job's file move, the job moves."""

import threading
from collections.abc import Iterator

import peewee
import pytest
from playhouse.pool import MaxConnectionsExceeded

from boz_server.database.models import Job
from boz_server.domain.uploads.upload_states import UploadPurpose
from boz_server.errors import Conflict, DatabaseBusy
from boz_server.repositories.attempt_repository import AttemptRepository
from boz_server.services.library import organizer
from boz_server.services.queue.results import Movement
from boz_server.services.uploads import receive
from boz_server.services.uploads.receive import Announced, FileHead, FormPiece, Word
from tests.client import ok
from tests.films import upload
from tests.plans import noted
from tests.remote import given_away, lost, polled
from tests.tus import begun, metadata


def moved_at(job_id):
    return Job.get_by_id(job_id).moved_at


@pytest.fixture
def seen(clock):
    """Notes, while time passes, how many seconds ago a job last moved."""
    times: list[float] = []

    def look(job_id: str, seconds: float = 11) -> None:
        times.append((clock.now() - moved_at(job_id)).total_seconds())
        clock.advance(seconds)

    return times, look


def form(words: dict[str, str], blocks: Iterator[bytes]) -> Iterator[FormPiece]:
    """A form with its words first, as requests sends it."""
    for name, text in words.items():
        yield Word(name, text)
    yield FileHead("result.mkv")
    yield from blocks


@pytest.mark.usefixtures("gpu")
@pytest.mark.parametrize("status", ["running", "completed"])
def test_it_moves_while_a_form_with_its_name_arrives(client, services, clock, seen, status):
    times, look = seen
    job_id = client.running_job()
    ok(client.report(job_id, status))
    clock.advance(100)

    def blocks() -> Iterator[bytes]:
        for _ in range(3):
            yield b"a block"
            look(job_id)

    receive.take_form(
        services.context,
        services.organizer,
        Announced(UploadPurpose.LIBRARY),
        form({"name": "Firefly - S01E01"}, blocks()),
        0,
    )
    assert times == [0, 0, 0]


def test_it_moves_while_a_form_with_its_token_arrives(client, services, clock, seen):
    times, look = seen
    work = given_away(client)
    ok(client.report(work["job_id"], "completed", lease_token=work["lease_token"]))

    def blocks() -> Iterator[bytes]:
        for _ in range(3):
            yield b"a block"
            look(work["job_id"])

    announced = Announced(
        UploadPurpose.JOB_OUTPUT, job_id=work["job_id"], lease_token=work["lease_token"]
    )
    receive.take_form(services.context, services.organizer, announced, form({}, blocks()), 0)
    assert times == [0, 0, 0]


def test_it_moves_while_a_resumable_upload_arrives(client, services, clock, seen):
    times, look = seen
    work = given_away(client)
    said = {name: work[name] for name in ("job_id", "lease_token")}
    path = begun(client, 30, Upload_Metadata=metadata(filename="a", purpose="job_output", **said))
    clock.advance(50)
    blocks = [b"0123456789"] * 3

    def read(_: int) -> bytes:
        look(work["job_id"])
        return blocks.pop() if blocks else b""

    receive.receive(services.context, path.rpartition("/")[2], 0, read)
    assert times == [50, 0, 0, 0]


def test_it_moves_while_its_worker_downloads_its_file(client, services, clock, seen):
    times, look = seen
    work = given_away(client)
    (path,) = (services.context.settings.inputs_dir).iterdir()
    path.write_bytes(b"x" * 30_000)
    for headers in ({}, {"Range": "bytes=10-29000"}):
        clock.advance(500)
        times.clear()
        answer = client.get(work["download_url"], headers=headers)
        for _ in answer.iter_encoded():
            look(work["job_id"])
        answer.close()
        assert len(times) > 2
        assert set(times) == {0}


def test_it_does_not_move_while_a_lost_worker_downloads(client, services, clock):
    work = given_away(client)
    answer = client.get(work["download_url"])
    lost(client, services, clock)
    again = polled(client)
    before = moved_at(again["job_id"])
    clock.advance(60)
    assert answer.data
    answer.close()
    assert moved_at(work["job_id"]) == before


def test_it_refuses_a_form_whose_attempt_is_lost_before_it_arrives(client, services, clock):
    """It would take hours to learn that."""
    work = given_away(client)
    lost(client, services, clock)
    announced = Announced(
        UploadPurpose.JOB_OUTPUT, job_id=work["job_id"], lease_token=work["lease_token"]
    )

    def blocks() -> Iterator[bytes]:
        raise AssertionError("nothing is read")
        yield b""

    with pytest.raises(Conflict):
        receive.take_form(services.context, services.organizer, announced, form({}, blocks()), 0)


def test_it_moves_while_its_file_is_copied_into_the_library(client, library, nas, clock, seen):
    times, look = seen
    services = library(at_once=False)
    job_id = upload(client, "Serenity (2005)")["organize_job_id"]
    job = services.organizer._claim()
    assert job is not None
    attempt = organizer.Attempt(services.context, job, threading.Event())
    clock.advance(100)
    for size in (10, 0, 10):
        attempt.on_progress(size)
        look(job_id)
    assert times == [0, 0, 0]


@pytest.mark.usefixtures("gpu")
@pytest.mark.parametrize("name", ["Firefly - S01E01", "Heat (1995)"])
def test_it_holds_no_connection_while_a_form_arrives(client, services, name):
    """The films of many agents, or of jobs that nobody knows, would use up the pool."""
    client.running_job()
    seen: list[bool] = []

    def pieces() -> Iterator[FormPiece]:
        for piece in form({"name": name}, iter([b"a block", b"another"])):
            seen.append(services.context.database.peewee.is_closed())
            yield piece

    announced = Announced(UploadPurpose.LIBRARY)
    receive.take_form(services.context, services.organizer, announced, pieces(), 0)
    assert seen == [True] * 4


@pytest.mark.usefixtures("gpu")
def test_it_costs_a_statement_every_ten_seconds(client, services, clock):
    job_id = client.running_job()
    clock.advance(60)
    movement = Movement(services.context, job_id)
    with noted(services) as statements:
        movement.note()
    assert len(statements) == 1
    with noted(services) as statements:
        for _ in range(99):
            clock.advance(0.1)
            movement.note()
    assert statements == {}


@pytest.mark.usefixtures("gpu")
@pytest.mark.parametrize(
    "trouble", [peewee.OperationalError("locked"), MaxConnectionsExceeded(), DatabaseBusy()]
)
def test_it_goes_on_with_a_file_when_the_database_is_busy(client, monkeypatch, trouble):
    job_id = client.running_job()
    ok(client.report(job_id, "completed"))

    def busy(*_: object) -> None:
        raise trouble

    monkeypatch.setattr(AttemptRepository, "moved", busy)
    assert ok(client.upload(name="Firefly - S01E01"))["size"] == 6
    assert client.job(job_id)["output_file"] is not None


@pytest.mark.usefixtures("gpu")
def test_it_awaits_no_result_of_a_job_that_an_older_server_completed(client, services):
    job_id = client.running_job()
    ok(client.report(job_id, "completed"))
    Job.update(moved_at=None).where(Job.job_id == job_id).execute()
    Movement(services.context, job_id).note()
    assert moved_at(job_id) is None
