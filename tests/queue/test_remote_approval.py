"""A person approves a job for a worker that can get at its file; for no other."""

import pytest

from boz_server.services.queue import reports
from tests.client import Client, ok
from tests.remote import APPROVAL, approved, farm, ripped, send_input, sending_agent, wanted
from tests.support import assert_problem, unchanged


@pytest.fixture
def job_id(client) -> str:
    """A transcode of a title on the disk of an agent of today, with a worker on each machine."""
    client.register_agent()
    client.register_worker()
    client.register_worker("cpu")
    farm(client)
    client.register_worker("den", "den")
    return ripped(client)


def approve_for(client: Client, job_id: str, worker_id: str) -> None:
    """A job that a person has approved for a worker."""
    client.approve_job(job_id, worker_id)


@pytest.mark.parametrize("worker_id", ["farm", "den"])
def test_it_refuses_a_worker_that_can_not_reach_the_file(client, services, job_id, worker_id):
    with unchanged(services):
        body = APPROVAL | {"worker_id": worker_id, "output_name": "Other"}
        response = client.post(f"/api/jobs/{job_id}/approve", json=body)
        assert_problem(
            response,
            400,
            f"Worker '{worker_id}' can't reach the file, which lies on the disk of agent 'pc';"
            " these workers can: 'cpu', 'gpu'.",
        )


def test_it_says_where_no_worker_can(client):
    client.register_agent()
    farm(client)
    response = client.post(f"/api/jobs/{ripped(client)}/approve", json=APPROVAL)
    assert_problem(response, 400, "no registered worker can.")


@pytest.mark.parametrize("worker_id", ["gpu", "cpu"])
def test_it_lets_a_worker_on_the_same_machine_have_it(client, job_id, worker_id):
    approve_for(client, job_id, worker_id)
    job = client.job(job_id)
    assert (job["status"], job["assigned_worker_id"]) == ("assigned", worker_id)


def test_it_lets_a_worker_elsewhere_have_what_the_agent_sends(client, job_id):
    sending_agent(client)
    approve_for(client, job_id, "farm")
    assert client.job(job_id)["status"] == "queued"
    assert wanted(client) == [job_id]
    ok(send_input(client, job_id))
    job = client.job(job_id)
    assert (job["status"], job["assigned_worker_id"]) == ("assigned", "farm")


def test_it_refuses_a_worker_elsewhere_that_fetches_nothing(client, job_id):
    """One with an agent of today has its jobs from that, and no file."""
    sending_agent(client)
    body = APPROVAL | {"worker_id": "den"}
    response = client.post(f"/api/jobs/{job_id}/approve", json=body)
    assert_problem(response, 400, "these workers can: 'cpu', 'farm', 'gpu'.")


def test_it_lets_a_worker_with_an_agent_have_it_that_fetches_files(client, job_id):
    sending_agent(client)
    client.register_agent("den")
    client.register_worker("den", "den", capabilities={"can_download": True})
    approve_for(client, job_id, "den")
    assert ok(client.get("/api/agents/den/jobs")) == {"jobs": []}
    assert wanted(client) == [job_id]
    ok(send_input(client, job_id))
    (job,) = client.agent_jobs("den")
    token = client.lease_token(job_id, "den")
    assert job["job_id"] == job_id
    assert job["download_url"] == f"/api/files/download/{job_id}?lease_token={token}"
    assert client.get(job["download_url"], buffered=True).status_code == 200


@pytest.mark.parametrize("path", ["\\\\nas\\rips\\t00.mkv", "//nas/rips/t00.mkv"])
def test_it_lets_any_worker_have_what_lies_on_a_share(client, path):
    client.register_agent()
    farm(client)
    job_id = ripped(client, path=path)
    approve_for(client, job_id, "farm")
    job = client.job(job_id)
    assert (job["status"], job["assigned_worker_id"]) == ("assigned", "farm")
    assert job["input_file"] == path


def test_it_lets_any_worker_have_what_no_one_knows_the_place_of(client):
    client.register_agent()
    farm(client)
    job_id = client.create_job()["job_id"]
    approve_for(client, job_id, "farm")
    assert client.job(job_id)["status"] == "assigned"


def test_it_knows_the_place_of_a_file_by_the_disc_that_it_came_from(client):
    client.register_agent()
    farm(client)
    job_id = client.create_job(disc_id=client.detect()["disc_id"])["job_id"]
    response = client.post(f"/api/jobs/{job_id}/approve", json=APPROVAL)
    assert_problem(response, 400, "disk of agent 'pc'")


def test_it_answers_a_wrong_state_before_it_speaks_of_the_file(client, job_id):
    approve_for(client, job_id, "gpu")
    response = client.post(f"/api/jobs/{job_id}/approve", json=APPROVAL)
    assert_problem(response, 400, "is assigned")


def test_it_lets_a_worker_have_a_file_that_is_here_though_its_agent_sends_no_more(client):
    sending_agent(client)
    farm(client)
    job_id = ripped(client)
    ok(send_input(client, job_id))
    client.register_agent()
    approve_for(client, job_id, "farm")
    assert client.job(job_id)["status"] == "assigned"


@pytest.mark.parametrize(
    ("said", "by_person"),
    [(None, False), ("", False), ("Firefly - S01E01", False), ("Serenity", True)],
)
def test_it_notes_whether_a_person_chose_the_name(client, services, said, by_person):
    job_id = approved(client, output_name=said)
    job = reports.find(services.context, job_id)
    assert job.is_named_by_person is by_person
    assert job.output_name == (said or "Firefly - S01E01")
