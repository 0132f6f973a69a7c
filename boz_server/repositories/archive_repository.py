"""The discs' archive in the database."""

from collections.abc import Collection, Iterable
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any

import peewee

from boz_server.database.connection import Database
from boz_server.database.fields import EnumField, UTCDateTimeField
from boz_server.database.models import ArchivedDisc, Disc, Job, Title, TVSeason
from boz_server.domain.discs.disc_states import DiscStatus
from boz_server.domain.identification.kinship import Kin, Likeness, Tie, ties
from boz_server.domain.identification.media_type import MediaType
from boz_server.domain.queue.job_states import OPEN
from boz_server.repositories.disc_repository import DiscRepository, load_titles
from boz_server.repositories.retention_repository import Cutoffs, may_go

#: What the archive has as columns.
COLUMNS = sorted(Disc._meta.fields.keys() & ArchivedDisc._meta.fields.keys())
#: What `record` has of the disc, and of each title: not its place in its table.
REST = sorted(Disc._meta.fields.keys() - set(COLUMNS))
OF_TITLE = sorted(Title._meta.fields.keys() - {"id", "disc"})
DISCS_A_STATEMENT = 100
TIES_A_STATEMENT = 500


class ArchiveRepository:
    """Moves discs into the archive and back."""

    def __init__(self, database: Database, discs: DiscRepository) -> None:
        self.database = database
        self.discs = discs

    def get(self, disc_id: str) -> Disc | None:
        """Return a disc that is in the archive, as it was, with its titles; None where it is not
        there."""
        row = ArchivedDisc.get_or_none(ArchivedDisc.disc_id == disc_id)
        if row is None:
            return None
        disc = Disc(**_columns(row))
        disc.titles = titles_of(row)
        return disc

    def latest_shows(self, limit: int) -> list[tuple[str, str]]:
        """Return the latest so many discs of shows in the archive, by their ids, with their names
        as Disc.title_key has them."""
        query: Any = ArchivedDisc.select(ArchivedDisc.disc_id, ArchivedDisc.title_key).where(
            ArchivedDisc.media_type == MediaType.TV_SHOW, ArchivedDisc.title_key != ""
        )
        return list(query.order_by(ArchivedDisc.detected_at.desc()).limit(limit).tuples())

    def kin(self, cutoffs: Cutoffs, among: Collection[Tie] | None = None) -> list[Kin]:
        """Return the live discs, oldest first; only those with one of these ties where any are
        named. One is spare where it was detected, or adopted, long ago, has left its drive or been
        ripped, and no job has had to do with it since."""
        query: Any = (
            Disc.select(
                Disc.disc_id,
                Disc.fingerprint,
                Disc.title_key,
                TVSeason.show_name,
                Disc.status,
                peewee.fn.COALESCE(Disc.adopted_at, Disc.detected_at),
            )
            .left_outer_join(TVSeason)
            .order_by(Disc.detected_at, Disc.disc_id)
        )
        if among is not None:
            query = query.where(_has_one(Disc, among))
        discs = list(query.tuples())
        wanted = self._wanted(cutoffs, None if among is None else [disc[0] for disc in discs])
        return [
            Kin(
                disc_id,
                ties(fingerprint, title_key, show_name),
                is_spare=status in (DiscStatus.COMPLETED, DiscStatus.EJECTED)
                and since < cutoffs.discs
                and disc_id not in wanted,
            )
            for disc_id, fingerprint, title_key, show_name, status, since in discs
        ]

    def put_away(self, disc_ids: Collection[str], now: datetime) -> None:
        """Move discs into the archive. Jobs that came from them are of no disc until they are
        back."""
        for batch in peewee.chunked(disc_ids, DISCS_A_STATEMENT):
            jobs: dict[str, list[str]] = {disc_id: [] for disc_id in batch}
            of_discs: Any = Job.select(Job.disc, Job.job_id).where(Job.disc.in_(batch))
            for disc_id, job_id in of_discs.order_by(Job.job_id).tuples():
                jobs[disc_id].append(job_id)
            discs = list(Disc.select().where(Disc.disc_id.in_(batch)))
            load_titles(discs)
            rows = [
                {name: disc.__data__[name] for name in COLUMNS}
                | {
                    "archived_at": now,
                    "record": {
                        "disc": _frozen(disc, REST),
                        "titles": [_frozen(title, OF_TITLE) for title in disc.titles],
                        "jobs": jobs[disc.disc_id],
                    },
                }
                for disc in discs
            ]
            ArchivedDisc.insert_many(rows).execute()
            Disc.delete().where(Disc.disc_id.in_(batch)).execute()

    def bring_back(self, among: Iterable[Tie]) -> bool:
        """Move the discs with one of these ties back, and whatever is tied to those; False when
        there is none. They count as ejected where another lies in the drive that they were in."""
        known = set(among)
        ahead = list(known)
        came_back = False
        while ahead:
            following, ahead = ahead[:TIES_A_STATEMENT], ahead[TIES_A_STATEMENT:]
            for row in list(ArchivedDisc.select().where(_has_one(ArchivedDisc, following))):
                self._bring_back(row)
                came_back = True
                new = self._ties(row) - known
                ahead.extend(new)
                known |= new
        return came_back

    def _bring_back(self, row: ArchivedDisc) -> None:
        columns = _columns(row)
        if self.discs.in_drive(columns["agent"], columns["drive"]) is not None:
            columns["status"] = DiscStatus.EJECTED
        # Every column of every title: Peewee inserts the columns of the first row of many.
        titles = [_restored(Title, title, OF_TITLE) for title in row.record["titles"]]
        self.discs.insert(titles, **columns)
        for job_ids in peewee.chunked(row.record["jobs"], TIES_A_STATEMENT):
            Job.update(disc=row.disc_id).where(Job.job_id.in_(job_ids)).execute()
        row.delete_instance()

    @staticmethod
    def _ties(row: ArchivedDisc) -> frozenset[Tie]:
        season = TVSeason.get_or_none(TVSeason.season_id == row.tv_season_id)
        return ties(row.fingerprint, row.title_key, None if season is None else season.show_name)

    @staticmethod
    def _wanted(cutoffs: Cutoffs, among: Collection[str] | None) -> set[str]:
        """The discs that a job has to do with, or had lately: its result may still be on its way,
        and is named by them. Jobs that are kept no longer don't count. among: of these discs alone;
        None: of all."""
        is_young = (
            Job.status.in_(list(OPEN))
            | Job.scheduled_at.is_null(False)
            | (Job.completed_at >= cutoffs.discs)
        )
        query: Any = Job.select(Job.disc).where(Job.disc.is_null(False), is_young, ~may_go(cutoffs))
        if among is not None:
            query = query.where(Job.disc.in_(list(among)))
        return {disc_id for (disc_id,) in query.distinct().tuples()}


def _has_one(model: Any, among: Iterable[Tie]) -> Any:
    """Whether a disc has one of these ties; there is at least one."""
    values: dict[Likeness, list[str]] = {}
    for kind, value in among:
        values.setdefault(kind, []).append(value)
    conditions = []
    if fingerprints := values.get(Likeness.FINGERPRINT):
        conditions.append(model.fingerprint.in_(fingerprints))
    if keys := values.get(Likeness.TITLE_KEY):
        conditions.append(model.title_key.in_(keys))
    if shows := values.get(Likeness.SHOW_NAME):
        of_shows = TVSeason.select(TVSeason.season_id).where(TVSeason.show_name.in_(shows))
        conditions.append(model.tv_season.in_(of_shows))
    return reduce(or_, conditions)


def titles_of(row: ArchivedDisc, names: Collection[str] = OF_TITLE) -> list[Title]:
    """Return the titles of a disc in the archive, in MakeMKV's order; names: of their columns,
    those that are needed, where not all are."""
    return [
        Title(disc=row.disc_id, **_restored(Title, title, names)) for title in row.record["titles"]
    ]


def _columns(row: ArchivedDisc) -> dict[str, Any]:
    """The columns of the disc that a row was made of."""
    columns = {name: row.__data__[name] for name in COLUMNS}
    return columns | _restored(Disc, row.record["disc"], REST)


def _frozen(row: Any, names: Collection[str]) -> dict[str, Any]:
    """These columns of a row as JSON has them, but those that are as in a new row."""
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in row.__data__.items()
        if name in names and value != _usual(row, name)
    }


def _restored(model: Any, frozen: dict[str, Any], names: Collection[str]) -> dict[str, Any]:
    restored: dict[str, Any] = {}
    for name in names:
        field = model._meta.fields[name]
        if name not in frozen:
            restored[name] = _usual(model, name)
        elif isinstance(field, UTCDateTimeField):
            restored[name] = datetime.fromisoformat(frozen[name])
        elif isinstance(field, EnumField):
            restored[name] = field.enum(frozen[name])
        else:
            restored[name] = frozen[name]
    return restored


def _usual(model: Any, name: str) -> Any:
    """What a column has in a new row."""
    usual = model._meta.fields[name].default
    return usual() if callable(usual) else usual
