"""The status, test and scan of media servers."""

from typing import Any

from boz_server.api.blueprint import BozBlueprint
from boz_server.api.context import context
from boz_server.schemas.media_server import (
    MediaLibrariesSchema,
    MediaServerReportSchema,
    MediaServerStatusSchema,
    ScanArgs,
    ScanStartedSchema,
)
from boz_server.services.notifications import media_servers
from boz_server.services.notifications.media_servers import ServerReport, ServerStatus

blueprint = BozBlueprint("media_servers", __name__, url_prefix="/api", description="Media servers")


@blueprint.get("/files/plex/status")
@blueprint.response(200, MediaServerStatusSchema)
def plex_status() -> ServerStatus:
    """Say whether Plex is enabled and can be used."""
    return media_servers.status(context(), "plex")


@blueprint.get("/files/plex/libraries")
@blueprint.response(200, MediaLibrariesSchema)
def plex_libraries() -> dict[str, Any]:
    """List the sections of Plex, which it calls libraries."""
    return {"libraries": media_servers.sections(context(), "plex")}


@blueprint.post("/files/plex/scan/<media_type>")
@blueprint.arguments(ScanArgs, location="query")
@blueprint.response(200, ScanStartedSchema)
def scan_plex(args: dict[str, Any], media_type: str) -> dict[str, Any]:
    """Have Plex scan the library of films (movie) or shows (tv), or one folder of it."""
    media_servers.scan_plex(context(), media_type, args["path"])
    return {"media_type": media_type, "path": args["path"]}


@blueprint.post("/media-servers/<server>/test")
@blueprint.response(200, MediaServerReportSchema)
def test(server: str) -> ServerReport:
    """Test the settings for plex, jellyfin or emby, and say what is wrong with them."""
    return media_servers.check(context(), server)
