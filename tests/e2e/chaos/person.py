"""A person at the dashboard, who approves, orders, cancels and retries."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from uuid import UUID

from tests.e2e.chaos.agent import NVENC, SimulatedAgent
from tests.e2e.chaos.attempt import Job
from tests.e2e.chaos.client import Client
from tests.e2e.chaos.ledger import Act
from tests.e2e.chaos.remote_worker import QSV, RemoteWorker
from tests.e2e.chaos.stage import Participant, Stage

#: Answers to a person who acts on a job that has changed.
REFUSALS = (HTTPStatus.BAD_REQUEST, HTTPStatus.CONFLICT)
OPEN = ("pending", "queued", "assigned", "running")


class Person(Participant):
    """Someone at the dashboard."""

    def __init__(
        self,
        stage: Stage,
        name: str,
        seed: int,
        *,
        agents: list[SimulatedAgent],
        workers: list[RemoteWorker],
    ) -> None:
        super().__init__(stage, name, seed)
        self.client = Client(stage)
        self.agents = agents
        self.workers = workers

    def leave(self) -> None:
        self.client.close()

    def act(self, kind: str, job: Job, **said: str) -> None:
        """Act on a job, which may have changed since it was read."""
        answer = self.client.ask("POST", f"/api/jobs/{job['job_id']}/{kind}", said or None)
        assert answer.ok or answer.status in REFUSALS, answer
        self.stage.ledger.acts.append(Act(kind, self.name, job["job_id"], said, answer))

    def order(self, disc: dict[str, Any], *refusals: HTTPStatus) -> None:
        """Have a disc ripped; with a key where its agent has keys."""
        body = {"title_indices": [1, 0]} if self.chance(0.2) else None
        key = self.key() if self.agent(disc["agent_id"]).keys else None
        answer = self.client.ask("POST", f"/api/discs/{disc['disc_id']}/rip", body, key)
        assert answer.ok or answer.status in refusals, answer
        if answer.ok:
            self.stage.ledger.ordered += answer.body["job_ids"]

    def agent(self, agent_id: str) -> SimulatedAgent:
        """The agent that has, or had, an id."""
        return next(agent for agent in self.agents if agent_id in agent.ids)

    def key(self) -> str:
        """An Idempotency-Key for a new request."""
        return str(UUID(int=self.random.getrandbits(128)))


class Owner(Person):
    """Approves names and transcodes, orders rips, and retries what failed."""

    def turn(self) -> None:
        closing = self.stage.closing.is_set()
        discs = self.client.get("/api/discs?limit=100")
        owners = {disc["disc_id"]: disc["agent_id"] for disc in discs}
        for disc in discs:
            self._decide_on(disc)
        workers = self.client.get("/api/workers")
        registered = {worker["worker_id"] for worker in workers}
        for job in self.client.get("/api/jobs/awaiting-approval"):
            if not self.trouble(0.3):
                self._approve(job, owners.get(job["disc_id"]), registered)
        for worker in workers:
            if worker["paused_at"] is not None:
                self.client.must("POST", f"/api/workers/{worker['worker_id']}/enable")
        for job in self.client.get("/api/jobs/upload-errors"):
            if job["scheduled_at"] is not None and not self.trouble(0.7):
                self.act("retry", job)
        self.idle = closing

    def _decide_on(self, disc: dict[str, Any]) -> None:
        """Approve the names of a disc, and order its rips once."""
        if disc["status"] != "detected":
            return
        path = f"/api/discs/{disc['disc_id']}"
        if disc["preview_status"] == "pending":
            # The disc may have dropped out of its drive since it was read.
            answer = self.client.ask("POST", f"{path}/preview/approve")
            assert answer.ok or answer.status in REFUSALS, answer
        self.order(disc, *REFUSALS)

    def _approve(self, job: Job, agent_id: str | None, registered: set[str]) -> None:
        """Approve a transcode for the worker of its agent, else for a remote one, once that is
        registered: the first jobs may come before the last worker."""
        worker_id, preset = self.random.choice(self.workers).name, QSV
        if agent_id is not None:
            worker_id, preset = self.agent(agent_id).worker_id, NVENC
        if worker_id in registered:
            self.act("approve", job, worker_id=worker_id, preset=preset)


class Meddler(Person):
    """Enters, cancels and retries jobs, and orders rips again, at random."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.entered = 0
        self.given_up: set[str] = set()
        self.habits: list[Callable[[], None]] = [
            self._enter_job_of_no_agent,
            self._enter_job_of_no_agent,
            self._cancel_one,
            self._retry_one,
            self._order_again,
        ]

    def turn(self) -> None:
        self.idle = self.stage.closing.is_set()
        if not self.idle and self.chance(0.7):
            self.random.choice(self.habits)()

    def _order_again(self) -> None:
        discs = self.client.get("/api/discs?limit=10")
        if discs:
            self.order(self.random.choice(discs), *REFUSALS)

    def _enter_job_of_no_agent(self) -> None:
        self.entered += 1
        keyed = self.chance(0.5)
        body = {
            "job_type": "transcode",
            "input_file": f"/mnt/share/{self.entered}.mkv",
            "output_name": f"Loose {self.entered}",
            "requires_approval": self.chance(0.3),
            "preset": QSV if self.chance(0.7) else None,
            "priority": self.random.randint(-2, 2),
        }
        answer = self.client.ask("POST", "/api/jobs", body, self.key() if keyed else None)
        assert answer.ok, answer
        said = {**body, "of_rip": None, "keyed": keyed}
        self.stage.ledger.acts.append(Act("create", self.name, answer.body["job_id"], said, answer))

    def _cancel_one(self) -> None:
        jobs = [job for job in self.client.get("/api/jobs?limit=60") if job["status"] in OPEN]
        if jobs:
            self.act("cancel", self.random.choice(jobs))

    def _retry_one(self) -> None:
        """Try a failed job again, or give it up for good."""
        jobs = [
            job
            for job in self.client.get("/api/jobs?status=failed&limit=60")
            if job["job_id"] not in self.given_up
        ]
        if jobs:
            job = self.random.choice(jobs)
            if self.chance(0.3):
                self.given_up.add(job["job_id"])
            else:
                self.act("retry", job)
