"""Agents unregister, as at every normal shutdown, and come back minutes later."""

from tests.client import ok


def test_it_marks_an_agent_that_signs_off_as_offline(client):
    client.register_agent()
    answer = client.sign_off()
    assert answer == {"status": "ok", "message": "Agent unregistered"}
    assert client.agent()["status"] == "offline"


def test_it_keeps_discs_and_jobs_of_an_agent_that_signs_off(client):
    client.register_agent()
    disc_id = client.detect().approve().id
    job_ids = client.rip(disc_id)
    client.sign_off()
    assert client.disc(disc_id)["status"] == "ripping"
    assert [client.job(job_id)["status"] for job_id in job_ids] == ["queued"] * 3
    assert ok(client.get("/api/agents/pc/jobs")) == {"jobs": []}
    client.register_agent()
    (job,) = client.agent_jobs()
    assert (job["job_id"], job["status"]) == (job_ids[0], "assigned")


def test_it_gives_an_agent_that_signs_off_nothing_for_its_worker(client):
    client.register_agent()
    client.register_worker()
    job_id = client.assigned_job()
    client.sign_off()
    assert client.job(job_id)["status"] == "queued"
    assert ok(client.get("/api/agents/pc/jobs")) == {"jobs": []}
    client.register_agent()
    client.register_worker()
    assert [job["job_id"] for job in client.agent_jobs()] == [job_id]


def test_it_counts_an_agent_that_signs_off_and_comes_back_as_idle(client):
    client.register_agent()
    job_id = client.assigned_job()
    client.report(job_id, "running")
    client.sign_off()
    again = client.register_agent()
    assert (again["status"], again["current_job_id"]) == ("online", None)
    assert client.job(job_id)["status"] == "queued"


def test_it_gives_the_jobs_back_once_the_worker_of_an_agent_is_heard(client):
    client.register_agent()
    client.register_worker()
    job_id = client.assigned_job()
    client.sign_off()
    ok(client.post("/api/agents/pc/heartbeat"))
    assert client.job(job_id)["status"] == "queued"
    ok(client.post("/api/workers/gpu/heartbeat", json={"status": "available"}))
    assert client.job(job_id)["status"] == "assigned"
