"""Inputs that were uploaded here are deleted once no job can need them any more."""

import os
from pathlib import Path

import pytest

from boz_server.services.queue import leases
from boz_server.services.uploads import inputs
from tests.client import UNREADABLE, Client, ok
from tests.remote import (
    RAW,
    approved,
    begun,
    given_away,
    go_on,
    here,
    lost,
    polled,
    send_result,
    wanted,
)
from tests.support import restart

HOUR = 3600


@pytest.fixture
def folder(services) -> Path:
    """The folder of the inputs."""
    return services.context.settings.inputs_dir


def end(client: Client, work: dict[str, str], how: str, **said: str) -> None:
    """The worker's final report on a job."""
    ok(client.report(work["job_id"], how, lease_token=work["lease_token"], **said))


@pytest.mark.parametrize("how", ["completed", "cancelled"])
def test_it_deletes_the_file_of_a_job_that_is_over_for_good(client, services, folder, how):
    work = given_away(client)
    end(client, work, how)
    assert inputs.sweep(services.context) == 1
    assert os.listdir(folder) == []
    assert client.job(work["job_id"])["input_upload_id"] is None
    assert inputs.sweep(services.context) == 0


def test_it_keeps_the_file_of_a_job_that_goes_on(client, services, clock):
    job_ids = [here(client, number) for number in range(3)]
    ok(client.report(job_ids[0], "running"))
    clock.advance(300 * HOUR)
    assert inputs.sweep(services.context) == 0
    for job_id in job_ids:
        assert client.job(job_id)["input_upload_id"] is not None


def test_it_keeps_the_file_while_another_try_is_planned(client, services, clock):
    work = given_away(client)
    end(client, work, "completed", error="Upload failed: timeout")
    assert client.job(work["job_id"])["scheduled_at"] is not None
    clock.advance(1)
    assert inputs.sweep(services.context) == 0
    clock.advance(120)
    assert leases.retry_due(services.context) == 1
    ok(client.post("/api/workers/farm/heartbeat", json={}))
    assert inputs.sweep(services.context) == 0
    assert wanted(client) == []


def test_it_deletes_the_file_once_the_result_has_arrived_after_all(client, services):
    work = given_away(client)
    end(client, work, "completed", error="Upload failed: timeout")
    ok(send_result(client, work))
    assert inputs.sweep(services.context) == 1


@pytest.mark.parametrize("hours", [48, 5])
def test_it_keeps_the_file_of_a_failed_job_so_that_a_person_can_retry_it(app, client, clock, hours):
    services = restart(app, upload_expiry_hours=hours)
    work = given_away(client)
    end(client, work, "failed", error=UNREADABLE)
    clock.advance(hours * HOUR - 1)
    assert inputs.sweep(services.context) == 0
    assert client.job(work["job_id"])["input_upload_id"] is not None
    clock.advance(1)
    assert inputs.sweep(services.context) == 1
    assert client.job(work["job_id"])["input_upload_id"] is None


def test_it_needs_no_second_file_if_a_person_retries_the_job_in_time(client, services, clock):
    work = given_away(client)
    end(client, work, "failed", error=UNREADABLE)
    clock.advance(24 * HOUR)
    ok(client.post("/api/workers/farm/heartbeat", json={}))
    ok(client.post(f"/api/jobs/{work['job_id']}/retry"))
    clock.advance(48 * HOUR)
    assert inputs.sweep(services.context) == 0
    assert client.get(polled(client)["download_url"], buffered=True).data == RAW


def test_it_keeps_the_file_for_the_next_worker_if_one_is_lost(client, services, clock):
    given_away(client)
    lost(client, services, clock)
    assert inputs.sweep(services.context) == 0
    assert client.get(polled(client)["download_url"], buffered=True).data == RAW


def test_it_leaves_an_arriving_file_alone(client, services, folder):
    job_id = approved(client)
    upload_id = begun(client, len(RAW), purpose="job_input", job_id=job_id)
    assert go_on(client, upload_id, 0, RAW[:9]).status_code == 204
    assert inputs.sweep(services.context) == 0
    assert go_on(client, upload_id, 9, RAW[9:]).status_code == 204
    assert os.listdir(folder) == [upload_id]


def test_it_deletes_a_file_that_no_job_names(services, folder):
    folder.mkdir()
    (folder / "left").touch()
    assert inputs.sweep(services.context) == 1
    assert os.listdir(folder) == []


def test_it_keeps_the_files_of_other_jobs(client, services, folder):
    over, other = given_away(client), given_away(client, 1)
    end(client, over, "completed")
    assert inputs.sweep(services.context) == 1
    assert os.listdir(folder) == [client.job(other["job_id"])["input_upload_id"]]


def test_it_asks_again_for_a_file_that_has_vanished(client, services, folder):
    """A machine may empty its temporary folder when it starts."""
    approved_job = approved(client)
    ok(client.post("/api/workers/farm/disable"))
    upload_id = begun(client, len(RAW), purpose="job_input", job_id=approved_job)
    assert go_on(client, upload_id, 0, RAW).status_code == 204
    (folder / upload_id).unlink()
    inputs.sweep(services.context)
    assert client.job(approved_job)["input_upload_id"] is None
    ok(client.post("/api/workers/farm/enable"))
    assert wanted(client) == [approved_job]


def test_it_does_nothing_if_nothing_was_ever_uploaded(services, folder):
    assert inputs.sweep(services.context) == 0
    assert not folder.exists()
