"""Files that are sent to the server."""

from typing import ClassVar

import peewee

from boz_server.database.fields import EnumField, UTCDateTimeField, defaulted, one_of
from boz_server.database.models.base import BaseModel, index
from boz_server.domain.uploads.upload_states import UploadPurpose, UploadState


class Upload(BaseModel):
    """One file on its way here; the size of its part file is how much of it has arrived."""

    #: A UUID, assigned by the server.
    upload_id = peewee.CharField(max_length=36, primary_key=True)
    purpose = EnumField(UploadPurpose)
    state = EnumField(UploadState)
    #: The job that it belongs to; null if none. No foreign key: the file outlives the job.
    job_id = peewee.CharField(max_length=36, null=True)
    #: Lease token of the attempt whose result it is; null for other files.
    lease_token = peewee.CharField(max_length=32, null=True)
    #: The sender's name for it; never a path.
    filename = peewee.TextField()
    #: Size of the whole file in bytes, as the sender declared.
    size_bytes = peewee.BigIntegerField()
    #: SHA-256 of the whole file in hex, as the sender declared; null if it did not.
    sha256 = peewee.CharField(max_length=64, null=True)
    #: Whether the arriving bytes were found to have that checksum.
    is_verified = peewee.BooleanField(**defaulted(False))
    #: The Upload-Metadata header, to be sent back; null without one.
    metadata = peewee.TextField(null=True)
    #: Offset of bytes whose Upload-Checksum is still to be compared; null if there are none. If the
    #: server is killed before it compares, these bytes don't count.
    unchecked_from = peewee.BigIntegerField(null=True)
    #: Path of the file, set just before it is moved there; null until it has arrived.
    path = peewee.TextField(null=True)
    #: The job that organizes it into the library; null if none does.
    organize_job_id = peewee.CharField(max_length=36, null=True)
    #: What is wrong with it, in a sentence; null if nothing is.
    error = peewee.TextField(null=True)
    created_at = UTCDateTimeField()
    #: When the server forgets it; every arriving byte postpones this.
    expires_at = UTCDateTimeField()

    class Meta:
        table_name = "uploads"
        constraints: ClassVar = [
            one_of("purpose", UploadPurpose, "uploads_purpose"),
            one_of("state", UploadState, "uploads_state"),
            peewee.Check("size_bytes >= 0", "uploads_size"),
        ]


index("idx_uploads_state", Upload, Upload.state, Upload.created_at)
index("idx_uploads_expiry", Upload, Upload.expires_at)
