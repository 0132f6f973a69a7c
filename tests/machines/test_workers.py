"""Workers register and send heartbeats; operators configure them; the server knows who is free."""

import pytest

from tests.client import Client, ok

DEFAULTS = {
    "nvenc": False,
    "nvenc_generation": 0,
    "qsv": False,
    "vaapi": False,
    "hevc": False,
    "av1": False,
    "cpu_threads": 4,
    "max_concurrent": 2,
    "vlc_installed": False,
    "vlc_path": None,
    "vlc_version": None,
}


def test_it_registers_a_worker_with_defaults(client):
    body = {"worker_id": "gpu", "hostname": "DESKTOP-1"}
    worker = ok(client.post("/api/workers/register", json=body))
    assert worker == {
        "worker_id": "gpu",
        "worker_type": "agent",
        "hostname": "DESKTOP-1",
        "capabilities": DEFAULTS,
        "agent_id": None,
        "priority": 50,
        "enabled": True,
        "status": "available",
        "current_jobs": [],
        "last_heartbeat": "2026-01-24T12:34:56.123456Z",
        "registered_at": "2026-01-24T12:34:56.123456Z",
        "total_jobs_completed": 0,
        "avg_transcode_time_seconds": 0.0,
        "cpu_usage": None,
        "gpu_usage": None,
        "consecutive_failures": 0,
        "paused_at": None,
    }
    assert client.worker() == worker


def test_it_keeps_capabilities_that_it_does_not_know(client):
    told = {"nvenc": True, "vlc_path": "C:\\VLC\\vlc.exe", "encoders": [{"x265": 3.5}, None]}
    assert client.register_worker(capabilities=told)["capabilities"] == DEFAULTS | told
    assert client.worker()["capabilities"] == DEFAULTS | told


def test_it_takes_a_worker_as_those_of_today_send_it(client):
    client.register_agent()
    worker = client.register_worker(capabilities=None, worker_type="agent", version="0.9.1")
    assert (worker["agent_id"], worker["capabilities"]) == ("pc", DEFAULTS)
    assert "version" not in worker


def test_it_enters_the_agent_of_a_worker_that_comes_first(client):
    assert client.register_worker()["agent_id"] == "pc"
    assert client.agent()["status"] == "offline"
    agent = client.register_agent(name="Den")
    assert (agent["name"], agent["status"]) == ("Den", "online")
    assert client.worker()["agent_id"] == "pc"


def test_it_leaves_an_agent_alone_that_is_there_before_its_worker(client):
    before = client.register_agent(name="Den", capabilities={"gpu_type": "RTX"})
    client.register_worker()
    assert client.agent() == before


def test_it_refreshes_a_worker_that_registers_again(client, clock):
    client.register_worker()
    clock.advance(60)
    again = client.register_worker(
        hostname="new", priority=20, agent_id=None, capabilities={"qsv": True}
    )
    assert (again["hostname"], again["priority"], again["agent_id"]) == ("new", 20, None)
    assert again["capabilities"] == DEFAULTS | {"qsv": True}
    assert again["last_heartbeat"] == "2026-01-24T12:35:56.123456Z"
    assert again["registered_at"] == "2026-01-24T12:34:56.123456Z"


def test_it_keeps_stats_and_jobs_of_a_worker_that_registers_again(client, clock):
    client.register_worker()
    done, left = client.approved_job(), client.approved_job()
    client.report(done, "running")
    clock.advance(120)
    client.report(done, "completed")
    again = client.register_worker()
    assert (again["total_jobs_completed"], again["avg_transcode_time_seconds"]) == (1, 120)
    assert again["current_jobs"] == [left]


def test_it_keeps_an_operators_settings_when_a_worker_registers_again(client):
    client.register_worker(priority=50)
    ok(client.post("/api/workers/gpu/update-priority", json={"priority": 7}))
    ok(client.post("/api/workers/gpu/disable"))
    again = client.register_worker(priority=30)
    assert (again["priority"], again["enabled"]) == (7, False)


def test_it_sets_a_priority(client):
    client.register_worker()
    for priority in (1, 99):
        response = client.post("/api/workers/gpu/update-priority", json={"priority": priority})
        assert ok(response) == {"status": "ok", "priority": priority}
        assert client.worker()["priority"] == priority


def test_it_answers_400_to_a_priority_out_of_range(client):
    client.register_worker()
    for priority in (0, 100, -1, 2**40):
        client.refused(400, str(priority)).post(
            "/api/workers/gpu/update-priority", json={"priority": priority}
        )


@pytest.mark.parametrize(("action", "enabled"), [("enable", True), ("disable", False)])
def test_it_switches_a_worker(client, action, enabled):
    client.register_worker()
    for _ in range(2):
        assert ok(client.post(f"/api/workers/gpu/{action}")) == {"status": "ok", "enabled": enabled}
        assert client.worker()["enabled"] is enabled


def test_it_forgets_a_worker_and_leaves_its_jobs_to_the_agent(client):
    client.register_agent()
    client.register_worker()
    job_id = client.approved_job()
    assert ok(client.delete("/api/workers/gpu")) == {
        "status": "ok", "message": "Worker unregistered"
    }  # fmt: skip
    assert ok(client.get("/api/workers")) == []
    (job,) = client.agent_jobs()
    assert (job["job_id"], job["status"], job["assigned_worker_id"]) == (job_id, "assigned", None)
    assert ok(client.report(job_id, "completed"))["status"] == "completed"


#: Today's workers send this, whatever they are doing.
HEARTBEAT = {"status": "available", "current_jobs": [], "cpu_usage": None, "gpu_usage": None}


def status_of(client: Client, worker_id: str = "gpu") -> str:
    return str(client.worker(worker_id)["status"])


def available(client: Client) -> list[str]:
    return [worker["worker_id"] for worker in ok(client.get("/api/workers/available"))]


def test_it_answers_a_heartbeat_with_its_time(client, clock):
    client.register_worker()
    clock.advance(15)
    body = {"cpu_usage": 12.5, "gpu_usage": 250, "temperature": 61}
    assert ok(client.post("/api/workers/gpu/heartbeat", json=body)) == {
        "acknowledged": True,
        "server_time": "2026-01-24T12:35:11.123456Z",
        "cancelled_jobs": [],
    }
    worker = client.worker()
    assert worker["last_heartbeat"] == "2026-01-24T12:35:11.123456Z"
    assert (worker["cpu_usage"], worker["gpu_usage"]) == (12.5, 100)


def test_it_takes_a_heartbeat_as_workers_of_today_send_it(client):
    client.register_worker()
    ok(client.post("/api/workers/gpu/heartbeat", json=HEARTBEAT))
    ok(client.post("/api/workers/gpu/heartbeat"))
    assert status_of(client) == "available"


@pytest.mark.parametrize("said", ["busy", "offline"])
def test_it_believes_a_worker_that_is_not_free(client, said):
    client.register_worker()
    ok(client.post("/api/workers/gpu/heartbeat", json={"status": said}))
    assert status_of(client) == said
    assert available(client) == []
    ok(client.post("/api/workers/gpu/heartbeat", json=HEARTBEAT))
    assert available(client) == ["gpu"]


def test_it_counts_a_silent_worker_as_offline_until_it_speaks(client, clock):
    client.register_worker()
    clock.advance(90)
    assert status_of(client) == "available"
    clock.advance(1)
    assert status_of(client) == "offline"
    assert available(client) == []
    ok(client.post("/api/workers/gpu/heartbeat", json=HEARTBEAT))
    assert status_of(client) == "available"


def test_it_counts_a_worker_as_busy_by_what_it_was_given_not_by_its_word(client):
    client.register_worker()
    first, second = client.approved_job(), client.approved_job()
    ok(client.post("/api/workers/gpu/heartbeat", json=HEARTBEAT))
    assert status_of(client) == "busy"
    assert sorted(client.worker()["current_jobs"]) == sorted([first, second])
    assert ok(client.get("/api/workers"))[0]["status"] == "busy"
    assert available(client) == []
    client.report(first, "completed")
    assert status_of(client) == "available"
    assert client.worker()["current_jobs"] == [second]


def test_it_lists_available_workers_by_priority(client, clock):
    client.register_worker("silent", priority=1)
    clock.advance(91)
    for worker_id, priority in (("c", 50), ("b", 50), ("first", 10), ("off", 1), ("full", 1)):
        client.register_worker(worker_id, priority=priority, capabilities={"max_concurrent": 1})
    ok(client.post("/api/workers/off/disable"))
    client.approved_job("full")
    assert available(client) == ["first", "b", "c"]


def test_it_lists_all_workers_by_id(client):
    for worker_id in ("c", "a", "b"):
        client.register_worker(worker_id)
    ok(client.post("/api/workers/a/disable"))
    assert [worker["worker_id"] for worker in ok(client.get("/api/workers"))] == ["a", "b", "c"]


def test_it_counts_workers_by_what_they_are_now(client, clock):
    client.register_worker("silent", capabilities={"vaapi": True})
    clock.advance(91)
    client.register_worker("nvenc", capabilities={"nvenc": True, "max_concurrent": 1})
    client.register_worker("qsv", capabilities={"qsv": True})
    client.register_worker("cpu")
    client.report(client.approved_job("qsv"), "completed")
    client.approved_job("nvenc")
    assert ok(client.get("/api/workers/stats")) == {
        "total_workers": 4,
        "available": 2,
        "busy": 1,
        "offline": 1,
        "gpu_workers": 3,
        "total_jobs_completed": 1,
    }


def test_it_counts_no_workers_as_zeros(client):
    assert set(ok(client.get("/api/workers/stats")).values()) == {0}
