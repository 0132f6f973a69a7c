"""Seasons with what was seen of them, on the wire."""

import marshmallow as ma

from boz_server.schemas.common import FilterArgs
from boz_server.schemas.fields import Text


class SeasonArgs(FilterArgs):
    """Which seasons are asked for."""

    show = Text(load_default=None)


class SeasonSchema(ma.Schema):
    """A season: which of its episodes were seen on discs, ripped, or are missing."""

    season_id = ma.fields.String()
    show_name = ma.fields.String()
    season_number = ma.fields.Integer()
    thetvdb_series_id = ma.fields.Integer(allow_none=True)
    episode_count = ma.fields.Integer(allow_none=True)
    seen = ma.fields.List(ma.fields.Integer())
    ripped = ma.fields.List(ma.fields.Integer())
    missing = ma.fields.List(ma.fields.Integer())
    is_complete = ma.fields.Boolean()
    discs = ma.fields.Integer()
    last_disc_name = ma.fields.String(allow_none=True)
