"""Files that are sent here."""

from typing import ClassVar

import peewee

from boz_server.database.fields import EnumField, UTCDateTimeField, default, one_of
from boz_server.database.models.base import BaseModel, index
from boz_server.domain.uploads.upload_states import UploadPurpose, UploadState


class Upload(BaseModel):
    """One file on its way here; how much of it has come is the size of its part file."""

    #: A UUID, given by the server.
    upload_id = peewee.CharField(max_length=36, primary_key=True)
    purpose = EnumField(UploadPurpose)
    state = EnumField(UploadState)
    #: The job that it belongs to; null where it belongs to none. No foreign key: the file
    #: outlives the job.
    job_id = peewee.CharField(max_length=36, null=True)
    #: Names the attempt whose result it is; null for other files.
    lease_token = peewee.CharField(max_length=32, null=True)
    #: Name that the sender has for it; never a path.
    filename = peewee.TextField()
    #: Bytes of the whole file, as the sender declared.
    size_bytes = peewee.BigIntegerField()
    #: SHA-256 of the whole file in hex, as the sender declared; null where it did not.
    sha256 = peewee.CharField(max_length=64, null=True)
    #: Whether the bytes were found to have that checksum as they came.
    is_verified = peewee.BooleanField(default=False, constraints=default(False))
    #: The Upload-Metadata header, to be sent back; null where there was none.
    metadata = peewee.TextField(null=True)
    #: Bytes from here on came with a checksum that is not compared yet; null otherwise. They
    #: don't count if the server is killed before it has.
    unchecked_from = peewee.BigIntegerField(null=True)
    #: Where the file is, or is about to be; null until it has arrived.
    path = peewee.TextField(null=True)
    #: The job that files it into the library; null where none does.
    organize_job_id = peewee.CharField(max_length=36, null=True)
    #: What is wrong with it, in a sentence; null where nothing is.
    error = peewee.TextField(null=True)
    created_at = UTCDateTimeField()
    #: When it is forgotten; moved on by every byte that comes.
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
