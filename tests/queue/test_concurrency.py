"""Machines, people and the server at the same moment: no one gets stuck, nothing breaks."""

import os
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask import Flask

from boz_server.domain.queue.job_states import JobType
from boz_server.services.queue import leases, repair
from boz_server.services.wiring import Services
from tests.client import Client, titles
from tests.queue.queue_invariants import QueueState, check, most_held
from tests.support import FakeClock, at_once, restart

#: Thousands of requests: what they run, the tests of each behaviour run and measure.
AGENTS, WORKERS = ("pc", "den"), ("gpu", "cpu", "far")
LABELS = ("FIREFLY_S01_D1", "FIREFLY_S01_D2")
#: What each does in a row, while the others do theirs; and how often in `make chaos`.
TURNS = 15
ROUNDS = int(os.environ.get("CHAOS_ROUNDS", "1"))


@dataclass
class Crowd:
    """Everyone at once: each of them a thread with its own dice."""

    app: Flask
    services: Services
    clock: FakeClock
    seed: int
    answers: list[str] = field(default_factory=list)

    def at_once(self, *actors: Callable[["Actor"], None]) -> None:
        """Let each take its turns; fails when one was told that the database is busy, or worse."""
        at_once(*[Actor(self, number, act).take_turns for number, act in enumerate(actors)])
        assert [answer for answer in self.answers if answer >= "500"] == []
        self.check()

    def check(self) -> None:
        state = QueueState.read(self.services)
        check(state, self.services.context.settings)
        most = most_held(state)
        assert most[JobType.RIP] <= self.services.context.settings.max_concurrent_rips
        assert most[JobType.TRANSCODE] <= self.services.context.settings.max_concurrent_transcodes
        assert not any(repair.run(self.services.context).values())


class Actor:
    """One of them."""

    def __init__(self, crowd: Crowd, number: int, act: Callable[["Actor"], None]) -> None:
        self.crowd, self.act = crowd, act
        self.services, self.clock = crowd.services, crowd.clock
        self.dice = random.Random(crowd.seed * 100 + number)  # noqa: S311
        self.client: Client = crowd.app.test_client()

    def take_turns(self) -> None:
        for _ in range(TURNS):
            self.act(self)

    def post(self, address: str, **body: Any) -> Any:
        return self._send("POST", address, body or None)

    def get(self, address: str) -> Any:
        return self._send("GET", address)

    def patch(self, address: str, **body: Any) -> Any:
        return self._send("PATCH", address, body)

    def any_of(self, things: Sequence[Any]) -> Any:
        return self.dice.choice(things) if things else None

    def _send(self, method: str, address: str, body: Any = None) -> Any:
        response = self.client.open(f"/api/{address}", method=method, json=body)
        answer = f"{response.status_code} {method} {address}"
        self.crowd.answers.append(answer if response.status_code < 500 else answer + response.text)
        return response.json


def agent(actor: Actor) -> None:
    """Fetches its jobs, works on them, ends some, and says that it is there."""
    name = actor.any_of(AGENTS)
    jobs = actor.get(f"agents/{name}/jobs").get("jobs", [])
    for job in jobs:
        status = actor.any_of(["running", "running", "running", "completed", "failed", "assigned"])
        said = {"progress": actor.dice.randrange(100), "lease_token": job["lease_token"]}
        if status in ("completed", "failed"):
            file = f"/rips/{job['job_id']}.mkv"
            said |= {"progress": 100, "output_file": file, "error": actor.any_of([None, "upload"])}
        actor.patch(f"jobs/{job['job_id']}", status=status, **said)
    actor.post(f"agents/{name}/heartbeat")
    actor.post(f"workers/{actor.any_of(WORKERS)}/heartbeat")


def poller(actor: Actor) -> None:
    """Asks for work by itself, and does it."""
    for job in actor.post("workers/far/jobs/poll", max_jobs=2).get("jobs", []):
        known = {"job_id": job["job_id"], "lease_token": job["lease_token"]}
        actor.patch(f"jobs/{job['job_id']}", status="running", lease_token=job["lease_token"])
        actor.post("workers/far/jobs/complete", **known, success=actor.any_of([True, False]))


def comer_and_goer(actor: Actor) -> None:
    """Starts machines anew, and has them sign off."""
    name, worker = actor.any_of(AGENTS), actor.any_of(WORKERS)
    actor.post(f"agents/{name}/unregister")
    actor.post("agents/register", agent_id=name, name=name)
    actor.post(f"workers/{worker}/{actor.any_of(['enable', 'enable', 'disable'])}")
    own = {"gpu": "pc", "cpu": "den"}.get(worker)
    actor.post("workers/register", worker_id=worker, hostname=worker, agent_id=own)


def person(actor: Actor) -> None:
    """Approves, cancels, tries again and puts first."""
    waiting = actor.get("jobs/awaiting-approval")
    if waiting:
        chosen = {"worker_id": actor.any_of(WORKERS), "preset": "Fast 1080p30"}
        actor.post(f"jobs/{actor.any_of(waiting)['job_id']}/approve", **chosen)
    job = actor.any_of(actor.get("jobs?limit=20"))
    actor.post(f"jobs/{job['job_id']}/{actor.any_of(['cancel', 'retry', 'bump'])}")
    queued = actor.any_of(actor.get("jobs?status=queued&limit=20"))
    if queued:
        actor.post(f"jobs/{queued['job_id']}/assign?agent_id={actor.any_of(AGENTS)}")


def enterer(actor: Actor) -> None:
    """Enters files to transcode."""
    approval = actor.any_of([True, False])
    actor.post("jobs", job_type="transcode", requires_approval=approval)


def drives(actor: Actor) -> None:
    """Reports discs, again and again, and ejects some."""
    place = {"agent_id": actor.any_of(AGENTS), "drive": "D:"}
    disc = {"disc_name": actor.any_of(LABELS), "disc_type": "DVD", "titles": titles(43, 42.5, 44)}
    actor.post("discs/detected", **place, **disc)
    if not actor.dice.randrange(4):
        actor.post("discs/ejected", **place)


def reviewer(actor: Actor) -> None:
    """Decides on discs, and has them ripped."""
    disc = actor.any_of(actor.get("discs?limit=4"))
    if disc:
        address = f"discs/{disc['disc_id']}"
        actor.post(f"{address}/preview/update-season", season_number=1)
        actor.post(f"{address}/preview/approve")
        actor.post(f"{address}/rip")


def server(actor: Actor) -> None:
    """Lets time pass, mostly on, in leaps as when no server ran, and looks after the queue."""
    actor.clock.advance(actor.any_of([1, 5, 30, 70, -30]))
    try:
        actor.services.maintenance.tick()
        leases.rescue(actor.services.context)
        leases.retry_due(actor.services.context)
        repair.run(actor.services.context)
    finally:
        actor.services.context.database.release()


@pytest.fixture
def crowd(app, client, clock, request) -> Any:
    """Two agents with a worker each, a worker by itself, and work for all."""
    services = restart(app, max_concurrent_rips=2, max_concurrent_transcodes=3)
    for name, worker in zip((*AGENTS, None), WORKERS, strict=True):
        if name is not None:
            client.register_agent(name)
        client.register_worker(worker, name)
    return Crowd(app, services, clock, seed=0)


def test_it_serves_everyone_at_once(crowd, client):
    client.queued_job()
    for round_ in range(ROUNDS):
        crowd.seed = round_
        crowd.at_once(
            agent, agent, poller, comer_and_goer, person, enterer, drives, reviewer, server
        )
    kinds = {answer.split("/")[0] for answer in crowd.answers if answer < "300"}
    assert kinds >= {"200 PATCH jobs", "200 POST jobs", "200 POST discs", "200 POST workers"}


def test_it_gives_leases_anew_while_machines_come_and_go(crowd, client):
    """As at each start of a server, when everyone comes back at once."""
    for worker in WORKERS:
        client.approved_job(worker)
    for name, label in zip(AGENTS, LABELS, strict=True):
        client.ordered_rips(agent_id=name, label=label)
    crowd.at_once(server, comer_and_goer, comer_and_goer, agent, agent)


def test_it_decides_on_discs_while_they_are_reported_again(crowd):
    crowd.at_once(drives, drives, reviewer, reviewer)
