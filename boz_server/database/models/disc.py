"""Discs and their titles."""

from typing import ClassVar

import peewee

from boz_server.database.fields import EnumField, UTCDateTimeField, default, one_of
from boz_server.database.models.agent import Agent
from boz_server.database.models.base import BaseModel, index
from boz_server.database.models.tv_season import TVSeason
from boz_server.domain.discs.disc_states import DiscStatus, PreviewStatus
from boz_server.domain.identification.media_type import MediaType
from boz_server.domain.identification.title_kinds import TitleKind


class Disc(BaseModel):
    """One disc as it lay in one drive, from its insertion to its ejection."""

    #: A UUID, given by the server.
    disc_id = peewee.CharField(max_length=36, primary_key=True)
    agent_id: str
    agent = peewee.ForeignKeyField(Agent, column_name="agent_id", index=False, lazy_load=False)
    #: "D:" or "/dev/sr0".
    drive = peewee.TextField()
    #: The volume label.
    disc_name = peewee.TextField()
    #: MakeMKV's word for it ("DVD disc", "Blu-ray disc").
    disc_type = peewee.TextField(default="Unknown", constraints=default("Unknown"))
    #: Hash of label and layout: the same disc has the same one in any drive (see title_facts).
    fingerprint = peewee.CharField(max_length=64)
    detected_at = UTCDateTimeField(constraints=default("CURRENT_TIMESTAMP"))
    status = EnumField(
        DiscStatus, default=DiscStatus.DETECTED, constraints=default(DiscStatus.DETECTED)
    )
    media_type = EnumField(
        MediaType, default=MediaType.UNKNOWN, constraints=default(MediaType.UNKNOWN)
    )
    preview_status = EnumField(
        PreviewStatus, default=PreviewStatus.PENDING, constraints=default(PreviewStatus.PENDING)
    )
    #: The show's name; null when the disc is no TV disc. Likewise the four below.
    tv_show_name = peewee.TextField(null=True)
    tv_season_number = peewee.IntegerField(null=True)
    tv_season_id: str | None
    tv_season = peewee.ForeignKeyField(
        TVSeason,
        column_name="tv_season_id",
        object_id_name="tv_season_id",
        backref="discs",
        null=True,
        index=False,
        on_delete="SET NULL",
        lazy_load=False,
    )
    thetvdb_series_id = peewee.IntegerField(null=True)
    #: Number of the first episode on the disc.
    starting_episode_number = peewee.IntegerField(null=True)
    #: The film's title; null when the disc is no film. Likewise the two below.
    movie_title = peewee.TextField(null=True)
    movie_year = peewee.IntegerField(null=True)
    omdb_imdb_id = peewee.CharField(max_length=20, null=True)
    #: 0–1: how sure the film's title is.
    movie_confidence = peewee.DoubleField(default=0.0, constraints=default(0))
    #: The label's name as letters and digits only, the same for the discs of one show or film;
    #: empty where the label says nothing.
    title_key = peewee.TextField(default="", constraints=default(""))
    #: Within its box or season, from the label; null where that says none.
    disc_number = peewee.IntegerField(null=True)
    #: Why the disc is taken for what it is: {"confidence", "reasons", "warnings", "numbering",
    #: "season_is_guess"} (see domain.identification); empty for discs of older versions.
    identification = peewee.JSONField(default=dict, constraints=default("{}"))
    #: Shows or films that it may be, the likeliest first: {"provider", "external_id", "title",
    #: "year", "runtime_minutes", "imdb_id", "score"} each; empty without metadata.
    candidates = peewee.JSONField(default=list, constraints=default("[]"))
    #: A provider could not be asked: the preview is made anew when it can.
    lookup_due = peewee.BooleanField(default=False, constraints=default(False))
    #: A person said what it is: no provider's answer changes that any more.
    is_told = peewee.BooleanField(default=False, constraints=default(False))
    #: The episode that a person says it begins with; null where none said so.
    told_first_episode = peewee.IntegerField(null=True)
    #: When it was taken over from an older system's database: it is live as long from then; null
    #: for all others.
    adopted_at = UTCDateTimeField(null=True)

    #: In MakeMKV's order, where the repository has hung them on.
    titles: "list[Title]"
    #: Whether what was accepted of it later counts instead, where the repository has asked.
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
    """One title of a disc, as MakeMKV sees it, and what is proposed for it."""

    disc_id: str
    disc = peewee.ForeignKeyField(
        Disc,
        column_name="disc_id",
        backref="titles",
        index=False,
        on_delete="CASCADE",
        lazy_load=False,
    )
    #: MakeMKV's title number.
    title_index = peewee.IntegerField()
    name = peewee.TextField()
    duration_seconds = peewee.IntegerField()
    #: 0 when the agent does not tell.
    size_bytes = peewee.BigIntegerField()
    chapters = peewee.IntegerField(default=0, constraints=default(0))
    #: Whether it is to be ripped.
    selected = peewee.BooleanField(default=False, constraints=default(False))
    is_extra = peewee.BooleanField(default=False, constraints=default(False))
    #: File name, with its extension; null before the preview.
    proposed_filename = peewee.TextField(null=True)
    #: Folder below the library's root; null before the preview.
    proposed_path = peewee.TextField(null=True)
    #: What it is; null for titles of discs that were entered by older versions.
    kind = EnumField(TitleKind, null=True, constraints=[one_of("kind", TitleKind, "titles_kind")])
    #: Why it is what it is, in a sentence; null where nothing is to be said.
    note = peewee.TextField(null=True)
    #: Null for films and extras.
    episode_number = peewee.IntegerField(null=True)
    #: The second number of two episodes in one; null for all others.
    last_episode_number = peewee.IntegerField(null=True)
    #: Null when unknown.
    episode_title = peewee.TextField(null=True)
    #: 0–1: how sure the proposal is.
    confidence_score = peewee.DoubleField(default=0.0, constraints=default(0))
    #: What MakeMKV says that it is made of ("00800.mpls", "1,5-7") and calls its file; null where
    #: the agent does not send it.
    source_file = peewee.TextField(null=True)
    segment_map = peewee.TextField(null=True)
    output_file = peewee.TextField(null=True)
    #: Seconds into the title of each thumbnail kept of it; empty when there are none.
    thumbnail_timestamps = peewee.JSONField(default=list)
    #: When a rip of it last was complete; null where none was. It outlives the rip's job.
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
