"""What happens around every request: its id, its size, its connection to the database."""

import re
import uuid

from flask import Flask, Response, g, request
from werkzeug.exceptions import NotFound, RequestEntityTooLarge

from boz_server.api.bodies import read_to_end
from boz_server.api.context import services
from boz_server.errors import Invalid
from boz_server.logs import OUTSIDE, request_id

_SAFE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
#: What takes bodies that are larger than a JSON document: films.
FILMS = frozenset({"files.upload", "uploads.create", "uploads.receive", "uploads.override"})


def register(app: Flask) -> None:
    """Hang the steps onto the application; they run in this order."""
    app.before_request(name_request)
    app.before_request(limit_body)
    app.before_request(refuse_nul)
    app.after_request(tell_name)
    app.after_request(read_to_end)
    app.teardown_appcontext(release_connection)


def name_request() -> None:
    """Take the id that a proxy gave the request, or give it one."""
    given = request.headers.get("X-Request-ID", "")
    request_id.set(given if _SAFE_ID.fullmatch(given) else uuid.uuid4().hex)


def tell_name(response: Response) -> Response:
    """Tell the client the id under which the log speaks of its request."""
    response.headers["X-Request-ID"] = request_id.get()
    return response


def limit_body() -> None:
    """Refuse a body that is larger than the settings allow; files have their own way."""
    if request.endpoint in FILMS:
        return
    limit = services().context.settings.max_json_bytes
    if (request.content_length or 0) > limit:
        raise RequestEntityTooLarge
    # A body that comes in chunks is cut off there without a word: whoever reads it sees by one
    # byte too many that there was more.
    request.max_content_length = limit + 1


def refuse_nul() -> None:
    """No name has this character, and databases can't even be asked for it."""
    if "\x00" in request.path:
        raise NotFound
    for name, value in request.args.items():
        if "\x00" in value:
            raise Invalid(name, "May not contain the character NUL.")


def release_connection(_: BaseException | None) -> None:
    """Give the thread's connection back; an unfinished upload's file goes with it."""
    for part in g.pop("parts", []):
        part.discard()
    services().context.database.release()
    # The thread goes on to others' requests.
    request_id.set(OUTSIDE)
