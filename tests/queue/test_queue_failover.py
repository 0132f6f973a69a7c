"""Where the jobs of a lost machine go: to the disc, to the file, or to the next worker."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from boz_server.services.wiring import Services
from tests.support import (
    FakeClock,
    approved_job,
    assert_problem,
    detect,
    history,
    job_of,
    ok,
    ordered_rips,
    poll,
    queued_job,
    register_agent,
    register_worker,
    report,
    restart,
)

FILE = "C:\\rips\\title_t00.mkv"
GONE = "The disc left its drive before this title was ripped: put it in again."


def lose_pc(client: FlaskClient, services: Services, clock: FakeClock) -> None:
    """The machine `pc` is silent for longer than its term; all others show themselves."""
    clock.advance(121)
    for address in ("agents/den", "workers/cpu", "workers/farm"):
        ok(client.post(f"/api/{address}/heartbeat", json={}))
    assert services.attempts.rescue() == 1
    services.dispatcher.dispatch_now()


def one_rip(client: FlaskClient) -> str:
    _, (job_id,) = ordered_rips(client, label="ALIEN", minutes=(117,))
    ok(report(client, job_id, "running"))
    return job_id


def transcode_of_a_rip(client: FlaskClient) -> str:
    """The transcode of a file that lies on the disk of `pc`."""
    ok(report(client, one_rip(client), "completed", output_file=FILE))
    job_id = queued_job(client, input_file=FILE, source_disc_name="ALIEN")
    assert job_of(client, job_id)["assigned_worker_id"] == "gpu"
    return job_id


@pytest.fixture(autouse=True)
def machines(client: FlaskClient) -> None:
    register_agent(client, "pc")
    register_agent(client, "den")
    register_worker(client, "gpu", agent_id="pc", priority=1)
    register_worker(client, "cpu", agent_id="den")
    register_worker(client, "farm", agent_id=None)


@pytest.mark.parametrize("sign", ["register", "heartbeat"])
def test_it_keeps_a_rip_for_the_agent_that_has_the_disc(
    client: FlaskClient, services: Services, clock: FakeClock, sign: str
) -> None:
    job_id = one_rip(client)
    lose_pc(client, services, clock)
    job = job_of(client, job_id)
    assert job["status"] == "queued"
    assert job["waiting_reason"] == "Agent 'pc', which has the disc, is offline."
    assert ok(client.get("/api/agents/den/jobs"))["jobs"] == []
    body = {"agent_id": "pc", "name": "PC"} if sign == "register" else None
    address = "register" if sign == "register" else "pc/heartbeat"
    ok(client.post(f"/api/agents/{address}", json=body))
    job = job_of(client, job_id)
    assert (job["status"], job["attempt"], job["assigned_agent_id"]) == ("assigned", 2, "pc")
    assert job["waiting_reason"] is None


def test_it_lets_no_one_give_a_rip_to_an_agent_without_the_disc(
    client: FlaskClient, services: Services, clock: FakeClock
) -> None:
    job_id = one_rip(client)
    lose_pc(client, services, clock)
    assert_problem(client.post(f"/api/jobs/{job_id}/assign?agent_id=den"), 400, "'pc'")


@pytest.mark.parametrize("sign", ["register", "heartbeat", "jobs/poll"])
@pytest.mark.parametrize("make", [transcode_of_a_rip, approved_job])
def test_it_keeps_a_transcode_for_the_machine_that_has_the_file(
    client: FlaskClient,
    services: Services,
    clock: FakeClock,
    make: Callable[[FlaskClient], str],
    sign: str,
) -> None:
    job_id = make(client)
    lose_pc(client, services, clock)
    job = job_of(client, job_id)
    assert (job["status"], job["waiting_reason"]) == ("queued", "Worker 'gpu' is offline.")
    assert poll(client, "farm") == poll(client, "cpu") == []
    if sign == "register":
        register_worker(client, "gpu", agent_id="pc", priority=1)
    else:
        ok(client.post(f"/api/workers/gpu/{sign}", json={}))
    job = job_of(client, job_id)
    assert (job["status"], job["attempt"], job["assigned_worker_id"]) == ("assigned", 2, "gpu")


def test_it_lets_another_worker_of_the_same_machine_go_on_with_its_file(
    client: FlaskClient, services: Services, clock: FakeClock
) -> None:
    job_id = transcode_of_a_rip(client)
    lose_pc(client, services, clock)
    register_worker(client, "gpu2", agent_id="pc")
    job = job_of(client, job_id)
    assert (job["assigned_worker_id"], job["assigned_agent_id"]) == ("gpu2", "pc")


def test_it_says_when_the_machine_that_has_the_file_has_no_worker(client: FlaskClient) -> None:
    job_id = transcode_of_a_rip(client)
    ok(client.post("/api/agents/pc/unregister"))
    ok(client.delete("/api/workers/gpu"))
    assert job_of(client, job_id)["waiting_reason"] == (
        "No worker on the machine of agent 'pc' is registered."
    )


def test_it_gives_a_file_that_any_machine_can_have_to_the_next_worker(
    client: FlaskClient, services: Services, clock: FakeClock
) -> None:
    job_id = queued_job(client)
    assert job_of(client, job_id)["assigned_worker_id"] == "gpu"
    lose_pc(client, services, clock)
    job = job_of(client, job_id)
    assert (job["status"], job["attempt"]) == ("assigned", 2)
    assert (job["assigned_worker_id"], job["assigned_agent_id"]) == ("cpu", "den")


def test_it_lets_a_worker_claim_what_a_lost_one_had(
    client: FlaskClient, services: Services, clock: FakeClock
) -> None:
    job_id = queued_job(client)
    ok(client.post("/api/workers/cpu/disable"))
    lose_pc(client, services, clock)
    assert job_of(client, job_id)["status"] == "queued"
    assert [job["job_id"] for job in poll(client, "farm")] == [job_id]
    assert job_of(client, job_id)["assigned_agent_id"] == "farm"


@pytest.mark.parametrize("loss", ["silence", "signing off"])
def test_it_leaves_a_job_to_its_worker_without_failover(
    app: Flask, client: FlaskClient, clock: FakeClock, loss: str
) -> None:
    services = restart(app, worker_auto_failover=False)
    job_id = queued_job(client)
    if loss == "silence":
        lose_pc(client, services, clock)
    else:
        ok(client.post("/api/agents/pc/unregister"))
    for _ in range(10):
        job = job_of(client, job_id)
        assert (job["status"], job["waiting_reason"]) == ("queued", "Worker 'gpu' is offline.")
        assert poll(client, "farm") == poll(client, "cpu") == []
        clock.advance(60)
        services.dispatcher.dispatch_now()
    register_worker(client, "gpu", agent_id="pc")
    assert job_of(client, job_id)["assigned_worker_id"] == "gpu"


def test_it_gives_a_job_to_another_machine_without_failover_as_a_person_says(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    services = restart(app, worker_auto_failover=False)
    job_id = queued_job(client)
    lose_pc(client, services, clock)
    ok(client.post(f"/api/jobs/{job_id}/assign?agent_id=den"))
    job = job_of(client, job_id)
    assert (job["assigned_worker_id"], job["attempt"]) == ("cpu", 2)


def test_it_leaves_no_job_to_a_worker_that_is_forgotten(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    services = restart(app, worker_auto_failover=False)
    job_id = queued_job(client)
    lose_pc(client, services, clock)
    ok(client.delete("/api/workers/gpu"))
    assert job_of(client, job_id)["assigned_worker_id"] == "cpu"


@pytest.mark.parametrize("leaving", ["ejected", "replaced"])
def test_it_fails_a_rip_whose_disc_left_while_its_agent_was_lost(
    client: FlaskClient, services: Services, clock: FakeClock, leaving: str
) -> None:
    job_id = one_rip(client)
    if leaving == "ejected":
        ok(client.post("/api/discs/ejected", json={"agent_id": "pc", "drive": "D:"}))
    else:
        detect(client, "ALIENS", minutes=(137,))
    assert job_of(client, job_id)["status"] == "running"
    lose_pc(client, services, clock)
    job = job_of(client, job_id)
    assert (job["status"], job["error"], job["scheduled_at"]) == ("failed", GONE, None)
    assert history(client, job_id)[-1]["detail"] == "Agent 'pc' was not heard from in time."
    assert ok(client.get("/api/agents/pc"))["current_job_id"] is None


@pytest.mark.parametrize("losses", [1, 2])
def test_it_fails_a_rip_that_waits_for_its_agent_when_the_disc_leaves(
    client: FlaskClient, services: Services, clock: FakeClock, losses: int
) -> None:
    job_id = one_rip(client)
    for _ in range(losses):
        register_agent(client)
        lose_pc(client, services, clock)
    assert (job_of(client, job_id)["scheduled_at"] is None) == (losses == 1)
    ok(client.post("/api/discs/ejected", json={"agent_id": "pc", "drive": "D:"}))
    job = job_of(client, job_id)
    assert (job["status"], job["error"], job["scheduled_at"]) == ("failed", GONE, None)


def test_it_fails_a_rip_whose_disc_is_out_when_its_agent_signs_off(client: FlaskClient) -> None:
    job_id = one_rip(client)
    ok(client.post("/api/discs/ejected", json={"agent_id": "pc", "drive": "D:"}))
    ok(client.post("/api/agents/pc/unregister"))
    job = job_of(client, job_id)
    assert (job["status"], job["error"]) == ("failed", GONE)
