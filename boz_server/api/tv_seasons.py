"""Seasons over all their discs."""

from boz_server.api.blueprint import BozBlueprint
from boz_server.api.context import services
from boz_server.database.models import TVSeason
from boz_server.schemas.tv_season import TVSeasonSchema

blueprint = BozBlueprint(
    "tv-seasons", __name__, url_prefix="/api/tv-seasons", description="Seasons"
)


@blueprint.get("/<path:season_id>")
@blueprint.response(200, TVSeasonSchema)
def season(season_id: str) -> TVSeason:
    """Show a season with its episodes."""
    return services().seasons.get(season_id)
