"""Leases: a machine keeps its jobs by any sign of life, and no longer."""

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
    for _ in range(12):
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


def test_it_does_not_let_onlookers_keep_the_jobs_of_an_agent_that_is_gone(client, services, clock):
    job_id = running_job(client, clock)
    rescued_after = None
    for second in range(0, 3600, 30):
        clock.advance(30)
        client.get("/api/agents/pc/jobs")
        if leases.rescue(services.context):
            rescued_after = second
            break
    assert rescued_after is not None
    # Polls alone count for ten terms after the last heartbeat, and the last of them for a term.
    assert 10 * 120 <= rescued_after <= 11 * 120
    assert client.job(job_id)["status"] == "queued"


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
