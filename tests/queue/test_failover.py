"""Where the jobs of a lost machine go: to the disc, to the file, or to the next worker."""

import pytest

from boz_server.services.queue import dispatcher, leases
from boz_server.services.wiring import Services
from tests.client import Client, ok
from tests.support import FakeClock, assert_problem, restart

FILE = "C:\\rips\\title_t00.mkv"


def lose_pc(client: Client, services: Services, clock: FakeClock) -> None:
    """The machine `pc` is silent for longer than its term; all others show themselves."""
    clock.advance(121)
    for address in ("agents/den", "workers/cpu", "workers/farm"):
        ok(client.post(f"/api/{address}/heartbeat", json={}))
    assert leases.rescue(services.context) == 1
    dispatcher.dispatch_now(services.context)


def one_rip(client: Client) -> str:
    _, (job_id,) = client.ordered_rips(label="ALIEN", minutes=(117,))
    ok(client.report(job_id, "running"))
    return job_id


def transcode_of_a_rip(client: Client) -> str:
    """The transcode of a file that lies on the disk of `pc`."""
    ok(client.report(one_rip(client), "completed", output_file=FILE))
    job_id = client.queued_job(input_file=FILE, source_disc_name="ALIEN")
    assert client.job(job_id)["assigned_worker_id"] == "gpu"
    return job_id


@pytest.fixture(autouse=True)
def machines(client):
    client.register_agent("pc")
    client.register_agent("den")
    client.register_worker("gpu", agent_id="pc", priority=1)
    client.register_worker("cpu", agent_id="den")
    client.register_worker("farm", agent_id=None)


@pytest.mark.parametrize("sign", ["register", "heartbeat"])
def test_it_keeps_a_rip_for_the_agent_that_has_the_disc(client, services, clock, sign):
    job_id = one_rip(client)
    lose_pc(client, services, clock)
    job = client.job(job_id)
    assert job["status"] == "queued"
    assert job["waiting_reason"] == "Agent 'pc', which has the disc, is offline."
    assert client.agent_jobs("den") == []
    body = {"agent_id": "pc", "name": "PC"} if sign == "register" else None
    address = "register" if sign == "register" else "pc/heartbeat"
    ok(client.post(f"/api/agents/{address}", json=body))
    job = client.job(job_id)
    assert (job["status"], job["attempt"], job["assigned_agent_id"]) == ("assigned", 2, "pc")
    assert job["waiting_reason"] is None


def test_it_lets_no_one_give_a_rip_to_an_agent_without_the_disc(client, services, clock):
    job_id = one_rip(client)
    lose_pc(client, services, clock)
    assert_problem(client.post(f"/api/jobs/{job_id}/assign?agent_id=den"), 400, "'pc'")


@pytest.mark.parametrize("sign", ["register", "heartbeat", "jobs/poll"])
@pytest.mark.parametrize("make", [transcode_of_a_rip, Client.approved_job])
def test_it_keeps_a_transcode_for_the_machine_that_has_the_file(
    client, services, clock, make, sign
):
    job_id = make(client)
    lose_pc(client, services, clock)
    job = client.job(job_id)
    assert (job["status"], job["waiting_reason"]) == ("queued", "Worker 'gpu' is offline.")
    assert client.poll("farm") == client.poll("cpu") == []
    if sign == "register":
        client.register_worker("gpu", agent_id="pc", priority=1)
    else:
        ok(client.post(f"/api/workers/gpu/{sign}", json={}))
    job = client.job(job_id)
    assert (job["status"], job["attempt"], job["assigned_worker_id"]) == ("assigned", 2, "gpu")


def test_it_lets_another_worker_of_the_same_machine_go_on_with_its_file(client, services, clock):
    job_id = transcode_of_a_rip(client)
    lose_pc(client, services, clock)
    client.register_worker("gpu2", agent_id="pc")
    job = client.job(job_id)
    assert (job["assigned_worker_id"], job["assigned_agent_id"]) == ("gpu2", "pc")


def test_it_says_when_the_machine_that_has_the_file_has_no_worker(client):
    job_id = transcode_of_a_rip(client)
    client.sign_off()
    ok(client.delete("/api/workers/gpu"))
    assert client.job(job_id)["waiting_reason"] == (
        "No worker on the machine of agent 'pc' is registered."
    )


def test_it_gives_a_file_that_any_machine_can_have_to_the_next_worker(client, services, clock):
    job_id = client.queued_job()
    assert client.job(job_id)["assigned_worker_id"] == "gpu"
    lose_pc(client, services, clock)
    job = client.job(job_id)
    assert (job["status"], job["attempt"]) == ("assigned", 2)
    assert (job["assigned_worker_id"], job["assigned_agent_id"]) == ("cpu", "den")


def test_it_lets_a_worker_claim_what_a_lost_one_had(client, services, clock):
    job_id = client.queued_job()
    ok(client.post("/api/workers/cpu/disable"))
    lose_pc(client, services, clock)
    assert client.job(job_id)["status"] == "queued"
    assert [job["job_id"] for job in client.poll("farm")] == [job_id]
    assert client.job(job_id)["assigned_agent_id"] == "farm"


@pytest.mark.parametrize("loss", ["silence", "signing off"])
def test_it_leaves_a_job_to_its_worker_without_failover(app, client, clock, loss):
    services = restart(app, worker_auto_failover=False)
    job_id = client.queued_job()
    if loss == "silence":
        lose_pc(client, services, clock)
    else:
        client.sign_off()
    for _ in range(10):
        job = client.job(job_id)
        assert (job["status"], job["waiting_reason"]) == ("queued", "Worker 'gpu' is offline.")
        assert client.poll("farm") == client.poll("cpu") == []
        clock.advance(60)
        dispatcher.dispatch_now(services.context)
    client.register_worker("gpu", agent_id="pc")
    assert client.job(job_id)["assigned_worker_id"] == "gpu"


def test_it_gives_a_job_to_another_machine_without_failover_as_a_person_says(app, client, clock):
    services = restart(app, worker_auto_failover=False)
    job_id = client.queued_job()
    lose_pc(client, services, clock)
    ok(client.post(f"/api/jobs/{job_id}/assign?agent_id=den"))
    job = client.job(job_id)
    assert (job["assigned_worker_id"], job["attempt"]) == ("cpu", 2)


def test_it_leaves_no_job_to_a_worker_that_is_forgotten(app, client, clock):
    services = restart(app, worker_auto_failover=False)
    job_id = client.queued_job()
    lose_pc(client, services, clock)
    ok(client.delete("/api/workers/gpu"))
    assert client.job(job_id)["assigned_worker_id"] == "cpu"


@pytest.mark.parametrize("leaving", ["ejected", "replaced"])
def test_it_decides_on_a_rip_whose_disc_left_while_its_agent_was_lost(
    client, services, clock, leaving
):
    job_id = one_rip(client)
    if leaving == "ejected":
        client.eject()
    else:
        client.detect("ALIENS", minutes=(137,))
    assert client.job(job_id)["status"] == "running"
    lose_pc(client, services, clock)
    job = client.job(job_id)
    # Where another disc is in the drive, no one waits for this one.
    end = "queued" if leaving == "ejected" else "failed"
    assert (job["status"], job["scheduled_at"]) == (end, None)
    assert "back into a drive of agent 'pc'" in (job["waiting_reason"] or job["error"])
    assert client.history(job_id)[-1]["detail"] == "Agent 'pc' was not heard from in time."
    assert client.agent()["current_job_id"] is None


@pytest.mark.parametrize("losses", [1, 2])
def test_it_keeps_a_rip_that_waits_for_its_agent_when_the_disc_leaves(
    client, services, clock, losses
):
    job_id = one_rip(client)
    for _ in range(losses):
        client.register_agent()
        lose_pc(client, services, clock)
    assert (client.job(job_id)["scheduled_at"] is None) == (losses == 1)
    client.eject()
    job = client.job(job_id)
    assert (job["status"], "put the disc back" in job["waiting_reason"]) == ("queued", True)


def test_it_keeps_a_rip_whose_disc_is_out_when_its_agent_signs_off(client):
    job_id = one_rip(client)
    client.eject()
    client.sign_off()
    job = client.job(job_id)
    assert (job["status"], "put the disc back" in job["waiting_reason"]) == ("queued", True)
