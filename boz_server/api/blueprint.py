"""Blueprints that read JSON as strictly as a database needs it."""

from typing import Any

import flask
import orjson
from flask_smorest import Blueprint
from webargs import core
from webargs.flaskparser import FlaskParser, is_json_request
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge

from boz_server.api.context import services


class StrictJsonParser(FlaskParser):
    """Reads bodies with orjson, which refuses NaN, lone surrogates and bottomless nesting."""

    def load_json(self, req: flask.Request, schema: Any) -> Any:
        body = req.get_data(cache=True)
        if len(body) > services().context.settings.max_json_bytes:
            raise RequestEntityTooLarge
        if not body or not is_json_request(req):
            return core.missing
        try:
            return orjson.loads(body)
        except orjson.JSONDecodeError as error:
            # Not left to webargs, which takes a body that is no UTF-8 for one that is missing.
            raise BadRequest from error


class BozBlueprint(Blueprint):
    """A group of endpoints."""

    ARGUMENTS_PARSER = StrictJsonParser()
