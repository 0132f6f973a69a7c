"""Which workers are there and free: heartbeats, and the server's own record."""

import pytest
from flask.testing import FlaskClient

from boz_server.services.wiring import Services
from tests.support import (
    FakeClock,
    approved_job,
    assert_problem,
    ok,
    register_worker,
    report,
    unchanged,
)

#: As workers of today send it, whatever they are doing.
HEARTBEAT = {"status": "available", "current_jobs": [], "cpu_usage": None, "gpu_usage": None}


def status_of(client: FlaskClient, worker_id: str = "gpu") -> str:
    return str(ok(client.get(f"/api/workers/{worker_id}"))["status"])


def available(client: FlaskClient) -> list[str]:
    return [worker["worker_id"] for worker in ok(client.get("/api/workers/available"))]


def test_it_answers_a_heartbeat_with_its_time(client: FlaskClient, clock: FakeClock) -> None:
    register_worker(client)
    clock.advance(15)
    body = {"cpu_usage": 12.5, "gpu_usage": 250, "temperature": 61}
    assert ok(client.post("/api/workers/gpu/heartbeat", json=body)) == {
        "acknowledged": True,
        "server_time": "2026-01-24T12:35:11.123456Z",
        "cancelled_jobs": [],
    }
    worker = ok(client.get("/api/workers/gpu"))
    assert worker["last_heartbeat"] == "2026-01-24T12:35:11.123456Z"
    assert (worker["cpu_usage"], worker["gpu_usage"]) == (12.5, 100)


def test_it_takes_a_heartbeat_as_workers_of_today_send_it(client: FlaskClient) -> None:
    register_worker(client)
    ok(client.post("/api/workers/gpu/heartbeat", json=HEARTBEAT))
    ok(client.post("/api/workers/gpu/heartbeat"))
    assert status_of(client) == "available"


def test_it_refuses_a_wrong_heartbeat(
    client: FlaskClient, services: Services, clock: FakeClock
) -> None:
    register_worker(client)
    clock.advance(15)
    with unchanged(services):
        for field, value in (("status", "idle"), ("status", None), ("cpu_usage", "half")):
            response = client.post("/api/workers/gpu/heartbeat", json=HEARTBEAT | {field: value})
            assert_problem(response, 422, field, field=field)


@pytest.mark.parametrize("said", ["busy", "offline"])
def test_it_believes_a_worker_that_is_not_free(client: FlaskClient, said: str) -> None:
    register_worker(client)
    ok(client.post("/api/workers/gpu/heartbeat", json={"status": said}))
    assert status_of(client) == said
    assert available(client) == []
    ok(client.post("/api/workers/gpu/heartbeat", json=HEARTBEAT))
    assert available(client) == ["gpu"]


def test_it_counts_a_silent_worker_as_offline_until_it_speaks(
    client: FlaskClient, clock: FakeClock
) -> None:
    register_worker(client)
    clock.advance(90)
    assert status_of(client) == "available"
    clock.advance(1)
    assert status_of(client) == "offline"
    assert available(client) == []
    ok(client.post("/api/workers/gpu/heartbeat", json=HEARTBEAT))
    assert status_of(client) == "available"


def test_it_counts_a_worker_as_busy_by_what_it_was_given_not_by_its_word(
    client: FlaskClient,
) -> None:
    register_worker(client)
    first, second = approved_job(client), approved_job(client)
    ok(client.post("/api/workers/gpu/heartbeat", json=HEARTBEAT))
    assert status_of(client) == "busy"
    assert sorted(ok(client.get("/api/workers/gpu"))["current_jobs"]) == sorted([first, second])
    assert ok(client.get("/api/workers"))[0]["status"] == "busy"
    assert available(client) == []
    report(client, first, "completed")
    assert status_of(client) == "available"
    assert ok(client.get("/api/workers/gpu"))["current_jobs"] == [second]


def test_it_lists_available_workers_by_priority(client: FlaskClient, clock: FakeClock) -> None:
    register_worker(client, "silent", priority=1)
    clock.advance(91)
    for worker_id, priority in (("c", 50), ("b", 50), ("first", 10), ("off", 1), ("full", 1)):
        register_worker(client, worker_id, priority=priority, capabilities={"max_concurrent": 1})
    ok(client.post("/api/workers/off/disable"))
    approved_job(client, "full")
    assert available(client) == ["first", "b", "c"]


def test_it_lists_all_workers_by_id(client: FlaskClient) -> None:
    for worker_id in ("c", "a", "b"):
        register_worker(client, worker_id)
    ok(client.post("/api/workers/a/disable"))
    assert [worker["worker_id"] for worker in ok(client.get("/api/workers"))] == ["a", "b", "c"]


def test_it_counts_workers_by_what_they_are_now(client: FlaskClient, clock: FakeClock) -> None:
    register_worker(client, "silent", capabilities={"vaapi": True})
    clock.advance(91)
    register_worker(client, "nvenc", capabilities={"nvenc": True, "max_concurrent": 1})
    register_worker(client, "qsv", capabilities={"qsv": True})
    register_worker(client, "cpu")
    report(client, approved_job(client, "qsv"), "completed")
    approved_job(client, "nvenc")
    assert ok(client.get("/api/workers/stats")) == {
        "total_workers": 4,
        "available": 2,
        "busy": 1,
        "offline": 1,
        "gpu_workers": 3,
        "total_jobs_completed": 1,
    }


def test_it_counts_no_workers_as_zeros(client: FlaskClient) -> None:
    assert set(ok(client.get("/api/workers/stats")).values()) == {0}
