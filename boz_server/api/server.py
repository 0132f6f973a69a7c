"""The server itself: its version, health and maintenance."""

from typing import Any

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from boz_server import disk
from boz_server.api.blueprint import BozBlueprint
from boz_server.api.context import context, services
from boz_server.database.migrations import Migrations
from boz_server.schemas.common import StatusSchema
from boz_server.schemas.server import BannerSchema, HealthSchema, MaintenanceSchema, ReadySchema
from boz_server.services.maintenance import backups, warnings
from boz_server.version import VERSION

blueprint = BozBlueprint("server", __name__, description="The server itself")


@blueprint.get("/")
@blueprint.response(200, BannerSchema)
def banner() -> ResponseReturnValue | dict[str, Any]:
    """Say which server this is; browsers are redirected to the dashboard."""
    if request.accept_mimetypes.best_match(["application/json", "text/html"]) == "text/html":
        return redirect(url_for("dashboard.overview"))
    return {"name": "Boz Ripper Server", "version": VERSION, "status": "running"}


@blueprint.get("/health")
@blueprint.response(200, HealthSchema)
def health() -> dict[str, Any]:
    """Summarise agents, workers, queue and library share."""
    return {
        "status": "healthy",
        "version": VERSION,
        "agents": services().agents.count(),
        "workers": services().workers.stats(),
        "queue": services().queue.stats(),
        "nas": services().organizer.share.describe(),
        "storage": _storage(),
    }


@blueprint.get("/livez")
@blueprint.response(200, StatusSchema)
def livez() -> dict[str, Any]:
    """Say that this process answers; does not use the database."""
    return {}


@blueprint.get("/readyz")
@blueprint.response(200, ReadySchema)
@blueprint.alt_response(503, description="The database can't be used; the detail says why.")
def readyz() -> dict[str, Any]:
    """Say whether requests can be served: the database answers and has our schema.

    A disk that is filling up is only a warning, because files can still be read and fetched; so
    are jobs that stand still.
    """
    Migrations(context().database).require_current()
    found = warnings.current(context())
    return {
        "storage": _storage(),
        "backup": _backup(),
        "warnings": [warning.detail for warning in found],
        "warning_details": found,
    }


@blueprint.get("/api/system/maintenance")
@blueprint.response(200, MaintenanceSchema)
def maintenance() -> dict[str, Any]:
    """Show what the server does by itself: when each step last ran, how long, and its error."""
    holder, steps = services().maintenance.status()
    return {"holder": holder, "steps": steps}


def _storage() -> dict[str, Any]:
    """Return the free space on the disks that files arrive on."""
    settings = context().settings
    return {
        "free_bytes": disk.free_bytes(settings.output_dir),
        "min_free_bytes": settings.min_free_bytes,
        "warning": disk.shortage(settings),
    }


def _backup() -> dict[str, Any]:
    """Return the time and age of the latest backup."""
    taken_at = backups.latest_at(context())
    if taken_at is None:
        return {"taken_at": None, "age_seconds": None}
    age = context().clock.now() - taken_at
    return {"taken_at": taken_at, "age_seconds": age.total_seconds()}
