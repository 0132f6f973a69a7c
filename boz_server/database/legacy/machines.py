"""Agents, workers, and commands for an agent's VLC, as the old database had them."""

from datetime import datetime

from boz_server.database.legacy.row import LegacyRow
from boz_server.database.legacy.tables import Row, Tables
from boz_server.domain.machines.capabilities import AGENT_DEFAULTS, WORKER_DEFAULTS, filled_in
from boz_server.domain.machines.presence import AgentStatus, WorkerStatus, WorkerType
from boz_server.domain.machines.vlc_states import VLCCommandStatus
from boz_server.domain.queue.job_states import HELD, JobStatus

AGENT_ID, WORKER_ID = 100, 100
#: A priority other than this one was chosen by someone.
USUAL_PRIORITY = 50
UNKNOWN_AGENT = "unknown"


def adopt_agents(tables: Tables) -> None:
    """Make our agents; what they work on follows from the jobs (`settle_machines`)."""
    for row in tables.read("agents"):
        agent_id = tables.new_id(row, "agent_id", tables.agents, AGENT_ID)
        if agent_id is not None:
            heard, known_since = _presence(row, tables.now)
            status = row.state("status", AgentStatus, AgentStatus.OFFLINE)
            tables.agents[agent_id] = {
                "agent_id": agent_id,
                "name": row.words("name", agent_id),
                # Without a time it would count as heard from just now.
                "status": status if heard else AgentStatus.OFFLINE,
                "capabilities": _capabilities(row, AGENT_DEFAULTS),
                # What it says, to be compared with the jobs.
                "current_job_id": row.id("current_job_id"),
                "last_heartbeat": heard or known_since,
                "registered_at": known_since,
            }


def adopt_workers(tables: Tables) -> None:
    """Make our workers, and the agents that only they name."""
    for row in tables.read("workers"):
        worker_id = tables.new_id(row, "worker_id", tables.workers, WORKER_ID)
        if worker_id is not None:
            tables.workers[worker_id] = _worker(tables, row, worker_id)


def _worker(tables: Tables, row: LegacyRow, worker_id: str) -> Row:
    heard, known_since = _presence(row, tables.now)
    agent_id = row.id("agent_id", AGENT_ID)
    if agent_id is not None:
        tables.ensure_agent(agent_id, heard or known_since, "workers")
    kind = WorkerType.REMOTE if agent_id is None else WorkerType.AGENT
    status = row.state("status", WorkerStatus, WorkerStatus.OFFLINE)
    priority = row.count("priority", USUAL_PRIORITY, 1, 99)
    return {
        "worker_id": worker_id,
        "worker_type": row.state("worker_type", WorkerType, kind),
        "hostname": row.words("hostname", worker_id),
        "agent": agent_id,
        "capabilities": _capabilities(row, WORKER_DEFAULTS),
        "priority": priority,
        "priority_set_by_operator": priority != USUAL_PRIORITY,
        "enabled": row.flag("enabled", default=True),
        "status": status if heard else WorkerStatus.OFFLINE,
        # What it says, to find out which jobs it has; see `settle_machines`.
        "current_jobs": [str(job_id) for job_id in row.listing("current_jobs")],
        "last_heartbeat": heard or known_since,
        "registered_at": known_since,
        "total_jobs_completed": row.count("total_jobs_completed"),
        "avg_transcode_time_seconds": row.measure("avg_transcode_time_seconds", 0, 1e12),
        "cpu_usage": row.fraction("cpu_usage", 0, 100),
        "gpu_usage": row.fraction("gpu_usage", 0, 100),
    }


def _capabilities(row: LegacyRow, defaults: Row) -> Row:
    """What a machine can do; the services count on all known keys."""
    said = row.mapping("capabilities")
    whole = filled_in(said, defaults)
    if any(whole[key] != value for key, value in said.items()):
        row.repair("capabilities: what makes no sense set to the default")
    return whole


def _presence(row: LegacyRow, now: datetime) -> tuple[datetime | None, datetime]:
    """When a machine was last heard from, None where that can't be read, and since when it is
    known. Nothing was heard from the future: such a machine would never count as offline."""
    heard = row.instant("last_heartbeat")
    if heard is not None and heard > now:
        row.repair("last_heartbeat: in the future, set to now")
        heard = now
    return heard, row.time("registered_at", heard, now)


def settle_machines(tables: Tables) -> None:
    """Set what agents and workers have from the jobs, which are the truth."""
    held = [job for job in tables.jobs.values() if job["status"] in HELD]
    held.sort(key=lambda job: (job["started_at"] or job["assigned_at"], job["job_id"]))
    for worker_id, worker in tables.workers.items():
        own = [job["job_id"] for job in held if job["assigned_worker"] == worker_id]
        if sorted(own) != sorted(worker["current_jobs"]):
            tables.report.repair("workers", "current_jobs: set from the jobs")
        worker["current_jobs"] = own
    for agent_id, agent in tables.agents.items():
        running = (
            job["job_id"]
            for job in held
            if job["assigned_agent_id"] == agent_id and job["status"] == JobStatus.RUNNING
        )
        current = next(running, None)
        if current != agent["current_job_id"]:
            tables.report.repair("agents", "current_job_id: set from the jobs")
        agent["current_job_id"] = current
        if agent["status"] != AgentStatus.OFFLINE:
            agent["status"] = AgentStatus.BUSY if current else AgentStatus.ONLINE


def adopt_vlc_commands(tables: Tables) -> None:
    """Make our commands for VLC; agents that are gone stay named in them."""
    for row in tables.read("vlc_commands"):
        command_id = tables.new_id(row, "command_id", tables.vlc_commands)
        if command_id is not None:
            sent_at, completed_at = row.instant("sent_at"), row.instant("completed_at")
            tables.vlc_commands[command_id] = {
                "command_id": command_id,
                "agent_id": row.id("agent_id", AGENT_ID) or UNKNOWN_AGENT,
                "file_path": row.words("file_path", ""),
                "fullscreen": row.flag("fullscreen", default=True),
                "status": row.state("status", VLCCommandStatus, VLCCommandStatus.FAILED),
                "error": row.text("error"),
                "created_at": row.time("created_at", sent_at, completed_at, tables.now),
                "sent_at": sent_at,
                "completed_at": completed_at,
            }
