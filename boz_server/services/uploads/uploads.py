"""Uploads: begun, looked at, given up.

How their bytes come is in upload_bytes.py, what becomes of a whole file in deliveries.py.
"""

import logging
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from boz_server.clock import Clock
from boz_server.database.connection import Database
from boz_server.database.models import Job, Upload
from boz_server.domain.uploads.upload_states import UploadPurpose, UploadState
from boz_server.errors import (
    ChecksumMismatch,
    Conflict,
    UploadNotFound,
)
from boz_server.repositories.upload_repository import UploadRepository
from boz_server.services.maintenance.disk_space import DiskSpace
from boz_server.services.uploads.complete import Deliveries
from boz_server.services.uploads.part_files import Part, PartFiles
from boz_server.services.uploads.rights import UploadRights
from boz_server.settings import Settings

log = logging.getLogger(__name__)

#: The state that an upload is in while its bytes come.
ARRIVING = UploadState.ARRIVING


@dataclass(frozen=True, slots=True)
class Announced:
    """What a sender says of a file. name: in its own words, before they were made a file name;
    sha256: of the whole file, in hex; metadata: the header."""

    purpose: UploadPurpose
    filename: str
    name: str | None = None
    job_id: str | None = None
    lease_token: str | None = None
    sha256: str | None = None
    metadata: str | None = None


class Uploads:
    """Keeps track of files on their way; each is one row and a part file."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        database: Database,
        *,
        rows: UploadRepository,
        parts: PartFiles,
        space: DiskSpace,
        rights: UploadRights,
        deliveries: Deliveries,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.database = database
        self.rows = rows
        self.parts = parts
        self.space = space
        self.rights = rights
        self.deliveries = deliveries

    def require_room(self, size_bytes: int) -> None:
        """Raise StorageFull unless a finished file of that size may come."""
        self._require_room(UploadPurpose.LIBRARY, size_bytes)

    def create(self, announced: Announced, size_bytes: int) -> Upload:
        """Begin an upload; its bytes come by UploadBytes.

        Raises StorageFull, and what UploadRights says of its job: JobNotFound, Conflict, Invalid.
        """
        self._require_room(announced.purpose, size_bytes)
        job = self.rights.require(announced.purpose, announced.job_id, announced.lease_token)
        upload_id, part = self.parts.create(announced.purpose)
        with part:
            with self.database.write():
                columns = self._columns(announced, job, size_bytes)
                upload = self.rows.insert(**columns, upload_id=upload_id, state=ARRIVING)
                if not size_bytes:
                    self.rows.move(upload_id, UploadState.ARRIVED)
            log.info("Upload begun", extra={"upload_id": upload_id, "bytes": size_bytes})
            return upload if size_bytes else self.deliveries.deliver(upload_id, part)

    def get(self, upload_id: str) -> Upload:
        """Return an upload; raises UploadNotFound."""
        upload = self.rows.get(upload_id)
        if upload is None:
            raise UploadNotFound(upload_id)
        return upload

    def offset(self, upload: Upload) -> int:
        """Return how many bytes of an upload are here for good."""
        if upload.state is not ARRIVING:
            return int(upload.size_bytes)
        here = self.parts.size(upload.upload_id, upload.purpose)
        return here if upload.unchecked_from is None else min(here, upload.unchecked_from)

    def take(self, upload_id: str, part: Part, announced: Announced) -> Upload:
        """Enter an upload that came in one piece, and give it its place.

        Raises ChecksumMismatch, Conflict, and what UploadRights says of its job.
        """
        if announced.sha256 and part.digests["file"].hexdigest() != announced.sha256:
            raise ChecksumMismatch(
                "The file that arrived has another SHA-256 than you sent: send it again."
            )
        part.sync()
        with self.database.write():
            job = self.rights.require(announced.purpose, announced.job_id, announced.lease_token)
            if announced.purpose is UploadPurpose.LIBRARY:
                announced, job = self._known(announced)
            columns = self._columns(announced, job, part.size_bytes)
            columns["is_verified"] = True
            self.rows.insert(**columns, upload_id=upload_id, state=UploadState.ARRIVED)
        upload = self.deliveries.deliver(upload_id, part)
        if upload.state is UploadState.FAILED:
            raise Conflict(upload.error or "The file was refused.")
        return upload

    def terminate(self, upload_id: str) -> None:
        """Give an unfinished upload up; its bytes are deleted. Raises UploadNotFound, UploadBusy,
        and Conflict when it has arrived."""
        part = self.parts.open(upload_id, self.get(upload_id).purpose)
        with self.database.write():
            if not self.rows.delete(upload_id, ARRIVING):
                raise Conflict("The upload has arrived: it can't be given up any more.")
        if part is not None:
            part.discard()
        log.info("Upload given up", extra={"upload_id": upload_id})

    def forget_expired(self) -> int:
        """Forget uploads whose time is over, with the bytes of those that are unfinished, and part
        files that no upload speaks of; returns how many."""
        now = self.clock.now()
        forgotten = 0
        for upload in self.rows.expired(now):
            with self.database.write():
                gone = self.rows.delete(upload.upload_id, upload.state)
            if gone and upload.state is ARRIVING:
                self.parts.path(upload.upload_id, upload.purpose).unlink(missing_ok=True)
            forgotten += gone
        return forgotten + self.parts.clear_abandoned(
            now, lambda one: self.rows.get(one) is not None
        )

    def _known(self, announced: Announced) -> tuple[Announced, Job | None]:
        """Take a file of today's agents, which say only its name, for the result that a job of
        that name waits for."""
        job = self.rights.owner(announced.filename, announced.name or "")
        if job is None:
            return announced, None
        return replace(announced, purpose=UploadPurpose.JOB_OUTPUT), job

    def _columns(self, announced: Announced, job: Job | None, size_bytes: int) -> dict[str, Any]:
        now = self.clock.now()
        is_result = announced.purpose is UploadPurpose.JOB_OUTPUT
        return {
            "purpose": announced.purpose,
            "job_id": job.job_id if job else None,
            "lease_token": job.lease_token if job and is_result else None,
            "filename": announced.filename,
            "size_bytes": size_bytes,
            "sha256": announced.sha256,
            "metadata": announced.metadata,
            "created_at": now,
            "expires_at": now + timedelta(hours=self.settings.upload_expiry_hours),
        }

    def _require_room(self, purpose: UploadPurpose, size_bytes: int) -> None:
        folder = self.parts.folder(purpose)
        self.space.require(folder, size_bytes, promised=self._promised(folder))

    def _promised(self, folder: Path) -> int:
        """Bytes that unfinished uploads still need on a folder's disk."""
        disk = folder.stat().st_dev
        return sum(
            upload.size_bytes - self.offset(upload)
            for upload in self.rows.in_state(ARRIVING)
            if self.parts.folder(upload.purpose).stat().st_dev == disk
        )
