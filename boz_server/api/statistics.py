"""Statistics: what was done, by which worker, how fast, and what it saved."""

from typing import Any

from boz_server.api.blueprint import BozBlueprint
from boz_server.api.context import context
from boz_server.schemas.statistics import (
    DaysArgs,
    JobStatisticsArgs,
    JobStatisticsSchema,
    StorageStatisticsSchema,
    WorkerStatisticsSchema,
)
from boz_server.services.statistics import report

blueprint = BozBlueprint(
    "statistics", __name__, url_prefix="/api/analytics", description="Statistics"
)


@blueprint.get("/jobs")
@blueprint.arguments(JobStatisticsArgs, location="query")
@blueprint.response(200, JobStatisticsSchema)
def jobs(args: dict[str, Any]) -> dict[str, Any]:
    """Count the outcomes of jobs by day, week, month, type, worker or preset.

    In the last 30 days, unless `from` and `to` name others.
    """
    return report.jobs(context(), args["first"], args["last"], args["group"])


@blueprint.get("/workers")
@blueprint.arguments(DaysArgs, location="query")
@blueprint.response(200, WorkerStatisticsSchema(many=True))
def workers(args: dict[str, Any]) -> list[dict[str, Any]]:
    """Show how much each worker did, how well and how fast.

    In the last 30 days, unless `from` and `to` name others.
    """
    return report.workers(context(), args["first"], args["last"])


@blueprint.get("/storage")
@blueprint.arguments(DaysArgs, location="query")
@blueprint.response(200, StorageStatisticsSchema)
def storage(args: dict[str, Any]) -> dict[str, Any]:
    """Show how much smaller transcodes made their files.

    Since the beginning, unless `from` and `to` name days.
    """
    return report.storage(context(), args["first"], args["last"])
