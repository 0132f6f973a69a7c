"""Uploads that have arrived: checked, renamed, and passed on to their job or to the library.

Wherever the server is killed, the next one continues: the bytes of an `arrived` upload are in its
part file, or in the file at the upload's `path`, which is recorded before the file is renamed.
"""

import logging
import os
from pathlib import Path
from typing import NamedTuple

from boz_server.context import Context
from boz_server.database.models import Job, Upload
from boz_server.disk import is_same, numbered, rename_noreplace, sha256_of
from boz_server.domain.naming.names import file_name
from boz_server.domain.uploads.upload_states import UploadPurpose, UploadState
from boz_server.errors import Conflict, UploadBusy, UploadNotFound
from boz_server.services.library import output_folder, placement
from boz_server.services.queue import results
from boz_server.services.queue.enqueue import enqueue_organize_result
from boz_server.services.uploads import part_files, rights
from boz_server.services.uploads.part_files import Part

log = logging.getLogger(__name__)

ARRIVED = UploadState.ARRIVED


class Refusal(NamedTuple):
    """Why a file is refused; is_retried: whether its job may run again because of it."""

    error: str
    is_retried: bool = False


DAMAGED = Refusal(
    "Upload failed: the file that arrived has another SHA-256 than was announced.", is_retried=True
)
VANISHED = Refusal("Upload failed: the file vanished from the server's disk.", is_retried=True)


def complete_arrived(context: Context) -> int:
    """Complete the uploads that have arrived; returns how many."""
    completed = 0
    for upload in context.stores.uploads.in_state(ARRIVED):
        try:
            completed += complete_upload(context, upload.upload_id).state is UploadState.COMPLETE
        except UploadBusy:
            continue  # another process is completing it
        except Exception:
            # The disk may work later; the other files don't wait for that.
            log.exception("Not completed", extra={"upload_id": upload.upload_id})
    return completed


def organize_stranded(context: Context) -> int:
    """Enter organize jobs for files that uploads left in the output folder without one; returns
    how many.

    What failed or was cancelled is left to people, and so is a file that they put there.
    """
    if not context.settings.nas_enabled:
        return 0
    organized = 0
    for upload in context.stores.uploads.stranded():
        try:
            organized += _organize_stranded(context, upload)
        except OSError:
            # It may have vanished a moment ago; the other files don't wait for that.
            log.exception("Not organized", extra={"upload_id": upload.upload_id})
    return organized


def complete_upload(context: Context, upload_id: str) -> Upload:
    """Complete an upload that has arrived; returns it as it is afterwards.

    Raises UploadNotFound, and UploadBusy while another process does the same.
    """
    purpose = get_upload(context, upload_id).purpose
    part = part_files.open_part(context.settings, upload_id, purpose)
    if part is None:
        # It was renamed before, by a process that was killed or is about to go on.
        return _pass_on(context, upload_id)
    with part:
        # Read it only now: another process may have had the file until a moment ago.
        upload = get_upload(context, upload_id)
        return complete_part(context, upload, part) if upload.state is ARRIVED else upload


def complete_part(context: Context, upload: Upload, part: Part) -> Upload:
    """Complete an upload that has arrived, for callers that have its part file: no one else gets
    it in between. Closes the file.

    Reads the whole file if its checksum was not compared yet.
    """
    if not _is_as_sent(context, upload, part.path):
        return _refuse(context, upload, DAMAGED)
    _rename(context, upload, part.path)
    # Organizing the file needs its lock.
    part.close()
    return _pass_on(context, upload.upload_id)


def get_upload(context: Context, upload_id: str) -> Upload:
    """Return an upload; raises UploadNotFound."""
    upload = context.stores.uploads.get(upload_id)
    if upload is None:
        raise UploadNotFound(upload_id)
    return upload


def _is_as_sent(context: Context, upload: Upload, part: Path) -> bool:
    if upload.is_verified or upload.sha256 is None:
        return True
    context.database.release()  # reading a film takes minutes
    return sha256_of(part) == upload.sha256


def _rename(context: Context, upload: Upload, part: Path) -> None:
    """Give a part file its final name, which is recorded first."""
    if upload.path is not None and is_same(part, Path(upload.path)):
        # The server was killed while the file had both names.
        part.unlink()
        return
    upload_id, stores = upload.upload_id, context.stores
    for path in numbered(part.with_name(_wanted_name(upload, _job(context, upload)))):
        if os.path.lexists(path):
            continue
        with context.database.write_queue():
            # The file of an open organize job may be in the library already, and the job would take
            # this one for it.
            if _is_taken(context, path, besides=upload_id):
                continue
            if not stores.uploads.reserve_path(upload_id, str(path)):
                return
        if rename_noreplace(part, path):
            return


def _is_taken(context: Context, path: Path, besides: str | None = None) -> bool:
    """Whether an organize job, or an upload besides this one, is about the file of a path."""
    jobs, uploads = context.stores.jobs, context.stores.uploads
    return jobs.has_organize_job(str(path)) or uploads.is_path_reserved(str(path), besides)


def _wanted_name(upload: Upload, job: Job | None) -> str:
    """Return the name that a file gets if no other file in its folder has it."""
    if upload.purpose is UploadPurpose.JOB_INPUT:
        return str(upload.upload_id)
    name = placement.name_of(job) if job is not None else None
    return file_name(name or upload.filename, upload.filename)


def _pass_on(context: Context, upload_id: str) -> Upload:
    """Pass a renamed file on to its job or to the library, and complete the upload, in one
    transaction."""
    with context.database.write_queue():
        upload = get_upload(context, upload_id)
        if upload.state is not ARRIVED:
            return upload
        refusal = _obstacle(context, upload)
        if refusal is not None:
            ended = _fail(context, upload, refusal)
            if upload.path is not None:
                # Before the commit: after it the name is free for another file.
                Path(upload.path).unlink(missing_ok=True)
        elif upload.purpose is UploadPurpose.JOB_INPUT:
            ended = _attach_input(context, upload)
        else:
            ended = _enqueue_organize(context, upload)
    if refusal is None:
        log.info("Upload completed", extra={"upload_id": upload_id, "path": upload.path})
    return ended or get_upload(context, upload_id)


def _obstacle(context: Context, upload: Upload) -> Refusal | None:
    """Return why a renamed file can't be passed on; None when it can."""
    try:
        # Its job accepted it when the first byte came, but that may be hours ago.
        rights.require(context, upload.purpose, upload.job_id, upload.lease_token)
    except Conflict as error:
        return Refusal(str(error))
    is_here = upload.path is not None and Path(upload.path).exists()
    return None if is_here else VANISHED


def _attach_input(context: Context, upload: Upload) -> Upload | None:
    job = _job(context, upload)
    if job is not None:
        results.input_arrived(context, job, upload.upload_id, upload.filename, upload.size_bytes)
    return context.stores.uploads.complete(upload.upload_id, None)


def _enqueue_organize(context: Context, upload: Upload) -> Upload | None:
    """Record a result with its job, and enqueue the job that organizes the file."""
    job, file = _job(context, upload), Path(upload.path or "")
    if job is not None:
        results.result_arrived(context, job, file, upload.size_bytes, upload.lease_token)
    organize = enqueue_organize_result(context, file, _wanted_name(upload, job), job)
    organize_job_id = organize.job_id if organize else None
    return context.stores.uploads.complete(upload.upload_id, organize_job_id)


def _organize_stranded(context: Context, upload: Upload) -> bool:
    """Enter the organize job of a complete upload, if its file is still where it was left."""
    stores, file = context.stores, Path(upload.path or "")
    if not output_folder.is_there(context.settings, file, upload.size_bytes):
        return False
    with context.database.write_queue():
        if _is_taken(context, file):
            return False
        if stores.jobs.has_abandoned_organize(str(file), upload.created_at):
            return False
        job = _job(context, upload)
        organize = enqueue_organize_result(context, file, _wanted_name(upload, job), job)
        if organize is None or not stores.uploads.note_organize_job(
            upload.upload_id, organize.job_id
        ):
            return False
    log.warning("File had no organize job", extra={"upload_id": upload.upload_id, "path": file})
    return True


def _refuse(context: Context, upload: Upload, refusal: Refusal) -> Upload:
    with context.database.write_queue():
        failed = _fail(context, upload, refusal)
    path = part_files.path_of(context.settings, upload.upload_id, upload.purpose)
    path.unlink(missing_ok=True)
    return failed or get_upload(context, upload.upload_id)


def _fail(context: Context, upload: Upload, refusal: Refusal) -> Upload | None:
    """Fail an upload, unless it has ended; if it is a result, its job failed to upload it."""
    context.database.require_queue()
    error, is_retried = refusal
    failed = context.stores.uploads.fail(upload.upload_id, error)
    if failed is None:
        return None
    job = _job(context, upload)
    if upload.purpose is UploadPurpose.JOB_OUTPUT and job is not None:
        results.result_refused(context, job, error, upload.lease_token, is_retried=is_retried)
    log.warning("Upload refused", extra={"upload_id": upload.upload_id, "why": error})
    return failed


def _job(context: Context, upload: Upload) -> Job | None:
    return None if upload.job_id is None else context.stores.jobs.get(upload.job_id)
