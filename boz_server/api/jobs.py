"""Jobs are entered, approved, given away, reported on and cancelled."""

from dataclasses import asdict
from typing import Any

from boz_server.api.blueprint import BozBlueprint, Listed, listed, page_request
from boz_server.api.context import context, services
from boz_server.api.requests import IDEMPOTENCY_PARAMETER, idempotent
from boz_server.database.models import Job
from boz_server.domain.queue.job_states import JobReport
from boz_server.domain.queue.presets import PRESETS
from boz_server.schemas.common import PageArgs
from boz_server.schemas.job import (
    ApproveJobSchema,
    AssignJobArgs,
    CreateJobSchema,
    JobApprovedSchema,
    JobAssignedSchema,
    JobCancelledSchema,
    JobEventSchema,
    JobListArgs,
    JobPrioritySchema,
    JobReportSchema,
    JobSchema,
    JobStatsSchema,
    PresetListSchema,
)
from boz_server.services.queue import reports
from boz_server.services.queue.enqueue import NewJob

blueprint = BozBlueprint("jobs", __name__, url_prefix="/api/jobs", description="Jobs")


@blueprint.post("")
@blueprint.arguments(CreateJobSchema)
@blueprint.doc(parameters=[IDEMPOTENCY_PARAMETER])
@idempotent
@blueprint.response(200, JobSchema)
def create(new: NewJob) -> Job:
    """Enter a job; agents do so for each title they have ripped."""
    return services().queue.enqueue(new)


@blueprint.get("")
@blueprint.arguments(JobListArgs, location="query")
@blueprint.response(200, JobSchema(many=True))
def jobs(args: dict[str, Any]) -> Listed:
    """List jobs, newest first."""
    return listed(services().queue.newest(page_request(args), args["status"]))


@blueprint.get("/pending")
@blueprint.arguments(PageArgs, location="query")
@blueprint.response(200, JobSchema(many=True))
def pending(args: dict[str, Any]) -> Listed:
    """List the jobs that no machine has yet, most urgent first."""
    return listed(services().queue.waiting(page_request(args)))


@blueprint.get("/awaiting-approval")
@blueprint.arguments(PageArgs, location="query")
@blueprint.response(200, JobSchema(many=True))
def awaiting_approval(args: dict[str, Any]) -> Listed:
    """List the transcode jobs that wait for a person."""
    return listed(services().queue.awaiting_approval(page_request(args)))


@blueprint.get("/upload-errors")
@blueprint.arguments(PageArgs, location="query")
@blueprint.response(200, JobSchema(many=True))
def upload_errors(args: dict[str, Any]) -> Listed:
    """List the jobs whose result could not be uploaded."""
    return listed(services().queue.upload_errors(page_request(args)))


@blueprint.get("/stats")
@blueprint.response(200, JobStatsSchema)
def stats() -> dict[str, int]:
    """Count the jobs by status and type."""
    return services().queue.stats()


@blueprint.get("/presets")
@blueprint.response(200, PresetListSchema)
def presets() -> dict[str, Any]:
    """List the HandBrake presets to choose from."""
    return {"presets": PRESETS}


@blueprint.get("/<job_id>")
@blueprint.response(200, JobSchema)
def job(job_id: str) -> Job:
    """Show a job; agents poll this to learn of a cancellation."""
    return services().queue.get(job_id)


@blueprint.patch("/<job_id>")
@blueprint.arguments(JobReportSchema)
@blueprint.response(200, JobSchema)
def report(report: JobReport, job_id: str) -> Job:
    """Report on a job; agents do so every 2 seconds while it runs."""
    return reports.take(context(), job_id, report)


@blueprint.post("/<job_id>/assign")
@blueprint.arguments(AssignJobArgs, location="query")
@blueprint.response(200, JobAssignedSchema)
def assign(args: dict[str, str], job_id: str) -> dict[str, str]:
    """Give a job to an agent."""
    services().queue.assign(job_id, args["agent_id"])
    return {"job_id": job_id, "agent_id": args["agent_id"]}


@blueprint.post("/<job_id>/cancel")
@blueprint.response(200, JobCancelledSchema)
def cancel(job_id: str) -> dict[str, str]:
    """End a job that is not over yet."""
    services().queue.cancel(job_id)
    return {"job_id": job_id}


@blueprint.post("/<job_id>/approve")
@blueprint.arguments(ApproveJobSchema)
@blueprint.response(200, JobApprovedSchema)
def approve(body: dict[str, Any], job_id: str) -> dict[str, str]:
    """Approve a transcode job for a worker."""
    return asdict(services().queue.approve(job_id, **body))


@blueprint.post("/<job_id>/retry")
@blueprint.response(200, JobSchema)
def retry(job_id: str) -> Job:
    """Try a job again that failed, or whose result could not be uploaded."""
    return services().queue.retry(job_id)


@blueprint.post("/<job_id>/priority")
@blueprint.arguments(JobPrioritySchema)
@blueprint.response(200, JobSchema)
def set_priority(body: dict[str, int], job_id: str) -> Job:
    """Set how urgent a job is, higher first."""
    return services().queue.set_priority(job_id, body["priority"])


@blueprint.post("/<job_id>/bump")
@blueprint.response(200, JobSchema)
def bump(job_id: str) -> Job:
    """Put a job before all others that wait."""
    return services().queue.bump(job_id)


@blueprint.get("/<job_id>/events")
@blueprint.arguments(PageArgs, location="query")
@blueprint.response(200, JobEventSchema(many=True))
def events(args: dict[str, Any], job_id: str) -> Listed:
    """Tell what became of a job, oldest first."""
    return listed(services().queue.history(job_id, page_request(args)))
