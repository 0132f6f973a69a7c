"""One process leads, and runs the maintenance steps in order, whatever happens to it."""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from types import SimpleNamespace

import pytest

from boz_server.context import Context
from boz_server.services.maintenance.scheduler import Maintenance, MaintenanceStep
from boz_server.services.wiring import Services, build_services

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
