"""Finished files arrive, are listed, filed into the library, fetched and deleted."""

from pathlib import Path
from typing import Any

from flask import Response, g, request, send_file

from boz_server.api.blueprint import BozBlueprint
from boz_server.api.context import services
from boz_server.api.forms import MISSING, read_form
from boz_server.database.models import Job, Upload
from boz_server.domain.naming.names import parse_media_filename
from boz_server.domain.queue.job_states import OVER
from boz_server.errors import Invalid
from boz_server.schemas.fields import MAX_NAME_LENGTH
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
from boz_server.services.library.output_folder import file_name
from boz_server.services.uploads.part_files import Part
from boz_server.services.uploads.uploads import Announced

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


@blueprint.post("/upload")
@blueprint.doc(requestBody=UPLOAD_BODY)
@blueprint.arguments(UploadFileArgs, location="query")
@blueprint.arguments(UploadHeadersSchema, location="headers")
@blueprint.response(200, UploadedSchema)
def upload(args: dict[str, Any], headers: dict[str, Any]) -> dict[str, Any]:
    """Keep a finished file, and file it into the library where there is one; no file is ever
    overwritten."""
    services().files.uploads.require_room(request.content_length or 0)
    ids: list[str] = []

    def begin() -> Part:
        upload_id, part = services().files.parts.create(args["purpose"])
        if headers["sha256"]:
            part.hash_file()
        ids.append(upload_id)
        g.setdefault("parts", []).append(part)
        return part

    form = read_form(begin)
    if form.part is None:
        raise Invalid("file", MISSING)
    name = form.words.get("name") or form.sent_as
    if len(name) > MAX_NAME_LENGTH or "\x00" in name:
        raise Invalid("name", f"Must be a text of at most {MAX_NAME_LENGTH} characters.")
    wanted = file_name(name, form.sent_as)
    announced = Announced(**args, filename=wanted, name=name, sha256=headers["sha256"])
    upload = services().files.uploads.take(ids[0], form.part, announced)
    return _arrived(upload) | {"name": name, "metadata": parse_media_filename(wanted)}


@blueprint.get("")
@blueprint.response(200, FileListSchema)
def files() -> dict[str, Any]:
    """List the files in the output folder."""
    return {"files": services().files.folder.list()}


@blueprint.delete("/<filename>")
@blueprint.response(200, FileDeletedSchema)
def delete(filename: str) -> dict[str, str]:
    """Delete a file from the output folder."""
    services().files.folder.delete(filename)
    return {"deleted": filename}


@blueprint.post("/organize/<filename>")
@blueprint.arguments(OrganizeFileArgs, location="query")
@blueprint.response(200, FileOrganizedSchema)
def organize(args: dict[str, Any], filename: str) -> dict[str, Any]:
    """File a file of the output folder into the library."""
    job = services().files.door.organize(filename, args["name"], args["said"])
    return {"original_path": job.input_file} | _filed(services().files.door.awaited(job.job_id))


@blueprint.get("/download/<job_id>")
@blueprint.arguments(DownloadArgs, location="query")
@blueprint.response(
    200, {"type": "string", "format": "binary"}, content_type="application/octet-stream"
)
def download(args: dict[str, Any], job_id: str) -> Response:
    """Give a job's raw title to the worker that has the job; knows Range and If-Range."""
    job = services().files.rights.require_holder(job_id, args["lease_token"])
    path, etag = services().files.inputs.find(job)
    return send_file(
        path,
        mimetype="application/octet-stream",
        conditional=True,
        etag=etag,
        as_attachment=True,
        download_name=f"{job_id}.mkv",
    )


def _arrived(upload: Upload) -> dict[str, Any]:
    """What the answer to an upload says of where the file is."""
    path = Path(upload.path or "")
    filed: dict[str, Any] = {"final_path": upload.path, "organized": False, "organize_job_id": None}
    if upload.organize_job_id is not None:
        filed = _filed(services().files.door.awaited(upload.organize_job_id))
        filed["final_path"] = filed["final_path"] if filed["organized"] else upload.path
    return {"filename": path.name, "path": upload.path, "size": upload.size_bytes} | filed


def _filed(job: Job) -> dict[str, Any]:
    """What an answer says of a file's way into the library."""
    organized = services().files.share.has(job.output_file) if job.status in OVER else False
    return {
        "final_path": job.output_file
        if organized
        else services().files.share.path(job.library_path),
        "organized": organized,
        "organize_job_id": job.job_id,
    }
