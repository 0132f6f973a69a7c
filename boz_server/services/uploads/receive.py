"""The bytes of uploads: taken one request at a time, and gone on with where they broke off."""

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from boz_server.clock import Clock
from boz_server.database.connection import Database
from boz_server.database.models import Upload
from boz_server.domain.uploads.upload_states import UploadState
from boz_server.errors import (
    BozError,
    ChecksumMismatch,
    TooLarge,
    UploadBusy,
    UploadNotFound,
    WrongOffset,
)
from boz_server.repositories.upload_repository import UploadRepository
from boz_server.services.uploads.complete import Deliveries
from boz_server.services.uploads.part_files import Part, PartFiles
from boz_server.services.uploads.rights import UploadRights
from boz_server.services.uploads.uploads import ARRIVING, Uploads
from boz_server.settings import Settings

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Checksum:
    """What a sender says of the bytes of one request; algorithm: a name that hashlib knows."""

    algorithm: str
    digest: bytes


class UploadBytes:
    """Adds to part files, each of which only one request writes at a time."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        database: Database,
        *,
        rows: UploadRepository,
        parts: PartFiles,
        rights: UploadRights,
        uploads: Uploads,
        deliveries: Deliveries,
    ) -> None:
        self.expiry = timedelta(hours=settings.upload_expiry_hours)
        self.clock = clock
        self.database = database
        self.rows = rows
        self.parts = parts
        self.rights = rights
        self.uploads = uploads
        self.deliveries = deliveries

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
        part = self.parts.open(upload_id, self.uploads.get(upload_id).purpose)
        if part is None:
            return self._require_nothing_due(self.uploads.get(upload_id), offset)
        with part:
            # Only now: another request may have had the file until a moment ago.
            upload = self.uploads.get(upload_id)
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
                return self.uploads.get(upload_id)
            if not self._verified(upload, part):
                return self.uploads.get(upload_id)
            return self.deliveries.deliver(upload_id, part)

    def finish_whole(self) -> int:
        """Finish uploads whose bytes are all here; returns how many.

        The server was killed before it had noted that. Their senders don't come back: an offset
        that is the file's length tells them that they are done.
        """
        finished = 0
        for upload in self.rows.in_state(ARRIVING):
            if self.uploads.offset(upload) == upload.size_bytes:
                try:
                    self.receive(upload.upload_id, upload.size_bytes, lambda _: b"")
                    finished += 1
                except UploadBusy:
                    continue  # its sender is still there
                except (BozError, OSError):
                    log.warning(
                        "Not finished", extra={"upload_id": upload.upload_id}, exc_info=True
                    )
        return finished

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
            self._note(
                upload.upload_id, unchecked_from=None, expires_at=self.clock.now() + self.expiry
            )
        if not complete:
            raise ChecksumMismatch("The bytes arrived damaged: send them again.")
        if not whole:
            raise TooLarge("More bytes were sent than were announced: those were left out.")

    def _note(self, upload_id: str, **changes: Any) -> None:
        with self.database.write():
            self.rows.change(upload_id, ARRIVING, **changes)
