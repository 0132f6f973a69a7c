"""The REST API. A view parses, makes one call to a service, and dumps the result."""

from flask import Flask
from flask_smorest import Api

from boz_server.api import (
    agents,
    collection,
    discs,
    files,
    jobs,
    media_servers,
    problems,
    requests,
    seasons,
    server,
    statistics,
    uploads,
    workers,
)

BLUEPRINTS = (
    server.blueprint,
    agents.blueprint,
    discs.blueprint,
    collection.blueprint,
    seasons.tv_seasons,
    seasons.blueprint,
    jobs.blueprint,
    workers.blueprint,
    files.blueprint,
    uploads.blueprint,
    media_servers.blueprint,
    discs.thumbnails,
    agents.vlc,
    statistics.blueprint,
)


def register(app: Flask) -> Api:
    """Add all endpoints, and what happens around each request, to the application."""
    requests.register(app)
    api = problems.ProblemApi(app)
    problems.register(app)
    for blueprint in BLUEPRINTS:
        api.register_blueprint(blueprint)
    return api
