"""The collection: every disc that was ever put in."""

from typing import Any

from boz_server.api.blueprint import BozBlueprint, Listed, listed, page_request
from boz_server.api.context import services
from boz_server.schemas.collection import LibraryArgs, LibraryDiscSchema

blueprint = BozBlueprint(
    "library", __name__, url_prefix="/api/library", description="The collection"
)


@blueprint.get("")
@blueprint.arguments(LibraryArgs, location="query")
@blueprint.response(200, LibraryDiscSchema(many=True))
def library(args: dict[str, Any]) -> Listed:
    """Search the discs, those in the archive included."""
    asked = {name: args[name] for name in ("search", "media_type", "show", "sort")}
    return listed(services().disc_library.page(page_request(args), **asked))
