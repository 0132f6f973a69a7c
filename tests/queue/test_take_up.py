"""A machine reports on a job it was not given: accepted where only that machine can have it."""

import pytest

from boz_server.services.queue import dispatcher, leases, stalls
from boz_server.services.wiring import Services
from tests.client import Client, ok
from tests.support import FakeClock, restart

pytestmark = pytest.mark.usefixtures("pc")

REPORTS = ("assigned", "running", "completed", "failed")


def waiting_rip(client: Client) -> str:
    """A rip that waits, as its drive rips another title."""
    _, (_, second, *_) = client.ordered_rips()
    assert client.job(second)["status"] == "queued"
    return second


def lost_rip(client: Client, services: Services, clock: FakeClock) -> str:
    """A rip that waits for its agent, which was lost during the first attempt."""
    _, (first, *_) = client.ordered_rips()
    ok(client.report(first, "running", progress=50))
    clock.advance(121)
    leases.rescue(services.context)
    assert client.job(first)["status"] == "queued"
    return first


@pytest.mark.parametrize("status", ["running", "completed", "failed"])
def test_it_takes_the_word_of_the_one_machine_that_can_do_it(app, client, status):
    restart(app, max_attempts=1)
    job_id = waiting_rip(client)
    job = ok(client.report(job_id, status, error="Scratched" if status == "failed" else None))
    assert (job["status"], job["attempt"], job["assigned_agent_id"]) == (status, 1, "pc")
    steps = [(event["to_status"], event["actor"]) for event in client.history(job_id)[1:]]
    assert steps == [("assigned", "agent:pc"), (status, "agent:pc")]


def test_it_takes_the_work_as_under_way_whatever_the_limits(app, client):
    services = restart(app, max_concurrent_rips=1)
    client.ordered_rips()
    client.register_agent("den")
    _, (job_id, *_) = client.ordered_rips(agent_id="den", label="ALIEN", minutes=(117,))
    assert dispatcher.dispatch_now(services.context) == 0
    assert ok(client.report(job_id, "running"))["assigned_agent_id"] == "den"


def test_it_takes_up_what_a_person_chose_for_a_busy_worker(client):
    client.register_worker(capabilities={"max_concurrent": 1})
    client.approved_job()
    job_id = client.approved_job()
    assert client.job(job_id)["status"] == "queued"
    job = ok(client.report(job_id, "running"))
    assert (job["assigned_agent_id"], job["assigned_worker_id"]) == ("pc", "gpu")
    assert job_id in client.worker()["current_jobs"]


def test_it_names_a_worker_without_an_agent_as_what_it_is(client):
    client.register_worker("farm", agent_id=None, capabilities={"max_concurrent": 1})
    client.approved_job("farm")
    job_id = client.approved_job("farm")
    ok(client.report(job_id, "running"))
    assert {event["actor"] for event in client.history(job_id)[2:]} == {"worker:farm"}


def test_it_takes_up_the_transcode_of_a_file_on_the_agents_disk(client):
    disc_id, _ = client.ordered_rips()
    job_id = client.queued_job(disc_id=disc_id, title_index=0)
    assert client.job(job_id)["status"] == "queued"
    job = ok(client.report(job_id, "running"))
    assert (job["assigned_agent_id"], job["assigned_worker_id"]) == ("pc", None)


def test_it_gives_an_attempt_that_was_taken_up_a_lease_as_any_other(client, services, clock):
    clock.advance(1)
    job_id = waiting_rip(client)
    ok(client.report(job_id, "running"))
    clock.advance(119.999)
    leases.rescue(services.context)
    assert client.job(job_id)["status"] == "running"
    clock.advance(0.001)
    leases.rescue(services.context)
    assert client.job(job_id)["status"] == "queued"


@pytest.mark.parametrize("status", ["completed", "failed"])
def test_it_takes_no_end_where_an_earlier_attempt_may_be_meant(client, services, clock, status):
    job_id = lost_rip(client, services, clock)
    client.refused(409, "queued").report(job_id, status, output_file="a.mkv")


def test_it_takes_it_that_a_lost_machine_works_on(client, services, clock):
    job_id = lost_rip(client, services, clock)
    job = ok(client.report(job_id, "running", progress=55))
    assert (job["status"], job["attempt"], job["progress"]) == ("running", 2, 55)
    assert ok(client.report(job_id, "completed"))["attempt"] == 2


def test_it_takes_it_up_before_its_time_has_come(client, services, clock):
    job_id = lost_rip(client, services, clock)
    client.register_agent()
    clock.advance(121)
    leases.rescue(services.context)
    job = client.job(job_id)
    assert (job["status"], job["scheduled_at"] is None) == ("queued", False)
    job = ok(client.report(job_id, "running"))
    assert (job["status"], job["attempt"], job["scheduled_at"]) == ("running", 3, None)


@pytest.mark.parametrize("status", REPORTS)
def test_it_refuses_a_report_on_a_job_that_several_machines_can_do(client, status):
    client.register_worker()
    job_id = client.queued_job(preset="H.265 QSV 1080p")
    client.refused(409, "queued").report(job_id, status)


def test_it_refuses_that_a_job_is_assigned_which_is_not(client):
    job_id = waiting_rip(client)
    client.refused(409, "queued").report(job_id, "assigned")


@pytest.mark.parametrize("status", REPORTS)
def test_it_refuses_a_token_for_a_job_that_no_machine_has(client, status):
    job_id = waiting_rip(client)
    client.refused(409, "attempt").report(job_id, status, lease_token="0" * 32)


@pytest.mark.parametrize("status", REPORTS)
def test_it_takes_nothing_up_that_a_person_has_not_approved(client, status):
    disc_id, _ = client.ordered_rips()
    job_id = str(client.create_job(disc_id=disc_id, title_index=0)["job_id"])
    client.refused(409, "pending").report(job_id, status)


# After an attempt was taken back, the next one begins once it was handed out.


def lose(services: Services, clock: FakeClock) -> None:
    clock.advance(121)
    leases.rescue(services.context)


def stand_still(services: Services, clock: FakeClock) -> None:
    """Let a running job stand still until it is taken back; the machine sends heartbeats."""
    for _ in range(2):
        clock.advance(1800)
        services.agents.heartbeat("pc")
        stalls.watch(services.context)


TAKEN = {"lost": lose, "stalled": stand_still}
UNKNOWN = "has not been handed out"


@pytest.mark.parametrize("taken", TAKEN)
def test_it_takes_no_zombies_word_for_the_next_attempt_on_the_same_machine(
    client, services, clock, taken
):
    client.register_worker()
    job_id = client.running_job(progress=43)
    TAKEN[taken](services, clock)
    client.register_agent()
    client.register_worker()
    assert (client.job(job_id)["status"], client.job(job_id)["attempt"]) == ("assigned", 2)
    for _ in range(3):
        client.refused(409, UNKNOWN).report(job_id, "running", progress=43)
    client.agent_jobs()
    assert ok(client.report(job_id, "running", progress=0))["attempt"] == 2


def test_it_takes_no_zombies_word_for_the_next_attempt_on_another_machine(client, services, clock):
    client.register_worker()
    job_id = client.queued_job(input_file="\\\\nas\\rips\\b.mkv")
    ok(client.report(job_id, "running", progress=43))
    clock.advance(121)
    client.register_agent("den")
    client.register_worker("cpu", "den")
    leases.rescue(services.context)
    assert client.job(job_id)["assigned_worker_id"] == "cpu"
    client.refused(409, UNKNOWN).report(job_id, "running", progress=43)
    client.agent_jobs("den")
    assert ok(client.report(job_id, "running"))["assigned_worker_id"] == "cpu"


def test_it_takes_no_zombies_word_for_what_a_worker_has_yet_to_fetch(client, services, clock):
    client.register_worker("farm", agent_id=None)
    client.queued_job()
    (job,) = client.poll()
    ok(client.report(job["job_id"], "running", progress=43))
    clock.advance(121)
    client.register_worker("barn", agent_id=None)
    leases.rescue(services.context)
    (again,) = client.poll("barn")
    assert again["job_id"] == job["job_id"]
    assert ok(client.report(job["job_id"], "running", progress=1))["assigned_worker_id"] == "barn"


def test_it_does_not_take_a_waiting_job_up_again_that_stood_still(client, services, clock):
    """Without a worker its agent alone can do it, and may come to take it up."""
    disc_id, _ = client.ordered_rips()
    job_id = client.queued_job(disc_id=disc_id, title_index=0)
    ok(client.report(job_id, "running", progress=43))
    stand_still(services, clock)
    assert client.job(job_id)["status"] == "queued"
    client.refused(409, "queued").report(job_id, "running", progress=43)


def test_it_takes_the_next_attempts_token_for_its_word(client, services, clock):
    client.register_worker()
    job_id = client.running_job(progress=43)
    stand_still(services, clock)
    client.register_worker()
    token = client.lease_token(job_id)
    assert ok(client.report(job_id, "running", lease_token=token))["attempt"] == 2


def test_it_begins_a_job_unfetched_that_a_person_tries_again(client):
    client.register_worker()
    job_id = client.running_job()
    client.end(job_id, "failed")
    client.retry(job_id)
    assert ok(client.report(job_id, "running"))["attempt"] == 2


def test_it_begins_no_job_unfetched_that_stood_still_for_good(app, client, clock):
    services = restart(app, max_attempts=1)
    client.register_worker()
    job_id = client.running_job(progress=43)
    stand_still(services, clock)
    assert client.job(job_id)["status"] == "failed"
    client.register_worker()
    client.retry(job_id)
    assert client.job(job_id)["status"] == "assigned"
    client.refused(409, UNKNOWN).report(job_id, "running", progress=43)
    client.agent_jobs()
    assert ok(client.report(job_id, "running", progress=0))["attempt"] == 2


def test_it_takes_up_no_waiting_job_that_stood_still_for_good(app, client, clock):
    services = restart(app, max_attempts=1)
    disc_id, _ = client.ordered_rips()
    job_id = client.queued_job(disc_id=disc_id, title_index=0)
    ok(client.report(job_id, "running", progress=43))
    stand_still(services, clock)
    client.retry(job_id)
    assert client.job(job_id)["status"] == "queued"
    client.refused(409, "queued").report(job_id, "running", progress=43)


@pytest.mark.parametrize("taken", TAKEN)
def test_it_charges_no_zombies_failure_to_the_next_attempt(client, services, clock, taken):
    client.register_worker()
    job_id = client.queued_job(input_file="\\\\nas\\rips\\b.mkv")
    ok(client.report(job_id, "running", progress=43))
    client.register_agent("den")
    client.register_worker("cpu", "den")
    client.post("/api/workers/gpu/disable")
    TAKEN[taken](services, clock)
    client.register_agent("den")
    client.register_worker("cpu", "den")
    before = client.job(job_id)
    assert (before["status"], before["assigned_worker_id"]) == ("assigned", "cpu")
    for error in (None, "HandBrake exited with code 3", "HandBrake exited with code 3"):
        assert ok(client.report(job_id, "failed", error=error)) == before
    details = [event["detail"] for event in client.history(job_id)]
    assert details.count("Attempt 1 failed: HandBrake exited with code 3") == 1
    assert client.worker("cpu")["consecutive_failures"] == 0


def test_it_charges_no_zombies_failure_that_its_worker_reports(client, services, clock):
    client.register_worker()
    job_id = client.running_job(progress=43)
    stand_still(services, clock)
    client.register_worker()
    before = client.job(job_id)
    assert (before["status"], before["attempt"]) == ("assigned", 2)
    ok(client.complete(job_id, success=False, error="Scratched"))
    assert client.job(job_id) == before
