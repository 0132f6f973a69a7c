"""Seasons on the wire."""

import marshmallow as ma


class TVEpisodeSchema(ma.Schema):
    """What is known of an episode; runtime in minutes."""

    episode_number = ma.fields.Integer()
    episode_name = ma.fields.String()
    season_number = ma.fields.Integer()
    runtime = ma.fields.Integer(allow_none=True)
    overview = ma.fields.String(allow_none=True)


class TVSeasonSchema(ma.Schema):
    """A season over all its discs."""

    season_id = ma.fields.String()
    show_name = ma.fields.String()
    season_number = ma.fields.Integer()
    thetvdb_series_id = ma.fields.Integer(allow_none=True)
    episodes = ma.fields.List(ma.fields.Nested(TVEpisodeSchema))
    last_episode_assigned = ma.fields.Integer()
    disc_ids = ma.fields.List(ma.fields.String())
    last_disc_name = ma.fields.String(allow_none=True)
