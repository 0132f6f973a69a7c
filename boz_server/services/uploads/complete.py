"""Files that have arrived: checked, given their name, and handed to those who wait for them.

Wherever the server is killed in between, whoever comes next goes on from there: an upload that is
`arrived` has its bytes under its part file's name, or under the path that is noted.
"""

import logging
from pathlib import Path
from typing import NamedTuple

from boz_server.context import Context
from boz_server.database.models import Job, Upload
from boz_server.disk import is_same, numbered, rename_noreplace, sha256_of
from boz_server.domain.naming.names import file_name, split_extension
from boz_server.domain.queue.job_states import HELD, JobStatus
from boz_server.domain.uploads.upload_states import UploadPurpose, UploadState
from boz_server.errors import Conflict, UploadBusy, UploadNotFound
from boz_server.repositories.job_repository import Guard, JobValues
from boz_server.services.queue import dispatcher, leases
from boz_server.services.queue.enqueue import enqueue_organize_result
from boz_server.services.statistics import record
from boz_server.services.uploads import part_files, rights
from boz_server.services.uploads.part_files import Part

log = logging.getLogger(__name__)

ARRIVED = UploadState.ARRIVED


class Refusal(NamedTuple):
    """Why a file is no good; is_retried: whether its job may run again because of it."""

    error: str
    is_retried: bool = False


DAMAGED = Refusal(
    "Upload failed: the file that arrived has another SHA-256 than was announced.", is_retried=True
)
VANISHED = Refusal("Upload failed: the file vanished from the server's disk.", is_retried=True)


class Deliveries:
    """Takes uploads from their last byte to their place."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.settings = context.settings
        self.database = context.database
        self.uploads = context.stores.uploads
        self.jobs = context.stores.jobs

    def deliver_all(self) -> int:
        """Deliver what has arrived and has not got its place; returns how many did."""
        delivered = 0
        for upload in self.uploads.in_state(ARRIVED):
            try:
                delivered += self.deliver(upload.upload_id).state is UploadState.COMPLETE
            except UploadBusy:
                continue  # another process is at it
            except OSError:
                # The disk may take it later; the other files don't wait for that.
                log.warning("Not delivered", extra={"upload_id": upload.upload_id}, exc_info=True)
        return delivered

    def deliver(self, upload_id: str, held: Part | None = None) -> Upload:
        """Give an upload that has arrived its place; returns it as it then is.

        held: its file, where the caller has it: no one gets in between then. Reads the whole file
        where its checksum is not compared yet. Raises UploadNotFound, and UploadBusy while another
        process does the same.
        """
        part = held or part_files.open_part(self.settings, upload_id, self._get(upload_id).purpose)
        if part is not None:
            with part:
                # Only now: another process may have had the file until a moment ago.
                upload = self._get(upload_id)
                if upload.state is not ARRIVED:
                    return upload
                if not self._is_as_sent(upload, part.path):
                    return self._refuse(upload, DAMAGED)
                self._name(upload, part.path)
        # Named before, perhaps by a process that was killed, or that is about to do the rest.
        return self._hand_over(upload_id)

    def _is_as_sent(self, upload: Upload, part: Path) -> bool:
        if upload.is_verified or upload.sha256 is None:
            return True
        self.database.release()  # reading a film takes minutes
        return sha256_of(part) == upload.sha256

    def _name(self, upload: Upload, part: Path) -> None:
        """Give a file its name, noted before it has it."""
        if upload.path is not None and is_same(part, Path(upload.path)):
            # The server was killed when the file had both names.
            part.unlink()
            return
        for path in numbered(self._wanted(upload)):
            if path.exists():
                continue
            with self.database.write():
                if not self.uploads.reserve_path(upload.upload_id, str(path)):
                    return
            if rename_noreplace(part, path):
                return

    def _wanted(self, upload: Upload) -> Path:
        folder = part_files.folder_of(self.settings, upload.purpose)
        if upload.purpose is UploadPurpose.JOB_INPUT:
            return folder / upload.upload_id
        job = self._job(upload)
        name = job.output_name if job is not None else None
        return folder / file_name(name or upload.filename, upload.filename)

    def _hand_over(self, upload_id: str) -> Upload:
        """Tell everyone of a file that has its name, in one transaction."""
        with self.database.write_queue():
            upload = self._get(upload_id)
            if upload.state is not ARRIVED:
                return upload
            refusal = self._obstacle(upload)
            if refusal is None:
                self._tell(upload, Path(upload.path or ""))
                dispatcher.dispatch(self.context)
            else:
                self._fail(upload, refusal)
        if refusal is None:
            log.info("File arrived", extra={"upload_id": upload_id, "path": upload.path})
        elif upload.path is not None:
            Path(upload.path).unlink(missing_ok=True)
        return self._get(upload_id)

    def _obstacle(self, upload: Upload) -> Refusal | None:
        """Why no one can be told of a file that has its name; None where they can."""
        if upload.path is None or not Path(upload.path).exists():
            return VANISHED
        try:
            # What was so when its bytes came may not be so any more: that takes hours.
            rights.require(self.context, upload.purpose, upload.job_id, upload.lease_token)
        except Conflict as error:
            return Refusal(str(error))
        return None

    def _tell(self, upload: Upload, path: Path) -> None:
        organizing = None
        job = self._job(upload)
        if upload.purpose is not UploadPurpose.JOB_INPUT:
            if job is not None:
                self._note_result(job, upload)
            name = self._wanted(upload).name
            organizing = enqueue_organize_result(self.context, path, name, job)
        elif job is not None:
            self._attach(upload, job)
        self.uploads.complete(upload.upload_id, organizing.job_id if organizing else None)

    def _attach(self, upload: Upload, job: Job) -> None:
        """Let workers fetch a job's file."""
        name = job.output_name or split_extension(upload.filename)[0]
        self.jobs.attach_input(job.job_id, upload.upload_id, upload.size_bytes, name)

    def _note_result(self, job: Job, upload: Upload) -> None:
        """A job's result is here: an earlier failure to upload it is no more.

        One that has its result keeps it: a file that is known by its name alone may be that of
        another job of the same name.
        """
        changes: JobValues = {"output_file": upload.path}
        if job.status is JobStatus.COMPLETED and job.upload_failed:
            changes |= {"error": None, "upload_failed": False, "scheduled_at": None}
        elif job.output_file is not None:
            return
        changed = self.jobs.change(
            job.job_id,
            changes,
            Guard(only_from={*HELD, JobStatus.COMPLETED}, lease_token=upload.lease_token),
        )
        if changed is not None:
            record.note_result(self.context, changed, upload.size_bytes)

    def _refuse(self, upload: Upload, refusal: Refusal) -> Upload:
        with self.database.write_queue():
            self._fail(upload, refusal)
        part_files.path_of(self.settings, upload.upload_id, upload.purpose).unlink(missing_ok=True)
        return self._get(upload.upload_id)

    def _fail(self, upload: Upload, refusal: Refusal) -> None:
        """Note that a file is no good, and that its job lacks it."""
        error, is_retried = refusal
        if not self.uploads.fail(upload.upload_id, error):
            return
        job = self._job(upload)
        if upload.purpose is UploadPurpose.JOB_OUTPUT and job is not None:
            planned = leases.plan_retry(self.context, job, passes=is_retried)
            self.jobs.change(
                job.job_id,
                planned | JobValues(error=error, upload_failed=is_retried),
                Guard(only_from={JobStatus.COMPLETED}, lease_token=upload.lease_token),
            )
        log.warning("File refused", extra={"upload_id": upload.upload_id, "why": error})

    def _job(self, upload: Upload) -> Job | None:
        return None if upload.job_id is None else self.jobs.get(upload.job_id)

    def _get(self, upload_id: str) -> Upload:
        upload = self.uploads.get(upload_id)
        if upload is None:
            raise UploadNotFound(upload_id)
        return upload
