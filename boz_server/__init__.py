"""The Boz Ripper server: turns shelves of discs into a clean library."""

from typing import Any

import orjson
from flask import Flask
from flask.json.provider import JSONProvider

from boz_server import api, dashboard
from boz_server.api.context import EXTENSION
from boz_server.cli import register_commands
from boz_server.clock import Clock
from boz_server.database.connection import Database
from boz_server.services.wiring import build_services
from boz_server.settings import Settings
from boz_server.version import VERSION


class OrjsonProvider(JSONProvider):
    """JSON by orjson: faster, and strict about what JSON is."""

    def dumps(self, obj: Any, **_: Any) -> str:
        return orjson.dumps(obj).decode()

    def loads(self, s: str | bytes, **_: Any) -> Any:
        return orjson.loads(s)


class BozFlask(Flask):
    """Flask with our JSON."""

    json_provider_class = OrjsonProvider


def create_app(settings: Settings | None = None, clock: Clock | None = None) -> Flask:
    """Build the application; reads the environment unless settings are given.

    Opens nothing: `start.prepare` has made folders and database ready. Raises SettingsError.
    """
    settings = settings or Settings.from_env()
    app = BozFlask(__name__)
    # A season's id may contain two slashes in a row: they don't mean the same as one.
    app.url_map.merge_slashes = False
    app.config.update(
        API_TITLE="Boz Ripper Server",
        API_VERSION=VERSION,
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX="/api",
        OPENAPI_JSON_PATH="openapi.json",
        API_SPEC_OPTIONS=api.requests.KEY_DESCRIPTION,
    )
    database = Database.from_settings(settings)
    app.extensions[EXTENSION] = build_services(settings, database, clock or Clock())
    api.register(app)
    app.register_blueprint(dashboard.blueprint)
    register_commands(app)
    return app
