"""The queue always has a leader: a process that dies is replaced, and a silent machine's job goes
on."""

import os
import signal
import time
from typing import Any

import requests

from tests.e2e.gunicorn_server import GunicornServer, until

#: docs/job-states.md: another process leads within this time; an impatient server's,
#: in a tenth of it.
TAKEOVER_SECONDS, TIMES = 15, 10
#: How often the steps run that must not wait.
PERIOD_SECONDS = 5
LEASE_SECONDS = 3
#: Allowance for a busy machine.
SLACK_SECONDS = 3
#: A step that has run once certainly runs again within this time.
PATIENCE_SECONDS = 4 * PERIOD_SECONDS
URGENT_STEPS = {"rescue", "retry", "dispatch"}

Job = dict[str, Any]


def holder(server: GunicornServer) -> str | None:
    found: str | None = server.get("/api/system/maintenance")["holder"]
    return found


def holding_process(server: GunicornServer) -> int:
    """The process that leads: a holder's name begins with its number."""
    return int(until(lambda: holder(server), PERIOD_SECONDS).split("-")[0])


def last_runs(server: GunicornServer) -> dict[str, str]:
    """When each step that has ever run ran last; none may have failed."""
    steps = server.get("/api/system/maintenance")["steps"]
    assert [step["error"] for step in steps] == [None] * len(steps)
    return {step["name"]: step["last_run_at"] for step in steps if step["last_run_at"]}


def wait_for_runs_since(server: GunicornServer, before: dict[str, str]) -> None:
    """Wait until each urgent step has run once more than before."""

    def all_ran() -> bool:
        now = last_runs(server)
        return all(now.get(step, "") > before.get(step, "") for step in URGENT_STEPS)

    until(all_ran, PATIENCE_SECONDS)


def test_it_hands_the_leadership_on_when_its_process_is_killed(server):
    server.made_impatient().start()
    killed = holding_process(server)
    assert killed in server.workers()
    os.kill(killed, signal.SIGKILL)
    before = last_runs(server)
    until(lambda: holding_process(server) != killed, TAKEOVER_SECONDS / TIMES + SLACK_SECONDS)
    assert holding_process(server) in server.workers()
    wait_for_runs_since(server, before)


def test_it_hands_the_leadership_on_at_once_when_it_is_stopped(server):
    server.start()
    stopped = until(lambda: holder(server), PERIOD_SECONDS)
    before = last_runs(server)
    assert server.stop() == 0
    server.start()
    # A killed leader would keep the leadership from others for twice as long.
    until(lambda: holder(server) not in (None, stopped), PERIOD_SECONDS)
    assert holding_process(server) in server.workers()
    wait_for_runs_since(server, before)


def test_it_takes_the_jobs_of_a_silent_agent_and_gives_them_back_when_it_returns(server):
    server.environment |= {
        "BOZ_AGENT_TIMEOUT_SECONDS": str(LEASE_SECONDS),
        "BOZ_WORKER_TIMEOUT_SECONDS": str(LEASE_SECONDS),
    }
    server.made_impatient().start()
    holding_process(server)
    register(server)
    jobs = [*server.ordered_rips("INCEPTION", 148), approved_transcode(server)]
    tokens = {}
    for job_id in jobs:
        given = until(lambda job_id=job_id: own_job(server, job_id), PERIOD_SECONDS)
        assert (given["status"], given["attempt"]) == ("assigned", 1)
        tokens[job_id] = given["lease_token"]
        said = {"status": "running", "progress": 40, "lease_token": given["lease_token"]}
        server.patch(f"/api/jobs/{job_id}", **said)

    silent_since = time.monotonic()
    until(
        lambda: {status(server, job_id) for job_id in jobs} == {"queued"},
        LEASE_SECONDS + PERIOD_SECONDS + SLACK_SECONDS,
    )
    assert time.monotonic() - silent_since > LEASE_SECONDS - 1
    for job_id in jobs:
        rescue = server.get(f"/api/jobs/{job_id}/events")[-1]
        assert (rescue["from_status"], rescue["to_status"]) == ("running", "queued")
        assert (rescue["actor"], rescue["attempt"]) == ("server", 1)
        assert "was not heard from in time" in rescue["detail"]

    server.post("/api/agents/pc/heartbeat")
    server.post("/api/workers/gpu/heartbeat")
    for job_id in jobs:
        goes_on(server, job_id, tokens[job_id])


def goes_on(server: GunicornServer, job_id: str, old_token: str) -> None:
    """The agent has the job again, by a new token alone, and completes it."""
    again = until(lambda: own_job(server, job_id), PERIOD_SECONDS)
    assert (again["status"], again["attempt"]) == ("assigned", 2)
    zombie = requests.patch(
        f"{server.url}/api/jobs/{job_id}",
        json={"status": "completed", "output_file": "C:\\z.mkv", "lease_token": old_token},
        timeout=30,
    )
    assert zombie.status_code == 409
    assert "taken away" in zombie.json()["detail"]
    done = server.patch(f"/api/jobs/{job_id}", status="completed", lease_token=again["lease_token"])
    assert (done["status"], done["output_file"]) == ("completed", None)


def register(server: GunicornServer) -> None:
    server.post("/api/agents/register", agent_id="pc", name="PC")
    server.post("/api/workers/register", worker_id="gpu", hostname="pc", agent_id="pc")


def approved_transcode(server: GunicornServer) -> str:
    job = server.post(
        "/api/jobs", job_type="transcode", input_file="C:\\x.mkv", requires_approval=True
    )
    server.post(f"/api/jobs/{job['job_id']}/approve", worker_id="gpu", preset="Fast 1080p30")
    return str(job["job_id"])


def own_job(server: GunicornServer, job_id: str) -> Job | None:
    """The job as its agent gets it; None before that."""
    jobs: list[Job] = server.get("/api/agents/pc/jobs")["jobs"]
    return next((job for job in jobs if job["job_id"] == job_id), None)


def status(server: GunicornServer, job_id: str) -> str:
    return str(server.get(f"/api/jobs/{job_id}")["status"])
