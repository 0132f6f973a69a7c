"""Discs that left their drives long ago."""

from typing import ClassVar

import peewee

from boz_server.database.fields import (
    PLAIN_KEY,
    EnumField,
    PackedJSONField,
    UTCDateTimeField,
    one_of,
)
from boz_server.database.models.agent import Agent
from boz_server.database.models.base import BaseModel, index
from boz_server.database.models.disc import Title
from boz_server.database.models.tv_season import TVSeason
from boz_server.domain.discs.disc_states import DiscStatus, PreviewStatus
from boz_server.domain.identification.identity import MediaType


class ArchivedDisc(BaseModel):
    """An old disc and its titles in one row; columns named as in Disc mean the same."""

    disc_id = peewee.CharField(max_length=36, primary_key=True)
    agent_id: str
    agent = peewee.ForeignKeyField(Agent, column_name="agent_id", **PLAIN_KEY)
    disc_name = peewee.TextField()
    disc_type = peewee.TextField()
    fingerprint = peewee.CharField(max_length=64)
    title_key = peewee.TextField()
    detected_at = UTCDateTimeField()
    #: When it was moved from `discs` to here.
    archived_at = UTCDateTimeField()
    #: Its last state: completed or ejected.
    status = EnumField(DiscStatus)
    media_type = EnumField(MediaType)
    preview_status = EnumField(PreviewStatus)
    tv_show_name = peewee.TextField(null=True)
    tv_season_number = peewee.IntegerField(null=True)
    tv_season_id: str | None
    tv_season = peewee.ForeignKeyField(
        TVSeason, column_name="tv_season_id", null=True, on_delete="SET NULL", **PLAIN_KEY
    )
    movie_title = peewee.TextField(null=True)
    movie_year = peewee.IntegerField(null=True)
    #: The disc's other columns, its titles in MakeMKV's order, and the ids of its jobs:
    #: {"disc": {column: value}, "titles": [{column: value}], "jobs": [id]}. Values that equal a new
    #: row's default are left out; times are ISO 8601.
    record = PackedJSONField()

    #: As in Disc, if the repository has loaded them; no columns.
    titles: "list[Title]"
    is_outdated: bool

    class Meta:
        table_name = "archived_discs"
        constraints: ClassVar = [
            one_of("status", DiscStatus, "archived_discs_status"),
            one_of("media_type", MediaType, "archived_discs_media_type"),
            one_of("preview_status", PreviewStatus, "archived_discs_preview_status"),
        ]


index("idx_archived_discs_fingerprint", ArchivedDisc, ArchivedDisc.fingerprint)
index("idx_archived_discs_title_key", ArchivedDisc, ArchivedDisc.title_key)
index("idx_archived_discs_tv_season", ArchivedDisc, ArchivedDisc.tv_season)
#: Finds the latest shows.
index("idx_archived_discs_latest", ArchivedDisc, ArchivedDisc.media_type, ArchivedDisc.detected_at)
