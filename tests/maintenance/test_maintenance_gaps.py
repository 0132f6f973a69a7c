"""What happens to leases after a time without a server, or a change of its clock."""

import logging

import pytest

from boz_server.services.wiring import Services
from tests.client import Client, ok
from tests.maintenance.timer import Timer


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
