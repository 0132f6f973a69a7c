"""Seasons of shows, and their known episodes."""

import peewee

from boz_server.database.fields import PLAIN_KEY, JSONField, UTCDateTimeField, default, defaulted
from boz_server.database.models.base import BaseModel, index


class TVSeason(BaseModel):
    """One season of a show; its episode numbers continue from disc to disc."""

    #: "{show_name}:s{season_number}".
    season_id = peewee.TextField(primary_key=True)
    show_name = peewee.TextField()
    #: The name, case-folded, for sorting and for finding a show (see LibraryEntry).
    show_key = peewee.TextField(**defaulted(""))
    #: 0 is the specials.
    season_number = peewee.IntegerField()
    #: TheTVDB's id of the show; null until looked up.
    thetvdb_series_id = peewee.IntegerField(null=True)
    #: The highest episode number on any of its discs; 0 before the first.
    last_episode_assigned = peewee.IntegerField(**defaulted(0))
    #: Highest episode number and highest disc number on discs that the database does not have; 0 if
    #: it has all discs. Set when the old system's database is adopted.
    gone_last_episode = peewee.IntegerField(**defaulted(0))
    gone_last_disc = peewee.IntegerField(**defaulted(0))
    #: Ids of its discs, in the order of their first report.
    disc_ids = JSONField(default=list)
    #: Label of the disc reported last; null before the first.
    last_disc_name = peewee.TextField(null=True)
    created_at = UTCDateTimeField(constraints=default("CURRENT_TIMESTAMP"))
    updated_at = UTCDateTimeField(constraints=default("CURRENT_TIMESTAMP"))

    #: Sorted by number, if the repository has loaded them; no column.
    episodes: "list[TVEpisode]"

    class Meta:
        table_name = "tv_seasons"


index(
    "uq_tv_seasons_show_season", TVSeason, TVSeason.show_name, TVSeason.season_number, unique=True
)
index("idx_tv_seasons_show", TVSeason, TVSeason.show_name)
index(
    "idx_tv_seasons_order",
    TVSeason,
    TVSeason.show_key,
    TVSeason.season_number,
    TVSeason.season_id,
)


class TVEpisode(BaseModel):
    """What is known of one episode, from a provider or from an approved disc."""

    season = peewee.ForeignKeyField(
        TVSeason, column_name="season_id", backref="episodes", on_delete="CASCADE", **PLAIN_KEY
    )
    episode_number = peewee.IntegerField()
    episode_name = peewee.TextField()
    season_number = peewee.IntegerField()
    #: Running time in minutes; null if unknown.
    runtime = peewee.IntegerField(null=True)
    #: Summary of the plot; null if unknown.
    overview = peewee.TextField(null=True)
    #: Whether a provider lists it; otherwise it comes from an approved disc.
    is_listed = peewee.BooleanField(**defaulted(False))

    class Meta:
        table_name = "tv_episodes"


index("uq_tv_episodes_number", TVEpisode, TVEpisode.season, TVEpisode.episode_number, unique=True)
index("idx_tv_episodes_season", TVEpisode, TVEpisode.season)
