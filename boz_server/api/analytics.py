"""Statistics: what was done, by whom, how fast, and what it saved."""

from typing import Any

from boz_server.api.blueprint import BozBlueprint
from boz_server.api.context import context
from boz_server.schemas.analytics import (
    DaysArgs,
    JobAnalyticsArgs,
    JobAnalyticsSchema,
    StorageAnalyticsSchema,
    WorkerAnalyticsSchema,
)
from boz_server.services.statistics import report

blueprint = BozBlueprint(
    "analytics", __name__, url_prefix="/api/analytics", description="Statistics"
)


@blueprint.get("/jobs")
@blueprint.arguments(JobAnalyticsArgs, location="query")
@blueprint.response(200, JobAnalyticsSchema)
def jobs(args: dict[str, Any]) -> dict[str, Any]:
    """Add up what came of jobs, by day, week, month, type, worker or preset; of the last 30 days
    unless `from` and `to` say otherwise."""
    return report.jobs(context(), args["first"], args["last"], args["group"])


@blueprint.get("/workers")
@blueprint.arguments(DaysArgs, location="query")
@blueprint.response(200, WorkerAnalyticsSchema(many=True))
def workers(args: dict[str, Any]) -> list[dict[str, Any]]:
    """Say how much each worker did, how well and how fast; in the last 30 days unless `from` and
    `to` say otherwise."""
    return report.workers(context(), args["first"], args["last"])


@blueprint.get("/storage")
@blueprint.arguments(DaysArgs, location="query")
@blueprint.response(200, StorageAnalyticsSchema)
def storage(args: dict[str, Any]) -> dict[str, Any]:
    """Say how much smaller transcodes made their files, from the beginning unless `from` and `to`
    say otherwise."""
    return report.storage(context(), args["first"], args["last"])
