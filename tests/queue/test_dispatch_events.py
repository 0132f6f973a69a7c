"""A job goes to a machine in the transaction of the event that makes it possible."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from boz_server.database.models import Job
from boz_server.services.queue import dispatcher, transitions
from tests.client import ok
from tests.support import FakeClock, restart, unchanged

SMALL = {"max_concurrent": 1}
Event = Callable[[], TestResponse]


class Stage:
    """Scenes in each of which a job waits, and an event lets it go to a machine."""

    def __init__(self, app: Flask, clock: FakeClock) -> None:
        self.client = app.test_client()
        self.clock = clock
        self.app = app

    def post(self, address: str, **body: Any) -> Event:
        return lambda: self.client.post(address, json=body or None)

    def _disc(self, agent_id: str, drive: str = "D:") -> str:
        self.client.register_agent(agent_id)
        disc = self.client.detect(f"{agent_id}{drive[0]}_S01_D1", agent_id=agent_id, drive=drive)
        return str(self.client.approve(disc["disc_id"])["disc_id"])

    def _rip(self, agent_id: str, drive: str = "D:") -> str:
        return self.client.rip(self._disc(agent_id, drive), title_indices=[0])[0]

    def _behind_another(self) -> tuple[str, str]:
        """A job that runs, and one that waits for the same worker."""
        self.client.register_worker(capabilities=SMALL)
        running, waiting = self.client.queued_job(priority=1), self.client.queued_job()
        ok(self.client.report(running, "running"))
        return running, waiting

    def _with_a_worker_away(self) -> str:
        self.client.register_worker()
        self.clock.advance(91)
        return self.client.queued_job()

    def _scheduled(self) -> str:
        """A job whose time has come, which no event has told."""
        job_id = self.client.queued_job()
        Job.update(scheduled_at=self.clock.now() + timedelta(seconds=9)).execute()
        self.client.register_worker()
        self.clock.advance(9)
        return job_id

    def approval(self) -> tuple[str, Event]:
        self.client.register_worker()
        job_id = self.client.create_job()["job_id"]
        return job_id, self.post(f"/api/jobs/{job_id}/approve", worker_id="gpu", preset="Any")

    def assignment(self) -> tuple[str, Event]:
        self.client.register_agent()
        job_id = self.client.queued_job()
        return job_id, self.post(f"/api/jobs/{job_id}/assign?agent_id=pc")

    def assignment_to_another(self) -> tuple[str, Event]:
        """The place that the job leaves is free for the next."""
        self.client.register_agent()
        self.client.register_worker(capabilities=SMALL)
        moved, waiting = self.client.queued_job(priority=1), self.client.queued_job()
        self.client.register_agent("den")
        return waiting, self.post(f"/api/jobs/{moved}/assign?agent_id=den")

    def completion(self) -> tuple[str, Event]:
        running, waiting = self._behind_another()
        return waiting, lambda: self.client.report(running, "completed")

    def completion_by_worker(self) -> tuple[str, Event]:
        running, waiting = self._behind_another()
        return waiting, self.post("/api/workers/gpu/jobs/complete", job_id=running)

    def failure(self) -> tuple[str, Event]:
        running, waiting = self._behind_another()
        return waiting, lambda: self.client.report(running, "failed", error="HandBrake stopped")

    def cancellation_by_agent(self) -> tuple[str, Event]:
        running, waiting = self._behind_another()
        return waiting, lambda: self.client.report(running, "cancelled")

    def cancellation(self) -> tuple[str, Event]:
        running, waiting = self._behind_another()
        return waiting, self.post(f"/api/jobs/{running}/cancel")

    def agent_registration(self) -> tuple[str, Event]:
        disc_id = self._disc("pc")
        ok(self.client.post("/api/agents/pc/unregister"))
        (job_id,) = self.client.rip(disc_id, title_indices=[0])
        return job_id, self.post("/api/agents/register", agent_id="pc", name="Pc")

    def agent_heartbeat(self) -> tuple[str, Event]:
        disc_id = self._disc("pc")
        self.clock.advance(121)
        (job_id,) = self.client.rip(disc_id, title_indices=[0])
        return job_id, self.post("/api/agents/pc/heartbeat")

    def worker_registration(self) -> tuple[str, Event]:
        body = {"worker_id": "gpu", "hostname": "gpu", "agent_id": "pc"}
        return self.client.queued_job(), self.post("/api/workers/register", **body)

    def worker_heartbeat(self) -> tuple[str, Event]:
        return self._with_a_worker_away(), self.post("/api/workers/gpu/heartbeat", status="busy")

    def worker_enabled(self) -> tuple[str, Event]:
        self.client.register_worker()
        ok(self.client.post("/api/workers/gpu/disable"))
        return self.client.queued_job(), self.post("/api/workers/gpu/enable")

    def worker_forgotten(self) -> tuple[str, Event]:
        self.client.register_worker(capabilities={"nvenc": True, "hevc": True})
        self.client.register_worker("farm", None, capabilities={"max_concurrent": 0})
        return self.client.approved_job("farm"), self._delete("farm")

    def _delete(self, worker_id: str) -> Event:
        return lambda: self.client.delete(f"/api/workers/{worker_id}")

    def agent_signs_off(self) -> tuple[str, Event]:
        restart(self.app, max_concurrent_rips=1)
        self._rip("den")
        return self._rip("pc"), self.post("/api/agents/den/unregister")

    def ejection(self) -> tuple[str, Event]:
        restart(self.app, max_concurrent_rips=1)
        self._rip("pc")
        waiting = self._rip("pc", "E:")
        return waiting, self.post("/api/discs/ejected", agent_id="pc", drive="D:")

    def another_disc(self) -> tuple[str, Event]:
        restart(self.app, max_concurrent_rips=1)
        self._rip("pc")
        return self._rip("pc", "E:"), lambda: self._detected("pc", "D:")

    def _detected(self, agent_id: str, drive: str) -> TestResponse:
        body = {"agent_id": agent_id, "drive": drive, "disc_name": "NEW", "disc_type": "DVD disc"}
        return self.client.post("/api/discs/detected", json=body | {"titles": []})

    def priority(self) -> tuple[str, Event]:
        job_id = self._scheduled()
        return job_id, self.post(f"/api/jobs/{job_id}/priority", priority=3)

    def bump(self) -> tuple[str, Event]:
        job_id = self._scheduled()
        return job_id, self.post(f"/api/jobs/{job_id}/bump")

    def retry(self) -> tuple[str, Event]:
        self.client.register_worker()
        job_id = self.client.queued_job()
        self.client.end(job_id, "failed")
        return job_id, self.post(f"/api/jobs/{job_id}/retry")


EVENTS = [name for name in vars(Stage) if not name.startswith("_") and name != "post"]


@pytest.fixture
def stage(app, clock) -> Stage:
    return Stage(app, clock)


@pytest.mark.parametrize("event", EVENTS)
def test_it_gives_a_job_away_with_the_event(client, clock, stage, event):
    job_id, happen = getattr(stage, event)()
    assert client.assigned([job_id]) == [False]
    clock.advance(1)
    ok(happen())
    job = client.job(job_id)
    assert (job["status"], job["waiting_reason"]) == ("assigned", None)
    assert job["assigned_at"] == clock.now().isoformat().replace("+00:00", "Z")


@pytest.mark.parametrize("event", EVENTS)
def test_it_undoes_the_event_when_the_job_can_not_be_given_away(app, stage, event, monkeypatch):
    _, happen = getattr(stage, event)()
    services = restart(app)

    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("the machine room is on fire")

    monkeypatch.setattr(transitions, "assign", broken)
    with unchanged(services):
        assert happen().status_code == 500


def test_it_gives_a_job_away_that_needs_no_approval(client):
    client.register_worker()
    job = client.create_job(requires_approval=False)
    assert (job["status"], job["assigned_worker_id"]) == ("assigned", "gpu")
    assert job["attempt"] == 1


def test_it_gives_a_rip_away_that_was_ordered(client, stage):
    client.register_agent()
    disc_id = client.detect().approve().id
    (job_id,) = client.rip(disc_id, title_indices=[0])
    job = client.job(job_id)
    assert (job["status"], job["assigned_agent_id"]) == ("assigned", "pc")
    assert [job["job_id"] for job in client.agent_jobs()] == [job_id]


def test_it_gives_away_what_waited_for_a_moment(client, services, clock):
    later = client.queued_job()
    Job.update(scheduled_at=clock.now() + timedelta(seconds=9)).execute()
    client.queued_job()
    client.register_worker()
    assert client.assigned([later]) == [False]
    clock.advance(8)
    assert dispatcher.dispatch_now(services.context) == 0
    clock.advance(1)
    assert dispatcher.dispatch_now(services.context) == 1
    assert client.assigned([later]) == [True]
    assert dispatcher.dispatch_now(services.context) == 0
