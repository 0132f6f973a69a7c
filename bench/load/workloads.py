"""The requests that are measured: what machines send all day, and what people look at."""

import itertools
import json
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bench.load.history import AGENTS
from bench.load.server import Server

Requests = Iterator[bytes]

JOBS_AN_AGENT = 2
DISCS_A_SEASON = 4
POLL_SECONDS = 5.0
HEARTBEAT_SECONDS = 30.0
BEGAN_AT = time.monotonic()
#: Spreads requests; guards nothing.
CHANCE = random.Random(1)  # noqa: S311


@dataclass(frozen=True)
class Workload:
    """A kind of request. wanted: its least rate, as a part of the bare view's.

    is_steady: whether its p99 must stay within 8 times its p50.
    """

    requests: Callable[[list[str]], Requests]
    wanted: float
    is_steady: bool = False


def request(method: str, path: str, body: Any = None) -> bytes:
    """Return an HTTP request with a JSON body, unless it is None."""
    data = b"" if body is None else json.dumps(body).encode()
    lines = [f"{method} {path} HTTP/1.1", "Host: bench", "Accept: application/json"]
    if method != "GET":
        lines.append(f"Content-Length: {len(data)}")
    if data:
        lines.append("Content-Type: application/json")
    return "\r\n".join([*lines, "", ""]).encode() + data


def bare() -> Requests:
    """Requests to the bare view."""
    return itertools.repeat(request("POST", "/"))


def heartbeats(_: list[str]) -> Requests:
    return itertools.cycle([request("POST", f"/api/agents/{agent}/heartbeat") for agent in AGENTS])


def polls(_: list[str]) -> Requests:
    return itertools.cycle([request("GET", f"/api/agents/{agent}/jobs") for agent in AGENTS])


def progress(held: list[str]) -> Requests:
    for job_id in itertools.cycle(held):
        # It never falls: a job that reports less than before may have begun anew.
        percent = min(99.9, 1 + (time.monotonic() - BEGAN_AT) / 60)
        body = {"status": "running", "progress": percent}
        yield request("PATCH", f"/api/jobs/{job_id}", body)


def creations(_: list[str]) -> Requests:
    return (request("POST", "/api/jobs", job(f"New {name}")) for name in _unique_numbers())


def discs(_: list[str]) -> Requests:
    for number in _unique_numbers():
        yield request("POST", "/api/discs/detected", disc(number))


def mixed(held: list[str]) -> Requests:
    parts = [heartbeats(held), polls(held), progress(held), stats(held)]
    while True:
        yield next(CHANCE.choices(parts, (40, 40, 15, 5))[0])


def stats(_: list[str]) -> Requests:
    return itertools.repeat(request("GET", "/api/jobs/stats"))


def awaiting(_: list[str]) -> Requests:
    return itertools.repeat(request("GET", "/api/jobs/awaiting-approval?limit=100"))


def lists(_: list[str]) -> Requests:
    return itertools.repeat(request("GET", "/api/jobs?limit=1000"))


#: In the order of a round: what adds rows comes last.
WORKLOADS = {
    "heartbeat": Workload(heartbeats, 0.45, is_steady=True),
    "poll": Workload(polls, 0.35),
    "progress": Workload(progress, 0.32, is_steady=True),
    "mixed": Workload(mixed, 0.38, is_steady=True),
    "stats": Workload(stats, 0.45),
    "awaiting": Workload(awaiting, 0.20),
    "list": Workload(lists, 0.06),
    "create": Workload(creations, 0.30, is_steady=True),
    "disc": Workload(discs, 0.075),
}


def agent_day(agent: str) -> Iterator[tuple[float, bytes]]:
    """When an agent polls and sends heartbeats, from a random moment on."""
    poll = request("GET", f"/api/agents/{agent}/jobs")
    heartbeat = request("POST", f"/api/agents/{agent}/heartbeat")
    polled, beat = CHANCE.uniform(0, POLL_SECONDS), CHANCE.uniform(0, HEARTBEAT_SECONDS)
    while True:
        if polled <= beat:
            yield polled, poll
            polled += POLL_SECONDS
        else:
            yield beat, heartbeat
            beat += HEARTBEAT_SECONDS


def hold_jobs(server: Server, agents: Sequence[str]) -> list[str]:
    """Let each agent have two jobs that run; returns the ids of all."""
    held = []
    for agent in agents:
        register(server, agent)
        worker = {"worker_id": agent, "worker_type": "agent", "hostname": agent, "agent_id": agent}
        server.call("POST", "/api/workers/register", worker)
        for number in range(JOBS_AN_AGENT):
            name = f"Held by {agent} {number}"
            job_id = server.call("POST", "/api/jobs", job(name))["job_id"]
            approval = {"worker_id": agent, "preset": "Fast 1080p30"}
            server.call("POST", f"/api/jobs/{job_id}/approve", approval)
            server.call("PATCH", f"/api/jobs/{job_id}", {"status": "running", "progress": 1.0})
            held.append(job_id)
        found = server.call("GET", f"/api/agents/{agent}/jobs")["jobs"]
        if len(found) != JOBS_AN_AGENT:
            raise SystemExit(f"Agent {agent} has {len(found)} jobs instead of {JOBS_AN_AGENT}.")
    return held


def register(server: Server, agent: str) -> None:
    """Register an agent, or let it return."""
    body = {"agent_id": agent, "name": agent, "capabilities": {"can_transcode": True}}
    server.call("POST", "/api/agents/register", body)


def job(name: str) -> dict[str, Any]:
    """A transcode that needs approval, as agents enter it after a rip."""
    return {
        "job_type": "transcode",
        "input_file": f"/data/temp/{name}.mkv",
        "output_name": name,
        "preset": "Fast 1080p30",
        "requires_approval": True,
        "source_disc_name": "BENCH_DISC",
        "input_file_size": 7_516_192_768,
    }


def disc(number: int) -> dict[str, Any]:
    """A disc with eight episodes and four extras, one of four of its season, in an empty drive."""
    season, place = divmod(number, DISCS_A_SEASON)
    return {
        "agent_id": AGENTS[number % len(AGENTS)],
        "drive": f"/dev/sr{number}",
        "disc_name": f"BENCH_{season}_S01_D{place + 1}",
        "disc_type": "DVD disc",
        "titles": [
            {
                "index": index,
                "name": f"Title {index + 1}",
                "chapters": 8,
                "duration_seconds": 2580 + 7 * index if index < 8 else 120 + 30 * index,  # noqa: PLR2004
                "size_bytes": 1_400_000_000 + index,
            }
            for index in range(12)
        ],
    }


def _unique_numbers() -> Iterator[int]:
    """Numbers that no earlier round has used."""
    return itertools.count(time.time_ns() // 100_000)
