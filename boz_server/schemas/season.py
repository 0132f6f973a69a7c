"""Seasons on the wire."""

import marshmallow as ma

from boz_server.schemas.answer import AnswerSchema
from boz_server.schemas.common import FilterArgs
from boz_server.schemas.fields import Text


class TVEpisodeSchema(AnswerSchema):
    """What is known of an episode; runtime in minutes."""

    episode_number = ma.fields.Integer()
    episode_name = ma.fields.String()
    season_number = ma.fields.Integer()
    runtime = ma.fields.Integer(allow_none=True)
    overview = ma.fields.String(allow_none=True)


class TVSeasonSchema(AnswerSchema):
    """A season over all its discs."""

    season_id = ma.fields.String()
    show_name = ma.fields.String()
    season_number = ma.fields.Integer()
    thetvdb_series_id = ma.fields.Integer(allow_none=True)
    episodes = ma.fields.List(ma.fields.Nested(TVEpisodeSchema))
    last_episode_assigned = ma.fields.Integer()
    disc_ids = ma.fields.List(ma.fields.String())
    last_disc_name = ma.fields.String(allow_none=True)


class SeasonArgs(FilterArgs):
    """Which seasons to list."""

    show = Text(load_default=None)


class SeasonSchema(AnswerSchema):
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
