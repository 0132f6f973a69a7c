"""Agents, workers and VLC commands of the old database."""

from datetime import datetime

from boz_server.database.legacy.row import LegacyRow
from boz_server.database.legacy.tables import Row, Tables
from boz_server.domain.machines.capabilities import AGENT_DEFAULTS, WORKER_DEFAULTS, filled_in
from boz_server.domain.machines.presence import AgentStatus, WorkerStatus, WorkerType
from boz_server.domain.machines.vlc_states import VLCCommandStatus
from boz_server.domain.queue.job_states import HELD, JobStatus

AGENT_ID, WORKER_ID = 100, 100
#: The old default; any other priority was chosen by a person.
USUAL_PRIORITY = 50
UNKNOWN_AGENT = "unknown"


def adopt_agents(tables: Tables) -> None:
    """Make our agents; `settle_machines` sets their current jobs later."""
    for row, agent_id in tables.read_keyed("agents", "agent_id", tables.agents, AGENT_ID):
        heard, known_since = _presence(row, tables.now)
        status = row.state_or("status", AgentStatus, AgentStatus.OFFLINE)
        tables.agents[agent_id] = {
            "agent_id": agent_id,
            "name": row.text_or("name", agent_id),
            # Without a time it would look as if we had just heard from it.
            "status": status if heard else AgentStatus.OFFLINE,
            "capabilities": _capabilities(row, AGENT_DEFAULTS),
            # Its own claim; `settle_machines` compares it with the jobs.
            "current_job_id": row.id("current_job_id"),
            "last_heartbeat": heard or known_since,
            "registered_at": known_since,
        }


def adopt_workers(tables: Tables) -> None:
    """Make our workers, and the agents that only they name."""
    for row, worker_id in tables.read_keyed("workers", "worker_id", tables.workers, WORKER_ID):
        tables.workers[worker_id] = _worker(tables, row, worker_id)


def _worker(tables: Tables, row: LegacyRow, worker_id: str) -> Row:
    heard, known_since = _presence(row, tables.now)
    agent_id = row.id("agent_id", AGENT_ID)
    if agent_id is not None:
        tables.ensure_agent(agent_id, heard or known_since, "workers")
    kind = WorkerType.REMOTE if agent_id is None else WorkerType.AGENT
    status = row.state_or("status", WorkerStatus, WorkerStatus.OFFLINE)
    priority = row.whole_or("priority", USUAL_PRIORITY, 1, 99)
    return {
        "worker_id": worker_id,
        "worker_type": row.state_or("worker_type", WorkerType, kind),
        "hostname": row.text_or("hostname", worker_id),
        "agent": agent_id,
        "capabilities": _capabilities(row, WORKER_DEFAULTS),
        "priority": priority,
        "priority_set_by_operator": priority != USUAL_PRIORITY,
        "enabled": row.flag("enabled", default=True),
        "status": status if heard else WorkerStatus.OFFLINE,
        # Its own claim, which tells whose the jobs are; see `settle_machines`.
        "current_jobs": [str(job_id) for job_id in row.listing("current_jobs")],
        "last_heartbeat": heard or known_since,
        "registered_at": known_since,
        "total_jobs_completed": row.whole_or("total_jobs_completed"),
        "avg_transcode_time_seconds": row.number_or_low("avg_transcode_time_seconds", 0, 1e12),
        "cpu_usage": row.number("cpu_usage", 0, 100),
        "gpu_usage": row.number("gpu_usage", 0, 100),
    }


def _capabilities(row: LegacyRow, defaults: Row) -> Row:
    """Return a machine's capabilities with every key that the services rely on."""
    given = row.mapping("capabilities")
    whole = filled_in(given, defaults)
    if any(whole[key] != value for key, value in given.items()):
        row.repair("capabilities: what makes no sense set to the default")
    return whole


def _presence(row: LegacyRow, now: datetime) -> tuple[datetime | None, datetime]:
    """Return when a machine was last heard from (None: unknown), and since when it is known.

    A heartbeat in the future becomes now: such a machine would never count as offline.
    """
    heard = row.instant("last_heartbeat")
    if heard is not None and heard > now:
        row.repair("last_heartbeat: in the future, set to now")
        heard = now
    return heard, row.instant_or("registered_at", heard, now)


def settle_machines(tables: Tables) -> None:
    """Set what agents and workers are working on from the jobs."""
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
    """Make our VLC commands; they keep naming agents that are gone."""
    ours = tables.vlc_commands
    for row, command_id in tables.read_keyed("vlc_commands", "command_id", ours):
        sent_at, completed_at = row.instant("sent_at"), row.instant("completed_at")
        ours[command_id] = {
            "command_id": command_id,
            "agent_id": row.id("agent_id", AGENT_ID) or UNKNOWN_AGENT,
            "file_path": row.text_or("file_path", ""),
            "fullscreen": row.flag("fullscreen", default=True),
            "status": row.state_or("status", VLCCommandStatus, VLCCommandStatus.FAILED),
            "error": row.text("error"),
            "created_at": row.instant_or("created_at", sent_at, completed_at, tables.now),
            "sent_at": sent_at,
            "completed_at": completed_at,
        }
