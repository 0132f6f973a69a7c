"""The last report that was lost: today's agents send it once, and then ask for other work."""

import pytest

from boz_server.services.queue import leases
from boz_server.services.wiring import Services
from tests.client import Client, ok
from tests.plans import noted
from tests.support import FakeClock

pytestmark = pytest.mark.usefixtures("gpu")


def passes(client: Client, clock: FakeClock, seconds: float) -> None:
    """Let time pass while the machine sends heartbeats."""
    while seconds > 0:
        clock.advance(min(30, seconds))
        client.heartbeat("agents/pc")
        client.heartbeat("workers/gpu")
        seconds -= 30


def ask_and_wait(client: Client, services: Services, clock: FakeClock) -> int:
    """Let the agent ask for work, and say nothing else; returns how many jobs it then loses."""
    client.agent_jobs()
    passes(client, clock, 20)
    client.agent_jobs()
    return leases.rescue(services.context)


@pytest.mark.parametrize("job_type", ["transcode", "rip"])
def test_it_takes_back_what_an_agent_has_ended_that_asks_for_work(
    client, services, clock, job_type
):
    job_id = client.running_job(61.2) if job_type == "transcode" else client.ordered_rips()[1][0]
    ok(client.report(job_id, "running", progress=61.2))
    passes(client, clock, 300)
    assert ask_and_wait(client, services, clock) == 1
    job = client.job(job_id)
    assert (job["status"], job["attempt"], job["progress"]) == ("assigned", 2, 0)
    assert any("asks for work" in (one["detail"] or "") for one in client.history(job_id))
    client.agent_jobs()
    assert ok(client.report(job_id, "running"))["attempt"] == 2


def test_it_frees_the_drive_of_a_rip_that_is_over(client, services, clock):
    _, (first, second, *_) = client.ordered_rips()
    ok(client.report(first, "running", progress=61.2))
    passes(client, clock, 300)
    assert ask_and_wait(client, services, clock) == 1
    client.agent_jobs()
    ok(client.report(first, "completed", output_file="C:\\temp\\a.mkv"))
    assert client.job(second)["status"] == "assigned"


@pytest.mark.parametrize("status", ["running", "completed", "failed"])
def test_it_believes_a_report_that_comes_in_time(client, services, clock, status):
    job_id = client.running_job()
    passes(client, clock, 300)
    client.agent_jobs()
    clock.advance(19)
    ok(client.report(job_id, status, progress=41))
    passes(client, clock, 60)
    assert leases.rescue(services.context) == 0
    assert (client.job(job_id)["status"], client.job(job_id)["attempt"]) == (status, 1)


def test_it_does_not_suspect_a_job_that_was_reported_within_5_minutes(client, services, clock):
    job_id = client.running_job(progress=43)
    for _ in range(5):
        passes(client, clock, 299)
        assert ask_and_wait(client, services, clock) == 0
        ok(client.report(job_id, "running", progress=43))


def test_it_does_not_suspect_a_client_that_sends_tokens(client, services, clock):
    """It asks while it works."""
    job_id = client.approved_job()
    ok(client.report(job_id, "running", lease_token=client.lease_token(job_id)))
    passes(client, clock, 1200)
    assert ask_and_wait(client, services, clock) == 0


def test_it_does_not_suspect_what_a_worker_of_that_agent_fetched_itself(client, services, clock):
    client.register_worker("gpu", capabilities={"max_concurrent": 1})
    job_id = client.queued_job()
    client.poll("gpu", max_jobs=1)
    ok(client.report(job_id, "running"))
    passes(client, clock, 1200)
    assert ask_and_wait(client, services, clock) == 0


def test_it_does_not_suspect_what_has_not_begun(client, services, clock):
    job_id = client.approved_job()
    passes(client, clock, 360)
    assert ask_and_wait(client, services, clock) == 0
    assert client.job(job_id)["status"] == "assigned"


def test_it_writes_for_a_poll_only_what_is_new(client, services, clock):
    client.running_job()
    client.approved_job()
    passes(client, clock, 30)
    written = []
    for _ in range(3):
        with noted(services) as statements:
            client.agent_jobs()
        written.append([sql for sql in statements if not sql.startswith(("SELECT", "PRAGMA"))])
        clock.advance(5)
    assert any(sql.startswith("UPDATE") for sql in written[0])
    assert written[1:] == [[], []]
