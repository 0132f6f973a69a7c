"""Which worker gets a job: what fits, BOZ_WORKER_ASSIGNMENT_STRATEGY, and why none does."""

from itertools import permutations
from typing import Any

import pytest
from flask import Flask

from boz_server.domain.machines.capabilities import WORKER_DEFAULTS
from boz_server.domain.queue.placement import (
    AssignmentStrategy,
    Machine,
    belonging,
    choose,
    why_none,
)
from boz_server.domain.queue.presets import PRESETS
from boz_server.services.wiring import Services
from tests.client import Client, ok
from tests.support import FakeClock, assert_problem, restart, unchanged

CPU: dict[str, Any] = {}
NVENC = {"nvenc": True, "hevc": True}
#: The presets that any processor can do.
SOFTWARE = {preset.name for preset in PRESETS if preset.requires is None}


def machine(worker_id: str = "gpu", hardware: dict[str, Any] = CPU, **changes: Any) -> Machine:
    facts: dict[str, Any] = {
        "agent_id": "pc",
        "capabilities": WORKER_DEFAULTS | hardware,
        "online": True,
        "enabled": True,
        "paused": False,
        "held": 0,
        "priority": 50,
        "average_seconds": 0.0,
        "last_turn": 0,
        "usual_preset": "Fast 1080p30",
    }
    return Machine(worker_id=worker_id, **facts | changes)


def chosen(strategy: str, *machines: Machine) -> str:
    """The id of the machine that is chosen, in whatever order they come."""
    ids = {choose(some, AssignmentStrategy(strategy)).worker_id for some in permutations(machines)}
    (worker_id,) = ids
    return worker_id


def fitting(hardware: dict[str, Any]) -> set[str]:
    return {preset.name for preset in PRESETS} - machine(hardware=hardware).unfit_presets()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"enabled": False}, "is disabled"),
        ({"paused": True}, "is paused"),
        ({"online": False}, "is offline"),
        ({"held": 2}, "as many jobs as it takes (2)"),
        ({"held": 3}, "as many jobs as it takes (2)"),
        ({"held": 0, "capabilities": {"max_concurrent": 0}}, "as many jobs as it takes (0)"),
    ],
)
def test_it_tells_what_keeps_a_machine_from_work(changes, words):
    assert words in (machine(**changes).obstacle() or "")


def test_it_names_what_an_operator_did_before_what_passes():
    everything = {"enabled": False, "paused": True, "online": False, "held": 9}
    for cause, words in (("enabled", "disabled"), ("paused", "paused"), ("online", "offline")):
        assert words in (machine(**everything).obstacle() or "")
        everything.pop(cause)


def test_it_keeps_no_machine_from_work_that_has_room():
    assert machine(held=1).obstacle() is None


@pytest.mark.parametrize("name", ["nvenc", "qsv", "vaapi"])
def test_it_counts_hardware_that_encodes_as_a_gpu(name):
    assert machine(hardware={name: True}).has_gpu
    assert not machine(hardware={name: False, "hevc": True, "nvenc_generation": 8}).has_gpu


@pytest.mark.parametrize(
    ("hardware", "presets"),
    [
        (CPU, set()),
        ({"hevc": True, "av1": True}, set()),
        ({"nvenc": True}, {"H.264 NVENC 1080p", "H.264 NVENC 720p"}),
        (
            NVENC,
            {"H.264 NVENC 1080p", "H.264 NVENC 720p", "H.265 NVENC 1080p", "H.265 NVENC 4K"},
        ),
        ({"qsv": True}, {"H.264 QSV 1080p"}),
        ({"qsv": True, "hevc": True}, {"H.264 QSV 1080p", "H.265 QSV 1080p"}),
        ({"vaapi": True, "hevc": True}, set()),
    ],
)
def test_it_asks_encoder_and_codec_of_hardware_presets_alone(hardware, presets):
    assert fitting(hardware) == SOFTWARE | presets


def test_it_takes_a_preset_that_no_one_knows_for_one_that_fits():
    assert why_none([machine()], for_agent_id=None, preset="My own", chosen=False) is None


def test_it_tells_whose_a_job_may_be():
    gpu, cpu, den = machine("gpu"), machine("cpu"), machine("den", agent_id="den")
    farm = machine("farm", agent_id=None)
    fleet = [gpu, cpu, den, farm]
    assert belonging(fleet, None, None) == fleet
    assert belonging(fleet, None, "pc") == [gpu, cpu]
    # Who chose a worker chose it for its own sake, wherever the file is.
    assert belonging(fleet, "farm", "pc") == [farm]
    assert belonging(fleet, "gone", None) == []


@pytest.mark.parametrize("strategy", list(AssignmentStrategy))
def test_it_chooses_a_gpu_among_equals(strategy):
    assert chosen(strategy, machine("a"), machine("b", NVENC), machine("c")) == "b"


@pytest.mark.parametrize("strategy", ["round_robin", "load_balance", "fastest_first"])
def test_it_puts_a_gpu_before_all_that_a_strategy_looks_at(strategy):
    gpu = machine("z", NVENC, priority=99, held=1, average_seconds=900, last_turn=7)
    assert chosen(strategy, gpu, machine("a", priority=1, average_seconds=10)) == "z"


def test_it_puts_an_operators_priority_before_a_gpu():
    assert chosen("priority", machine("gpu", NVENC), machine("cpu", priority=49)) == "cpu"


def test_it_takes_turns_whatever_the_load_and_the_priority():
    fleet = (
        machine("a", last_turn=3, priority=1),
        machine("b", last_turn=2, priority=99, held=1),
        machine("c", last_turn=4),
    )
    assert chosen("round_robin", *fleet) == "b"


def test_it_balances_load_by_size():
    small = machine("small", held=1)
    large = machine("large", {"max_concurrent": 8}, held=3, priority=99)
    assert chosen("load_balance", small, large) == "large"
    assert chosen("load_balance", machine("small", held=0), large) == "small"


def test_it_balances_by_priority_where_the_load_is_the_same():
    fleet = (machine("a", held=1), machine("b", held=1, priority=10))
    assert chosen("load_balance", *fleet) == "b"


def test_it_chooses_the_fastest_and_tries_whom_it_does_not_know():
    slow, fast = machine("a", average_seconds=900), machine("b", average_seconds=600, held=1)
    assert chosen("fastest_first", slow, fast) == "b"
    assert chosen("fastest_first", slow, fast, machine("new", priority=99)) == "new"


@pytest.mark.parametrize("strategy", ["priority", "load_balance", "fastest_first"])
def test_it_chooses_of_equals_the_idlest_and_then_the_one_that_rested_longest(strategy):
    first, later = machine("z", last_turn=1), machine("a", last_turn=2)
    assert chosen(strategy, first, later) == "z"
    assert chosen(strategy, machine("z"), machine("a")) == "a"
    laden = machine("z", {"max_concurrent": 4}, held=2, last_turn=1)
    assert chosen(strategy, laden, machine("a", {"max_concurrent": 2}, held=1, last_turn=9)) == "a"


def test_it_says_nothing_where_one_can_take_the_job():
    fleet = [machine("a", online=False), machine("b")]
    assert why_none(fleet, for_agent_id=None, preset="Fast 1080p30", chosen=False) is None


def test_it_says_that_there_is_no_machine():
    assert why_none([], for_agent_id=None, preset=None, chosen=False) == "No worker is registered."
    reason = why_none([], for_agent_id="pc", preset=None, chosen=False)
    assert reason == "No worker on the machine of agent 'pc' is registered."


def test_it_says_that_no_hardware_fits_unless_a_person_chose_it():
    preset = "H.265 NVENC 1080p"
    reason = why_none([machine()], for_agent_id=None, preset=preset, chosen=False)
    assert reason is not None
    assert repr(preset) in reason
    assert why_none([machine()], for_agent_id=None, preset=preset, chosen=True) is None


def test_it_says_what_keeps_the_machines_that_fit_and_only_those():
    fleet = [
        machine("cpu"),
        *(machine(f"gpu{number}", NVENC, online=False) for number in range(5)),
    ]
    reason = why_none(fleet, for_agent_id=None, preset="H.265 NVENC 4K", chosen=False)
    assert reason == (
        "Worker 'gpu0' is offline; Worker 'gpu1' is offline; Worker 'gpu2' is offline."
    )


GPU = {"nvenc": True, "hevc": True, "max_concurrent": 8}
ROOMY = {"max_concurrent": 8}


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
    """The workers that get that many jobs, when each job is done before the next one comes."""
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
    fleet(client, a=ROOMY, b=GPU, c=ROOMY)
    assert taker(client) == "b"
    ok(client.post("/api/workers/b/disable"))
    assert taker(client) in ("a", "c")


def test_it_fills_the_preferred_worker_and_then_the_next(client, app):
    choosing(app, "priority")
    fleet(client, a=GPU, b=ROOMY | {"max_concurrent": 2}, c=GPU)
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
    client.register_worker("cpu", capabilities=ROOMY, priority=1)
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
            ok(client.report(client.approved_job(), "failed", error="HandBrake stopped"))
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
