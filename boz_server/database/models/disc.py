"""Discs and their titles."""

from typing import ClassVar

import peewee

from boz_server.database.fields import (
    PLAIN_KEY,
    EnumField,
    JSONField,
    UTCDateTimeField,
    default,
    defaulted,
    one_of,
)
from boz_server.database.models.agent import Agent
from boz_server.database.models.base import BaseModel, index
from boz_server.database.models.tv_season import TVSeason
from boz_server.domain.discs.disc_states import DiscStatus, PreviewStatus
from boz_server.domain.identification.identity import MediaType
from boz_server.domain.identification.title_facts import TitleKind


class Disc(BaseModel):
    """One disc in a drive, from its insertion to its ejection, or until it does not come back."""

    #: A UUID, assigned by the server.
    disc_id = peewee.CharField(max_length=36, primary_key=True)
    agent_id: str
    agent = peewee.ForeignKeyField(Agent, column_name="agent_id", **PLAIN_KEY)
    #: The drive as the agent names it: "D:" or "/dev/sr0".
    drive = peewee.TextField()
    #: The volume label.
    disc_name = peewee.TextField()
    #: MakeMKV's type ("DVD disc", "Blu-ray disc").
    disc_type = peewee.TextField(**defaulted("Unknown"))
    #: Hash of label and layout, by which a disc is recognised in any drive (see title_facts).
    fingerprint = peewee.CharField(max_length=64)
    #: MD5 over its files' sizes in upper-case hex, by which a disc database knows it; null if the
    #: agent doesn't send it (see docs/identification.md).
    content_hash = peewee.CharField(max_length=32, null=True)
    detected_at = UTCDateTimeField(constraints=default("CURRENT_TIMESTAMP"))
    status = EnumField(DiscStatus, **defaulted(DiscStatus.DETECTED))
    #: When it left its drive; null while it lies there, and for discs of older versions.
    ejected_at = UTCDateTimeField(null=True)
    media_type = EnumField(MediaType, **defaulted(MediaType.UNKNOWN))
    preview_status = EnumField(PreviewStatus, **defaulted(PreviewStatus.PENDING))
    #: The show's name; null if the disc is not a TV disc, like the four columns below.
    tv_show_name = peewee.TextField(null=True)
    tv_season_number = peewee.IntegerField(null=True)
    tv_season_id: str | None
    tv_season = peewee.ForeignKeyField(
        TVSeason,
        column_name="tv_season_id",
        backref="discs",
        null=True,
        on_delete="SET NULL",
        **PLAIN_KEY,
    )
    thetvdb_series_id = peewee.IntegerField(null=True)
    #: Number of the first episode on the disc.
    starting_episode_number = peewee.IntegerField(null=True)
    #: The film's title; null if the disc is not a film, like the two columns below.
    movie_title = peewee.TextField(null=True)
    movie_year = peewee.IntegerField(null=True)
    omdb_imdb_id = peewee.CharField(max_length=20, null=True)
    #: How certain the film's title is, 0–1.
    movie_confidence = peewee.DoubleField(default=0.0, constraints=default(0))
    #: The name in the label as letters and digits only, equal for the discs of one show or film;
    #: empty if the label contains no name.
    title_key = peewee.TextField(**defaulted(""))
    #: Its number within its box or season, from the label; null without one.
    disc_number = peewee.IntegerField(null=True)
    #: What the disc was taken for and how sure that is: an answer to each Question, "warnings",
    #: "numbering", "season_is_guess", "listed", "listed_part" (see Identity.stored); empty for
    #: discs of older versions.
    identification = JSONField(default=dict, constraints=default("{}"))
    #: Shows or films that it may be, the likeliest first, each {"provider", "external_id", "title",
    #: "year", "runtime_minutes", "imdb_id", "score"}; empty without metadata.
    candidates = JSONField(default=list, constraints=default("[]"))
    #: Whether a provider could not be asked; the preview is made again when it can.
    lookup_due = peewee.BooleanField(**defaulted(False))
    #: Whether a person set what the disc is; providers' answers then no longer change it.
    is_told = peewee.BooleanField(**defaulted(False))
    #: The first episode on the disc as set by a person; null if nobody did.
    told_first_episode = peewee.IntegerField(null=True)
    #: When a person's latest choice about it began: what it is, or whether its names are right;
    #: null before the first. A choice that began earlier and ends later changes nothing.
    chosen_at = UTCDateTimeField(null=True)
    #: When it was adopted from the old system's database, from when on retention counts; null for
    #: all others.
    adopted_at = UTCDateTimeField(null=True)

    #: In MakeMKV's order, if the repository has loaded them; no column.
    titles: "list[Title]"
    #: Whether a later approval of the same disc replaces this one, if the repository has loaded it;
    #: no column.
    is_outdated: bool

    class Meta:
        table_name = "discs"
        constraints: ClassVar = [
            one_of("status", DiscStatus, "discs_status"),
            one_of("media_type", MediaType, "discs_media_type"),
            one_of("preview_status", PreviewStatus, "discs_preview_status"),
        ]


index("idx_discs_agent", Disc, Disc.agent)
index("idx_discs_status", Disc, Disc.status)
index("idx_discs_preview_status", Disc, Disc.preview_status)
index("idx_discs_tv_season", Disc, Disc.tv_season)
index("idx_discs_fingerprint", Disc, Disc.fingerprint)
index("idx_discs_newest", Disc, Disc.detected_at, Disc.disc_id)
index("idx_discs_title_key", Disc, Disc.title_key, Disc.detected_at)
#: Finds the discs of a film.
index("idx_discs_movie", Disc, Disc.movie_title, where=Disc.movie_title.is_null(False))
index("idx_discs_lookup_due", Disc, Disc.detected_at, where=Disc.lookup_due)
index(
    "uq_discs_live_drive",
    Disc,
    Disc.agent,
    Disc.drive,
    unique=True,
    where=Disc.status != DiscStatus.EJECTED,
)


class Title(BaseModel):
    """One title of a disc, as MakeMKV sees it, and what the preview proposes for it."""

    disc_id: str
    disc = peewee.ForeignKeyField(
        Disc, column_name="disc_id", backref="titles", on_delete="CASCADE", **PLAIN_KEY
    )
    #: MakeMKV's title number.
    title_index = peewee.IntegerField()
    name = peewee.TextField()
    duration_seconds = peewee.IntegerField()
    #: 0 if the agent does not report it.
    size_bytes = peewee.BigIntegerField()
    chapters = peewee.IntegerField(**defaulted(0))
    #: Whether it will be ripped.
    selected = peewee.BooleanField(**defaulted(False))
    is_extra = peewee.BooleanField(**defaulted(False))
    #: File name, with its extension; null before the preview.
    proposed_filename = peewee.TextField(null=True)
    #: Folder below the library's root; null before the preview.
    proposed_path = peewee.TextField(null=True)
    #: What it is; null for titles from older versions.
    kind = EnumField(TitleKind, null=True, constraints=[one_of("kind", TitleKind, "titles_kind")])
    #: Why it was classified this way, in a sentence; null if there is nothing to say.
    note = peewee.TextField(null=True)
    #: Its episode number; null for films and extras.
    episode_number = peewee.IntegerField(null=True)
    #: The second number if the title holds two episodes; else null.
    last_episode_number = peewee.IntegerField(null=True)
    #: The episode's name; null if unknown.
    episode_title = peewee.TextField(null=True)
    #: How certain the proposal is, 0–1.
    confidence_score = peewee.DoubleField(default=0.0, constraints=default(0))
    #: MakeMKV's source ("00800.mpls"), segments ("1,5-7") and output file name for it; null if the
    #: agent does not send them.
    source_file = peewee.TextField(null=True)
    segment_map = peewee.TextField(null=True)
    output_file = peewee.TextField(null=True)
    #: Seconds into the title of each stored thumbnail; empty without any.
    thumbnail_timestamps = JSONField(default=list)
    #: When a rip of it was last completed, even if the rip's job is gone; null if none was.
    ripped_at = UTCDateTimeField(null=True)

    class Meta:
        table_name = "titles"
        constraints: ClassVar = [
            peewee.Check("duration_seconds >= 0", "titles_duration"),
            peewee.Check("size_bytes >= 0", "titles_size"),
        ]


index("uq_titles_index", Title, Title.disc, Title.title_index, unique=True)
index("idx_titles_disc", Title, Title.disc)
index("idx_titles_selected", Title, Title.selected)
