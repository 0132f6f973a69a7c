"""Files in the output folder on the wire."""

from typing import Any

import marshmallow as ma

from boz_server.domain.naming.library_paths import Described
from boz_server.domain.naming.media_library import LibraryType
from boz_server.domain.uploads.upload_states import UploadPurpose
from boz_server.schemas.answer import AnswerSchema
from boz_server.schemas.common import RequestSchema
from boz_server.schemas.fields import Id, Sha256, Text, Whole


class FileSchema(AnswerSchema):
    """A file in the output folder; modified in seconds since 1970."""

    name = ma.fields.String()
    size = ma.fields.Integer(attribute="size_bytes")
    modified = ma.fields.Integer()


class FileListSchema(AnswerSchema):
    """The files in the output folder."""

    files = ma.fields.List(ma.fields.Nested(FileSchema))


class FileDeletedSchema(AnswerSchema):
    """A file was deleted."""

    status = ma.fields.String(dump_default="ok")
    deleted = ma.fields.String()


class UploadedSchema(AnswerSchema):
    """A file was uploaded; metadata is what its name says."""

    status = ma.fields.String(dump_default="ok")
    filename = ma.fields.String()
    name = ma.fields.String()
    path = ma.fields.String()
    final_path = ma.fields.String()
    size = ma.fields.Integer()
    organized = ma.fields.Boolean()
    metadata = ma.fields.Dict()
    organize_job_id = ma.fields.String(allow_none=True)


class UploadFileArgs(RequestSchema):
    """What a file that comes as a form is for."""

    purpose = ma.fields.Enum(UploadPurpose, by_value=True, load_default=UploadPurpose.LIBRARY)
    job_id = Id(load_default=None)
    lease_token = Text(load_default=None)


class UploadHeadersSchema(RequestSchema):
    """What a sender says about the bytes."""

    sha256 = Sha256(data_key="X-Content-Sha256", load_default=None)


class OrganizeFileArgs(RequestSchema):
    """What a file is, when its name doesn't say it."""

    name = Text(load_default=None)
    media_type = ma.fields.Enum(LibraryType, by_value=True, load_default=None)
    year = Whole(low=1870, high=9999, load_default=None)
    season = Whole(high=9999, load_default=None)
    episode = Whole(high=9999, load_default=None)

    @ma.post_load
    def describe(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        name = data.pop("name")
        return {"name": name, "described": Described(**data)}


class FileOrganizedSchema(AnswerSchema):
    """A file is on its way into the library, or there."""

    status = ma.fields.String(dump_default="ok")
    original_path = ma.fields.String()
    final_path = ma.fields.String()
    organized = ma.fields.Boolean()
    organize_job_id = ma.fields.String()


class DownloadArgs(RequestSchema):
    """Who asks for a job's file."""

    lease_token = Text(load_default=None)
