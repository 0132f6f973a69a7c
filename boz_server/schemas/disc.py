"""Discs and titles in requests and responses."""

from typing import Any

import marshmallow as ma

from boz_server.domain.identification.identity import MediaType, as_json
from boz_server.domain.identification.signs import Question, Sign
from boz_server.domain.identification.title_facts import TitleFacts
from boz_server.schemas import thumbnail
from boz_server.schemas.answer import AnswerSchema
from boz_server.schemas.common import RequestSchema, StatusSchema
from boz_server.schemas.fields import (
    INT64,
    MAX_ID_LENGTH,
    ContentHash,
    Id,
    Instant,
    LibraryFolder,
    Text,
    Whole,
)
from boz_server.services.discs.detection import ReportedDisc
from boz_server.services.discs.review import TitleEdit

#: Discs with false titles against copying have up to a thousand.
MAX_TITLES = 2000
MAX_SEGMENT_MAP_LENGTH = 10_000
#: The discs that follow number on from it, and still fit the column.
MAX_EPISODE_NUMBER = 99_999


PROVIDERS = ("thetvdb", "omdb", "tmdb")
SENTENCES = {"type": "array", "items": {"type": "string"}}
ANSWER = {
    "type": "object",
    "properties": {
        "confidence": {"type": "number"},
        "sign": {"enum": [*Sign, None]},
        "reasons": SENTENCES,
    },
}
IDENTIFICATION = {
    "media_type": {"type": "string", "enum": list(MediaType)},
    "confidence": {"type": "number"},
    "reasons": SENTENCES,
    "warnings": SENTENCES,
    "questions": {
        "type": "object",
        "properties": {str(question): ANSWER for question in Question},
    },
}


class ReportedTitleSchema(RequestSchema):
    """A title as MakeMKV reads it."""

    index = Whole(required=True)
    name = Text(load_default=None, allow_none=True)
    duration_seconds = Whole(required=True)
    size_bytes = Whole(high=INT64, load_default=0)
    chapters = Whole(load_default=0)
    source_file = Text(load_default=None, allow_none=True)
    segment_map = Text(max_length=MAX_SEGMENT_MAP_LENGTH, load_default=None, allow_none=True)
    output_file = Text(load_default=None, allow_none=True)
    #: The same, as some agents call it.
    file = Text(load_default=None, allow_none=True)
    thumbnails = thumbnail.jpegs()
    thumbnail_timestamps = thumbnail.timestamps()


class ReportedDiscSchema(RequestSchema):
    """A disc as an agent finds it in a drive."""

    agent_id = Id(required=True)
    drive = Text(min_length=1, required=True)
    disc_name = Text(required=True)
    disc_type = Text(load_default="Unknown")
    content_hash = ContentHash(load_default=None, allow_none=True)
    titles = ma.fields.List(
        ma.fields.Nested(ReportedTitleSchema),
        load_default=list,
        validate=ma.validate.Length(max=MAX_TITLES),
    )

    @ma.validates_schema
    def require_distinct_indexes(self, data: dict[str, Any], **_: Any) -> None:
        indexes = [title["index"] for title in data["titles"]]
        if len(set(indexes)) < len(indexes):
            raise ma.ValidationError("Two titles have the same index.", "titles")

    @ma.post_load
    def make_report(self, data: dict[str, Any], **_: Any) -> ReportedDisc:
        titles = data.pop("titles")
        return ReportedDisc(
            **data,
            titles=[
                TitleFacts(
                    index=title["index"],
                    name=title["name"] or f"Title {title['index'] + 1}",
                    duration_seconds=title["duration_seconds"],
                    size_bytes=title["size_bytes"],
                    chapters=title["chapters"],
                    source_file=title["source_file"] or "",
                    segment_map=title["segment_map"] or "",
                    output_file=title["output_file"] or title["file"] or "",
                )
                for title in titles
            ],
            thumbnails=[
                each
                for title in titles
                for each in thumbnail.paired(
                    title["index"], title["thumbnails"], title["thumbnail_timestamps"]
                )
            ],
        )


class TitleSchema(AnswerSchema):
    """A title with what is proposed for it."""

    index = ma.fields.Integer(attribute="title_index")
    name = ma.fields.String()
    duration_seconds = ma.fields.Integer()
    size_bytes = ma.fields.Integer()
    chapters = ma.fields.Integer()
    selected = ma.fields.Boolean()
    is_extra = ma.fields.Boolean()
    kind = ma.fields.String(allow_none=True)
    note = ma.fields.String(allow_none=True)
    proposed_filename = ma.fields.String(allow_none=True)
    proposed_path = ma.fields.String(allow_none=True)
    episode_number = ma.fields.Integer(allow_none=True)
    last_episode_number = ma.fields.Integer(allow_none=True)
    episode_title = ma.fields.String(allow_none=True)
    confidence_score = ma.fields.Float()
    thumbnails = thumbnail.address_field("disc_id")
    thumbnail_timestamps = ma.fields.List(ma.fields.Integer())
    ripped_at = Instant(allow_none=True)


class CandidateSchema(AnswerSchema):
    """A show or film that a disc may be."""

    provider = ma.fields.String()
    external_id = ma.fields.String()
    title = ma.fields.String()
    year = ma.fields.Integer(allow_none=True)
    runtime_minutes = ma.fields.Integer(allow_none=True)
    imdb_id = ma.fields.String(allow_none=True)
    score = ma.fields.Float()


class DiscSchema(AnswerSchema):
    """A disc with its titles."""

    disc_id = ma.fields.String()
    agent_id = ma.fields.String()
    drive = ma.fields.String()
    disc_name = ma.fields.String()
    disc_type = ma.fields.String()
    content_hash = ma.fields.String(allow_none=True)
    titles = ma.fields.List(ma.fields.Nested(TitleSchema))
    detected_at = Instant()
    status = ma.fields.String()
    media_type = ma.fields.String()
    preview_status = ma.fields.String()
    tv_show_name = ma.fields.String(allow_none=True)
    tv_season_number = ma.fields.Integer(allow_none=True)
    tv_season_id = ma.fields.String(allow_none=True)
    thetvdb_series_id = ma.fields.Integer(allow_none=True)
    starting_episode_number = ma.fields.Integer(allow_none=True)
    movie_title = ma.fields.String(allow_none=True)
    movie_year = ma.fields.Integer(allow_none=True)
    omdb_imdb_id = ma.fields.String(allow_none=True)
    movie_confidence = ma.fields.Float()
    disc_number = ma.fields.Integer(allow_none=True)
    identification = ma.fields.Function(
        lambda disc: as_json(disc.media_type, disc.identification),
        metadata={"type": "object", "properties": IDENTIFICATION},
    )
    candidates = ma.fields.List(ma.fields.Nested(CandidateSchema))


class EjectedSchema(RequestSchema):
    """A drive was opened."""

    agent_id = Id(required=True)
    drive = Text(min_length=1, required=True)


class TitleEditSchema(RequestSchema):
    """A person's edit of a title; dashboards send whole titles, with null for what stays."""

    index = Whole(required=True)
    selected = ma.fields.Boolean(allow_none=True)
    is_extra = ma.fields.Boolean(allow_none=True)
    proposed_filename = Text(allow_none=True)
    proposed_path = LibraryFolder(allow_none=True)
    episode_number = Whole(high=MAX_EPISODE_NUMBER, allow_none=True)
    last_episode_number = Whole(high=MAX_EPISODE_NUMBER, allow_none=True)
    episode_title = Text(allow_none=True)


class ApprovePreviewSchema(RequestSchema):
    """A person accepts the proposed names, with edits."""

    title_edits = ma.fields.List(
        ma.fields.Nested(TitleEditSchema),
        load_default=None,
        allow_none=True,
        validate=ma.validate.Length(max=MAX_TITLES),
    )

    @ma.post_load
    def by_index(self, data: dict[str, Any], **_: Any) -> dict[int, TitleEdit]:
        edits = data["title_edits"] or []
        return {edit.pop("index"): TitleEdit(**edit) for edit in edits}


class UpdateSeasonSchema(RequestSchema):
    """A person says which season it is, and where it starts."""

    season_number = Whole(high=9999, required=True)
    #: Left out: the first that no other approved disc has, also for an approved disc. The next ones
    #: then skip what the others have.
    starting_episode = Whole(high=MAX_EPISODE_NUMBER, load_default=None)


class OverrideMediaTypeSchema(RequestSchema):
    """A person says what the disc is."""

    media_type = ma.fields.Enum(
        MediaType,
        by_value=True,
        required=True,
        error_messages={"unknown": "Must be movie or tv_show."},
        validate=ma.validate.OneOf(
            (MediaType.MOVIE, MediaType.TV_SHOW), error="Must be movie or tv_show."
        ),
    )
    show_name = Text(load_default=None, allow_none=True)
    season_number = Whole(high=9999, load_default=None, allow_none=True)
    starting_episode = Whole(high=MAX_EPISODE_NUMBER, load_default=None, allow_none=True)
    movie_title = Text(load_default=None, allow_none=True)
    movie_year = Whole(high=9999, load_default=None, allow_none=True)


class IdentifySchema(RequestSchema):
    """A person chooses a show or film, most often one of the disc's candidates."""

    provider = ma.fields.String(
        required=True,
        validate=ma.validate.OneOf(PROVIDERS, error="Must be thetvdb, omdb or tmdb."),
    )
    external_id = Text(min_length=1, max_length=MAX_ID_LENGTH, required=True)


class RipSchema(RequestSchema):
    """What to rip; nothing named: what is selected."""

    title_indices = ma.fields.List(
        Whole(), load_default=None, allow_none=True, validate=ma.validate.Length(max=MAX_TITLES)
    )


class RipOrderedSchema(StatusSchema):
    """Rip jobs were entered, or were there already."""

    jobs_created = ma.fields.Integer()
    job_ids = ma.fields.List(ma.fields.String())
    message = ma.fields.String()


class RipProgressSchema(AnswerSchema):
    """How far a disc's rip jobs are."""

    all_rips_complete = ma.fields.Boolean()
    total_jobs = ma.fields.Integer()
    completed_jobs = ma.fields.Integer()
    failed_jobs = ma.fields.Integer()


class EjectedAnswerSchema(StatusSchema):
    """The disc that was closed, or word that none was known."""

    disc_id = ma.fields.String()
    message = ma.fields.String()
