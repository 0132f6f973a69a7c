"""A person approves jobs for a worker, or gives them to an agent."""

import pytest

from tests.client import ok

pytestmark = pytest.mark.usefixtures("pc")

APPROVAL = {"worker_id": "gpu", "preset": "H.265 NVENC 1080p"}


def test_it_gives_an_approved_job_to_the_workers_agent(client, clock):
    client.register_worker()
    job_id = client.create_job()["job_id"]
    clock.advance(60)
    body = APPROVAL | {"output_name": None, "approved_by": "a later dashboard"}
    assert ok(client.post(f"/api/jobs/{job_id}/approve", json=body)) == {
        "status": "ok",
        "job_id": job_id,
        "worker_id": "gpu",
        "agent_id": "pc",
        "preset": "H.265 NVENC 1080p",
    }
    (job,) = client.agent_jobs()
    assert (job["job_id"], job["status"], job["preset"]) == (
        job_id, "assigned", "H.265 NVENC 1080p"
    )  # fmt: skip
    assert (job["assigned_agent_id"], job["assigned_worker_id"]) == ("pc", "gpu")
    assert job["assigned_at"] == "2026-01-24T12:35:56.123456Z"
    assert job["output_name"] == "Firefly - S01E01"
    assert client.worker()["current_jobs"] == [job_id]


def test_it_gives_an_approved_job_to_a_worker_without_an_agent(client):
    client.register_worker("farm", agent_id=None, worker_type="remote")
    job_id = client.create_job()["job_id"]
    body = {"worker_id": "farm", "preset": "Fast 1080p30"}
    answer = ok(client.post(f"/api/jobs/{job_id}/approve", json=body))
    assert (answer["worker_id"], answer["agent_id"]) == ("farm", "farm")
    assert client.job(job_id)["assigned_agent_id"] == "farm"
    assert client.worker("farm")["current_jobs"] == [job_id]


def test_it_takes_another_output_name_with_the_approval(client):
    client.register_worker()
    job_id = client.create_job()["job_id"]
    ok(client.post(f"/api/jobs/{job_id}/approve", json=APPROVAL | {"output_name": "Serenity"}))
    assert client.job(job_id)["output_name"] == "Serenity"


def test_it_takes_an_approved_job_off_the_lists_of_waiting_ones(client):
    client.register_worker()
    client.approved_job()
    assert client.awaiting_approval() == []
    assert ok(client.get("/api/jobs/pending")) == []


def test_it_refuses_to_approve_a_job_past_pending(client):
    client.register_worker()
    states = ("running", "completed", "cancelled", "assigned", "queued")
    # The worker has room for two; the others wait, in this order.
    jobs = {state: client.approved_job(priority=-place) for place, state in enumerate(states)}
    client.report(jobs["running"], "running")
    client.report(jobs["completed"], "completed")
    client.cancel(jobs["cancelled"])
    for state, job_id in jobs.items():
        client.refused(400, f"is {state}").post(f"/api/jobs/{job_id}/approve", json=APPROVAL)


def test_it_cancels_a_job_in_each_state_that_is_not_over(client, clock):
    pending = client.create_job()["job_id"]
    queued = client.create_job(requires_approval=False)["job_id"]
    assigned, running = client.assigned_job(), client.assigned_job()
    client.report(running, "running", progress=30)
    clock.advance(9)
    for job_id in (pending, queued, assigned, running):
        answer = client.cancel(job_id)
        assert answer == {"status": "ok", "job_id": job_id}
        job = client.job(job_id)
        assert job["status"] == "cancelled"
        assert job["completed_at"] == "2026-01-24T12:35:05.123456Z"
    assert ok(client.get("/api/agents/pc/jobs")) == {"jobs": []}


def test_it_gives_a_job_to_an_agent(client):
    job_id = client.create_job(requires_approval=False)["job_id"]
    assert ok(client.post(f"/api/jobs/{job_id}/assign?agent_id=pc")) == {
        "status": "ok", "job_id": job_id, "agent_id": "pc"
    }  # fmt: skip
    (job,) = client.agent_jobs()
    assert (job["job_id"], job["status"]) == (job_id, "assigned")
    assert job["assigned_at"] == "2026-01-24T12:34:56.123456Z"


def test_it_notes_the_preferred_worker_on_the_agents_machine(client):
    client.register_worker("slow", priority=60)
    client.register_worker("fast", priority=10)
    client.register_worker("elsewhere", agent_id="den", priority=1)
    job_id = client.assigned_job()
    assert client.job(job_id)["assigned_worker_id"] == "fast"
    assert client.worker("fast")["current_jobs"] == [job_id]


def test_it_transcodes_by_the_usual_preset_where_none_is_named(client):
    without, named = client.assigned_job(), client.assigned_job(preset="H.264 CPU 1080p")
    assert client.job(without)["preset"] == "Fast 1080p30"
    assert client.job(named)["preset"] == "H.264 CPU 1080p"


def test_it_gives_no_agent_what_the_server_does_by_itself(client):
    job_id = client.create_job(job_type="organize", requires_approval=False)["job_id"]
    client.refused(400, "by itself").post(f"/api/jobs/{job_id}/assign?agent_id=pc")


def test_it_moves_an_assigned_job_to_another_agent_and_its_worker(client):
    for agent_id, worker_id in (("pc", "gpu"), ("den", "cpu")):
        client.register_agent(agent_id)
        client.register_worker(worker_id, agent_id)
    job_id = client.approved_job()
    ok(client.post(f"/api/jobs/{job_id}/assign?agent_id=den"))
    assert ok(client.get("/api/agents/pc/jobs")) == {"jobs": []}
    assert client.worker()["current_jobs"] == []
    assert client.worker("cpu")["current_jobs"] == [job_id]
    assert client.job(job_id)["preset"] == "H.265 NVENC 1080p"


def test_it_refuses_an_agent_that_is_not_available(client, clock):
    client.register_agent("silent")
    clock.advance(121)
    for agent_id in ("gone", "busy"):
        client.register_agent(agent_id)
    client.sign_off("gone")
    client.report(client.assigned_job("busy"), "running")
    job_id = client.create_job()["job_id"]
    for agent_id, status in (("silent", "offline"), ("gone", "offline"), ("busy", "busy")):
        client.refused(400, f"is {status}").post(f"/api/jobs/{job_id}/assign?agent_id={agent_id}")


def test_it_refuses_to_rip_where_the_disc_does_not_lie(client):
    client.register_agent("den")
    disc_id = client.detect().approve().id
    (job_id,) = client.rip(disc_id, title_indices=[0])
    client.refused(400, "'pc'").post(f"/api/jobs/{job_id}/assign?agent_id=den")
    ok(client.post(f"/api/jobs/{job_id}/assign?agent_id=pc"))


def test_it_refuses_an_assignment_without_an_agent(client):
    job_id = client.create_job()["job_id"]
    for query in ("", "?agent_id=", "?agent_id=" + "x" * 101):
        client.refused(422, "agent_id", field="agent_id").post(f"/api/jobs/{job_id}/assign{query}")
