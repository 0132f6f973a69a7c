"""Seasons, with what is missing of them."""

from typing import Any

from boz_server.api.blueprint import BozBlueprint
from boz_server.api.context import services
from boz_server.api.paging import Listed, listed, page_request
from boz_server.schemas.season_overview import SeasonArgs, SeasonSchema

blueprint = BozBlueprint("seasons", __name__, url_prefix="/api/seasons", description="Seasons")


@blueprint.get("")
@blueprint.arguments(SeasonArgs, location="query")
@blueprint.response(200, SeasonSchema(many=True))
def seasons(args: dict[str, Any]) -> Listed:
    """List seasons with the episodes that were seen, and those that are missing."""
    return listed(services().season_overview.page(page_request(args), args["show"]))
