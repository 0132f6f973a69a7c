"""The outcomes of each worker's runs, its speed, and its utilisation."""

from typing import Any

import pytest

from boz_server.services.queue import leases
from tests.client import Client, ok
from tests.statistics.work import GB, analytics, transcoded


@pytest.fixture(autouse=True)
def machine(client: Client) -> None:
    client.register_agent()
    client.register_worker(hostname="tower", capabilities={"max_concurrent": 2})


def of(client: Client, worker_id: str = "gpu", **query: Any) -> dict[str, Any]:
    """The statistics of one worker."""
    found = analytics(client, "workers", **query)
    return next(dict(each) for each in found if each["worker_id"] == worker_id)


def test_it_tells_what_a_worker_did(client, clock):
    transcoded(client, clock, seconds=40)
    transcoded(client, clock, seconds=60)
    transcoded(client, clock, seconds=20, end="failed")
    clock.advance(180)
    assert analytics(client, "workers") == [
        {
            "worker_id": "gpu",
            "hostname": "tower",
            "jobs": 3,
            "completed": 2,
            "failed": 1,
            "cancelled": 0,
            "retried": 0,
            "failure_rate": pytest.approx(1 / 3),
            "duration_seconds": {"mean": 50.0, "p50": 40.5, "p95": 60.5},
            "throughput_bytes_per_second": 16 * GB / 100,
            # 120 of 300 seconds, in one of two slots.
            "utilisation": pytest.approx(0.2),
        }
    ]


def test_it_tells_of_a_worker_that_did_nothing(client, clock):
    clock.advance(60)
    found = of(client)
    assert (found["jobs"], found["failure_rate"], found["utilisation"]) == (0, None, 0)
    assert found["throughput_bytes_per_second"] is None
    assert found["duration_seconds"] == {"mean": None, "p50": None, "p95": None}


def test_it_holds_lost_attempts_against_their_worker(client, services, clock):
    transcoded(client, clock, seconds=60)
    job_id = client.approved_job()
    ok(client.report(job_id, "running"))
    clock.advance(600)
    leases.rescue(services.context)
    found = of(client)
    assert (found["jobs"], found["retried"], found["failure_rate"]) == (1, 1, 0.5)
    assert found["duration_seconds"]["mean"] == 60
    # It had the slots all the time.
    assert found["utilisation"] == 0.5


def test_it_keeps_what_a_forgotten_worker_did(client, clock):
    transcoded(client, clock)
    ok(client.delete("/api/workers/gpu"))
    found = of(client)
    assert (found["hostname"], found["utilisation"], found["completed"]) == (None, None, 1)


def test_it_tells_of_workers_by_id_and_not_of_rips(client, clock):
    client.register_worker("attic", None)
    transcoded(client, clock)
    job_id = client.queued_job(job_type="rip")
    ok(client.post(f"/api/jobs/{job_id}/cancel"))
    assert [each["worker_id"] for each in analytics(client, "workers")] == ["attic", "gpu"]


def test_it_measures_the_use_of_days_that_are_over(client, clock):
    clock.advance(24 * 3600)
    transcoded(client, clock, seconds=4320)
    clock.advance(10 * 24 * 3600)
    assert of(client, start="2026-01-25", end="2026-01-25")["utilisation"] == pytest.approx(
        4320 / (2 * 86400)
    )
    assert of(client, start="2026-01-26", end="2026-01-27")["utilisation"] == 0


@pytest.mark.parametrize("days", [("2026-01-20", "2026-01-23"), ("2026-02-01", "2026-02-02")])
def test_it_knows_no_use_of_days_on_which_the_worker_was_not_there(client, clock, days):
    clock.advance(60)
    assert of(client, start=days[0], end=days[1])["utilisation"] is None


def test_it_tells_of_no_more_than_all_the_time(client, clock):
    """The run counts on the day that it ended, even if most of it was on the day before."""
    clock.advance(3600)
    client.register_worker(hostname="tower", capabilities={"max_concurrent": 1})
    transcoded(client, clock, seconds=12 * 3600)
    assert of(client, start="2026-01-25")["utilisation"] == 1


def test_it_takes_a_worker_without_places_for_one_with_one(client, clock):
    client.register_worker("odd", None, capabilities={"max_concurrent": 0})
    clock.advance(60)
    assert of(client, "odd")["utilisation"] == 0
