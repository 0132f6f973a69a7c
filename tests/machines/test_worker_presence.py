"""Which workers are online and free: by heartbeats, and the server's own record."""

import pytest

from tests.client import Client, ok
from tests.support import assert_problem, unchanged

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


def test_it_refuses_a_wrong_heartbeat(client, services, clock):
    client.register_worker()
    clock.advance(15)
    with unchanged(services):
        for field, value in (("status", "idle"), ("status", None), ("cpu_usage", "half")):
            response = client.post("/api/workers/gpu/heartbeat", json=HEARTBEAT | {field: value})
            assert_problem(response, 422, field, field=field)


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
