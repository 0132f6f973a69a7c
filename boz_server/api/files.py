"""Finished files arrive, are listed and deleted."""

from typing import IO, Any

from flask import Request, g, request

from boz_server.api.blueprint import BozBlueprint
from boz_server.api.context import services
from boz_server.domain.naming import parse_media_filename
from boz_server.errors import Invalid
from boz_server.schemas.fields import MAX_NAME_LENGTH
from boz_server.schemas.file import FileDeletedSchema, FileListSchema, UploadedSchema
from boz_server.services.uploads import file_name

blueprint = BozBlueprint("files", __name__, url_prefix="/api/files", description="Files")


#: What an upload looks like, for the description of the API; no schema reads it.
UPLOAD_BODY = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "properties": {
                    "file": {"type": "string", "format": "binary"},
                    "name": {"type": "string", "maxLength": MAX_NAME_LENGTH},
                },
                "required": ["file"],
            }
        }
    },
}


class UploadRequest(Request):
    """A request whose files are written where they will stay, and not by way of /tmp."""

    def _get_file_stream(self, *_: Any, **__: Any) -> IO[bytes]:
        arrival = services().uploads.begin()
        g.setdefault("parts", []).append(arrival)
        return arrival.file


@blueprint.post("/upload")
@blueprint.doc(requestBody=UPLOAD_BODY)
@blueprint.response(200, UploadedSchema)
def upload() -> dict[str, Any]:
    """Keep a finished file in the output folder; a number is added where its name is taken."""
    sent = request.files.get("file")
    if sent is None:
        raise Invalid("file", "Missing: send the file as multipart form data, with its name.")
    name = request.form.get("name") or sent.filename or ""
    if len(name) > MAX_NAME_LENGTH or "\x00" in name:
        raise Invalid("name", f"Must be a text of at most {MAX_NAME_LENGTH} characters.")
    wanted = file_name(name, sent.filename or "")
    stored = services().uploads.keep(sent.stream, wanted)
    return {
        "filename": stored.name,
        "name": name,
        "path": str(stored.path),
        "final_path": str(stored.path),
        "size": stored.size_bytes,
        "organized": False,
        "metadata": parse_media_filename(wanted),
    }


@blueprint.get("")
@blueprint.response(200, FileListSchema)
def files() -> dict[str, Any]:
    """List the files in the output folder."""
    return {"files": services().uploads.list()}


@blueprint.delete("/<filename>")
@blueprint.response(200, FileDeletedSchema)
def delete(filename: str) -> dict[str, str]:
    """Delete a file from the output folder."""
    services().uploads.delete(filename)
    return {"deleted": filename}
