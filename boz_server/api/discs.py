"""Discs are reported, reviewed, ripped and ejected; and the thumbnails of discs and jobs."""

from io import BytesIO
from typing import Any

from flask import Response, send_file

from boz_server.api.blueprint import BozBlueprint, Listed, listed, page_request
from boz_server.api.context import context, services
from boz_server.api.requests import IDEMPOTENCY_PARAMETER, idempotent, idempotent_after
from boz_server.database.models import Disc, TVSeason
from boz_server.domain.identification.identity import Identity, MediaType
from boz_server.errors import Refused
from boz_server.schemas.common import PageArgs
from boz_server.schemas.disc import (
    ApprovePreviewSchema,
    DiscSchema,
    EjectedAnswerSchema,
    EjectedSchema,
    IdentifySchema,
    OverrideMediaTypeSchema,
    ReportedDiscSchema,
    RipOrderedSchema,
    RipProgressSchema,
    RipSchema,
    UpdateSeasonSchema,
)
from boz_server.schemas.season import TVSeasonSchema
from boz_server.schemas.thumbnail import ThumbnailCountSchema, ThumbnailsDeletedSchema
from boz_server.services.discs import corrections, detection, review, rip_requests
from boz_server.services.discs import thumbnails as thumbnail_files
from boz_server.services.discs.detection import LookedUp, ReportedDisc
from boz_server.services.discs.review import TitleEdit
from boz_server.services.discs.rip_requests import RipProgress
from boz_server.services.seasons import tracker

blueprint = BozBlueprint("discs", __name__, url_prefix="/api/discs", description="Discs")
thumbnails = BozBlueprint(
    "thumbnails", __name__, url_prefix="/api/thumbnails", description="Thumbnails"
)

THUMBNAIL_CACHE_SECONDS = 3600


def look_up(report: ReportedDisc) -> LookedUp:
    """Ask the providers about a disc, before the transaction that enters it."""
    return detection.look_up(context(), services().metadata, report)


@blueprint.post("/detected")
@blueprint.arguments(ReportedDiscSchema)
@blueprint.doc(parameters=[IDEMPOTENCY_PARAMETER])
@idempotent_after(look_up)
@blueprint.response(200, DiscSchema)
def detected(disc: LookedUp) -> Disc:
    """Enter the disc in a drive, with proposed names."""
    return detection.enter(context(), disc)


@blueprint.post("/ejected")
@blueprint.arguments(EjectedSchema)
@blueprint.response(200, EjectedAnswerSchema)
def ejected(body: dict[str, str]) -> dict[str, str]:
    """Close the disc in a drive; its rips wait for it to come back."""
    disc_id = detection.ejected(context(), **body)
    return {"disc_id": disc_id} if disc_id else {"message": "No disc found for that drive"}


@blueprint.get("")
@blueprint.arguments(PageArgs, location="query")
@blueprint.response(200, DiscSchema(many=True))
def discs(args: dict[str, Any]) -> Listed:
    """List discs, the latest detected first."""
    return listed(detection.page(context(), page_request(args)))


@blueprint.get("/<disc_id>")
@blueprint.response(200, DiscSchema)
def disc(disc_id: str) -> Disc:
    """Show a disc with its titles."""
    return detection.get(context(), disc_id)


@blueprint.post("/<disc_id>/preview/approve")
@blueprint.arguments(ApprovePreviewSchema, required=False)
@blueprint.response(200, DiscSchema)
def approve(edits: dict[int, TitleEdit], disc_id: str) -> Disc:
    """Accept the proposed names, with edits."""
    return review.approve(context(), disc_id, edits)


@blueprint.post("/<disc_id>/preview/reject")
@blueprint.response(200, DiscSchema)
def reject(disc_id: str) -> Disc:
    """Reject the proposed names."""
    return review.reject(context(), disc_id)


@blueprint.post("/<disc_id>/preview/update-season")
@blueprint.arguments(UpdateSeasonSchema)
@blueprint.response(200, DiscSchema)
def update_season(body: dict[str, Any], disc_id: str) -> Disc:
    """Number and name a TV disc anew."""
    return corrections.update_season(context(), services().metadata, disc_id, **body)


@blueprint.post("/<disc_id>/preview/override-media-type")
@blueprint.arguments(OverrideMediaTypeSchema)
@blueprint.response(200, DiscSchema)
def override_media_type(body: dict[str, Any], disc_id: str) -> Disc:
    """Say what a disc is."""
    return corrections.override_media_type(context(), services().metadata, disc_id, _identity(body))


@blueprint.post("/<disc_id>/identify")
@blueprint.arguments(IdentifySchema)
@blueprint.response(200, DiscSchema)
def identify(body: dict[str, str], disc_id: str) -> Disc:
    """Choose the show or film that a disc is, at any stage before the rip."""
    return corrections.identify(context(), services().metadata, disc_id, **body)


@blueprint.post("/<disc_id>/rip")
@blueprint.arguments(RipSchema, required=False)
@blueprint.doc(parameters=[IDEMPOTENCY_PARAMETER])
@idempotent
@blueprint.response(200, RipOrderedSchema)
def rip(body: dict[str, Any], disc_id: str) -> dict[str, Any]:
    """Have titles ripped: the named ones, else the selected, else the main feature."""
    order = rip_requests.order(context(), disc_id, body["title_indices"])
    if order.created:
        return {"jobs_created": len(order.job_ids), "job_ids": order.job_ids}
    message = "These titles have rip jobs already"
    return {"jobs_created": 0, "job_ids": order.job_ids, "message": message}


@blueprint.get("/<disc_id>/rip-status")
@blueprint.response(200, RipProgressSchema)
def rip_status(disc_id: str) -> RipProgress:
    """Say how far a disc's rips are; its agent ejects it when none is left to do."""
    return rip_requests.progress(context(), disc_id)


@blueprint.get("/tv-seasons/<path:season_id>")
@blueprint.response(200, TVSeasonSchema)
def season(season_id: str) -> TVSeason:
    """Show a season with its episodes."""
    return tracker.get(context(), season_id)


def _identity(body: dict[str, Any]) -> Identity:
    """Return what a person says a disc is; a film may have no name."""
    if body["media_type"] is MediaType.TV_SHOW:
        if not (body["show_name"] or "").strip():
            raise Refused("A TV disc needs show_name: send the show's name along.")
        return Identity(
            MediaType.TV_SHOW,
            body["show_name"].strip(),
            season_number=body["season_number"],
            starting_episode=body["starting_episode"],
        )
    name = (body["movie_title"] or "").strip()
    return Identity(MediaType.MOVIE, name, year=body["movie_year"])


@thumbnails.get("/<owner_id>/<file_name>")
@thumbnails.response(200, {"type": "string", "format": "binary"}, content_type="image/jpeg")
def thumbnail(owner_id: str, file_name: str) -> Response:
    """Show a thumbnail of a disc or job."""
    jpeg = thumbnail_files.store_of(context()).read(owner_id, file_name)
    return send_file(BytesIO(jpeg), mimetype="image/jpeg", max_age=THUMBNAIL_CACHE_SECONDS)


@thumbnails.get("/<owner_id>")
@thumbnails.response(200, ThumbnailCountSchema)
def thumbnail_count(owner_id: str) -> dict[str, Any]:
    """Count the thumbnails of a disc or job."""
    count = thumbnail_files.store_of(context()).count(owner_id)
    return {"disc_id": owner_id, "thumbnail_count": count}


@thumbnails.delete("/<owner_id>")
@thumbnails.response(200, ThumbnailsDeletedSchema)
def delete_thumbnails(owner_id: str) -> dict[str, Any]:
    """Drop the thumbnails of a disc or job."""
    return {"disc_id": owner_id, "deleted": thumbnail_files.drop(context(), owner_id)}
