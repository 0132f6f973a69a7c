"""Uploads on the wire."""

from typing import Any

import marshmallow as ma

from boz_server.domain.uploads import tus
from boz_server.domain.uploads.upload_states import UploadPurpose
from boz_server.errors import Invalid
from boz_server.schemas.answer import AnswerSchema
from boz_server.schemas.common import RequestSchema
from boz_server.schemas.fields import Id, Instant, Sha256, Text

FIELD = "Upload-Metadata"


class UploadMetadataSchema(RequestSchema):
    """What Upload-Metadata says about a file."""

    purpose = ma.fields.Enum(UploadPurpose, by_value=True, load_default=UploadPurpose.LIBRARY)
    filename = Text(min_length=1, required=True)
    job_id = Id(load_default=None)
    lease_token = Text(load_default=None)
    sha256 = Sha256(load_default=None)

    @classmethod
    def read(cls, header: str) -> dict[str, Any]:
        """Read the header; raises Invalid when it makes no sense."""
        try:
            found: dict[str, Any] = cls().load(tus.parse_metadata(header))
        except ValueError as error:
            raise Invalid(FIELD, f"{error}.") from error
        except ma.ValidationError as error:
            messages = error.normalized_messages()
            key = next(iter(messages))
            raise Invalid(f"{FIELD}.{key}", " ".join(messages[key])) from error
        return found


class UploadSchema(AnswerSchema):
    """An upload as it is now."""

    upload_id = ma.fields.String()
    purpose = ma.fields.String()
    state = ma.fields.String()
    job_id = ma.fields.String(allow_none=True)
    filename = ma.fields.String()
    size = ma.fields.Integer(attribute="size_bytes")
    offset = ma.fields.Integer()
    path = ma.fields.String(allow_none=True)
    organize_job_id = ma.fields.String(allow_none=True)
    error = ma.fields.String(allow_none=True)
    created_at = Instant()
    expires_at = Instant()
