"""Who may call: anyone while no key is set, else those who send it."""

import hmac

from flask import Flask, request

from boz_server.api.context import services
from boz_server.errors import Unauthorized

#: Watchdogs and load balancers carry no key.
OPEN_PATHS = frozenset({"/health", "/livez", "/readyz"})
#: Reading these takes something away from the machine that it is for.
CONSUMING = frozenset({"vlc.commands"})
#: For the description of the API: the key, or nothing where the server is open.
DESCRIPTION = {
    "components": {"securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}},
    "security": [{"key": []}, {}],
}


def register(app: Flask) -> None:
    """Check every request."""
    app.before_request(require_key)


def require_key() -> None:
    """Raise Unauthorized unless the request may come in."""
    settings = services().context.settings
    if settings.api_key is None or request.path in OPEN_PATHS:
        return
    reads = request.method in ("GET", "HEAD") and request.endpoint not in CONSUMING
    if settings.public_reads and reads:
        return
    # WSGI hands header bytes over as Latin-1; a key may be any text.
    header = request.headers.get("Authorization", "").encode("latin-1", "replace")
    scheme, _, sent = header.partition(b" ")
    right = hmac.compare_digest(sent, settings.api_key.encode())
    if scheme.lower() != b"bearer" or not right:
        raise Unauthorized("This server wants its key: send 'Authorization: Bearer <key>'.")
