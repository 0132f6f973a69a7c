"""Requests that a client may send again: POSTs with an Idempotency-Key."""

import re
from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Response, current_app, request

from boz_server.api.context import services
from boz_server.errors import Invalid

HEADER = "Idempotency-Key"
#: For the description of the API.
PARAMETER = {
    "in": "header",
    "name": HEADER,
    "schema": {"type": "string", "maxLength": 255},
    "description": "Names the request: sent again within 24 hours, it is not carried out again.",
}
_KEY = re.compile(r"[\x21-\x7e]{1,255}")


def idempotent(view: Callable[..., Response]) -> Callable[..., Response]:
    """Answer the same key and body with the first answer; goes between `arguments` and `response`.

    The header's form is that of the IETF's draft-ietf-httpapi-idempotency-key-header. Without it
    nothing is remembered.
    """

    @wraps(view)
    def carry_out_once(*args: Any, **kwargs: Any) -> Response:
        key = request.headers.get(HEADER)
        if key is None:
            return view(*args, **kwargs)
        if not _KEY.fullmatch(key):
            raise Invalid(HEADER, "Send 1 to 255 printable characters without spaces.")
        answer = services().idempotency.once(
            f"{request.method} {request.path}",
            key,
            request.get_data(),
            lambda: view(*args, **kwargs).get_data(as_text=True),
        )
        return current_app.response_class(answer, mimetype="application/json")

    return carry_out_once
