"""Files in the output folder on the wire."""

import marshmallow as ma


class FileSchema(ma.Schema):
    """A file in the output folder; modified in seconds since 1970."""

    name = ma.fields.String()
    size = ma.fields.Integer(attribute="size_bytes")
    modified = ma.fields.Integer()


class FileListSchema(ma.Schema):
    """The files in the output folder."""

    files = ma.fields.List(ma.fields.Nested(FileSchema))


class FileDeletedSchema(ma.Schema):
    """A file was deleted."""

    status = ma.fields.String(dump_default="ok")
    deleted = ma.fields.String()


class UploadedSchema(ma.Schema):
    """A file has arrived; metadata is what its name says."""

    status = ma.fields.String(dump_default="ok")
    filename = ma.fields.String()
    name = ma.fields.String()
    path = ma.fields.String()
    final_path = ma.fields.String()
    size = ma.fields.Integer()
    organized = ma.fields.Boolean()
    metadata = ma.fields.Dict()
