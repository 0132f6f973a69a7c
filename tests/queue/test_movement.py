"""When a job last moved: what counts, and what does not."""

from datetime import UTC, datetime, timedelta

import pytest

from boz_server.database.models import Job
from boz_server.services.queue import leases
from tests.client import Client, ok
from tests.support import restart

START = datetime(2026, 1, 24, 12, 34, 56, 123456, tzinfo=UTC)

pytestmark = pytest.mark.usefixtures("gpu")


def seconds_at(job_id: str) -> float | None:
    """When a job last moved, in seconds since the test began."""
    moved_at = Job.get_by_id(job_id).moved_at
    return None if moved_at is None else float((moved_at - START).total_seconds())


def tell(job_id: str) -> None:
    """Record that people were told that a job stands still."""
    Job.update(stalled_at=START).where(Job.job_id == job_id).execute()


def is_told(job_id: str) -> bool:
    return Job.get_by_id(job_id).stalled_at is not None


def move_bytes(services, job_id: str) -> None:
    with services.context.database.write():
        services.context.stores.attempts.moved(job_id, services.context.clock.now())


def test_it_moves_when_it_begins(client, clock):
    job_id = client.approved_job()
    clock.advance(50)
    ok(client.report(job_id, "running", progress=0))
    assert seconds_at(job_id) == 50


def test_it_moves_only_when_progress_rises(client, clock):
    job_id = client.running_job(progress=40)
    tell(job_id)
    for progress in (40, 39.9, 0, None):
        clock.advance(2)
        ok(client.report(job_id, "running", progress=progress))
        assert (seconds_at(job_id), is_told(job_id)) == (0, True)
    clock.advance(2)
    ok(client.report(job_id, "running", progress=40.1))
    assert (seconds_at(job_id), is_told(job_id)) == (10, False)


@pytest.mark.parametrize("progress", [0.0, 55.5])
def test_it_does_not_move_by_a_report_that_repeats_the_first(client, clock, progress):
    job_id = client.running_job(progress=progress)
    for _ in range(15):
        clock.advance(2)
        ok(client.report(job_id, "running", progress=progress))
    assert seconds_at(job_id) == 0


def test_it_moves_when_it_is_completed_so_that_its_file_is_awaited_from_then_on(client, clock):
    job_id = client.running_job()
    tell(job_id)
    clock.advance(3600)
    ok(client.report(job_id, "completed"))
    assert (seconds_at(job_id), is_told(job_id)) == (3600, False)


@pytest.mark.parametrize("target", ["failed", "cancelled"])
def test_it_stands_still_no_longer_once_it_is_over(client, target):
    job_id = client.running_job()
    tell(job_id)
    client.end(job_id, target)
    assert not is_told(job_id)


@pytest.mark.parametrize("state", ["running", "completed"])
def test_it_moves_by_bytes_of_its_file_and_writes_that_every_ten_seconds(
    client, services, clock, state
):
    job_id = client.running_job()
    ok(client.report(job_id, state))
    tell(job_id)
    found = []
    for _ in range(6):
        clock.advance(4)
        move_bytes(services, job_id)
        found.append(seconds_at(job_id))
    assert found == [0, 0, 12, 12, 12, 24]
    assert not is_told(job_id)


def test_it_writes_bytes_more_often_where_terms_are_short(app, client, clock):
    services = restart(app, stalled_minutes=0.1)
    job_id = client.running_job()
    for _ in range(4):
        clock.advance(1)
        move_bytes(services, job_id)
    assert seconds_at(job_id) == 4


def test_it_moves_by_bytes_after_the_clock_was_set_back(client, services, clock):
    job_id = client.running_job()
    clock.advance(-3600)
    move_bytes(services, job_id)
    assert seconds_at(job_id) == -3600


def test_it_does_not_move_by_bytes_of_an_attempt_that_is_gone(client, services, clock):
    job_id = client.running_job()
    clock.advance(121)
    leases.rescue(services.context)
    move_bytes(services, job_id)
    assert (client.job(job_id)["status"], seconds_at(job_id)) == ("queued", None)


def test_it_moves_by_a_machine_that_begins_anew(client: Client, clock):
    job_id = client.running_job(progress=40)
    clock.advance(60)
    ok(client.report(job_id, "running", progress=1))
    assert seconds_at(job_id) == timedelta(seconds=60).total_seconds()
