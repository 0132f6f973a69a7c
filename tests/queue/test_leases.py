"""Leases: a machine keeps its jobs while it shows itself; restarts put them in doubt."""

from collections.abc import Callable
from typing import NamedTuple

import pytest
from werkzeug.test import TestResponse

from boz_server.services.queue import dispatcher, leases
from boz_server.services.wiring import Services
from tests.client import Client, ok
from tests.support import FakeClock, assert_problem, restart

Sign = Callable[[Client, str], TestResponse]


def progress(client: Client, job_id: str) -> TestResponse:
    return client.report(job_id, "running", progress=50)


#: What renews the leases of an agent and of the worker on its machine.
SIGNS: dict[str, Sign] = {
    "agent's heartbeat": lambda client, _: client.post("/api/agents/pc/heartbeat"),
    "agent's poll": lambda client, _: client.get("/api/agents/pc/jobs"),
    "worker's heartbeat": lambda client, _: client.post("/api/workers/gpu/heartbeat", json={}),
    "worker's poll": lambda client, _: client.post("/api/workers/gpu/jobs/poll", json={}),
    "progress": progress,
}
#: What renews those of a worker without an agent.
FARM_SIGNS: dict[str, Sign] = {
    "heartbeat": lambda client, _: client.post("/api/workers/farm/heartbeat", json={}),
    "poll": lambda client, _: client.post("/api/workers/farm/jobs/poll", json={}),
    "progress": progress,
}


class Life(NamedTuple):
    """A worker, the seconds that its leases go for, and how it shows itself."""

    worker_id: str
    term: int
    sign: Sign


LIVES = {
    **{name: Life("gpu", 120, sign) for name, sign in SIGNS.items()},
    **{f"farm's {name}": Life("farm", 90, sign) for name, sign in FARM_SIGNS.items()},
}


def given_job(client: Client, clock: FakeClock, worker_id: str = "gpu") -> str:
    # Later than the last heartbeat: the machine counts as offline when the lease runs out.
    clock.advance(1)
    return client.approved_job(worker_id)


def running_job(client: Client, clock: FakeClock, worker_id: str = "gpu") -> str:
    job_id = given_job(client, clock, worker_id)
    ok(client.report(job_id, "running", progress=10))
    return job_id


def assert_kept(client: Client, services: Services, job_id: str) -> None:
    assert leases.rescue(services.context) == 0
    assert client.job(job_id)["attempt"] == 1


def assert_rescued(client: Client, services: Services, job_id: str) -> None:
    assert leases.rescue(services.context) == 1
    assert client.job(job_id)["status"] == "queued"


@pytest.fixture(autouse=True)
def machines(client):
    client.register_agent()
    client.register_worker()
    client.register_worker("farm", agent_id=None)


@pytest.mark.parametrize("life", LIVES.values(), ids=LIVES)
def test_it_keeps_a_job_as_long_as_its_machine_shows_itself(client, services, clock, life):
    job_id = running_job(client, clock, life.worker_id)
    for _ in range(9):
        clock.advance(30)
        ok(life.sign(client, job_id))
        assert_kept(client, services, job_id)
    clock.advance(life.term + 1)
    assert_rescued(client, services, job_id)


@pytest.mark.parametrize("life", LIVES.values(), ids=LIVES)
def test_it_gives_a_full_term_at_a_sign_in_the_last_moment(client, services, clock, life):
    job_id = given_job(client, clock, life.worker_id)
    clock.advance(life.term - 0.5)
    ok(life.sign(client, job_id))
    clock.advance(life.term - 0.5)
    assert_kept(client, services, job_id)


@pytest.mark.parametrize("state", ["assigned", "running"])
@pytest.mark.parametrize("term", [120, 90])
def test_it_rescues_a_job_at_the_end_of_its_machines_term(client, services, clock, term, state):
    job_id = given_job(client, clock, "gpu" if term == 120 else "farm")
    ok(client.report(job_id, state))
    clock.advance(term - 0.001)
    assert_kept(client, services, job_id)
    clock.advance(0.001)
    assert_rescued(client, services, job_id)


@pytest.mark.parametrize(("worker_id", "term"), [("gpu", 60), ("farm", 45)])
def test_it_takes_the_terms_from_the_settings(app, client, clock, worker_id, term):
    services = restart(app, agent_timeout_seconds=60, worker_timeout_seconds=45)
    job_id = given_job(client, clock, worker_id)
    clock.advance(term - 0.001)
    assert_kept(client, services, job_id)
    clock.advance(0.001)
    assert_rescued(client, services, job_id)


@pytest.mark.parametrize(
    ("worker_id", "terms"), [("gpu", (120, 30)), ("farm", (40, 3600)), ("farm", (3600, 40))]
)
def test_it_renews_leases_in_time_however_much_the_terms_differ(
    app, client, clock, worker_id, terms
):
    services = restart(app, agent_timeout_seconds=terms[0], worker_timeout_seconds=terms[1])
    job_id = running_job(client, clock, worker_id)
    for _ in range(30):
        clock.advance(30)
        assert_kept(client, services, job_id)
        ok(client.post("/api/agents/pc/heartbeat"))
        ok(client.post(f"/api/workers/{worker_id}/heartbeat", json={}))


def test_it_does_not_renew_the_leases_of_others(client, services, clock):
    client.register_agent("den")
    job_id = running_job(client, clock)
    for _ in range(4):
        clock.advance(30)
        client.post("/api/agents/den/heartbeat")
        client.post("/api/workers/farm/heartbeat", json={})
        client.get("/api/agents/den/jobs")
    assert_rescued(client, services, job_id)


def test_it_does_not_renew_a_lease_by_what_is_refused(client, services, clock):
    job_id = given_job(client, clock)
    token = client.lease_token(job_id)
    ok(client.report(job_id, "running", lease_token=token))
    clock.advance(119)
    for lease in (None, "0" * 32):
        assert_problem(client.report(job_id, "running", progress=99, lease_token=lease), 409)
    clock.advance(1)
    assert_rescued(client, services, job_id)


@pytest.mark.parametrize("last_heartbeat", [0, 30, 60, 90])
def test_it_gives_a_rescued_job_to_no_machine_that_is_lost(client, services, clock, last_heartbeat):
    job_id = client.approved_job()
    for _ in range(last_heartbeat // 30):
        clock.advance(30)
        client.post("/api/agents/pc/heartbeat")
        client.post("/api/workers/gpu/heartbeat", json={})
    while not leases.rescue(services.context):
        clock.advance(5)
    for _ in range(60):
        assert (client.job(job_id)["status"], client.job(job_id)["attempt"]) == (
            "queued", 1
        )  # fmt: skip
        clock.advance(5)
        dispatcher.dispatch_now(services.context)


#: Signs of life that don't say what a machine works on.
QUIET_SIGNS: dict[str, Callable[[Client], TestResponse]] = {
    "agent's heartbeat": lambda client: client.post("/api/agents/pc/heartbeat"),
    "agent's poll": lambda client: client.get("/api/agents/pc/jobs"),
    "worker's heartbeat": lambda client: client.post("/api/workers/gpu/heartbeat", json={}),
    "worker's poll": lambda client: client.post("/api/workers/gpu/jobs/poll", json={}),
}
#: How a machine says that it has started.
STARTS: dict[str, Callable[[Client], object]] = {
    "agent": Client.register_agent,
    "worker": Client.register_worker,
}


def state_of(client: Client, job_id: str) -> tuple[str, int]:
    job = client.job(job_id)
    return job["status"], job["attempt"]


@pytest.mark.parametrize("start", STARTS)
def test_it_takes_what_a_machine_ran_before_it_started_anew_for_lost_after_20_seconds(
    client, services, clock, start
):
    job_id = client.running_job()
    clock.advance(60)
    STARTS[start](client)
    clock.advance(19.999)
    assert leases.rescue(services.context) == 0
    clock.advance(0.001)
    assert leases.rescue(services.context) == 1
    # The machine is there, and can begin once more at once.
    assert state_of(client, job_id) == ("assigned", 2)
    assert client.job(job_id)["progress"] == 0


@pytest.mark.parametrize("sign", QUIET_SIGNS)
def test_it_does_not_believe_heartbeats_where_it_doubts(client, services, clock, sign):
    job_id = client.running_job()
    client.register_agent()
    for _ in range(4):
        ok(QUIET_SIGNS[sign](client))
        clock.advance(5)
    assert leases.rescue(services.context) == 1
    assert state_of(client, job_id) == ("assigned", 2)


@pytest.mark.parametrize("status", ["running", "assigned"])
@pytest.mark.parametrize("token", [False, True])
def test_it_believes_a_report(client, services, clock, status, token):
    job_id = client.running_job()
    lease = client.lease_token(job_id) if token else None
    client.register_agent()
    clock.advance(19)
    ok(client.report(job_id, status, lease_token=lease))
    for _ in range(12):
        clock.advance(30)
        assert leases.rescue(services.context) == 0
        ok(client.post("/api/agents/pc/heartbeat"))
    assert state_of(client, job_id) == (status, 1)


def test_it_doubts_no_longer_for_a_machine_that_starts_again_and_again(client, services, clock):
    job_id = client.running_job()
    for _ in range(2):
        client.register_agent()
        client.register_worker()
        clock.advance(10)
    assert leases.rescue(services.context) == 1
    assert state_of(client, job_id) == ("assigned", 2)


def test_it_takes_an_end_that_is_reported_in_time(client, services, clock):
    job_id = client.running_job()
    client.register_agent()
    clock.advance(19)
    ok(client.report(job_id, "completed"))
    clock.advance(200)
    assert leases.rescue(services.context) == 0
    assert state_of(client, job_id) == ("completed", 1)


def test_it_leaves_a_machine_that_starts_what_it_has_not_begun(client, services, clock):
    job_id = client.approved_job()
    client.register_agent()
    client.register_worker()
    for _ in range(6):
        clock.advance(30)
        ok(client.post("/api/agents/pc/heartbeat"))
        assert leases.rescue(services.context) == 0
    assert state_of(client, job_id) == ("assigned", 1)


def test_it_doubts_only_the_jobs_of_the_machine_that_started(client, services, clock):
    client.register_agent("den")
    client.register_worker("cpu", agent_id="den")
    job_id = client.running_job()
    client.register_agent("den")
    client.register_worker("cpu", agent_id="den")
    clock.advance(60)
    assert leases.rescue(services.context) == 0
    assert state_of(client, job_id) == ("running", 1)


def test_it_counts_a_job_lost_by_a_restart_as_a_failure(app, client, clock):
    services = restart(app, max_attempts=1)
    job_id = client.running_job()
    client.register_agent()
    clock.advance(20)
    leases.rescue(services.context)
    assert state_of(client, job_id) == ("failed", 1)


def test_it_doubts_no_new_attempt(client, services, clock):
    job_id = client.running_job()
    client.register_agent()
    clock.advance(20)
    assert leases.rescue(services.context) == 1
    for _ in range(6):
        ok(client.post("/api/agents/pc/heartbeat"))
        clock.advance(30)
        assert leases.rescue(services.context) == 0
    assert state_of(client, job_id) == ("assigned", 2)


@pytest.mark.parametrize("begun", [False, True])
def test_it_releases_the_jobs_of_an_agent_that_signs_off(client, begun):
    job_id = client.running_job() if begun else client.approved_job()
    client.sign_off()
    job = client.job(job_id)
    assert (job["status"], job["attempt"], job["progress"]) == ("queued", 1, 0)
    assert (job["assigned_agent_id"], job["assigned_worker_id"]) == (None, None)
    agent = client.agent()
    assert (agent["status"], agent["current_job_id"]) == ("offline", None)
    assert client.worker()["current_jobs"] == []
    event = client.history(job_id)[-1]
    assert (event["actor"], event["attempt"], event["detail"]) == (
        "agent:pc", 1, "The agent signed off."
    )  # fmt: skip


def test_it_gives_the_jobs_back_to_an_agent_that_comes_again(client):
    job_id = client.running_job()
    client.sign_off()
    client.register_agent()
    client.register_worker()
    assert state_of(client, job_id) == ("assigned", 2)
    assert client.job(job_id)["assigned_agent_id"] == "pc"


def test_it_gives_rips_back_to_an_agent_that_shows_itself_again(client):
    _, (job_id, *_) = client.ordered_rips()
    client.sign_off()
    assert "offline" in client.job(job_id)["waiting_reason"]
    ok(client.post("/api/agents/pc/heartbeat"))
    assert state_of(client, job_id) == ("assigned", 2)


def test_it_counts_no_failure_when_an_agent_signs_off(app, client, clock):
    services = restart(app, max_attempts=2)
    job_id = client.running_job()
    for attempt in range(2, 6):
        client.sign_off()
        assert client.job(job_id)["scheduled_at"] is None
        client.register_agent()
        client.register_worker()
        assert state_of(client, job_id) == ("assigned", attempt)
    clock.advance(121)
    leases.rescue(services.context)
    assert state_of(client, job_id) == ("queued", 5)


def test_it_gives_nothing_to_an_agent_that_has_signed_off(client, services, clock):
    client.sign_off()
    job_id = client.approved_job()
    for _ in range(30):
        clock.advance(5)
        dispatcher.dispatch_now(services.context)
        assert state_of(client, job_id) == ("queued", 0)
