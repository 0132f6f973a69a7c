"""Agents register, send heartbeats, fetch their jobs, sign off and come back."""

from tests.client import ok


def test_it_registers_an_agent_with_defaults(client):
    assert client.register_agent() == {
        "agent_id": "pc",
        "name": "Pc",
        "status": "online",
        "capabilities": {"can_rip": True, "can_transcode": False, "gpu_type": None},
        "current_job_id": None,
        "last_heartbeat": "2026-01-24T12:34:56.123456Z",
        "registered_at": "2026-01-24T12:34:56.123456Z",
        "succeeded_by": None,
    }


def test_it_refreshes_an_agent_that_registers_again(client, clock):
    first = client.register_agent()
    clock.advance(60)
    again = client.register_agent(name="Den", capabilities={"can_transcode": True, "cores": 8})
    assert again["name"] == "Den"
    assert again["capabilities"] == {
        "can_rip": True, "can_transcode": True, "gpu_type": None, "cores": 8
    }  # fmt: skip
    assert again["registered_at"] == first["registered_at"]
    assert again["last_heartbeat"] == "2026-01-24T12:35:56.123456Z"


def test_it_counts_a_silent_agent_as_offline_until_its_next_heartbeat(client, clock):
    client.register_agent()
    clock.advance(121)
    assert client.agent()["status"] == "offline"
    answer = ok(client.post("/api/agents/pc/heartbeat"))
    assert answer == {"status": "ok", "cancelled_jobs": []}
    assert ok(client.get("/api/agents"))[0]["status"] == "online"


def test_it_keeps_a_busy_agent_busy_through_heartbeats(client):
    client.register_agent()
    job_id = client.assigned_job()
    client.report(job_id, "running")
    ok(client.post("/api/agents/pc/heartbeat"))
    agent = client.agent()
    assert (agent["status"], agent["current_job_id"]) == ("busy", job_id)


def test_it_counts_an_agent_as_there_for_exactly_its_timeout(client, clock):
    client.register_agent()
    clock.advance(120)
    assert client.agent()["status"] == "online"
    clock.advance(0.001)
    assert ok(client.get("/api/agents"))[0]["status"] == "offline"


def test_it_makes_an_agent_that_comes_back_to_a_running_job_busy(client, clock):
    first = client.register_agent()
    job_id = client.assigned_job()
    client.report(job_id, "running")
    clock.advance(60)
    again = client.register_agent()
    assert (again["status"], again["current_job_id"]) == ("busy", job_id)
    assert again["registered_at"] == first["registered_at"]


def test_it_takes_a_late_heartbeat_of_a_working_agent_for_a_busy_one(client, clock):
    client.register_agent()
    client.report(client.assigned_job(), "running")
    clock.advance(121)
    assert client.agent()["status"] == "offline"
    ok(client.post("/api/agents/pc/heartbeat"))
    assert client.agent()["status"] == "busy"


def test_it_lists_agents_by_id(client):
    for agent_id in ("zoo", "den", "pc"):
        client.register_agent(agent_id)
    assert [agent["agent_id"] for agent in ok(client.get("/api/agents"))] == ["den", "pc", "zoo"]


def test_it_gives_an_agent_its_jobs_most_urgent_first_then_oldest(client, clock):
    client.register_agent()
    client.register_agent("den")
    ids = []
    for priority in (0, 5, 0):
        ids.append(client.assigned_job(priority=priority))
        clock.advance(1)
    client.assigned_job("den")
    jobs = client.agent_jobs()
    assert [job["job_id"] for job in jobs] == [ids[1], ids[0], ids[2]]


def test_it_gives_an_agent_only_jobs_that_it_has_still_to_do(client):
    client.register_agent()
    assigned, running, done, cancelled = (client.assigned_job() for _ in range(4))
    client.report(running, "running")
    client.report(done, "completed")
    client.cancel(cancelled)
    client.create_job()
    jobs = client.agent_jobs()
    assert {(job["job_id"], job["status"]) for job in jobs} == {
        (assigned, "assigned"), (running, "running")
    }  # fmt: skip


def test_it_gives_an_agent_without_work_an_empty_list(client):
    client.register_agent()
    assert ok(client.get("/api/agents/pc/jobs")) == {"jobs": []}


def test_it_takes_an_agent_as_those_of_today_send_it(client):
    agent = client.register_agent(
        capabilities={"can_rip": True, "can_transcode": True, "gpu_type": None},
        version="0.9.1",
        platform=None,
    )
    assert agent["capabilities"]["can_transcode"] is True
    assert "version" not in agent
    assert client.register_agent(capabilities=None)["capabilities"]["can_rip"] is True


def test_it_keeps_no_capabilities_that_it_could_not_show(client):
    answers = []
    for depth in range(230, 270):
        nested = '{"x":' * depth + "1" + "}" * depth
        body = f'{{"agent_id": "pc", "name": "Pc", "capabilities": {nested}}}'
        response = client.post("/api/agents/register", data=body, content_type="application/json")
        answers.append(response.status_code)
        assert client.get("/api/agents").status_code == 200
    assert set(answers) == {200, 422}


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
    client.register_agent()
    (job,) = client.agent_jobs()
    assert (job["job_id"], job["status"]) == (job_ids[0], "assigned")


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
