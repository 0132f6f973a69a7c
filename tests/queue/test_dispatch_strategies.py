"""Which of several workers that fit gets a job, by BOZ_WORKER_ASSIGNMENT_STRATEGY."""

from typing import Any

import pytest
from flask import Flask

from boz_server.domain.queue.placement import AssignmentStrategy
from boz_server.services.wiring import Services
from tests.client import Client, ok
from tests.support import FakeClock, assert_problem, restart, unchanged

GPU = {"nvenc": True, "hevc": True, "max_concurrent": 8}
CPU = {"max_concurrent": 8}


def choosing(app: Flask, strategy: str, **changes: Any) -> Services:
    changes = {"max_concurrent_transcodes": 50} | changes
    return restart(app, worker_assignment_strategy=AssignmentStrategy(strategy), **changes)


def fleet(client: Client, **capabilities: dict[str, Any]) -> None:
    """Workers of these names and capabilities, each beside an agent of its own."""
    for name, able in capabilities.items():
        client.register_agent(f"pc-{name}")
        client.register_worker(name, f"pc-{name}", capabilities=able)


def taker(client: Client, **extra: Any) -> str:
    """The worker that a new job is given to."""
    return str(client.job(client.queued_job(**extra))["assigned_worker_id"])


def takers(client: Client, number: int) -> str:
    return " ".join(taker(client) for _ in range(number))


def turns(client: Client, number: int) -> str:
    """The workers that so many jobs are given to, each of which is done before the next comes."""
    workers = []
    for _ in range(number):
        job_id = client.queued_job()
        workers.append(str(client.job(job_id)["assigned_worker_id"]))
        ok(client.report(job_id, "completed"))
    return " ".join(workers)


def work(client: Client, clock: FakeClock, worker_id: str, seconds: float) -> None:
    """Let a worker complete a job that takes so long."""
    job_id = client.approved_job(worker_id)
    ok(client.report(job_id, "running"))
    clock.advance(seconds)
    ok(client.report(job_id, "completed"))


def ask(client: Client, agent_id: str = "pc") -> str:
    """The worker that an agent is told to have a file transcoded by."""
    body = {"agent_id": agent_id}
    return str(ok(client.post("/api/workers/assign", json=body))["assigned_worker"])


def test_it_gives_a_job_to_a_gpu_first(app, client):
    choosing(app, "load_balance")
    fleet(client, a=CPU, b=GPU, c=CPU)
    assert taker(client) == "b"
    ok(client.post("/api/workers/b/disable"))
    assert taker(client) in ("a", "c")


def test_it_fills_the_preferred_worker_and_then_the_next(client, app):
    choosing(app, "priority")
    fleet(client, a=GPU, b=CPU | {"max_concurrent": 2}, c=GPU)
    ok(client.post("/api/workers/b/update-priority", json={"priority": 10}))
    ok(client.post("/api/workers/c/update-priority", json={"priority": 20}))
    assert takers(client, 5) == "b b c c c"


def test_it_gives_each_its_turn(app, client):
    choosing(app, "round_robin")
    fleet(client, a=GPU, b=GPU, c=GPU)
    assert turns(client, 7) == "a b c a b c a"


def test_it_remembers_whose_turn_it_is_over_a_restart(app, client):
    choosing(app, "round_robin")
    fleet(client, a=GPU, b=GPU, c=GPU)
    assert turns(client, 2) == "a b"
    choosing(app, "round_robin")
    client.register_worker("c", "pc-c", capabilities=GPU)
    client.register_worker("a", "pc-a", capabilities=GPU)
    assert turns(client, 3) == "c a b"


def test_it_counts_a_poll_as_a_turn(app, client):
    choosing(app, "round_robin", max_concurrent_transcodes=1)
    fleet(client, a=GPU, b=GPU)
    first, second = client.queued_job(), client.queued_job()
    assert client.job(first)["assigned_worker_id"] == "a"
    choosing(app, "round_robin")
    (claimed,) = client.poll("b")
    assert claimed["job_id"] == second
    for job_id in (first, second):
        ok(client.report(job_id, "completed"))
    assert turns(client, 2) == "a b"


def test_it_passes_over_whose_turn_it_is_when_that_one_can_not(app, client):
    choosing(app, "round_robin")
    fleet(client, a=GPU, b=GPU | {"max_concurrent": 1}, c=GPU)
    assert takers(client, 5) == "a b c a c"


def test_it_sees_the_load_fall(app, client):
    choosing(app, "load_balance")
    fleet(client, a=GPU, b=GPU)
    assert takers(client, 2) == "a b"
    for job_id in client.worker("b")["current_jobs"]:
        ok(client.report(job_id, "completed"))
    assert takers(client, 2) == "b a"


def test_it_gives_a_job_to_the_fastest_once_all_are_known(app, client, clock):
    choosing(app, "fastest_first")
    fleet(client, slow=GPU, fast=GPU, new=GPU)
    work(client, clock, "slow", 6)
    work(client, clock, "fast", 4)
    assert taker(client) == "new"
    work(client, clock, "new", 5)
    assert takers(client, 3) == "fast fast fast"


@pytest.mark.parametrize(
    ("strategy", "expected"),
    [("priority", "cpu"), ("round_robin", "z"), ("load_balance", "z"), ("fastest_first", "z")],
)
def test_it_answers_who_is_to_transcode_by_the_same_strategy(app, client, strategy, expected):
    choosing(app, strategy)
    client.register_agent()
    client.register_worker("cpu", capabilities=CPU, priority=1)
    client.register_worker("z", capabilities=GPU)
    assert ask(client) == expected


def test_it_answers_with_the_one_whose_turn_is_next(app, client):
    choosing(app, "round_robin")
    client.register_agent()
    for worker_id in ("a", "b"):
        client.register_worker(worker_id, capabilities=GPU)
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
def test_it_answers_503_with_the_reason(app, client, clock, obstacle, reason):
    client.register_agent()
    client.register_agent("den")
    client.register_worker("elsewhere", "den", capabilities=GPU)
    if obstacle != "none":
        client.register_worker(capabilities={"max_concurrent": 1})
        assert ask(client) == "gpu"
    if obstacle == "disabled":
        ok(client.post("/api/workers/gpu/disable"))
    if obstacle == "silent":
        clock.advance(91)
    if obstacle == "paused":
        for _ in range(3):
            ok(client.report(client.approved_job(), "failed"))
    if obstacle == "full":
        client.approved_job()
    if obstacle == "limit":
        restart(app, max_concurrent_transcodes=1)
        client.approved_job("elsewhere")
    if obstacle == "hardware":
        restart(app, default_transcode_preset="H.265 QSV 1080p")
    with unchanged(restart(app)):
        answer = client.post("/api/workers/assign", json={"agent_id": "pc"})
        assert_problem(answer, 503, reason)
        assert int(answer.headers["Retry-After"]) > 0
