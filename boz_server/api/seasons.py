"""Seasons: one over all its discs, and the list of what is missing from each."""

from typing import Any

from boz_server.api.blueprint import BozBlueprint, Listed, listed, page_request
from boz_server.api.context import context
from boz_server.database.models import TVSeason
from boz_server.schemas.season import SeasonArgs, SeasonSchema, TVSeasonSchema
from boz_server.services.collection import overview
from boz_server.services.seasons import tracker

tv_seasons = BozBlueprint(
    "tv-seasons", __name__, url_prefix="/api/tv-seasons", description="Seasons"
)
blueprint = BozBlueprint("seasons", __name__, url_prefix="/api/seasons", description="Seasons")


@tv_seasons.get("/<path:season_id>")
@tv_seasons.response(200, TVSeasonSchema)
def season(season_id: str) -> TVSeason:
    """Show a season with its episodes."""
    return tracker.get(context(), season_id)


@blueprint.get("")
@blueprint.arguments(SeasonArgs, location="query")
@blueprint.response(200, SeasonSchema(many=True))
def seasons(args: dict[str, Any]) -> Listed:
    """List seasons with the episodes that were seen, and those that are missing."""
    return listed(overview.page(context(), page_request(args), args["show"]))
