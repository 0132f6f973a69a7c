"""Finished files: uploaded, listed, organized, downloaded and deleted."""

from typing import Any

from flask import Response, request, send_file

from boz_server.api.blueprint import BozBlueprint
from boz_server.api.context import context, services
from boz_server.api.streaming import form_pieces
from boz_server.domain.naming.names import MAX_NAME_LENGTH
from boz_server.schemas.file import (
    DownloadArgs,
    FileDeletedSchema,
    FileListSchema,
    FileOrganizedSchema,
    OrganizeFileArgs,
    UploadedSchema,
    UploadFileArgs,
    UploadHeadersSchema,
)
from boz_server.services.library import output_folder
from boz_server.services.library.organizer import Organized
from boz_server.services.uploads import inputs, receive
from boz_server.services.uploads.receive import Announced, UploadedFile

blueprint = BozBlueprint("files", __name__, url_prefix="/api/files", description="Files")

#: Describes an upload in the OpenAPI document; no schema reads it.
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


@blueprint.post("/upload")
@blueprint.doc(requestBody=UPLOAD_BODY)
@blueprint.arguments(UploadFileArgs, location="query")
@blueprint.arguments(UploadHeadersSchema, location="headers")
@blueprint.response(200, UploadedSchema)
def upload(args: dict[str, Any], headers: dict[str, Any]) -> UploadedFile:
    """Upload a finished file, which is organized if there is a library; no file is ever
    overwritten."""
    announced = Announced(**args, **headers)
    form_bytes = request.content_length or 0
    return receive.take_form(context(), services().organizer, announced, form_pieces(), form_bytes)


@blueprint.get("")
@blueprint.response(200, FileListSchema)
def files() -> dict[str, Any]:
    """List the files in the output folder."""
    return {"files": output_folder.list_files(context().settings)}


@blueprint.delete("/<filename>")
@blueprint.response(200, FileDeletedSchema)
def delete(filename: str) -> dict[str, str]:
    """Delete a file from the output folder."""
    output_folder.delete(context().settings, filename)
    return {"deleted": filename}


@blueprint.post("/organize/<filename>")
@blueprint.arguments(OrganizeFileArgs, location="query")
@blueprint.response(200, FileOrganizedSchema)
def organize(args: dict[str, Any], filename: str) -> Organized:
    """Organize a file of the output folder: move it into the library."""
    return services().organizer.organize(filename, **args)


@blueprint.get("/download/<job_id>")
@blueprint.arguments(DownloadArgs, location="query")
@blueprint.response(
    200, {"type": "string", "format": "binary"}, content_type="application/octet-stream"
)
def download(args: dict[str, Any], job_id: str) -> Response:
    """Send a job's input to the worker that has the job; knows Range and If-Range."""
    file = inputs.find(context(), job_id, args["lease_token"])
    answer = send_file(
        file.path,
        mimetype="application/octet-stream",
        conditional=True,
        etag=file.etag,
        as_attachment=True,
        download_name=f"{job_id}.mkv",
    )
    blocks: Any = answer.response
    answer.response = file.movement.of(blocks)
    # A generator that never began does not close the file.
    answer.call_on_close(blocks.close)
    answer.direct_passthrough = False
    return answer
