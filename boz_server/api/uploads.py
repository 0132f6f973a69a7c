"""Resumable uploads: the tus protocol, version 1.0.0, with its extensions creation,
creation-with-upload, checksum, expiration and termination (tus.io/protocols/resumable-upload)."""

from typing import Any

from flask import Response, request, url_for
from werkzeug.exceptions import MethodNotAllowed, UnsupportedMediaType
from werkzeug.http import http_date

from boz_server.api.blueprint import BozBlueprint
from boz_server.api.context import context
from boz_server.api.streaming import body_reader
from boz_server.database.models import Upload
from boz_server.domain.uploads import tus
from boz_server.domain.uploads.upload_states import UploadState
from boz_server.errors import Invalid, WrongProtocol
from boz_server.schemas.fields import INT64
from boz_server.schemas.upload import UploadMetadataSchema, UploadSchema
from boz_server.services.uploads import complete, receive
from boz_server.services.uploads.receive import Announced, Checksum

blueprint = BozBlueprint("uploads", __name__, url_prefix="/api/uploads", description="Uploads")

CONTENT_TYPE = "application/offset+octet-stream"


@blueprint.route("", methods=["OPTIONS"], provide_automatic_options=False)
@blueprint.response(204)
def describe() -> Response:
    """List the parts of tus that this server supports."""
    extensions, checksums = ",".join(tus.EXTENSIONS), ",".join(tus.CHECKSUMS)
    return _answer(204, {"Tus-Extension": extensions, "Tus-Checksum-Algorithm": checksums})


@blueprint.post("")
@blueprint.response(201)
def create() -> Response:
    """Create an upload; Upload-Metadata describes it: filename, purpose, job_id, sha256,
    lease_token."""
    _require_version()
    size = _whole_number("Upload-Length")
    header = request.headers.get("Upload-Metadata", "")
    announced = Announced(**UploadMetadataSchema.read(header), metadata=header or None)
    upload = receive.create(context(), announced, size)
    if request.content_length and upload.state is UploadState.ARRIVING:
        upload = _append(upload.upload_id, 0)
    location = url_for("uploads.upload", upload_id=upload.upload_id, _external=True)
    return _answer(201, {"Location": location} | _progress(upload))


@blueprint.get("/<upload_id>")
@blueprint.response(200, UploadSchema)
def upload(upload_id: str) -> Response | dict[str, Any]:
    """Show an upload's progress and result; HEAD says where to continue."""
    found = complete.get_upload(context(), upload_id)
    if request.method == "HEAD":
        _require_version()
        return _answer(
            200,
            {
                "Upload-Length": str(found.size_bytes),
                "Upload-Metadata": found.metadata or "",
                "Cache-Control": "no-store",
                **_progress(found),
            },
        )
    return found.__data__ | {"offset": receive.offset_of(context(), found)}


@blueprint.patch("/<upload_id>")
@blueprint.response(204)
def append(upload_id: str) -> Response:
    """Append bytes to an upload, from Upload-Offset on."""
    _require_version()
    return _answer(204, _progress(_append(upload_id, _whole_number("Upload-Offset"))))


@blueprint.delete("/<upload_id>")
@blueprint.response(204)
def terminate(upload_id: str) -> Response:
    """Give up an unfinished upload."""
    _require_version()
    receive.terminate(context(), upload_id)
    return _answer(204, {})


@blueprint.post("/<upload_id>")
@blueprint.response(204)
def override(upload_id: str) -> Response:
    """Do what X-HTTP-Method-Override says, for clients that can only POST and GET."""
    method = request.headers.get("X-HTTP-Method-Override", "").upper()
    views = {"PATCH": append, "DELETE": terminate}
    if method not in views:
        raise MethodNotAllowed(["GET", "HEAD", "PATCH", "DELETE"])
    found: Response = views[method](upload_id)
    return found


def _append(upload_id: str, offset: int) -> Upload:
    if request.mimetype != CONTENT_TYPE:
        raise UnsupportedMediaType(f"Send the bytes as Content-Type: {CONTENT_TYPE}.")
    checksum = None
    if "Upload-Checksum" in request.headers:
        try:
            checksum = Checksum(*tus.parse_checksum(request.headers["Upload-Checksum"]))
        except ValueError as error:
            raise Invalid("Upload-Checksum", f"{error}.") from error
    return receive.receive(
        context(),
        upload_id,
        offset,
        body_reader(),
        announced_bytes=request.content_length,
        checksum=checksum,
    )


def _progress(upload: Upload) -> dict[str, str]:
    """Return the headers about an upload's progress and expiry."""
    progress = {"Upload-Offset": str(receive.offset_of(context(), upload))}
    if upload.state is UploadState.ARRIVING:
        progress["Upload-Expires"] = http_date(upload.expires_at)
    return progress


def _whole_number(header: str) -> int:
    """Read a header that must be a whole number of bytes; raises Invalid."""
    value = request.headers.get(header, "")
    is_number = value.isascii() and value.isdecimal() and len(value) <= len(str(INT64))
    if not is_number or int(value) > INT64:
        raise Invalid(header, "Missing, or no number of bytes: send a whole number.")
    return int(value)


def _require_version() -> None:
    if request.headers.get("Tus-Resumable") != tus.VERSION:
        raise WrongProtocol(f"Send 'Tus-Resumable: {tus.VERSION}': no other version is known.")


def _answer(status: int, headers: dict[str, str]) -> Response:
    return Response(status=status, headers=headers)


@blueprint.after_request
def name_version(response: Response) -> Response:
    """Name the protocol's version in every answer, as it demands."""
    response.headers["Tus-Resumable"] = response.headers["Tus-Version"] = tus.VERSION
    return response
