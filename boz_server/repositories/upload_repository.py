"""Uploads in the database."""

from datetime import datetime
from typing import Any

from boz_server.database.connection import Database
from boz_server.database.models import Upload
from boz_server.domain.uploads.upload_states import TRANSITIONS, UploadState


class UploadRepository:
    """Queries on uploads."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def insert(self, **fields: Any) -> Upload:
        """Enter a new upload."""
        return Upload.create(**fields)

    def get(self, upload_id: str) -> Upload | None:
        """Return the upload, or None when it is not known, or known no more."""
        return Upload.get_or_none(Upload.upload_id == upload_id)

    def change(self, upload_id: str, state: UploadState, **changes: Any) -> bool:
        """Change what is no state of an upload in that state. False when it is in another."""
        query = Upload.update(**changes).where(Upload.upload_id == upload_id, Upload.state == state)
        return bool(query.execute())

    def move(self, upload_id: str, target: UploadState, **changes: Any) -> bool:
        """Take an upload to another state. False when it is in none from which it may go there."""
        origins = [state for state, targets in TRANSITIONS.items() if target in targets]
        query = Upload.update(state=target, **changes).where(
            Upload.upload_id == upload_id, Upload.state.in_(origins)
        )
        return bool(query.execute())

    def in_state(self, state: UploadState, limit: int = 1000) -> list[Upload]:
        """Return the uploads in a state, oldest first."""
        query = Upload.select().where(Upload.state == state)
        return list(query.order_by(Upload.created_at, Upload.upload_id).limit(limit))

    def expired(self, now: datetime, limit: int = 500) -> list[Upload]:
        """Return the uploads whose time is over, the oldest first; those that have arrived are
        never among them, as they are about to be somewhere."""
        query = Upload.select().where(Upload.expires_at <= now, Upload.state != UploadState.ARRIVED)
        return list(query.order_by(Upload.expires_at, Upload.upload_id).limit(limit))

    def delete(self, upload_id: str, state: UploadState) -> bool:
        """Forget an upload in that state. False when it is in another."""
        query = Upload.delete().where(Upload.upload_id == upload_id, Upload.state == state)
        return bool(query.execute())
