"""Uploads in the database."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import peewee

from boz_server.database.models import Job, Upload
from boz_server.domain.queue.job_states import JobStatus
from boz_server.domain.uploads.upload_states import TRANSITIONS, UploadPurpose, UploadState


@dataclass(frozen=True, slots=True)
class NewUpload:
    """An upload to be inserted; the columns are documented in the model."""

    upload_id: str
    purpose: UploadPurpose
    state: UploadState
    job_id: str | None
    lease_token: str | None
    filename: str
    size_bytes: int
    sha256: str | None
    is_verified: bool
    metadata: str | None
    created_at: datetime
    expires_at: datetime


class UploadRepository:
    """Queries on uploads."""

    def insert(self, upload: NewUpload) -> Upload:
        """Insert a new upload."""
        return Upload.create(**asdict(upload))

    def get(self, upload_id: str) -> Upload | None:
        """Return the upload, or None when it is unknown or was forgotten."""
        return Upload.get_or_none(Upload.upload_id == upload_id)

    def note_unchecked(self, upload_id: str, offset: int | None) -> bool:
        """Note from where on the bytes of an arriving upload still lack their checksum; None when
        all were compared."""
        return self._change(upload_id, UploadState.ARRIVING, unchecked_from=offset)

    def note_progress(self, upload_id: str, expires_at: datetime) -> bool:
        """Note that bytes of an arriving upload have come, and that all of them are good."""
        changes = {"unchecked_from": None, "expires_at": expires_at}
        return self._change(upload_id, UploadState.ARRIVING, **changes)

    def is_path_reserved(self, path: str, besides: str | None = None) -> bool:
        """Whether another upload that has arrived has a path, or is about to get it."""
        query = Upload.select().where(Upload.state == UploadState.ARRIVED, Upload.path == path)
        if besides is not None:
            query = query.where(Upload.upload_id != besides)
        return query.exists()

    def reserve_path(self, upload_id: str, path: str) -> bool:
        """Note which path an arrived upload is about to get. False when it is in another state."""
        return self._change(upload_id, UploadState.ARRIVED, path=path)

    def arrive(self, upload_id: str, *, is_verified: bool) -> Upload | None:
        """Note that all bytes are here. None when the upload isn't arriving."""
        return self._move(upload_id, UploadState.ARRIVED, is_verified=is_verified)

    def complete(self, upload_id: str, organize_job_id: str | None) -> Upload | None:
        """Note that the file was passed on. None when the upload hasn't arrived."""
        return self._move(upload_id, UploadState.COMPLETE, organize_job_id=organize_job_id)

    def fail(self, upload_id: str, error: str) -> Upload | None:
        """Note that the file was refused. None when the upload hasn't arrived."""
        return self._move(upload_id, UploadState.FAILED, error=error)

    def in_state(self, state: UploadState, limit: int = 1000) -> list[Upload]:
        """Return the uploads in a state, oldest first."""
        query = Upload.select().where(Upload.state == state)
        return list(query.order_by(Upload.created_at, Upload.upload_id).limit(limit))

    def stranded(self, limit: int = 500) -> list[Upload]:
        """Return complete uploads of finished files that no organize job ever had, newest first:
        there was no library, the job's row is gone, or the job moved another upload's file."""
        shared = (
            Upload.select(Upload.organize_job_id)
            .where(Upload.state == UploadState.COMPLETE, Upload.organize_job_id.is_null(False))
            .group_by(Upload.organize_job_id)
            .having(peewee.fn.COUNT(1) > 1)
        )
        is_anothers = (
            (Job.status == JobStatus.COMPLETED)
            & (Job.output_file != Upload.path)
            & Upload.organize_job_id.in_(shared)
        )
        query = (
            Upload.select()
            .join(Job, peewee.JOIN.LEFT_OUTER, on=(Job.job_id == Upload.organize_job_id))
            .where(
                Upload.state == UploadState.COMPLETE,
                Upload.purpose != UploadPurpose.JOB_INPUT,
                Job.job_id.is_null() | is_anothers,
            )
        )
        return list(query.order_by(Upload.created_at.desc(), Upload.upload_id).limit(limit))

    def note_organize_job(self, upload_id: str, organize_job_id: str) -> bool:
        """Note which job organizes the file of a complete upload."""
        return self._change(upload_id, UploadState.COMPLETE, organize_job_id=organize_job_id)

    def expired(self, now: datetime, limit: int = 500) -> list[Upload]:
        """Return the expired uploads, oldest first, without those that have arrived: their files
        are about to be renamed."""
        query = Upload.select().where(Upload.expires_at <= now, Upload.state != UploadState.ARRIVED)
        return list(query.order_by(Upload.expires_at, Upload.upload_id).limit(limit))

    def delete(self, upload_id: str, state: UploadState) -> bool:
        """Forget an upload in a state. False when it is in another."""
        query = Upload.delete().where(Upload.upload_id == upload_id, Upload.state == state)
        return bool(query.execute())

    def _change(self, upload_id: str, state: UploadState, **changes: Any) -> bool:
        query = Upload.update(**changes).where(Upload.upload_id == upload_id, Upload.state == state)
        return bool(query.execute())

    def _move(self, upload_id: str, target: UploadState, **changes: Any) -> Upload | None:
        origins = [state for state, targets in TRANSITIONS.items() if target in targets]
        query = Upload.update(state=target, **changes).where(
            Upload.upload_id == upload_id, Upload.state.in_(origins)
        )
        return next(iter(query.returning(Upload).execute()), None)
