"""Uploads: begun, gone on with where they broke off, looked at, given up.

What becomes of a file that has arrived is in deliveries.py.
"""

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from boz_server.clock import Clock
from boz_server.database.connection import Database
from boz_server.database.models import Job, Upload
from boz_server.domain.upload_states import UploadPurpose, UploadState
from boz_server.errors import (
    ChecksumMismatch,
    Conflict,
    TooLarge,
    UploadNotFound,
    WrongOffset,
)
from boz_server.repositories.upload_repository import UploadRepository
from boz_server.services.deliveries import Deliveries
from boz_server.services.disk_space import DiskSpace
from boz_server.services.part_files import Part, PartFiles
from boz_server.services.upload_rights import UploadRights
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


@dataclass(frozen=True, slots=True)
class Checksum:
    """What a sender says of the bytes of one request; algorithm: a name that hashlib knows."""

    algorithm: str
    digest: bytes


class Uploads:
    """Takes the bytes of files; each is one row, and a part file that only one request writes."""

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
        """Begin an upload; its bytes come by `receive`.

        Raises StorageFull, and what UploadRights says of its job: JobNotFound, Conflict, Invalid.
        """
        self._require_room(announced.purpose, size_bytes)
        job = self.rights.require(announced.purpose, announced.job_id, announced.lease_token)
        upload_id, part = self.parts.create(announced.purpose)
        with part, self.database.write():
            columns = self._columns(announced, job, size_bytes)
            upload = self.rows.insert(**columns, upload_id=upload_id, state=ARRIVING)
            if not size_bytes:
                self.rows.move(upload_id, UploadState.ARRIVED)
        log.info("Upload begun", extra={"upload_id": upload_id, "bytes": size_bytes})
        return upload if size_bytes else self.deliveries.deliver(upload_id)

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

    def receive(
        self,
        upload_id: str,
        offset: int,
        read: Callable[[int], bytes],
        *,
        announced_bytes: int | None = None,
        checksum: Checksum | None = None,
    ) -> Upload:
        """Add the bytes that `read` gives to an upload; what came before it breaks off stays.

        announced_bytes: how many there will be, None where the sender does not say. Raises
        UploadNotFound, UploadBusy, WrongOffset, TooLarge, ChecksumMismatch, Conflict where its job
        has no use for the file any more, and what `read` raises.
        """
        part = self.parts.open(upload_id, self.get(upload_id).purpose)
        if part is None:
            return self._require_nothing_due(self.get(upload_id), offset)
        with part:
            # Only now: another request may have had the file until a moment ago.
            upload = self.get(upload_id)
            if upload.state is not ARRIVING:
                return self._require_nothing_due(upload, offset)
            self.rights.require(upload.purpose, upload.job_id, upload.lease_token)
            here = self._settled(upload, part)
            room = upload.size_bytes - here
            if offset != here:
                raise WrongOffset(offset, here)
            if announced_bytes is not None and announced_bytes > room:
                raise TooLarge(f"{announced_bytes} bytes were sent, but only {room} are due.")
            self._fill(upload, part, read, checksum)
            if part.size_bytes < upload.size_bytes:
                return self.get(upload_id)
            is_verified = self._verified(upload, part)
        return self.deliveries.deliver(upload_id) if is_verified else self.get(upload_id)

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
        part.file.close()
        upload = self.deliveries.deliver(upload_id)
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
            "expires_at": self._expiry(),
        }

    def _expiry(self) -> Any:
        return self.clock.now() + timedelta(hours=self.settings.upload_expiry_hours)

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

    def _require_nothing_due(self, upload: Upload, offset: int) -> Upload:
        """Answer bytes sent to an upload that has arrived: none are fine, as a reply may have been
        lost. Raises WrongOffset for others, UploadNotFound where the file is gone."""
        if upload.state is ARRIVING:
            raise UploadNotFound(upload.upload_id)
        if offset != upload.size_bytes:
            raise WrongOffset(offset, upload.size_bytes)
        return upload

    def _verified(self, upload: Upload, part: Part) -> bool:
        """Note that all bytes are here; returns whether it is clear that they are what was sent.

        Raises ChecksumMismatch where they are not.
        """
        found = part.digests.get("file")
        is_verified = upload.sha256 is None or found is not None
        if found is not None and found.hexdigest() != upload.sha256:
            with self.database.write():
                self.rows.delete(upload.upload_id, ARRIVING)
            part.discard()
            raise ChecksumMismatch(
                "The file that arrived has another SHA-256 than you announced: send it again."
            )
        with self.database.write():
            self.rows.move(upload.upload_id, UploadState.ARRIVED, is_verified=is_verified)
        return is_verified

    def _settled(self, upload: Upload, part: Part) -> int:
        """Drop bytes whose checksum was never compared; returns how many are here for good."""
        if upload.unchecked_from is not None:
            part.cut(upload.unchecked_from)
            self._note(upload.upload_id, unchecked_from=None)
        return part.size_bytes

    def _fill(
        self,
        upload: Upload,
        part: Part,
        read: Callable[[int], bytes],
        checksum: Checksum | None,
    ) -> None:
        here = part.size_bytes
        if checksum is not None:
            self._note(upload.upload_id, unchecked_from=here)
            part.digests["bytes"] = hashlib.new(checksum.algorithm, usedforsecurity=False)
        if upload.sha256 and here == 0:
            part.hash_file()
        # The bytes of a film take long: others need the connection meanwhile.
        self.database.release()
        complete, whole = False, False
        try:
            whole = part.fill(read, upload.size_bytes - here)
            complete = checksum is None or part.digests["bytes"].digest() == checksum.digest
        finally:
            if checksum is not None and not complete:
                part.cut(here)
            part.sync()
            self._note(upload.upload_id, unchecked_from=None, expires_at=self._expiry())
        if not complete:
            raise ChecksumMismatch("The bytes arrived damaged: send them again.")
        if not whole:
            raise TooLarge("More bytes were sent than were announced: those were left out.")

    def _note(self, upload_id: str, **changes: Any) -> None:
        with self.database.write():
            self.rows.change(upload_id, ARRIVING, **changes)
