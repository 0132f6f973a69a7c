"""Turns every error into RFC 9457 problem details."""

import errno
import logging
import re
from http import HTTPStatus
from typing import Any

import peewee
from flask import Flask, Response, current_app, request
from flask_smorest import Api
from playhouse.pool import MaxConnectionsExceeded
from werkzeug.exceptions import HTTPException

from boz_server import errors
from boz_server.api.context import services
from boz_server.schemas.common import ProblemSchema

log = logging.getLogger(__name__)

PROBLEM_TYPE = "application/problem+json"

#: A status of tus: https://tus.io/protocols/resumable-upload#checksum.
CHECKSUM_MISMATCH = 460

STATUS: dict[type[errors.BozError], int] = {
    errors.NotFound: HTTPStatus.NOT_FOUND,
    errors.Refused: HTTPStatus.BAD_REQUEST,
    errors.Conflict: HTTPStatus.CONFLICT,
    errors.Invalid: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.Unauthorized: HTTPStatus.UNAUTHORIZED,
    errors.Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.StorageFull: HTTPStatus.INSUFFICIENT_STORAGE,
    errors.StartError: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.Forbidden: HTTPStatus.FORBIDDEN,
    errors.Interrupted: HTTPStatus.BAD_REQUEST,
    errors.TooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.UploadBusy: HTTPStatus.LOCKED,
    errors.WrongProtocol: HTTPStatus.PRECONDITION_FAILED,
    errors.ChecksumMismatch: CHECKSUM_MISMATCH,
}

#: What clients can do about errors that Flask and Werkzeug raise.
ADVICE = {
    HTTPStatus.BAD_REQUEST: "The request can't be read: send well-formed JSON or form data.",
    HTTPStatus.NOT_FOUND: "There is nothing at this address: see /api/openapi.json.",
    HTTPStatus.METHOD_NOT_ALLOWED: "This address takes other methods: see the Allow header.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The request's body is larger, or in more parts, than"
    " the server takes: send less; BOZ_MAX_JSON_BYTES is the limit of a JSON body.",
    HTTPStatus.INTERNAL_SERVER_ERROR: "The server has a fault: its log has the details under this"
    " request's X-Request-ID.",
}


class ProblemApi(Api):
    """flask-smorest's API, which answers every error as a problem."""

    def _register_responses(self) -> None:
        """Describe errors as problems; flask-smorest would describe plain JSON."""
        content = {PROBLEM_TYPE: {"schema": ProblemSchema}}
        phrases = {status.name: status.phrase for status in HTTPStatus}
        phrases[self.DEFAULT_ERROR_RESPONSE_NAME] = "What is wrong, and what to do."
        for name, phrase in phrases.items():
            response = {"description": phrase, "content": content}
            self.spec.components.response(name, response, lazy=True)

    def handle_http_exception(self, error: HTTPException) -> Response:
        """Answer an error that Flask, Werkzeug or webargs raised."""
        status = HTTPStatus(error.code or HTTPStatus.INTERNAL_SERVER_ERROR)
        messages = getattr(error, "data", {}).get("messages")
        if status is HTTPStatus.UNPROCESSABLE_ENTITY and messages is not None:
            # webargs groups them by their place: {"json": …} or {"query": …}.
            found: dict[str, list[str]] = {}
            for each in messages.values():
                found |= flatten(each)
            return problem(status, _summary(found), errors=found)
        answer = problem(status, ADVICE.get(status, error.description or status.phrase))
        for name, value in error.get_response().headers:
            if name not in ("Content-Type", "Content-Length"):
                answer.headers[name] = value
        return answer


def register(app: Flask) -> None:
    """Answer all other errors as problems, too."""
    app.register_error_handler(errors.BozError, answer)
    app.register_error_handler(Exception, answer_unexpected)


def answer(error: errors.BozError) -> Response:
    """Answer one of our own errors."""
    status = next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
    extra = {"errors": error.errors} if isinstance(error, errors.Invalid) else {}
    response = problem(status, error.detail, kind=type(error).__name__, **extra)
    if isinstance(error, errors.Unavailable):
        response.headers["Retry-After"] = str(error.retry_after_seconds)
    if isinstance(error, errors.Unauthorized):
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def answer_unexpected(error: Exception) -> Response:
    """Answer any other error; a busy or full database is not a bug of ours."""
    known: errors.BozError | None = None
    if isinstance(error, peewee.PeeweeException | MaxConnectionsExceeded):
        known = services().context.database.explain(error)
    elif isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        known = errors.StorageFull("The disk is full: make room, then send it again.")
    if known is not None:
        log.warning("%s", known.detail, exc_info=error)
        return answer(known)
    log.error("Fault at %s %s", request.method, request.path, exc_info=error)
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    return problem(status, ADVICE[status])


def problem(status: int, detail: str, *, kind: str = "", **extra: Any) -> Response:
    """Build a problem; `kind` is the class of an error of ours."""
    title = "Checksum Mismatch" if status == CHECKSUM_MISMATCH else HTTPStatus(status).phrase
    body = {
        "type": f"urn:boz-ripper:problem:{_dashed(kind)}" if kind else "about:blank",
        "title": title,
        "status": int(status),
        "detail": detail,
        "instance": request.path,
        **extra,
    }
    return Response(current_app.json.dumps(body), int(status), content_type=PROBLEM_TYPE)


def flatten(messages: Any, path: str = "") -> dict[str, list[str]]:
    """Turn marshmallow's nested messages into {field path: [messages]}."""
    if isinstance(messages, dict):
        flat: dict[str, list[str]] = {}
        for key, value in messages.items():
            # Marshmallow's name for the object as a whole.
            here = path if key == "_schema" else f"{path}.{key}".lstrip(".")
            flat |= flatten(value, here)
        return flat
    return {path or "body": list(messages) if isinstance(messages, list) else [str(messages)]}


def _summary(found: dict[str, list[str]]) -> str:
    """Return the first error, and the number of further ones."""
    field, messages = next(iter(found.items()))
    more = len(found) - 1
    return f"{field}: {' '.join(messages)}" + (f" (and {more} more, see errors)" if more else "")


def _dashed(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()
