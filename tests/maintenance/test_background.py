"""Background loops go on after errors, stop when told to, and can be woken."""

import logging
import threading
from collections.abc import Callable

from boz_server.services.maintenance.loop import BackgroundLoop

WAIT = 10
#: A pause that outlasts every test.
LONG = 3600.0


def nothing() -> None:
    return None


def started(
    tick: Callable[[], object],
    pause_seconds: float = LONG,
    release: Callable[[], None] = nothing,
    at_end: Callable[[], object] | None = None,
) -> BackgroundLoop:
    loop = BackgroundLoop("test loop", tick, pause_seconds, release, at_end=at_end)
    loop.start()
    return loop


def stop(loop: BackgroundLoop) -> None:
    """Stop the loop, which must wake from its pause."""
    loop.stop()
    stopper = threading.Thread(target=loop.join, daemon=True)
    stopper.start()
    stopper.join(WAIT)
    assert not stopper.is_alive()
    assert not any(thread.name == loop.name for thread in threading.enumerate())


def test_it_ticks_at_once_and_stops_during_the_pause():
    ran = threading.Event()
    loop = started(ran.set)
    assert ran.wait(WAIT)
    stop(loop)


def test_it_ends_after_the_tick_that_is_under_way():
    begun, go_on = threading.Event(), threading.Event()
    runs: list[str] = []

    def tick() -> None:
        begun.set()
        assert go_on.wait(WAIT)
        runs.append("ticked")

    loop = started(tick, at_end=lambda: runs.append("ended"))
    assert begun.wait(WAIT)
    threading.Timer(0, go_on.set).start()
    stop(loop)
    assert runs == ["ticked", "ended"]


def test_it_ticks_again_when_it_is_woken():
    ticks: list[threading.Event] = [threading.Event() for _ in range(3)]
    left = iter(ticks)
    loop = started(lambda: next(left, threading.Event()).set())
    for tick in ticks:
        assert tick.wait(WAIT)
        loop.wake()
    stop(loop)


def test_it_forgets_no_call_to_wake_during_a_tick():
    begun, go_on, again = threading.Event(), threading.Event(), threading.Event()

    def tick() -> None:
        if begun.is_set():
            again.set()
        begun.set()
        assert go_on.wait(WAIT)

    loop = started(tick)
    assert begun.wait(WAIT)
    loop.wake()
    go_on.set()
    assert again.wait(WAIT)
    stop(loop)


def test_it_goes_on_after_a_tick_that_failed(caplog):
    went_well = threading.Event()
    releases: list[int] = []
    left = iter(range(2))

    def tick() -> None:
        if next(left, None) is not None:
            raise RuntimeError
        went_well.set()

    with caplog.at_level(logging.ERROR):
        loop = started(tick, 0.001, lambda: releases.append(1))
        assert went_well.wait(WAIT)
        stop(loop)
    failed = [record for record in caplog.records if record.message == "Loop could not go on"]
    assert [record.__dict__["loop"] for record in failed] == ["test loop"] * 2
    # The connection is returned after every tick.
    assert len(releases) >= 3


def test_it_interrupts_a_long_tick_when_it_is_told_to_stop():
    begun, interrupted = threading.Event(), threading.Event()

    def tick() -> None:
        begun.set()
        assert interrupted.wait(WAIT)

    loop = BackgroundLoop("test loop", tick, LONG, nothing, interrupt=interrupted.set)
    loop.start()
    assert begun.wait(WAIT)
    stop(loop)


def test_it_runs_maintenance_the_outbox_and_the_library(services):
    loops = {loop.name: loop for loop in services.loops}
    assert loops.keys() == {"maintenance", "outbox", "library"}
    for loop in loops.values():
        loop.start()
    for loop in loops.values():
        stop(loop)
    # It leaves the leadership to others.
    assert services.maintenance.status()[0] is None
