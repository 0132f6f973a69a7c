"""Which of several workers that fit gets a job, by BOZ_WORKER_ASSIGNMENT_STRATEGY."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from boz_server.domain.queue.placement import AssignmentStrategy
from boz_server.services.wiring import Services
from tests.support import (
    FakeClock,
    approved_job,
    assert_problem,
    job_of,
    ok,
    poll,
    queued_job,
    register_agent,
    register_worker,
    report,
    restart,
    unchanged,
)

GPU = {"nvenc": True, "hevc": True, "max_concurrent": 8}
CPU = {"max_concurrent": 8}


def choosing(app: Flask, strategy: str, **changes: Any) -> Services:
    changes = {"max_concurrent_transcodes": 50} | changes
    return restart(app, worker_assignment_strategy=AssignmentStrategy(strategy), **changes)


def fleet(client: FlaskClient, **capabilities: dict[str, Any]) -> None:
    """Workers of these names and capabilities, each beside an agent of its own."""
    for name, able in capabilities.items():
        register_agent(client, f"pc-{name}")
        register_worker(client, name, f"pc-{name}", capabilities=able)


def taker(client: FlaskClient, **extra: Any) -> str:
    """The worker that a new job is given to."""
    return str(job_of(client, queued_job(client, **extra))["assigned_worker_id"])


def takers(client: FlaskClient, number: int) -> str:
    return " ".join(taker(client) for _ in range(number))


def turns(client: FlaskClient, number: int) -> str:
    """The workers that so many jobs are given to, each of which is done before the next comes."""
    workers = []
    for _ in range(number):
        job_id = queued_job(client)
        workers.append(str(job_of(client, job_id)["assigned_worker_id"]))
        ok(report(client, job_id, "completed"))
    return " ".join(workers)


def work(client: FlaskClient, clock: FakeClock, worker_id: str, seconds: float) -> None:
    """Let a worker complete a job that takes so long."""
    job_id = approved_job(client, worker_id)
    ok(report(client, job_id, "running"))
    clock.advance(seconds)
    ok(report(client, job_id, "completed"))


def ask(client: FlaskClient, agent_id: str = "pc") -> str:
    """The worker that an agent is told to have a file transcoded by."""
    body = {"agent_id": agent_id}
    return str(ok(client.post("/api/workers/assign", json=body))["assigned_worker"])


@pytest.mark.parametrize("strategy", list(AssignmentStrategy))
def test_it_gives_a_job_to_a_gpu_first(app: Flask, client: FlaskClient, strategy: str) -> None:
    choosing(app, strategy)
    fleet(client, a=CPU, b=GPU, c=CPU)
    assert taker(client) == "b"
    ok(client.post("/api/workers/b/disable"))
    assert taker(client) in ("a", "c")


def test_it_fills_the_preferred_worker_and_then_the_next(client: FlaskClient, app: Flask) -> None:
    choosing(app, "priority")
    fleet(client, a=GPU, b=CPU | {"max_concurrent": 2}, c=GPU)
    ok(client.post("/api/workers/b/update-priority", json={"priority": 10}))
    ok(client.post("/api/workers/c/update-priority", json={"priority": 20}))
    assert takers(client, 5) == "b b c c c"


def test_it_gives_each_its_turn(app: Flask, client: FlaskClient) -> None:
    choosing(app, "round_robin")
    fleet(client, a=GPU, b=GPU, c=GPU)
    assert turns(client, 7) == "a b c a b c a"


def test_it_remembers_whose_turn_it_is_over_a_restart(app: Flask, client: FlaskClient) -> None:
    choosing(app, "round_robin")
    fleet(client, a=GPU, b=GPU, c=GPU)
    assert turns(client, 2) == "a b"
    choosing(app, "round_robin")
    register_worker(client, "c", "pc-c", capabilities=GPU)
    register_worker(client, "a", "pc-a", capabilities=GPU)
    assert turns(client, 3) == "c a b"


def test_it_counts_a_poll_as_a_turn(app: Flask, client: FlaskClient) -> None:
    choosing(app, "round_robin", max_concurrent_transcodes=1)
    fleet(client, a=GPU, b=GPU)
    first, second = queued_job(client), queued_job(client)
    assert job_of(client, first)["assigned_worker_id"] == "a"
    choosing(app, "round_robin")
    (claimed,) = poll(client, "b")
    assert claimed["job_id"] == second
    for job_id in (first, second):
        ok(report(client, job_id, "completed"))
    assert turns(client, 2) == "a b"


def test_it_passes_over_whose_turn_it_is_when_that_one_can_not(
    app: Flask, client: FlaskClient
) -> None:
    choosing(app, "round_robin")
    fleet(client, a=GPU, b=GPU | {"max_concurrent": 1}, c=GPU)
    assert takers(client, 5) == "a b c a c"


def test_it_gives_a_job_to_the_least_loaded_for_its_size(app: Flask, client: FlaskClient) -> None:
    choosing(app, "load_balance")
    fleet(client, large=GPU | {"max_concurrent": 4}, small=GPU | {"max_concurrent": 2})
    given = takers(client, 6).split()
    assert sorted(given[:3]) == ["large", "large", "small"]
    assert (given.count("large"), given.count("small")) == (4, 2)


def test_it_sees_the_load_fall(app: Flask, client: FlaskClient) -> None:
    choosing(app, "load_balance")
    fleet(client, a=GPU, b=GPU)
    assert takers(client, 2) == "a b"
    for job_id in ok(client.get("/api/workers/b"))["current_jobs"]:
        ok(report(client, job_id, "completed"))
    assert takers(client, 2) == "b a"


def test_it_gives_a_job_to_the_fastest_once_all_are_known(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    choosing(app, "fastest_first")
    fleet(client, slow=GPU, fast=GPU, new=GPU)
    work(client, clock, "slow", 6)
    work(client, clock, "fast", 4)
    assert taker(client) == "new"
    work(client, clock, "new", 5)
    assert takers(client, 3) == "fast fast fast"


def test_it_prefers_a_slow_gpu_to_a_fast_cpu(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    choosing(app, "fastest_first")
    fleet(client, a=CPU, b=GPU)
    work(client, clock, "a", 1)
    work(client, clock, "b", 9)
    assert taker(client) == "b"


@pytest.mark.parametrize(
    ("strategy", "expected"),
    [("priority", "cpu"), ("round_robin", "z"), ("load_balance", "z"), ("fastest_first", "z")],
)
def test_it_answers_who_is_to_transcode_by_the_same_strategy(
    app: Flask, client: FlaskClient, strategy: str, expected: str
) -> None:
    choosing(app, strategy)
    register_agent(client)
    register_worker(client, "cpu", capabilities=CPU, priority=1)
    register_worker(client, "z", capabilities=GPU)
    assert ask(client) == expected


def test_it_answers_with_the_one_whose_turn_is_next(app: Flask, client: FlaskClient) -> None:
    choosing(app, "round_robin")
    register_agent(client)
    for worker_id in ("a", "b"):
        register_worker(client, worker_id, capabilities=GPU)
    assert taker(client) == "a"
    assert ask(client) == "b"
    assert taker(client) == "b"
    assert ask(client) == "a"


@pytest.mark.parametrize(
    ("obstacle", "reason"),
    [
        ("none", "No worker on the machine of agent 'pc' is registered."),
        ("disabled", "Worker 'gpu' is disabled"),
        ("silent", "Worker 'gpu' is offline"),
        ("paused", "Worker 'gpu' is paused"),
        ("full", "Worker 'gpu' has as many jobs as it takes (1)"),
        ("limit", "As many transcodes as may run at once are under way (1)."),
        ("hardware", "can do the preset 'H.265 QSV 1080p'"),
    ],
)
def test_it_answers_503_with_the_reason(
    app: Flask, client: FlaskClient, clock: FakeClock, obstacle: str, reason: str
) -> None:
    register_agent(client)
    register_agent(client, "den")
    register_worker(client, "elsewhere", "den", capabilities=GPU)
    if obstacle != "none":
        register_worker(client, capabilities={"max_concurrent": 1})
        assert ask(client) == "gpu"
    if obstacle == "disabled":
        ok(client.post("/api/workers/gpu/disable"))
    if obstacle == "silent":
        clock.advance(91)
    if obstacle == "paused":
        for _ in range(3):
            ok(report(client, approved_job(client), "failed"))
    if obstacle == "full":
        approved_job(client)
    if obstacle == "limit":
        restart(app, max_concurrent_transcodes=1)
        approved_job(client, "elsewhere")
    if obstacle == "hardware":
        restart(app, default_transcode_preset="H.265 QSV 1080p")
    with unchanged(restart(app)):
        answer = client.post("/api/workers/assign", json={"agent_id": "pc"})
        assert_problem(answer, 503, reason)
