"""What happens around a request: its id, its size, its key, its repetition, its connections."""

import hmac
import re
import socket
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import Any

from flask import Flask, Response, current_app, request
from werkzeug.exceptions import NotFound, RequestEntityTooLarge

from boz_server.api.context import context
from boz_server.disk import BLOCK_BYTES
from boz_server.errors import Invalid, Unauthorized
from boz_server.logs import OUTSIDE, request_id
from boz_server.services.maintenance import idempotency

_SAFE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
#: Endpoints whose bodies may be larger than a JSON document: films.
FILMS = frozenset({"files.upload", "uploads.create", "uploads.append", "uploads.override"})
#: Paths that need no key: watchdogs and load balancers have none.
OPEN_PATHS = frozenset({"/health", "/livez", "/readyz"})
#: GET endpoints that hand something out only once, so that public reads don't cover them.
CONSUMING = frozenset({"vlc.commands"})
#: The API's description of the key; `{}` says that a server may be open.
KEY_DESCRIPTION = {
    "components": {"securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}},
    "security": [{"key": []}, {}],
}
IDEMPOTENCY_HEADER = "Idempotency-Key"
#: The API's description of that header.
IDEMPOTENCY_PARAMETER = {
    "in": "header",
    "name": IDEMPOTENCY_HEADER,
    "schema": {"type": "string", "maxLength": 255},
    "description": "Names the request: sent again within 24 hours, it is not carried out again.",
}
#: For how many seconds the body of a refused request is still read.
LINGER_SECONDS = 5
_IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,255}")

View = Callable[..., Response]


def register(app: Flask) -> None:
    """Add the steps to the application; they run in this order."""
    app.before_request(name_request)
    app.before_request(limit_body)
    app.before_request(refuse_nul)
    app.before_request(require_key)
    app.after_request(add_request_id)
    app.after_request(drain_refused)
    app.teardown_appcontext(release_connection)


def name_request() -> None:
    """Take the id that a proxy gave the request, or make one."""
    given = request.headers.get("X-Request-ID", "")
    request_id.set(given if _SAFE_ID.fullmatch(given) else uuid.uuid4().hex)


def add_request_id(response: Response) -> Response:
    """Send the client the id that the log has for its request."""
    response.headers["X-Request-ID"] = request_id.get()
    return response


def limit_body() -> None:
    """Refuse a body larger than BOZ_MAX_JSON_BYTES; uploads have their own limits."""
    if request.endpoint in FILMS:
        return
    limit = context().settings.max_json_bytes
    if (request.content_length or 0) > limit:
        raise RequestEntityTooLarge
    # A chunked body is silently cut off here; one byte too many shows its reader that it was.
    request.max_content_length = limit + 1


def refuse_nul() -> None:
    """Refuse the character NUL, which no name has and no database accepts, even in a query."""
    if "\x00" in request.path:
        raise NotFound
    for name, value in request.args.items():
        if "\x00" in value:
            raise Invalid(name, "May not contain the character NUL.")


def require_key() -> None:
    """Raise Unauthorized unless the server is open to this request, or it carries the key."""
    settings = context().settings
    if settings.api_key is None or request.path in OPEN_PATHS:
        return
    reads = request.method in ("GET", "HEAD") and request.endpoint not in CONSUMING
    if settings.public_reads and reads:
        return
    # WSGI decodes header bytes as Latin-1, but a key may be any text.
    header = request.headers.get("Authorization", "").encode("latin-1", "replace")
    scheme, _, sent = header.partition(b" ")
    right = hmac.compare_digest(sent, settings.api_key.encode())
    if scheme.lower() != b"bearer" or not right:
        raise Unauthorized("This server wants its key: send 'Authorization: Bearer <key>'.")


def drain_refused(response: Response) -> Response:
    """After the answer to a request whose body was not read: read and drop the rest for a while.

    Most senders read no answer before they have sent everything. If we closed the connection while
    bytes come, it would be reset, and they might never see the answer (RFC 9112, section 9.6).
    """
    connection = request.environ.get("gunicorn.socket")
    if connection is not None and (
        request.content_length or "Transfer-Encoding" in request.headers
    ):
        body = request.environ["wsgi.input"]
        response.call_on_close(lambda: _drain(connection, body))
    return response


def release_connection(_: BaseException | None) -> None:
    """Return the thread's connection to the pool."""
    context().database.release()
    # The thread will serve other requests.
    request_id.set(OUTSIDE)


def idempotent(view: View) -> View:
    """Answer a repeated Idempotency-Key and body with the first answer, instead of acting again.

    Goes between `arguments` and `response`. The header's form is that of the IETF's
    draft-ietf-httpapi-idempotency-key-header. Requests without it are not remembered.
    """

    @wraps(view)
    def carry_out_once(*args: Any, **kwargs: Any) -> Response:
        key = _idempotency_key()
        if key is None:
            return view(*args, **kwargs)

        def carry_out() -> str:
            return view(*args, **kwargs).get_data(as_text=True)

        answer = idempotency.once(context(), _endpoint(), key, request.get_data(), carry_out)
        return current_app.response_class(answer, mimetype="application/json")

    return carry_out_once


def idempotent_after(prepare: Callable[..., Any]) -> Callable[[View], View]:
    """Like `idempotent`, for a view that needs what must not run inside its transaction.

    A request with a key is one transaction. `prepare` runs before it, unless the request was
    answered before; the view gets its result instead of its own arguments.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def prepare_and_carry_out(*args: Any, **kwargs: Any) -> Response:
            key, answer = _idempotency_key(), None
            if key is not None:
                answer = idempotency.answered(context(), _endpoint(), key, request.get_data())
            if answer is not None:
                return current_app.response_class(answer, mimetype="application/json")
            return idempotent(view)(prepare(*args, **kwargs))

        return prepare_and_carry_out

    return decorate


def _drain(connection: socket.socket, body: Any) -> None:
    deadline = time.monotonic() + LINGER_SECONDS
    try:
        while (left := deadline - time.monotonic()) > 0:
            connection.settimeout(left)
            if not body.read(BLOCK_BYTES):
                return
    except OSError:
        pass
    # Otherwise gunicorn would wait for the sender to close, and serve no one else meanwhile.
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def _endpoint() -> str:
    return f"{request.method} {request.path}"


def _idempotency_key() -> str | None:
    """Return the request's key; None if it has none. Raises Invalid for one of another form."""
    key = request.headers.get(IDEMPOTENCY_HEADER)
    if key is not None and not _IDEMPOTENCY_KEY.fullmatch(key):
        raise Invalid(IDEMPOTENCY_HEADER, "Send 1 to 255 printable characters without spaces.")
    return key
