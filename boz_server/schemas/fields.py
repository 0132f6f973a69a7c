"""Fields that marshmallow lacks."""

import base64
import binascii
import re
from datetime import UTC, date, datetime
from typing import Any

import marshmallow as ma
import orjson

from boz_server.domain.discs.jpeg import MAX_SIDE, is_showable
from boz_server.domain.naming.names import MAX_NAME_LENGTH

MAX_ID_LENGTH = 100
#: Linux's PATH_MAX; Windows' extended paths are longer, but agents don't send them.
MAX_PATH_LENGTH = 4096
#: Of a folder in the library: what Linux allows for a name, and room for mount point and file name
#: within PATH_MAX, also on shares.
MAX_FOLDERS, MAX_FOLDER_BYTES, MAX_FOLDERS_BYTES = 20, 255, 1024
MAX_ERROR_LENGTH = 10_000
MAX_THUMBNAIL_BYTES = 2 * 1024 * 1024
INT32 = 2**31 - 1
INT64 = 2**63 - 1
_SLASHES = re.compile(r"[/\\]+")
_MD5 = re.compile(r"[0-9a-fA-F]{32}")
_SHA256 = re.compile(r"[0-9a-fA-F]{64}")


class Text(ma.fields.String):
    """A text of limited length that a database can store."""

    def __init__(self, *, max_length: int = MAX_NAME_LENGTH, min_length: int = 0, **kwargs: Any):
        super().__init__(
            validate=[ma.validate.Length(min=min_length, max=max_length), _no_nul], **kwargs
        )


class Path(Text):
    """A path on an agent's disk, also of Windows."""

    def __init__(self, **kwargs: Any):
        super().__init__(max_length=MAX_PATH_LENGTH, **kwargs)


class LibraryFolder(Text):
    """A folder in the library, with either slash; what no disk could hold is refused."""

    def __init__(self, **kwargs: Any):
        super().__init__(max_length=MAX_FOLDERS_BYTES, **kwargs)
        self.validators.append(_fits_a_disk)


class Id(Text):
    """An id of anything."""

    def __init__(self, **kwargs: Any):
        super().__init__(min_length=1, max_length=MAX_ID_LENGTH, **kwargs)


class Sha256(ma.fields.String):
    """A SHA-256 in hex."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        text: str = super()._deserialize(value, attr, data, **kwargs)
        if not _SHA256.fullmatch(text):
            raise ma.ValidationError("Must be a SHA-256 in hex: 64 digits and letters a to f.")
        return text.lower()


class ContentHash(ma.fields.String):
    """The MD5 by which a disc database knows a disc, in hex of either case."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        text: str = super()._deserialize(value, attr, data, **kwargs)
        if not _MD5.fullmatch(text):
            raise ma.ValidationError("Must be an MD5 in hex: 32 digits and letters a to f.")
        return text.upper()


class ErrorText(ma.fields.String):
    """The output of a tool that failed. If it is too long, the end is stored: tools say there what
    happened."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        text: str = super()._deserialize(value, attr, data, **kwargs)
        return text.replace("\x00", "\ufffd")[-MAX_ERROR_LENGTH:]


class Whole(ma.fields.Integer):
    """A whole number within bounds; 5.0 is accepted, 5.5 is not."""

    def __init__(self, *, low: int = 0, high: int = INT32, **kwargs: Any):
        super().__init__(validate=ma.validate.Range(min=low, max=high), **kwargs)

    def _validated(self, value: Any) -> int:
        if isinstance(value, float) and not value.is_integer():
            raise self.make_error("invalid", input=value)
        return super()._validated(value)


class Percent(ma.fields.Float):
    """A number that is moved into the range from 0 to 100."""

    def _validated(self, value: Any) -> float:
        return min(100.0, max(0.0, super()._validated(value)))


class Instant(ma.fields.Field[datetime]):
    """An instant in answers: ISO 8601 in UTC with microseconds and Z."""

    def _serialize(self, value: datetime | None, attr: Any, obj: Any, **kwargs: Any) -> str | None:
        if value is None:
            return None
        return value.astimezone(UTC).isoformat(timespec="microseconds")[:26] + "Z"


class Day(ma.fields.Date):
    """A day in UTC: a date, or the day of an instant (UTC unless it has a zone)."""

    default_error_messages = {  # noqa: RUF012
        "invalid": "Not a day: write one as 2026-01-31, or an instant as 2026-01-31T12:00:00Z."
    }

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> date:
        try:
            instant = datetime.fromisoformat(value)
            return (instant.astimezone(UTC) if instant.tzinfo else instant).date()
        except (TypeError, ValueError, OverflowError) as error:
            raise self.make_error("invalid") from error


class Jpeg(ma.fields.Field[bytes]):
    """A base64 JPEG in requests, bare or as a data: URL."""

    default_error_messages = {  # noqa: RUF012
        "invalid": "Not a base64 JPEG that browsers show, of at most 2 MiB and"
        f" {MAX_SIDE} pixels a side: send one, or leave it out."
    }

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> bytes:
        if not isinstance(value, str):
            raise self.make_error("invalid")
        text = value.partition("base64,")[2] if value.startswith("data:") else value
        try:
            jpeg = base64.b64decode("".join(text.split()), validate=True)
        except (binascii.Error, ValueError) as error:
            raise self.make_error("invalid") from error
        if len(jpeg) > MAX_THUMBNAIL_BYTES or not is_showable(jpeg):
            raise self.make_error("invalid")
        return jpeg


def _fits_a_disk(path: str) -> None:
    folders = _SLASHES.split(path)
    longest, whole = max(map(_bytes_of, folders)), _bytes_of(path)
    is_deep = len(folders) > MAX_FOLDERS
    if is_deep or longest > MAX_FOLDER_BYTES or whole > MAX_FOLDERS_BYTES:
        raise ma.ValidationError(
            f"Must be at most {MAX_FOLDERS} folders deep, and at most {MAX_FOLDERS_BYTES} bytes of"
            f" UTF-8 long, {MAX_FOLDER_BYTES} for each folder: shorten it."
        )


def _bytes_of(text: str) -> int:
    return len(text.encode(errors="replace"))


def _no_nul(value: str) -> None:
    if "\x00" in value:
        raise ma.ValidationError("May not contain the character NUL.")


def require_storable(value: Any) -> None:
    """Refuse JSON that a database can't store, or that we could not send back."""
    try:
        # orjson reads deeper nesting than it writes, and answers add two levels.
        written = orjson.dumps([[value]])
    except TypeError as error:
        raise ma.ValidationError("Nested too deeply.") from error
    # This is how orjson writes NUL. An escaped backslash before "u0000" looks the same: never mind.
    if b"\\u0000" in written:
        raise ma.ValidationError("May not contain the character NUL.")
