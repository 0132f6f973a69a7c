"""Agents sign off, as at every normal shutdown, and come back minutes later."""

from flask.testing import FlaskClient

from tests.support import (
    approve,
    assigned_job,
    detect,
    job_of,
    ok,
    register_agent,
    register_worker,
    report,
    rip,
)


def test_it_marks_an_agent_that_signs_off_as_offline(client: FlaskClient) -> None:
    register_agent(client)
    answer = ok(client.post("/api/agents/pc/unregister"))
    assert answer == {"status": "ok", "message": "Agent unregistered"}
    assert ok(client.get("/api/agents/pc"))["status"] == "offline"


def test_it_keeps_discs_and_jobs_of_an_agent_that_signs_off(client: FlaskClient) -> None:
    register_agent(client)
    disc_id = detect(client)["disc_id"]
    approve(client, disc_id)
    job_ids = rip(client, disc_id)
    ok(client.post("/api/agents/pc/unregister"))
    assert ok(client.get(f"/api/discs/{disc_id}"))["status"] == "ripping"
    assert [job_of(client, job_id)["status"] for job_id in job_ids] == ["queued"] * 3
    assert ok(client.get("/api/agents/pc/jobs")) == {"jobs": []}
    register_agent(client)
    (job,) = ok(client.get("/api/agents/pc/jobs"))["jobs"]
    assert (job["job_id"], job["status"]) == (job_ids[0], "assigned")


def test_it_gives_an_agent_that_signs_off_nothing_for_its_worker(client: FlaskClient) -> None:
    register_agent(client)
    register_worker(client)
    job_id = assigned_job(client)
    ok(client.post("/api/agents/pc/unregister"))
    assert job_of(client, job_id)["status"] == "queued"
    assert ok(client.get("/api/agents/pc/jobs")) == {"jobs": []}
    register_agent(client)
    register_worker(client)
    assert [job["job_id"] for job in ok(client.get("/api/agents/pc/jobs"))["jobs"]] == [job_id]


def test_it_counts_an_agent_that_signs_off_and_comes_back_as_idle(client: FlaskClient) -> None:
    register_agent(client)
    job_id = assigned_job(client)
    report(client, job_id, "running")
    ok(client.post("/api/agents/pc/unregister"))
    again = register_agent(client)
    assert (again["status"], again["current_job_id"]) == ("online", None)
    assert job_of(client, job_id)["status"] == "queued"


def test_it_gives_the_jobs_back_once_the_worker_of_an_agent_is_heard(client: FlaskClient) -> None:
    register_agent(client)
    register_worker(client)
    job_id = assigned_job(client)
    ok(client.post("/api/agents/pc/unregister"))
    ok(client.post("/api/agents/pc/heartbeat"))
    assert job_of(client, job_id)["status"] == "queued"
    ok(client.post("/api/workers/gpu/heartbeat", json={"status": "available"}))
    assert job_of(client, job_id)["status"] == "assigned"
