"""How endpoints read JSON, and how they answer with a page of a list."""

from typing import Any
from urllib.parse import urlencode

import flask
import orjson
from flask_smorest import Blueprint
from webargs import core
from webargs.flaskparser import FlaskParser, is_json_request
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge

from boz_server.api.context import context
from boz_server.repositories.paging import Page, PageRequest

#: A list's items and the headers that go with them.
Listed = tuple[list[Any], dict[str, str]]


class StrictJsonParser(FlaskParser):
    """Reads bodies with orjson, which refuses NaN, lone surrogates and deep nesting."""

    def load_json(self, req: flask.Request, schema: Any) -> Any:
        body = req.get_data(cache=True)
        if len(body) > context().settings.max_json_bytes:
            raise RequestEntityTooLarge
        if not body or not is_json_request(req):
            return core.missing
        try:
            return orjson.loads(body)
        except orjson.JSONDecodeError as error:
            # Webargs itself would take a body that is not UTF-8 for a missing one.
            raise BadRequest from error


class BozBlueprint(Blueprint):
    """A group of endpoints that read JSON strictly."""

    ARGUMENTS_PARSER = StrictJsonParser()

    def arguments(self, schema: Any, **options: Any) -> Any:
        """Read a request by a schema: built once, where webargs would build it for each request."""
        return super().arguments(schema() if isinstance(schema, type) else schema, **options)


def page_request(args: dict[str, Any]) -> PageRequest:
    """Return the page that the query string asks for."""
    return PageRequest(limit=args["limit"], cursor=args["cursor"])


def listed(page: Page[Any]) -> Listed:
    """Return a page's items as a bare array, and a Link header if there are more.

    X-Total-Count is sent only when everything fits on one page: counting all rows would cost more
    with every job that was ever done.
    """
    if page.next_cursor is None:
        whole = "cursor" not in flask.request.args
        return page.items, {"X-Total-Count": str(len(page.items))} if whole else {}
    query = flask.request.args.to_dict() | {"cursor": page.next_cursor}
    address = f"{flask.request.base_url}?{urlencode(query)}"
    return page.items, {"Link": f'<{address}>; rel="next"'}
