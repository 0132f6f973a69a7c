"""Which transcode a result is for that is known by its name only, as today's agents send it."""

from collections.abc import Iterator

import pytest

from boz_server.database.models import Job
from boz_server.domain.uploads.upload_states import UploadPurpose
from boz_server.services.uploads import receive
from boz_server.services.uploads.receive import Announced, FileHead, FormPiece, Word
from tests.client import Client, ok

pytestmark = pytest.mark.usefixtures("gpu")

NAME = "DVD_VIDEO"


@pytest.fixture
def two_agents(client):
    """A second agent with a worker: on its disk the name is free."""
    client.register_agent("den")
    client.register_worker("cpu", "den")


def owner_of(client: Client, *job_ids: str) -> list[bool]:
    """For each job whether it has a result."""
    return [client.job(job_id)["output_file"] is not None for job_id in job_ids]


@pytest.mark.usefixtures("two_agents")
@pytest.mark.parametrize("second", ["assigned", "running"])
def test_it_prefers_the_completed_transcode_that_awaits_it(client, second):
    done = client.running_job(output_name=NAME)
    ok(client.report(done, "completed"))
    other = client.approved_job("cpu", output_name=NAME)
    if second == "running":
        ok(client.report(other, "running"))
    assert client.job(other)["output_name"] == NAME
    ok(client.upload(name=NAME))
    assert owner_of(client, done, other) == [True, False]
    assert client.statuses([done, other]) == ["completed", second]


def test_it_completes_no_later_job_of_the_same_agent(client):
    done = client.running_job(output_name=NAME)
    ok(client.report(done, "completed"))
    other = client.approved_job(output_name=NAME)
    ok(client.upload(name=NAME))
    assert client.job(other)["output_name"] == f"{NAME} (2)"
    assert owner_of(client, done, other) == [True, False]
    assert client.statuses([done, other]) == ["completed", "assigned"]


@pytest.mark.usefixtures("two_agents")
def test_it_prefers_a_running_transcode_to_one_whose_upload_failed(client):
    failed = client.running_job(output_name=NAME)
    ok(client.report(failed, "completed", error="Upload failed: connection lost"))
    running = client.running_job(worker_id="cpu", output_name=NAME)
    ok(client.upload(name=NAME))
    assert owner_of(client, failed, running) == [False, True]


@pytest.mark.usefixtures("two_agents")
def test_it_prefers_a_running_transcode_to_one_that_an_older_server_completed(client):
    old = client.running_job(output_name=NAME)
    ok(client.report(old, "completed"))
    Job.update(moved_at=None).where(Job.job_id == old).execute()
    running = client.running_job(worker_id="cpu", output_name=NAME)
    ok(client.upload(name=NAME))
    assert owner_of(client, old, running) == [False, True]


@pytest.mark.usefixtures("two_agents")
def test_it_keeps_the_bytes_for_the_job_that_they_began_to_arrive_for(client, services):
    first = client.running_job(output_name=NAME)
    second = client.approved_job("cpu", output_name=NAME)

    def form() -> Iterator[FormPiece]:
        yield Word("name", NAME)
        yield FileHead(f"{NAME}.mkv")
        yield b"a block"
        # The other one is done in the meantime, and has yet to send its result.
        ok(client.report(second, "running"))
        ok(client.report(second, "completed"))
        yield b"another"

    announced = Announced(UploadPurpose.LIBRARY)
    receive.take_form(services.context, services.organizer, announced, form(), 0)
    assert owner_of(client, first, second) == [True, False]
