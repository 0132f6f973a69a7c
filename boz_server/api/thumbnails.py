"""Thumbnails of discs and jobs."""

from io import BytesIO
from typing import Any

from flask import Response, send_file

from boz_server.api.blueprint import BozBlueprint
from boz_server.api.context import context
from boz_server.schemas.thumbnail import ThumbnailCountSchema, ThumbnailsDeletedSchema
from boz_server.services.discs import thumbnails

blueprint = BozBlueprint(
    "thumbnails", __name__, url_prefix="/api/thumbnails", description="Thumbnails"
)

CACHE_SECONDS = 3600


@blueprint.get("/<owner_id>/<file_name>")
@blueprint.response(200, {"type": "string", "format": "binary"}, content_type="image/jpeg")
def thumbnail(owner_id: str, file_name: str) -> Response:
    """Show a thumbnail of a disc or job."""
    jpeg = thumbnails.store_of(context()).read(owner_id, file_name)
    return send_file(BytesIO(jpeg), mimetype="image/jpeg", max_age=CACHE_SECONDS)


@blueprint.get("/<owner_id>")
@blueprint.response(200, ThumbnailCountSchema)
def count(owner_id: str) -> dict[str, Any]:
    """Count the thumbnails of a disc or job."""
    return {"disc_id": owner_id, "thumbnail_count": thumbnails.store_of(context()).count(owner_id)}


@blueprint.delete("/<owner_id>")
@blueprint.response(200, ThumbnailsDeletedSchema)
def delete(owner_id: str) -> dict[str, Any]:
    """Drop the thumbnails of a disc or job."""
    return {"disc_id": owner_id, "deleted": thumbnails.drop(context(), owner_id)}
