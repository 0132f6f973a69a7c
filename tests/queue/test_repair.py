"""Agents, workers, discs and leases are brought in line with the jobs, which are the truth."""

import logging

import pytest

from boz_server.database.models import Agent, Disc, Job, Worker
from boz_server.services.queue import leases, repair
from boz_server.services.wiring import Services, build_services
from tests.client import Client, ok
from tests.support import (
    unchanged,
)

KINDS = ("jobs without a lease", "jobs held by no one", "agents", "workers", "discs")
NOTHING = dict.fromkeys(KINDS, 0)
IDLE = {"current_job_id": None, "status": "online"}


@pytest.fixture(autouse=True)
def machines(client):
    """Two agents, each with a worker."""
    for agent_id, worker_id in (("pc", "gpu"), ("den", "cpu")):
        client.register_agent(agent_id)
        client.register_worker(worker_id, agent_id, capabilities={"max_concurrent": 3})


def running_job(client: Client) -> str:
    job_id = client.queued_job()
    ok(client.report(job_id, "running"))
    return job_id


def agent_of(client: Client, agent_id: str = "pc") -> tuple[str, str | None]:
    agent = client.agent(agent_id)
    return agent["status"], agent["current_job_id"]


def repaired(services: Services, **kinds: int) -> None:
    """Check that just that is repaired, and that nothing is left to repair."""
    expected = NOTHING | {name.replace("_", " "): count for name, count in kinds.items()}
    assert repair.run(services.context) == expected
    with unchanged(services):
        assert repair.run(services.context) == NOTHING


def everything(client: Client) -> None:
    """Jobs, discs and machines in every state that requests lead to."""
    client.register_worker("farm", None)
    for end in ("assigned", "running", "completed", "failed", "cancelled"):
        ok(client.report(client.queued_job(), end))
    client.create_job()
    ok(client.post("/api/workers/farm/jobs/poll"))
    for number, drive in enumerate(("D:", "E:", "F:", "G:")):
        disc_id = client.detect(f"FIREFLY_S0{number}_D1", drive=drive)["disc_id"]
        if drive != "D:":
            client.approve(disc_id)
        if drive in ("F:", "G:"):
            rips = client.rip(disc_id, title_indices=[0])
        if drive == "F:":
            ok(client.report(rips[0], "completed", output_file="C:\\a.mkv"))
    client.register_agent("attic")
    client.sign_off("attic")
    ok(client.post("/api/workers/cpu/disable"))


def test_it_leaves_a_database_alone_that_is_in_order(client, services, clock):
    everything(client)
    clock.advance(30)
    with unchanged(services):
        assert repair.run(services.context) == NOTHING


@pytest.mark.parametrize("wrong", [{"current_job_id": None}, {"status": "online"}, IDLE])
def test_it_repairs_an_agent_that_counts_as_idle_while_it_works(client, services, wrong):
    job_id = running_job(client)
    agent_id = client.job(job_id)["assigned_agent_id"]
    Agent.update(**wrong).where(Agent.agent_id == agent_id).execute()
    repaired(services, agents=1)
    assert agent_of(client, agent_id) == ("busy", job_id)


def test_it_repairs_an_agent_that_counts_as_busy_with_nothing(client, services):
    over = running_job(client)
    ok(client.report(over, "completed"))
    for agent_id, wrong in (
        ("pc", {"current_job_id": over, "status": "busy"}),
        ("den", {"status": "busy"}),
    ):
        Agent.update(**wrong).where(Agent.agent_id == agent_id).execute()
    repaired(services, agents=2)
    assert agent_of(client) == agent_of(client, "den") == ("online", None)


def test_it_brings_no_agent_back_that_has_signed_off(client, services):
    over = running_job(client)
    ok(client.report(over, "completed"))
    wrong = {"current_job_id": over, "status": "offline"}
    Agent.update(**wrong).where(Agent.agent_id == "den").execute()
    repaired(services, agents=1)
    assert agent_of(client, "den") == ("offline", None)


@pytest.mark.parametrize("wrong", [[], ["none"], ["none", "such"]])
def test_it_repairs_what_a_worker_is_said_to_have(client, services, wrong):
    job_id = running_job(client)
    worker_id = client.job(job_id)["assigned_worker_id"]
    Worker.update(current_jobs=wrong).where(Worker.worker_id == worker_id).execute()
    repaired(services, workers=1)
    assert client.worker(worker_id)["current_jobs"] == [job_id]


@pytest.mark.parametrize("end", ["completed", "failed", "cancelled"])
def test_it_repairs_a_disc_that_counts_as_ripping_though_its_rips_are_over(client, services, end):
    disc_id, rips = client.ordered_rips()
    for job_id in rips * 2 if end == "failed" else rips:
        ok(client.report(job_id, "running"))
        ok(client.report(job_id, end, error="Scratched"))
    Disc.update(status="ripping").execute()
    repaired(services, discs=1)
    assert client.disc(disc_id)["status"] == "completed"


def test_it_repairs_a_disc_that_counts_as_ripping_though_no_rip_was_ordered(client, services):
    disc_id = client.detect()["disc_id"]
    # What else is done with its files makes no difference.
    client.queued_job(disc_id=disc_id, title_index=0)
    Disc.update(status="ripping").execute()
    repaired(services, discs=1)
    assert client.disc(disc_id)["status"] == "detected"


@pytest.mark.parametrize("wrong", ["detected", "completed"])
def test_it_repairs_a_disc_with_rips_to_do_that_counts_as_idle(client, services, wrong):
    disc_id, _ = client.ordered_rips()
    Disc.update(status=wrong).execute()
    repaired(services, discs=1)
    assert client.disc(disc_id)["status"] == "ripping"


def test_it_leaves_discs_ejected(client, services):
    disc_id, (job_id, *_) = client.ordered_rips()
    ok(client.report(job_id, "running"))
    client.eject()
    repaired(services)
    assert client.disc(disc_id)["status"] == "ejected"


@pytest.mark.parametrize(
    "wrong", [{"lease_token": None}, {"lease_expires_at": None},
              {"lease_token": None, "lease_expires_at": None}]
)  # fmt: skip
def test_it_gives_a_lease_to_a_job_that_a_machine_has_without_one(client, services, clock, wrong):
    job_id = running_job(client)
    Job.update(**wrong).where(Job.job_id == job_id).execute()
    clock.advance(60)
    repaired(services, jobs_without_a_lease=1)
    clock.advance(119)
    assert leases.rescue(services.context) == 0
    clock.advance(1)
    assert leases.rescue(services.context) == 1


def test_it_queues_a_job_that_counts_as_given_to_no_one(client, services):
    job_id = running_job(client)
    for worker_id in ("gpu", "cpu"):
        ok(client.post(f"/api/workers/{worker_id}/disable"))
    lost = {"assigned_agent_id": None, "assigned_worker": None, "lease_token": None}
    Job.update(**lost).where(Job.job_id == job_id).execute()
    # The agent and the worker that had it are no longer right either.
    repaired(services, jobs_held_by_no_one=1, agents=1, workers=1)
    job = client.job(job_id)
    assert (job["status"], job["progress"], job["started_at"]) == ("queued", 0, None)


def test_it_writes_down_that_it_queued_a_job(client, services):
    job_id = running_job(client)
    for worker_id in ("gpu", "cpu"):
        ok(client.post(f"/api/workers/{worker_id}/disable"))
    Job.update(assigned_agent_id=None).where(Job.job_id == job_id).execute()
    repair.run(services.context)
    event = client.history(job_id)[-1]
    assert (event["from_status"], event["to_status"]) == ("running", "queued")
    assert event["actor"] == "server"


def test_it_gives_what_it_repaired_to_a_machine_at_once(client, services):
    job_id = running_job(client)
    Job.update(assigned_agent_id=None, assigned_worker=None).where(Job.job_id == job_id).execute()
    repair.run(services.context)
    job = client.job(job_id)
    assert (job["status"], job["attempt"]) == ("assigned", 2)


def test_it_logs_what_it_repaired(client, services, caplog):
    Agent.update(status="busy").execute()
    with caplog.at_level(logging.WARNING):
        repair.run(services.context)
    (record,) = caplog.records
    assert (record.__dict__["kind"], record.__dict__["rows"]) == ("agents", 2)


def test_it_comes_first_when_a_process_becomes_the_leader(client, services):
    """Else the job would be taken from its machine as one whose lease has run out."""
    services.maintenance.tick()
    job_id = running_job(client)
    services.maintenance.step_down()
    Job.update(lease_token=None, lease_expires_at=None).where(Job.job_id == job_id).execute()
    other = build_services(
        services.context.settings, services.context.database, services.context.clock
    )
    assert other.maintenance.tick()
    job = client.job(job_id)
    assert (job["status"], job["attempt"]) == ("running", 1)
