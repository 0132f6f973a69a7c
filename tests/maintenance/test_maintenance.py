"""What the server does by itself: one process of all, step by step, whatever happens to it."""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import pytest

from boz_server.services.maintenance.scheduler import Maintenance, MaintenanceStep
from boz_server.services.wiring import Services, build_services
from tests.maintenance.timer import Timer
from tests.support import FakeClock

WAIT = 10


@pytest.fixture
def process(services: Services) -> Callable[..., Maintenance]:
    """Builds the maintenance of one process more, with steps of the test's own."""

    def build(*steps: MaintenanceStep) -> Maintenance:
        other = build_services(
            services.context.settings, services.context.database, services.context.clock
        ).maintenance
        other.steps = steps
        return other

    return build


def step(name: str, runs: list[str], period: float = 5) -> MaintenanceStep:
    return MaintenanceStep(name, period, lambda: runs.append(name))


def broken() -> None:
    raise RuntimeError("secret path /root")


def test_it_gives_the_duty_to_one_process(process: Any) -> None:
    first, second = process(), process()
    assert first.status()[0] is None
    assert (first.tick(), second.tick(), first.tick()) == (True, False, True)
    assert first.status()[0] == second.status()[0] == first.holder


def test_it_gives_the_duty_to_the_next_once_the_term_is_over(process: Any, timer: Timer) -> None:
    first, second = process(), process()
    first.tick()
    timer.pass_by(9)
    assert not second.tick()
    timer.pass_by(1)
    assert second.tick()
    assert not first.tick()


def test_it_waits_for_no_one_whose_latest_word_is_from_the_future(
    process: Any, timer: Timer
) -> None:
    first, second = process(), process()
    first.tick()
    timer.clock.advance(-3600)
    assert second.tick()
    assert second.status()[0] == second.holder


def test_it_takes_no_duty_from_one_that_had_its_turn_before(
    process: Any, services: Services, timer: Timer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who waits for its turn must not take a word of meanwhile for one from the future."""
    first, second = process(), process()
    looked = threading.Event()

    def look() -> datetime:
        moment = timer.clock.now()
        looked.set()
        return moment

    def wait_for_its_turn() -> bool:
        ticked: bool = second.tick()
        services.context.database.release()
        return ticked

    monkeypatch.setattr(second, "clock", SimpleNamespace(now=look))
    with ThreadPoolExecutor(1) as pool:
        with services.context.database.write_queue():
            waiting = pool.submit(wait_for_its_turn)
            looked.wait(0.2)
            timer.pass_by(0.1)
            assert first.tick()
        assert not waiting.result(WAIT)
    assert first.status()[0] == first.holder


def test_it_keeps_the_duty_as_long_as_it_shows_itself(process: Any, timer: Timer) -> None:
    first, second = process(), process()
    for _ in range(10):
        assert (first.tick(), second.tick()) == (True, False)
        timer.pass_by(5)


def test_it_leaves_the_duty_to_another_at_once(process: Any) -> None:
    first, second = process(), process()
    first.tick()
    second.let_go()
    assert not second.tick()
    first.let_go()
    assert second.tick()
    assert second.status()[0] == second.holder


def test_it_runs_each_step_in_order_and_when_it_is_due(process: Any, timer: Timer) -> None:
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


def test_it_begins_with_every_step_when_it_takes_the_duty_again(process: Any, timer: Timer) -> None:
    runs: list[str] = []
    first, second = process(step("hourly", runs, 3600)), process()
    first.tick()
    first.let_go()
    second.tick()
    assert not first.tick()
    second.let_go()
    first.tick()
    assert runs == ["hourly", "hourly"]


def test_it_goes_on_after_a_step_that_failed(
    process: Any, timer: Timer, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
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
    only.steps = [replace(only.steps[0], run=lambda: None)]
    timer.pass_by(5)
    only.tick()
    assert only.status()[1][0].error is None


def test_it_tells_how_each_step_went(process: Any, timer: Timer, clock: FakeClock) -> None:
    only = process(MaintenanceStep("slow", 30, lambda: timer.pass_by(2)))
    before = only.status()[1]
    assert [(row.name, row.period_seconds) for row in before] == [("slow", 30)]
    assert before[0].last_run_at is before[0].duration_seconds is before[0].error is None
    began = clock.now()
    only.tick()
    (status,) = process(*only.steps).status()[1]
    assert (status.last_run_at, status.duration_seconds, status.error) == (began, 2, None)


def test_it_stops_when_another_has_taken_the_duty_meanwhile(process: Any, timer: Timer) -> None:
    runs: list[str] = []
    second = process()

    def hang() -> None:
        runs.append("hang")
        timer.pass_by(11)
        assert second.tick()

    first = process(MaintenanceStep("hang", 5, hang), step("never", runs))
    first.tick()
    assert runs == ["hang"]
    assert not first.tick()
    assert first.status()[0] == second.holder


def test_it_renews_its_duty_between_steps_that_take_long(process: Any, timer: Timer) -> None:
    runs: list[str] = []
    second = process()
    slow = MaintenanceStep("slow", 5, lambda: timer.pass_by(6))
    first = process(
        slow, slow, MaintenanceStep("look", 5, lambda: runs.append(f"taken: {second.tick()}"))
    )
    first.tick()
    assert runs == ["taken: False"]
