"""A simple page for people who open the server in a browser."""

from flask import Blueprint, render_template

from boz_server.api.context import context, services
from boz_server.disk import shortage
from boz_server.domain.identification.identity import as_json
from boz_server.repositories.paging import PageRequest
from boz_server.services.discs import detection
from boz_server.version import VERSION

blueprint = Blueprint("dashboard", __name__, template_folder="templates")

#: The page shows the latest 20 discs and jobs.
SHOWN = PageRequest(limit=20)


@blueprint.get("/dashboard")
def overview() -> str:
    """Show agents, workers, the latest discs with their names, and the latest jobs."""
    return render_template(
        "overview.html",
        version=VERSION,
        agents=services().agents.page(SHOWN).items,
        workers=services().workers.page(SHOWN).items,
        discs=detection.page(context(), SHOWN).items,
        jobs=services().queue.newest(SHOWN).items,
        stats=services().queue.stats(),
        identification=as_json,
        shortage=shortage(context().settings),
    )
