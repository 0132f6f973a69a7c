"""Workers register, send heartbeats and take jobs; operators configure them."""

from typing import Any

from boz_server.api.blueprint import BozBlueprint, Listed, listed, page_request
from boz_server.api.context import context, services
from boz_server.database.models import Job, Worker
from boz_server.domain.machines.presence import WorkerHeartbeat
from boz_server.domain.queue.presets import preset_for
from boz_server.schemas import addresses
from boz_server.schemas.common import MessageSchema, PageArgs, StatusSchema
from boz_server.schemas.worker import (
    AssignWorkerSchema,
    ClaimedJobsSchema,
    EnabledSchema,
    HeartbeatAnswerSchema,
    PollJobsSchema,
    PrioritySchema,
    RegisterWorkerSchema,
    WorkerAssignmentSchema,
    WorkerHeartbeatSchema,
    WorkerJobDoneSchema,
    WorkerSchema,
    WorkerStatsSchema,
)
from boz_server.services.machines.worker_manager import WorkerStats
from boz_server.services.queue import remote_inputs, reports

blueprint = BozBlueprint("workers", __name__, url_prefix="/api/workers", description="Workers")


@blueprint.post("/register")
@blueprint.arguments(RegisterWorkerSchema)
@blueprint.response(200, WorkerSchema)
def register(body: dict[str, Any]) -> Worker:
    """Register a worker, or refresh its registration."""
    return services().workers.register(**body)


@blueprint.post("/<worker_id>/heartbeat")
@blueprint.arguments(WorkerHeartbeatSchema, required=False)
@blueprint.response(200, HeartbeatAnswerSchema)
def heartbeat(body: dict[str, Any], worker_id: str) -> dict[str, Any]:
    """Keep a worker online."""
    return {
        "acknowledged": True,
        "server_time": services().workers.heartbeat(worker_id, WorkerHeartbeat(**body)),
        "cancelled_jobs": services().workers.cancelled_jobs(worker_id),
    }


@blueprint.get("")
@blueprint.arguments(PageArgs, location="query")
@blueprint.response(200, WorkerSchema(many=True))
def workers(args: dict[str, Any]) -> Listed:
    """List workers by id."""
    return listed(services().workers.page(page_request(args)))


@blueprint.get("/available")
@blueprint.response(200, WorkerSchema(many=True))
def available() -> list[Worker]:
    """List the workers that can take a job now, preferred ones first."""
    return services().workers.available()


@blueprint.get("/stats")
@blueprint.response(200, WorkerStatsSchema)
def stats() -> WorkerStats:
    """Count the workers by their status now."""
    return services().workers.stats()


@blueprint.post("/assign")
@blueprint.arguments(AssignWorkerSchema)
@blueprint.response(200, WorkerAssignmentSchema)
def assign(body: dict[str, Any]) -> dict[str, Any]:
    """Choose the worker that transcodes a file on an agent's machine."""
    transport = remote_inputs.assign(context(), body["agent_id"], body["job_id"])
    worker, job_id = services().workers.get(transport.worker_id), transport.job_id
    return {
        "assigned_worker": worker.worker_id,
        "worker_type": worker.worker_type,
        "mode": "local" if job_id is None else "upload_raw",
        "handbrake_preset": preset_for(
            body["disc_type"],
            worker.capabilities,
            services().context.settings.default_transcode_preset,
        ),
        "job_id": job_id,
        "upload_url": None if job_id is None else addresses.for_input(job_id),
        "download_url": None if job_id is None else addresses.fetch(job_id),
    }


@blueprint.get("/<worker_id>")
@blueprint.response(200, WorkerSchema)
def worker(worker_id: str) -> Worker:
    """Show a worker."""
    return services().workers.get(worker_id)


@blueprint.delete("/<worker_id>")
@blueprint.response(200, MessageSchema)
def unregister(worker_id: str) -> dict[str, str]:
    """Delete a worker."""
    services().workers.unregister(worker_id)
    return {"message": "Worker unregistered"}


@blueprint.post("/<worker_id>/update-priority")
@blueprint.arguments(PrioritySchema)
@blueprint.response(200, PrioritySchema)
def update_priority(body: dict[str, int], worker_id: str) -> dict[str, int]:
    """Set an operator's priority: 1–99, lower is preferred."""
    services().workers.set_priority(worker_id, body["priority"])
    return body


@blueprint.post("/<worker_id>/enable")
@blueprint.response(200, EnabledSchema)
def enable(worker_id: str) -> dict[str, bool]:
    """Allow a worker new jobs."""
    services().workers.set_enabled(worker_id, enabled=True)
    return {"enabled": True}


@blueprint.post("/<worker_id>/disable")
@blueprint.response(200, EnabledSchema)
def disable(worker_id: str) -> dict[str, bool]:
    """Refuse a worker new jobs; the jobs that it has go on."""
    services().workers.set_enabled(worker_id, enabled=False)
    return {"enabled": False}


@blueprint.post("/<worker_id>/jobs/poll")
@blueprint.arguments(PollJobsSchema, required=False)
@blueprint.response(200, ClaimedJobsSchema)
def poll_jobs(body: dict[str, int], worker_id: str) -> dict[str, list[Job]]:
    """Claim work as a remote worker."""
    return {"jobs": services().workers.poll(worker_id, body["max_jobs"])}


@blueprint.post("/<worker_id>/jobs/complete")
@blueprint.arguments(WorkerJobDoneSchema)
@blueprint.response(200, StatusSchema)
def complete_job(body: dict[str, Any], worker_id: str) -> dict[str, str]:
    """Report that a job is completed or failed."""
    reports.complete_by_worker(context(), worker_id, body["job_id"], body["report"])
    return {}
