"""The collection on the wire."""

import marshmallow as ma

from boz_server.domain.identification.identity import MediaType
from boz_server.repositories.collection_repository import ORDERS
from boz_server.schemas.answer import AnswerSchema
from boz_server.schemas.common import FilterArgs
from boz_server.schemas.fields import Instant, Text

MAX_SEARCH_LENGTH = 200


class LibraryArgs(FilterArgs):
    """Which discs to list."""

    search = Text(max_length=MAX_SEARCH_LENGTH, load_default=None)
    media_type = ma.fields.Enum(MediaType, by_value=True, load_default=None)
    show = Text(load_default=None)
    sort = ma.fields.String(validate=ma.validate.OneOf(list(ORDERS)), load_default="-detected_at")


class LibraryDiscSchema(AnswerSchema):
    """A disc, live or in the archive."""

    disc_id = ma.fields.String()
    archived = ma.fields.Boolean()
    archived_at = Instant(allow_none=True)
    disc_name = ma.fields.String()
    disc_type = ma.fields.String()
    media_type = ma.fields.String()
    movie_title = ma.fields.String(allow_none=True)
    movie_year = ma.fields.Integer(allow_none=True)
    tv_show_name = ma.fields.String(allow_none=True)
    tv_season_number = ma.fields.Integer(allow_none=True)
    tv_season_id = ma.fields.String(allow_none=True)
    disc_number = ma.fields.Integer(allow_none=True)
    detected_at = Instant()
    status = ma.fields.String()
    preview_status = ma.fields.String()
    title_count = ma.fields.Integer()
    ripped_titles = ma.fields.Integer()
    episodes = ma.fields.List(ma.fields.Integer())
