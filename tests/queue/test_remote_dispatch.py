"""Who gets a job whose file was sent here, and whose it is when a machine is lost."""

import pytest

from tests.client import ok
from tests.remote import farm, lost, polled, ripped, send_input, sending_agent, wanted
from tests.support import assert_problem, restart


@pytest.fixture
def job_id(app, client) -> str:
    """A transcode that no person approves: any worker may have it that can have its file."""
    restart(app, auto_transcode=True)
    sending_agent(client)
    farm(client)
    job_id = ripped(client)
    assert client.job(job_id)["status"] == "queued"
    return job_id


def test_it_needs_no_click(client, job_id):
    assert wanted(client) == [job_id]
    assert client.poll() == []
    ok(send_input(client, job_id))
    assert wanted(client) == []
    assert polled(client)["job_id"] == job_id


def test_it_hands_out_nothing_before_the_file_is_here(client, job_id):
    farm(client, "other")
    client.register_worker("den", "den", capabilities={"can_download": True})
    assert [client.poll(name) for name in ("farm", "other", "den")] == [[], [], []]


def test_it_gives_it_to_a_worker_with_an_agent_that_fetches_files(client, job_id):
    """Its agent is told of its jobs, and asks for none itself."""
    client.register_agent("den")
    client.register_worker("den", "den", capabilities={"can_download": True})
    ok(send_input(client, job_id))
    (job,) = client.agent_jobs("den")
    assert (job["job_id"], job["assigned_worker_id"]) == (job_id, "den")
    assert client.get(job["download_url"], buffered=True).status_code == 200


def test_it_gives_nothing_to_a_worker_with_an_agent_that_fetches_none(client, job_id):
    client.register_agent("den")
    client.register_worker("den", "den")
    ok(send_input(client, job_id))
    assert ok(client.get("/api/agents/den/jobs")) == {"jobs": []}
    assert client.poll("den") == []


def test_it_gives_it_to_the_own_machine_that_is_back_sooner(client, job_id):
    ok(send_input(client, job_id))
    client.register_worker()
    assert client.job(job_id)["assigned_worker_id"] == "gpu"


def test_it_gives_it_to_another_where_a_worker_is_lost(client, services, clock, job_id):
    ok(send_input(client, job_id))
    farm(client, "other")
    first = polled(client)
    lost(client, services, clock, "other")
    second = polled(client, "other")
    assert (second["job_id"], second["attempt"]) == (job_id, 2)
    assert wanted(client) == []
    assert client.get(second["download_url"], buffered=True).status_code == 200
    assert_problem(client.get(first["download_url"]), 409, "taken away")


def test_it_stays_with_its_worker_where_there_is_no_failover(app, client, clock, job_id):
    services = restart(app, worker_auto_failover=False)
    ok(send_input(client, job_id))
    farm(client, "other")
    polled(client)
    lost(client, services, clock, "other")
    assert client.poll("other") == []
    assert polled(client)["job_id"] == job_id


def test_it_takes_no_late_report_for_one_of_the_files_own_agent(client, services, clock, job_id):
    """A worker that was given up says that it works, without its token: whose word that is can't
    be known, as several machines may do the job."""
    ok(send_input(client, job_id))
    polled(client)
    lost(client, services, clock)
    assert_problem(client.report(job_id, "running", progress=50), 409, "queued")
    assert client.job(job_id)["status"] == "queued"


def test_it_lets_the_files_own_agent_take_up_what_only_it_can_do(app, client):
    restart(app, auto_transcode=True)
    client.register_agent()
    client.register_worker()
    ok(client.post("/api/workers/gpu/disable"))
    job_id = ripped(client)
    ok(client.report(job_id, "running", progress=50))
    assert client.job(job_id)["assigned_worker_id"] == "gpu"
