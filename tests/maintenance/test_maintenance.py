"""One process leads, and runs the maintenance steps in order, whatever happens to it."""

import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import pytest

from boz_server.context import Context
from boz_server.services.maintenance.scheduler import Maintenance, MaintenanceStep
from boz_server.services.wiring import Services, build_services
from tests.client import Client, ok
from tests.maintenance.timer import Timer

WAIT = 10


@pytest.fixture
def process(services: Services) -> Callable[..., Maintenance]:
    """Builds the maintenance of another process, with the test's own steps."""

    def build(*steps: MaintenanceStep) -> Maintenance:
        other = build_services(
            services.context.settings, services.context.database, services.context.clock
        ).maintenance
        other.steps = steps
        return other

    return build


def step(name: str, runs: list[str], period: float = 5) -> MaintenanceStep:
    return MaintenanceStep(name, period, lambda _: runs.append(name))


def broken(_: Context) -> None:
    raise RuntimeError("secret path /root")


def test_it_has_one_process_lead(process):
    first, second = process(), process()
    assert first.status()[0] is None
    assert (first.tick(), second.tick(), first.tick()) == (True, False, True)
    assert first.status()[0] == second.status()[0] == first.holder


def test_it_has_the_next_process_lead_when_the_term_is_over(process, timer):
    first, second = process(), process()
    first.tick()
    timer.pass_by(9)
    assert not second.tick()
    timer.pass_by(1)
    assert second.tick()
    assert not first.tick()


def test_it_does_not_wait_for_a_leader_that_renewed_in_the_future(process, timer):
    first, second = process(), process()
    first.tick()
    timer.clock.advance(-3600)
    assert second.tick()
    assert second.status()[0] == second.holder


def test_it_takes_no_leadership_from_a_leader_that_had_the_lock_before(
    process, services, timer, monkeypatch
):
    """A renewal while this process waited for the lock is not one from the future."""
    first, second = process(), process()
    looked = threading.Event()

    def look() -> datetime:
        moment = timer.clock.now()
        looked.set()
        return moment

    def wait_for_the_lock() -> bool:
        ticked: bool = second.tick()
        services.context.database.release()
        return ticked

    monkeypatch.setattr(second, "context", replace(second.context, clock=SimpleNamespace(now=look)))
    with ThreadPoolExecutor(1) as pool:
        with services.context.database.write_queue():
            waiting = pool.submit(wait_for_the_lock)
            looked.wait(0.2)
            timer.pass_by(0.1)
            assert first.tick()
        assert not waiting.result(WAIT)
    assert first.status()[0] == first.holder


def test_it_leads_as_long_as_it_renews(process, timer):
    first, second = process(), process()
    for _ in range(10):
        assert (first.tick(), second.tick()) == (True, False)
        timer.pass_by(5)


def test_it_leaves_the_leadership_to_another_at_once(process):
    first, second = process(), process()
    first.tick()
    second.step_down()
    assert not second.tick()
    first.step_down()
    assert second.tick()
    assert second.status()[0] == second.holder


def test_it_runs_each_step_in_order_and_when_it_is_due(process, timer):
    runs: list[str] = []
    only = process(step("often", runs), step("rarely", runs, 60))
    only.tick()
    assert runs == ["often", "rarely"]
    only.tick()
    timer.pass_by(4.9)
    only.tick()
    assert runs == ["often", "rarely"]
    timer.pass_by(0.1)
    only.tick()
    assert runs == ["often", "rarely", "often"]
    timer.pass_by(55)
    only.tick()
    assert runs == ["often", "rarely", "often", "often", "rarely"]


def test_it_begins_with_every_step_when_it_leads_again(process, timer):
    runs: list[str] = []
    first, second = process(step("hourly", runs, 3600)), process()
    first.tick()
    first.step_down()
    second.tick()
    assert not first.tick()
    second.step_down()
    first.tick()
    assert runs == ["hourly", "hourly"]


def test_it_goes_on_after_a_step_that_failed(process, timer, clock, caplog):
    runs: list[str] = []
    only = process(MaintenanceStep("broken", 5, broken), step("next", runs))
    with caplog.at_level(logging.ERROR):
        assert only.tick()
    assert runs == ["next"]
    (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert record.__dict__["step"] == "broken"
    assert record.exc_info is not None
    failed, well = only.status()[1]
    assert failed.error == "RuntimeError: see the server's log."
    assert (well.error, well.last_run_at) == (None, clock.now())
    only.steps = [replace(only.steps[0], run=lambda _: None)]
    timer.pass_by(5)
    only.tick()
    assert only.status()[1][0].error is None


def test_it_tells_how_each_step_went(process, timer, clock):
    only = process(MaintenanceStep("slow", 30, lambda _: timer.pass_by(2)))
    before = only.status()[1]
    assert [(row.name, row.period_seconds) for row in before] == [("slow", 30)]
    assert before[0].last_run_at is before[0].duration_seconds is before[0].error is None
    began = clock.now()
    only.tick()
    (status,) = process(*only.steps).status()[1]
    assert (status.last_run_at, status.duration_seconds, status.error) == (began, 2, None)


def test_it_stops_when_another_process_leads_meanwhile(process, timer):
    runs: list[str] = []
    second = process()

    def hang(_: Context) -> None:
        runs.append("hang")
        timer.pass_by(11)
        assert second.tick()

    first = process(MaintenanceStep("hang", 5, hang), step("never", runs))
    first.tick()
    assert runs == ["hang"]
    assert not first.tick()
    assert first.status()[0] == second.holder


def test_it_renews_its_leadership_between_long_steps(process, timer):
    runs: list[str] = []
    second = process()
    slow = MaintenanceStep("slow", 5, lambda _: timer.pass_by(6))
    first = process(
        slow, slow, MaintenanceStep("look", 5, lambda _: runs.append(f"taken: {second.tick()}"))
    )
    first.tick()
    assert runs == ["taken: False"]


@pytest.fixture
def held(client: Client) -> str:
    """A job with a lease of 120 seconds."""
    client.register_agent()
    client.register_worker()
    return client.queued_job()


def status_of(services: Services, job_id: str) -> str:
    return str(services.queue.get(job_id).status)


def tick_for(services: Services, timer: Timer, seconds: int) -> None:
    for _ in range(seconds // 5):
        timer.pass_by(5)
        assert services.maintenance.tick()


def test_it_rescues_jobs_of_a_machine_that_is_silent_while_a_server_runs(services, timer, held):
    services.maintenance.tick()
    tick_for(services, timer, 115)
    assert status_of(services, held) == "assigned"
    tick_for(services, timer, 5)
    assert status_of(services, held) == "queued"


def test_it_warns_of_a_gap_but_not_of_a_beginning(services, timer, caplog):
    with caplog.at_level(logging.WARNING):
        services.maintenance.tick()
        assert caplog.records == []
        timer.clock.advance(130)
        services.maintenance.tick()
    assert [record.getMessage() for record in caplog.records] == ["Leases renewed"]


@pytest.mark.parametrize(
    ("change", "rescued_after"), [(130, 120), (86_400, 120), (-3600, 120), (20, 100), (21, 120)]
)
def test_it_gives_every_machine_a_full_term_after_a_gap(
    services, timer, held, change, rescued_after
):
    """Only after such a gap, or a change of the clock, and for one term only."""
    services.maintenance.tick()
    timer.clock.advance(change)
    timer.seconds += 5
    services.maintenance.tick()
    tick_for(services, timer, rescued_after - 5)
    assert status_of(services, held) == "assigned"
    tick_for(services, timer, 5)
    assert status_of(services, held) == "queued"


@pytest.mark.parametrize("change", [3600, 86_400, -3600])
def test_it_takes_nothing_from_a_machine_that_shows_itself_after_a_gap(
    client, services, timer, held, change
):
    services.maintenance.tick()
    timer.clock.advance(change)
    for _ in range(10):
        tick_for(services, timer, 30)
        ok(client.post("/api/agents/pc/heartbeat"))
    job = client.job(held)
    assert (job["status"], job["attempt"]) == ("assigned", 1)


def test_it_gives_a_full_term_at_the_very_first_start(services, timer, held):
    timer.clock.advance(1000)
    services.maintenance.tick()
    assert status_of(services, held) == "assigned"


def test_it_does_not_count_a_machine_as_online_for_as_long_as_the_clock_was_put_back(
    client, services, timer, held
):
    services.maintenance.tick()
    timer.clock.advance(-3600)
    tick_for(services, timer, 130)
    assert ok(client.get("/api/agents/pc"))["status"] == "offline"
    assert ok(client.get("/api/workers/gpu"))["status"] == "offline"
    assert status_of(services, held) == "queued"


PERIODS = {
    "reconcile": 3600,
    "decide_failures": 5,
    "rescue": 5,
    "watch_stalls": 5,
    "retry": 5,
    "give_up_results": 60,
    "dispatch": 5,
    "take_over_discs": 60,
    "give_up_rips": 5,
    "clear_thumbnails": 60,
    "forget_keys": 3600,
    "refresh_previews": 60,
    "approve_previews": 60,
    "order_rips": 5,
    "forget_answers": 3600,
    "prune": 5,
    "watch_space": 60,
    "organize_stranded": 600,
    "forget_uploads": 600,
    "sweep_inputs": 60,
    "fold_in_log": 60,
    "optimize": 3600,
    "back_up": 600,
}


def status(client: Client) -> tuple[str | None, dict[str, dict[str, Any]]]:
    """The leader, and the steps by their names."""
    body = ok(client.get("/api/system/maintenance"))
    assert body.keys() == {"holder", "steps"}
    return body["holder"], {step["name"]: step for step in body["steps"]}


def with_step(services: Services, name: str, run: Any) -> Sequence[MaintenanceStep]:
    return [
        replace(step, run=run) if step.name == name else step for step in services.maintenance.steps
    ]


def test_it_shows_what_it_will_do_before_it_has_done_anything(client):
    holder, steps = status(client)
    assert holder is None
    assert {name: step["period_seconds"] for name, step in steps.items()} == PERIODS
    for name, step in steps.items():
        assert step == {
            "name": name,
            "period_seconds": PERIODS[name],
            "last_run_at": None,
            "duration_seconds": None,
            "error": None,
        }


def test_it_shows_who_did_what_and_when(client, services, clock):
    clock.advance(3)
    services.maintenance.tick()
    holder, steps = status(client)
    assert holder == services.maintenance.holder
    assert list(steps) == list(PERIODS)
    for step in steps.values():
        assert step["last_run_at"] == "2026-01-24T12:34:59.123456Z"
        assert step["duration_seconds"] >= 0
        assert step["error"] is None


def test_it_shows_which_step_failed_and_nothing_of_its_words(client, services, monkeypatch):
    def fail(_: object) -> None:
        raise ValueError("postgresql://boz:secret@host/boz")

    monkeypatch.setattr(services.maintenance, "steps", with_step(services, "retry", fail))
    services.maintenance.tick()
    _, steps = status(client)
    assert steps["retry"]["error"] == "ValueError: see the server's log."
    assert steps["retry"]["last_run_at"] == steps["dispatch"]["last_run_at"] is not None
    assert {name for name, step in steps.items() if step["error"]} == {"retry"}


def test_it_shows_that_no_process_leads_any_more(client, services):
    services.maintenance.tick()
    services.maintenance.step_down()
    holder, steps = status(client)
    assert holder is None
    assert steps["rescue"]["last_run_at"] is not None
