"""A person gives jobs to agents."""

from tests.client import ok
from tests.support import assert_problem, unchanged


def test_it_gives_a_job_to_an_agent(client):
    client.register_agent()
    job_id = client.create_job(requires_approval=False)["job_id"]
    assert ok(client.post(f"/api/jobs/{job_id}/assign?agent_id=pc")) == {
        "status": "ok", "job_id": job_id, "agent_id": "pc"
    }  # fmt: skip
    (job,) = client.agent_jobs()
    assert (job["job_id"], job["status"]) == (job_id, "assigned")
    assert job["assigned_at"] == "2026-01-24T12:34:56.123456Z"


def test_it_notes_the_preferred_worker_on_the_agents_machine(client):
    client.register_agent()
    client.register_worker("slow", priority=60)
    client.register_worker("fast", priority=10)
    client.register_worker("elsewhere", agent_id="den", priority=1)
    job_id = client.assigned_job()
    assert client.job(job_id)["assigned_worker_id"] == "fast"
    assert client.worker("fast")["current_jobs"] == [job_id]


def test_it_transcodes_by_the_usual_preset_where_none_is_named(client):
    client.register_agent()
    without, named = client.assigned_job(), client.assigned_job(preset="H.264 CPU 1080p")
    assert client.job(without)["preset"] == "Fast 1080p30"
    assert client.job(named)["preset"] == "H.264 CPU 1080p"


def test_it_gives_no_agent_what_the_server_does_by_itself(client, services):
    client.register_agent()
    job_id = client.create_job(job_type="organize", requires_approval=False)["job_id"]
    with unchanged(services):
        response = client.post(f"/api/jobs/{job_id}/assign?agent_id=pc")
        assert_problem(response, 400, "by itself")


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


def test_it_refuses_an_agent_that_is_not_available(client, services, clock):
    client.register_agent("silent")
    clock.advance(121)
    for agent_id in ("gone", "busy"):
        client.register_agent(agent_id)
    client.sign_off("gone")
    client.report(client.assigned_job("busy"), "running")
    job_id = client.create_job()["job_id"]
    with unchanged(services):
        for agent_id, status in (("silent", "offline"), ("gone", "offline"), ("busy", "busy")):
            response = client.post(f"/api/jobs/{job_id}/assign?agent_id={agent_id}")
            assert_problem(response, 400, f"is {status}")


def test_it_refuses_to_rip_where_the_disc_does_not_lie(client, services):
    client.register_agent()
    client.register_agent("den")
    disc_id = client.detect().approve().id
    (job_id,) = client.rip(disc_id, title_indices=[0])
    with unchanged(services):
        response = client.post(f"/api/jobs/{job_id}/assign?agent_id=den")
        assert_problem(response, 400, "'pc'")
    ok(client.post(f"/api/jobs/{job_id}/assign?agent_id=pc"))


def test_it_refuses_an_assignment_without_an_agent(client, services):
    job_id = client.create_job()["job_id"]
    with unchanged(services):
        for query in ("", "?agent_id=", "?agent_id=" + "x" * 101):
            response = client.post(f"/api/jobs/{job_id}/assign{query}")
            assert_problem(response, 422, "agent_id", field="agent_id")
