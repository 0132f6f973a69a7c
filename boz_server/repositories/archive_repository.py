"""The archive of discs in the database."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any

import peewee

from boz_server.database.fields import EnumField, UTCDateTimeField
from boz_server.database.models import ArchivedDisc, Disc, Job, Title, TVSeason
from boz_server.database.statements import statement
from boz_server.domain.collection.related import Link, LinkedDisc, LinkKind, links_of
from boz_server.domain.discs.disc_states import DiscStatus
from boz_server.domain.identification.identity import MediaType
from boz_server.domain.queue.job_states import OPEN
from boz_server.repositories.agent_repository import heir_of
from boz_server.repositories.disc_repository import DiscRepository, load_titles
from boz_server.repositories.retention_repository import Cutoffs, may_go

#: Columns of the archive.
COLUMNS = sorted(Disc._meta.fields.keys() & ArchivedDisc._meta.fields.keys())
#: What `record` holds of the disc, and of each title except its key.
REST = sorted(Disc._meta.fields.keys() - set(COLUMNS))
OF_TITLE = sorted(Title._meta.fields.keys() - {"id", "disc"})
DISCS_A_STATEMENT = 100
#: The links of a disc, as a rule; statements are kept for each number and kind of links up to this.
FEW_LINKS = 4
LINKS_A_STATEMENT = 500


class ArchiveRepository:
    """Moves discs into the archive and back."""

    def __init__(self, discs: DiscRepository) -> None:
        self.discs = discs

    def get(self, disc_id: str) -> Disc | None:
        """Return an archived disc as it was, with its titles; None when it is not archived."""
        row = ArchivedDisc.get_or_none(ArchivedDisc.disc_id == disc_id)
        if row is None:
            return None
        disc = Disc(**_columns(row))
        disc.titles = titles_of(row)
        return disc

    def latest_shows(self, limit: int) -> list[tuple[str, str]]:
        """Return id and title_key of the latest archived discs of shows."""
        query: Any = ArchivedDisc.select(ArchivedDisc.disc_id, ArchivedDisc.title_key).where(
            ArchivedDisc.media_type == MediaType.TV_SHOW, ArchivedDisc.title_key != ""
        )
        return list(query.order_by(ArchivedDisc.detected_at.desc()).limit(limit).tuples())

    def linked(self, cutoffs: Cutoffs, among: Collection[Link] | None = None) -> list[LinkedDisc]:
        """Return the live discs, oldest first.

        among: only those with one of these links; None for all. A disc is spare when it was
        detected or adopted before the cutoff, was ripped or has left its drive, and no job has
        needed it since.
        """
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
            LinkedDisc(
                disc_id,
                links_of(fingerprint, title_key, show_name),
                is_spare=status in (DiscStatus.COMPLETED, DiscStatus.EJECTED)
                and since < cutoffs.discs
                and disc_id not in wanted,
            )
            for disc_id, fingerprint, title_key, show_name, status, since in discs
        ]

    def put_away(self, disc_ids: Collection[str], now: datetime) -> None:
        """Move discs into the archive. Their jobs have no disc until they come back."""
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

    def bring_back(self, among: Iterable[Link]) -> bool:
        """Restore the discs with one of these links, and the discs linked to those.

        Returns whether any came back. A disc counts as ejected if another lies in its drive.
        """
        known = set(among)
        ahead = list(known)
        came_back = False
        while ahead:
            following, ahead = ahead[:LINKS_A_STATEMENT], ahead[LINKS_A_STATEMENT:]
            for row in _having_one(following):
                self._bring_back(row)
                came_back = True
                new = self._links(row) - known
                ahead.extend(new)
                known |= new
        return came_back

    def _bring_back(self, row: ArchivedDisc) -> None:
        columns = _columns(row)
        columns["agent"] = heir_of(columns["agent"])
        if self.discs.in_drive(columns["agent"], columns["drive"]) is not None:
            columns["status"] = DiscStatus.EJECTED
        disc = Disc(**columns)
        disc.titles = titles_of(row)
        self.discs.insert(disc)
        for job_ids in peewee.chunked(row.record["jobs"], LINKS_A_STATEMENT):
            Job.update(disc=row.disc_id).where(Job.job_id.in_(job_ids)).execute()
        row.delete_instance()

    @staticmethod
    def _links(row: ArchivedDisc) -> frozenset[Link]:
        season = TVSeason.get_or_none(TVSeason.season_id == row.tv_season_id)
        return links_of(
            row.fingerprint, row.title_key, None if season is None else season.show_name
        )

    @staticmethod
    def _wanted(cutoffs: Cutoffs, among: Collection[str] | None) -> set[str]:
        """Return the discs that a job needs, or needed lately: its result may still arrive, and is
        named after the disc.

        Jobs about to be pruned don't count. among: only these discs; None for all.
        """
        is_recent = (
            Job.status.in_(list(OPEN))
            | Job.scheduled_at.is_null(False)
            | (Job.completed_at >= cutoffs.discs)
        )
        query: Any = Job.select(Job.disc).where(
            Job.disc.is_null(False), is_recent, ~may_go(cutoffs)
        )
        if among is not None:
            query = query.where(Job.disc.in_(list(among)))
        return {disc_id for (disc_id,) in query.distinct().tuples()}


def _having_one(among: Sequence[Link]) -> list[ArchivedDisc]:
    """Return the archived discs with one of these links."""
    if len(among) > FEW_LINKS:
        return list(ArchivedDisc.select().where(_has_one(ArchivedDisc, among)))
    kinds = tuple(kind for kind, _ in among)
    found: list[ArchivedDisc] = _linked(*(value for _, value in among), kinds=kinds)
    return found


@statement
def _linked(*values: str, kinds: tuple[LinkKind, ...]) -> Any:
    links = list(zip(kinds, values, strict=True))
    return ArchivedDisc.select().where(_has_one(ArchivedDisc, links))


def _has_one(model: Any, among: Iterable[Link]) -> Any:
    """Match discs with one of these links, of which there is at least one."""
    values: dict[LinkKind, list[str]] = {}
    for kind, value in among:
        values.setdefault(kind, []).append(value)
    conditions = []
    if fingerprints := values.get(LinkKind.FINGERPRINT):
        conditions.append(model.fingerprint.in_(fingerprints))
    if keys := values.get(LinkKind.TITLE_KEY):
        conditions.append(model.title_key.in_(keys))
    if shows := values.get(LinkKind.SHOW_NAME):
        of_shows = TVSeason.select(TVSeason.season_id).where(TVSeason.show_name.in_(shows))
        conditions.append(model.tv_season.in_(of_shows))
    return reduce(or_, conditions)


def titles_of(row: ArchivedDisc, names: Collection[str] = OF_TITLE) -> list[Title]:
    """Return an archived disc's titles in MakeMKV's order. names: the columns to fill in."""
    return [
        Title(disc=row.disc_id, **_restored(Title, title, names)) for title in row.record["titles"]
    ]


def _columns(row: ArchivedDisc) -> dict[str, Any]:
    """Return the columns of the disc that an archived row was made from."""
    columns = {name: row.__data__[name] for name in COLUMNS}
    return columns | _restored(Disc, row.record["disc"], REST)


def _frozen(row: Any, names: Collection[str]) -> dict[str, Any]:
    """Return columns of a row as JSON, without those that have their default value."""
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in row.__data__.items()
        if name in names and value != _default(row, name)
    }


def _restored(model: Any, frozen: dict[str, Any], names: Collection[str]) -> dict[str, Any]:
    restored: dict[str, Any] = {}
    for name in names:
        field = model._meta.fields[name]
        if name not in frozen:
            restored[name] = _default(model, name)
        elif isinstance(field, UTCDateTimeField):
            restored[name] = datetime.fromisoformat(frozen[name])
        elif isinstance(field, EnumField):
            restored[name] = field.enum(frozen[name])
        else:
            restored[name] = frozen[name]
    return restored


def _default(model: Any, name: str) -> Any:
    """Return a column's value in a new row."""
    usual = model._meta.fields[name].default
    return usual() if callable(usual) else usual
