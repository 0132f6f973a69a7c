"""The collection: every disc that was ever put in."""

from typing import Any

from boz_server.api.blueprint import BozBlueprint, Listed, listed, page_request
from boz_server.api.context import context
from boz_server.schemas.collection import LibraryArgs, LibraryDiscSchema
from boz_server.services.collection import search

blueprint = BozBlueprint(
    "library", __name__, url_prefix="/api/library", description="The collection"
)


@blueprint.get("")
@blueprint.arguments(LibraryArgs, location="query")
@blueprint.response(200, LibraryDiscSchema(many=True))
def library(args: dict[str, Any]) -> Listed:
    """Search the discs, including the archive."""
    asked = {name: args[name] for name in ("search", "media_type", "show", "sort")}
    return listed(search.page(context(), page_request(args), **asked))
