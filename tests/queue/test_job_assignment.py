"""A person gives jobs to agents."""

from flask.testing import FlaskClient

from boz_server.services.wiring import Services
from tests.support import (
    FakeClock,
    approve,
    approved_job,
    assert_problem,
    assigned_job,
    create_job,
    detect,
    ok,
    register_agent,
    register_worker,
    report,
    rip,
    unchanged,
)


def test_it_gives_a_job_to_an_agent(client: FlaskClient) -> None:
    register_agent(client)
    job_id = create_job(client, requires_approval=False)["job_id"]
    assert ok(client.post(f"/api/jobs/{job_id}/assign?agent_id=pc")) == {
        "status": "ok", "job_id": job_id, "agent_id": "pc"
    }  # fmt: skip
    (job,) = ok(client.get("/api/agents/pc/jobs"))["jobs"]
    assert (job["job_id"], job["status"]) == (job_id, "assigned")
    assert job["assigned_at"] == "2026-01-24T12:34:56.123456Z"


def test_it_notes_the_preferred_worker_on_the_agents_machine(client: FlaskClient) -> None:
    register_agent(client)
    register_worker(client, "slow", priority=60)
    register_worker(client, "fast", priority=10)
    register_worker(client, "elsewhere", agent_id="den", priority=1)
    job_id = assigned_job(client)
    assert ok(client.get(f"/api/jobs/{job_id}"))["assigned_worker_id"] == "fast"
    assert ok(client.get("/api/workers/fast"))["current_jobs"] == [job_id]


def test_it_transcodes_by_the_usual_preset_where_none_is_named(client: FlaskClient) -> None:
    register_agent(client)
    without, named = assigned_job(client), assigned_job(client, preset="H.264 CPU 1080p")
    assert ok(client.get(f"/api/jobs/{without}"))["preset"] == "Fast 1080p30"
    assert ok(client.get(f"/api/jobs/{named}"))["preset"] == "H.264 CPU 1080p"


def test_it_gives_no_agent_what_the_server_does_by_itself(
    client: FlaskClient, services: Services
) -> None:
    register_agent(client)
    job_id = create_job(client, job_type="organize", requires_approval=False)["job_id"]
    with unchanged(services):
        response = client.post(f"/api/jobs/{job_id}/assign?agent_id=pc")
        assert_problem(response, 400, "by itself")


def test_it_moves_an_assigned_job_to_another_agent_and_its_worker(client: FlaskClient) -> None:
    for agent_id, worker_id in (("pc", "gpu"), ("den", "cpu")):
        register_agent(client, agent_id)
        register_worker(client, worker_id, agent_id)
    job_id = approved_job(client)
    ok(client.post(f"/api/jobs/{job_id}/assign?agent_id=den"))
    assert ok(client.get("/api/agents/pc/jobs")) == {"jobs": []}
    assert ok(client.get("/api/workers/gpu"))["current_jobs"] == []
    assert ok(client.get("/api/workers/cpu"))["current_jobs"] == [job_id]
    assert ok(client.get(f"/api/jobs/{job_id}"))["preset"] == "H.265 NVENC 1080p"


def test_it_answers_404_for_an_unknown_agent(client: FlaskClient, services: Services) -> None:
    job_id = create_job(client)["job_id"]
    with unchanged(services):
        assert_problem(client.post(f"/api/jobs/{job_id}/assign?agent_id=den"), 404, "den")


def test_it_refuses_an_agent_that_is_not_available(
    client: FlaskClient, services: Services, clock: FakeClock
) -> None:
    register_agent(client, "silent")
    clock.advance(121)
    for agent_id in ("gone", "busy"):
        register_agent(client, agent_id)
    ok(client.post("/api/agents/gone/unregister"))
    report(client, assigned_job(client, "busy"), "running")
    job_id = create_job(client)["job_id"]
    with unchanged(services):
        for agent_id, status in (("silent", "offline"), ("gone", "offline"), ("busy", "busy")):
            response = client.post(f"/api/jobs/{job_id}/assign?agent_id={agent_id}")
            assert_problem(response, 400, f"is {status}")


def test_it_refuses_to_rip_where_the_disc_does_not_lie(
    client: FlaskClient, services: Services
) -> None:
    register_agent(client)
    register_agent(client, "den")
    disc_id = detect(client)["disc_id"]
    approve(client, disc_id)
    (job_id,) = rip(client, disc_id, title_indices=[0])
    with unchanged(services):
        response = client.post(f"/api/jobs/{job_id}/assign?agent_id=den")
        assert_problem(response, 400, "'pc'")
    ok(client.post(f"/api/jobs/{job_id}/assign?agent_id=pc"))


def test_it_answers_409_for_a_job_that_has_begun_or_is_over(
    client: FlaskClient, services: Services
) -> None:
    register_agent(client)
    register_agent(client, "den")
    jobs = {state: assigned_job(client) for state in ("completed", "failed", "cancelled")}
    jobs["running"] = assigned_job(client)
    for state, job_id in jobs.items():
        ok(report(client, job_id, state))
    with unchanged(services):
        for state, job_id in jobs.items():
            response = client.post(f"/api/jobs/{job_id}/assign?agent_id=den")
            assert_problem(response, 409, f"is {state}")


def test_it_refuses_an_assignment_without_an_agent(client: FlaskClient, services: Services) -> None:
    job_id = create_job(client)["job_id"]
    with unchanged(services):
        for query in ("", "?agent_id=", "?agent_id=" + "x" * 101):
            response = client.post(f"/api/jobs/{job_id}/assign{query}")
            assert_problem(response, 422, "agent_id", field="agent_id")
