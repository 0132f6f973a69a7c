"""The server's clock is put forward or back during work, or the server sleeps."""

from collections.abc import Callable

import pytest

from boz_server.database.models import Job
from boz_server.domain.queue.job_states import OPEN, JobReport, JobStatus
from boz_server.services.maintenance.idempotency import delete_old_keys
from boz_server.services.maintenance.scheduler import MaintenanceStep
from boz_server.services.queue import repair, reports
from boz_server.services.wiring import Services, build_services
from tests.client import Client, ok
from tests.maintenance.timer import Timer
from tests.queue.live_fleet import Fleet
from tests.queue.queue_invariants import QueueState, check

#: These tests make many requests, which other tests cover one by one.
HOUR, DAY = 3600, 86_400
JUMPS = pytest.mark.parametrize("jump", [-HOUR, DAY], ids=["back", "on"])


@pytest.fixture
def fleet(services: Services, timer: Timer) -> Fleet:
    """Machines that report with their lease tokens."""
    return Fleet(services, timer)


def fill(fleet: Fleet, client: Client) -> list[str]:
    """Work for a few minutes: two discs to rip, and files to transcode."""
    jobs = [fleet.file() for _ in range(5)]
    jobs += client.ordered_rips()[1]
    jobs += client.ordered_rips(agent_id="den", label="FIREFLY_S01_D2")[1]
    return jobs


def over(job_ids: list[str]) -> Callable[[], bool]:
    return lambda: (
        not (Job.select().where(Job.job_id.in_(job_ids), Job.status.in_(list(OPEN))).exists())
    )


def assert_each_done_once(fleet: Fleet, job_ids: list[str]) -> None:
    """Each job was completed by the first machine that had it, with no other answer."""
    for job in Job.select().where(Job.job_id.in_(job_ids)):
        assert (job.status, job.attempt, job.failures) == (JobStatus.COMPLETED, 1, 0), job.__data__
    assert fleet.ends() == dict.fromkeys(job_ids, 1)
    assert not any(machine.refused for machine in fleet.machines)
    check(QueueState.read(fleet.services), fleet.services.context.settings)
    assert not any(repair.run(fleet.services.context).values())


@JUMPS
@pytest.mark.parametrize("sends_tokens", [True, False], ids=["server first", "machines first"])
def test_it_does_every_job_once_when_the_clock_jumps(client, services, timer, jump, sends_tokens):
    """Whether machines send tokens or, like today's, none, and which one acts first."""
    fleet = Fleet(services, timer, sends_tokens=sends_tokens)
    jobs = fill(fleet, client)
    for _ in range(2):
        fleet.live(35)
        timer.clock.advance(jump)
        if not sends_tokens:
            fleet.work()
    fleet.until(over(jobs), 600)
    assert_each_done_once(fleet, jobs)


@JUMPS
def test_it_does_the_jobs_of_a_machine_that_is_lost_as_the_clock_jumps(fleet, timer, jump):
    jobs = [fleet.file() for _ in range(3)]
    fleet.live(10)
    lost = next(iter(fleet.den.in_hand))
    fleet.den.alive = False
    timer.clock.advance(jump)
    fleet.until(over(jobs), 240)
    assert fleet.ends() == dict.fromkeys(jobs, 1)
    assert Job.get_by_id(lost).attempt == 2


@pytest.mark.parametrize("server_first", [True, False], ids=["server first", "machines first"])
def test_it_does_every_job_once_though_the_server_sleeps(client, fleet, timer, server_first):
    jobs = fill(fleet, client)
    fleet.live(35)
    timer.pass_by(600)
    if not server_first:
        fleet.work()
    fleet.until(over(jobs), 600)
    assert_each_done_once(fleet, jobs)


def test_it_does_every_job_once_though_maintenance_alone_sleeps(client, fleet):
    jobs = fill(fleet, client)
    fleet.live(35)
    fleet.live(200, server=False)
    fleet.until(over(jobs), 600)
    assert_each_done_once(fleet, jobs)


@JUMPS
def test_it_takes_nothing_when_the_clock_jumps_between_two_steps_of_maintenance(
    fleet, services, timer, jump
):
    """Like a computer that is put to sleep at that moment."""
    jobs = [fleet.file() for _ in range(3)]
    fleet.live(10)
    timer.pass_by(5)
    leap = MaintenanceStep("leap", 0, lambda _: timer.clock.advance(jump))
    services.maintenance.steps = [leap, *services.maintenance.steps]
    services.maintenance.tick()
    services.maintenance.steps = services.maintenance.steps[1:]
    fleet.until(over(jobs), 600)
    assert_each_done_once(fleet, jobs)


@JUMPS
def test_it_hands_the_leadership_over_within_15_seconds_though_the_clock_jumped(
    fleet, services, timer, jump
):
    other = build_services(
        services.context.settings, services.context.database, services.context.clock
    ).maintenance
    fleet.live(10)
    assert not other.tick()
    timer.clock.advance(jump)
    took_over = []
    for _ in range(3):
        timer.pass_by(5)
        took_over.append(other.tick())
    assert took_over[-1]


@JUMPS
@pytest.mark.parametrize("order", [1, -1])
def test_it_leaves_the_leadership_with_one_process_when_the_clock_jumps(
    services, timer, jump, order
):
    other = build_services(
        services.context.settings, services.context.database, services.context.clock
    ).maintenance
    servers = [services.maintenance, other][::order]
    for number in range(12):
        timer.pass_by(5)
        if number == 6:
            timer.clock.advance(jump)
        assert sorted(server.tick() for server in servers) == [False, True]


def failed_upload(client: Client, fleet: Fleet) -> str:
    """A job that is retried after about a minute."""
    job_id = fleet.file()
    fleet.far.alive = False
    holder = str(client.job(job_id)["assigned_agent_id"])
    token = client.lease_token(job_id, holder)
    failure = JobReport(
        JobStatus.FAILED, error="Upload failed: 503", upload_failed=True, lease_token=token
    )
    reports.take(fleet.services.context, job_id, failure)
    return job_id


@JUMPS
def test_it_tries_again_what_waits_for_its_time_when_the_clock_jumps(client, fleet, timer, jump):
    job_id = failed_upload(client, fleet)
    fleet.live(10)
    timer.clock.advance(jump)
    fleet.until(lambda: client.job(job_id)["status"] == "completed", 180)
    assert (fleet.ends(), client.job(job_id)["attempt"]) == ({job_id: 1}, 2)


def enter(client: Client) -> str:
    body = {"job_type": "transcode", "requires_approval": True}
    response = client.post("/api/jobs", json=body, headers={"Idempotency-Key": "once"})
    return str(ok(response)["job_id"])


def test_it_knows_a_request_again_when_the_clock_was_put_back(client, clock):
    job_id = enter(client)
    clock.advance(-HOUR)
    assert enter(client) == job_id
    clock.advance(-DAY)
    assert enter(client) == job_id


def test_it_knows_a_request_again_that_was_made_while_the_clock_was_ahead(client, services, clock):
    clock.advance(DAY)
    job_id = enter(client)
    clock.advance(-DAY)
    delete_old_keys(services.context)
    assert enter(client) == job_id
    clock.advance(2 * DAY + 1)
    assert delete_old_keys(services.context) == 1
    assert enter(client) != job_id


@JUMPS
def test_it_tells_machines_of_cancelled_jobs_when_the_clock_jumps(client, fleet, timer, jump):
    told = []
    for _ in range(2):
        job_id = fleet.file()
        holder = client.job(job_id)["assigned_agent_id"]
        fleet.services.queue.cancel(job_id)
        told.append(job_id in fleet.services.agents.heartbeat(holder))
        timer.clock.advance(jump)
        fleet.live(30)
    assert told == [True, True]


def test_it_still_tells_machines_of_cancelled_jobs_when_the_clock_was_put_back(
    client, fleet, timer
):
    job_id = fleet.file()
    holder = client.job(job_id)["assigned_agent_id"]
    fleet.services.queue.cancel(job_id)
    timer.clock.advance(-HOUR)
    assert fleet.services.agents.heartbeat(holder) == [job_id]
