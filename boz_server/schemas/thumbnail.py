"""Thumbnails on their way in and out."""

from collections.abc import Sequence
from typing import Any

import marshmallow as ma

from boz_server.schemas.answer import AnswerSchema
from boz_server.schemas.fields import INT32, Jpeg
from boz_server.services.discs.thumbnails import Thumbnail

#: Stored for a title or job.
MAX_THUMBNAILS = 8


def jpegs() -> ma.fields.List:
    """A field for the thumbnails of a title or job; null means none."""
    return ma.fields.List(
        Jpeg(),
        load_default=None,
        allow_none=True,
        load_only=True,
    )


def timestamps() -> ma.fields.List:
    """A field for the seconds at which thumbnails were taken; null means none."""
    return ma.fields.List(
        ma.fields.Float(validate=ma.validate.Range(min=0, max=INT32 // 4)),
        load_default=None,
        allow_none=True,
        validate=ma.validate.Length(max=1000),
    )


def paired(
    title_index: int, images: Sequence[bytes] | None, seconds: Sequence[float] | None
) -> list[Thumbnail]:
    """Give each image its second; one without, or with a second that is taken, the next free.

    Thumbnails are decoration: those beyond the first eight are left out.
    """
    thumbnails: list[Thumbnail] = []
    taken: set[int] = set()
    for position, image in enumerate((images or [])[:MAX_THUMBNAILS]):
        second = int(seconds[position]) if seconds and position < len(seconds) else position
        while second in taken:
            second += 1
        taken.add(second)
        thumbnails.append(Thumbnail(title_index, second, image))
    return thumbnails


def addresses(owner_id: str, title_index: int, seconds: Sequence[int]) -> list[str]:
    """Return where the thumbnails of a title or job can be fetched."""
    names = (Thumbnail(title_index, second, b"").file_name for second in seconds)
    return [f"/api/thumbnails/{owner_id}/{name}" for name in names]


class ThumbnailCountSchema(AnswerSchema):
    """How many thumbnails a disc or job has."""

    disc_id = ma.fields.String()
    thumbnail_count = ma.fields.Integer()


class ThumbnailsDeletedSchema(AnswerSchema):
    """How many thumbnails were dropped."""

    disc_id = ma.fields.String()
    deleted = ma.fields.Integer()


def address_field(owner: str) -> Any:
    """A field that lists the addresses of an object's thumbnails; `owner` names its id."""

    def of(thing: Any) -> list[str]:
        seconds = thing.thumbnail_timestamps
        return addresses(getattr(thing, owner), thing.title_index or 0, seconds) if seconds else []

    return ma.fields.Function(of)
