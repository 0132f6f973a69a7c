"""Discs and their titles in the database."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import peewee

from boz_server.database.connection import Database
from boz_server.database.models import Agent, Disc, Job, LibraryEntry, Title
from boz_server.database.statements import (
    KEPT_ROWS,
    Columns,
    insert_row,
    insert_rows,
    put_together,
    statement,
    taken_apart,
    update_row,
)
from boz_server.domain.collection.search import NAMES, TITLE_NAME, entry_of
from boz_server.domain.discs.disc_states import DiscStatus, PreviewStatus
from boz_server.domain.identification.identity import MediaType
from boz_server.domain.queue.job_states import OPEN, UNSTARTED, JobStatus, JobType
from boz_server.repositories.agent_repository import may_have_been, quiet
from boz_server.repositories.paging import Page, PageRequest, fetch_page

#: PostgreSQL takes 65,535 values in a statement, and a title has 20.
ROWS_A_STATEMENT = 1000
#: A title's columns; its `id` is given by the database.
OF_TITLE = sorted(Title._meta.fields.keys() - {"id"})


class Thumbnails(NamedTuple):
    """The thumbnails of one title of a disc, or of a job.

    owner_id: the id of the disc or job. seconds: the thumbnails' timestamps.
    """

    owner_id: str
    title_index: int
    seconds: list[int]


class DiscRepository:
    """Queries on discs. A disc comes with its titles, in MakeMKV's order."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def get(self, disc_id: str) -> Disc | None:
        """Return the disc; None when it is not known."""
        return _with_titles(_disc.first(disc_id))

    def type_of(self, disc_id: str) -> str | None:
        """Return MakeMKV's word for the kind of disc; None when the disc is not known."""
        disc = Disc.select(Disc.disc_type).where(Disc.disc_id == disc_id).first()
        return None if disc is None else str(disc.disc_type)

    def exists(self, disc_id: str) -> bool:
        """Whether the disc is known."""
        return Disc.select().where(Disc.disc_id == disc_id).exists()

    def is_approved(self, disc_id: str | None) -> bool:
        """Whether a disc's names are accepted; False for an unknown disc, or none."""
        query = Disc.select().where(
            Disc.disc_id == disc_id, Disc.preview_status == PreviewStatus.APPROVED
        )
        return query.exists()

    def in_drive(self, agent_id: str, drive: str) -> Disc | None:
        """Return the disc in a drive, with its titles; None when none is known there."""
        return _with_titles(_in_drive.first(agent_id, drive))

    def page(self, request: PageRequest) -> Page[Disc]:
        """Return discs, the latest detected first."""
        order = ((Disc.detected_at, True), (Disc.disc_id, True))
        with self.database.read():
            page = fetch_page(Disc.select(), order, request)
            load_titles(page.items)
        return page

    def insert(self, disc: Disc) -> None:
        """Enter a new disc with its titles."""
        insert_row(disc)
        rows = [{name: title.__data__.get(name) for name in OF_TITLE} for title in disc.titles]
        for batch in peewee.chunked(rows, ROWS_A_STATEMENT):
            insert_rows(Title, batch)
        names = [title.episode_title for title in disc.titles if title.episode_title is not None]
        _enter({name: getattr(disc, name) for name in NAMES}, names)

    def save(self, disc: Disc) -> None:
        """Write those columns of a disc and of its titles that were set since they were read."""
        changed = {field.name for field in disc.dirty_fields}
        if changed:
            update_row(disc, changed)
        for title in disc.titles:
            names = {field.name for field in title.dirty_fields}
            if names:
                changed |= names & {TITLE_NAME}
                update_row(title, names)
        if not changed.isdisjoint((*NAMES, TITLE_NAME)):
            # Once for the transaction: one change of a disc goes through all of its titles.
            self.database.before_commit(renew_entries, disc.disc_id)

    def decide(self, disc_id: str, status: PreviewStatus) -> None:
        """Record what became of the proposed names."""
        Disc.update(preview_status=status).where(Disc.disc_id == disc_id).execute()

    def eject(self, disc_id: str, now: datetime) -> None:
        """Record that a disc has left its drive."""
        ejected = Disc.update(status=DiscStatus.EJECTED, ejected_at=now)
        ejected.where(Disc.disc_id == disc_id).execute()

    def supersede(self, disc_id: str) -> None:
        """Record that another record stands for a disc in its drive; this one never comes back."""
        Disc.update(status=DiscStatus.EJECTED, ejected_at=None).where(
            Disc.disc_id == disc_id
        ).execute()

    def lying_with(self, agent_id: str) -> list[Disc]:
        """Return the discs in an agent's drives, without titles."""
        query = Disc.select().where(Disc.agent == agent_id, Disc.status != DiscStatus.EJECTED)
        return list(query.order_by(Disc.drive))

    def pass_on(self, old_id: str, new_id: str, cutoff: datetime) -> None:
        """Give an agent's discs to another one: those in its drives, and those that left them after
        the cutoff."""
        Disc.update(agent=new_id).where(Disc.agent == old_id, _is_awaited(cutoff)).execute()

    def give(self, disc_id: str, agent_id: str) -> None:
        """Give a disc to an agent in whose drive of that name no other one is."""
        Disc.update(agent=agent_id).where(Disc.disc_id == disc_id).execute()

    def twins(self, silent_before: datetime) -> dict[str, str]:
        """Return the discs that another agent has in its drive of that name, where it may have been
        the disc's agent before it restarted: {disc id: agent id}."""
        other, was, now_is = Disc.alias("other"), Agent.alias("was"), Agent.alias("now_is")
        query: Any = (
            was.select(Disc.disc_id, now_is.agent_id)
            .join(now_is, on=was.name == now_is.name)
            .join(Disc, on=Disc.agent == was.agent_id)
            .join(
                other,
                on=(other.agent == now_is.agent_id)
                & (other.drive == Disc.drive)
                & (other.fingerprint == Disc.fingerprint),
            )
            .where(
                *may_have_been(now_is, was, silent_before),
                ~quiet(silent_before, now_is),
                Disc.status != DiscStatus.EJECTED,
                other.status != DiscStatus.EJECTED,
            )
            .order_by(Disc.detected_at, Disc.disc_id, now_is.registered_at)
            .tuples()
        )
        found: dict[str, str] = {}
        for disc_id, agent_id in query:
            found.setdefault(disc_id, agent_id)
        return found

    def is_awaited(self, disc_id: str | None, cutoff: datetime) -> bool:
        """Whether a disc is in its drive, or left it after the cutoff; False for an unknown
        disc."""
        return Disc.select().where(Disc.disc_id == disc_id, _is_awaited(cutoff)).exists()

    def is_replaced(self, disc_id: str | None) -> bool:
        """Whether another disc is in the drive that a disc has left."""
        other = Disc.alias("other")
        query = (
            Disc.select()
            .join(other, on=(other.agent == Disc.agent) & (other.drive == Disc.drive))
            .where(
                Disc.disc_id == disc_id,
                Disc.status == DiscStatus.EJECTED,
                other.status != DiscStatus.EJECTED,
            )
        )
        return query.exists()

    def title(self, disc_id: str, title_index: int) -> Title | None:
        """Return one title of a disc, or None."""
        return Title.get_or_none(Title.disc == disc_id, Title.title_index == title_index)

    def drop_thumbnails(self, disc_id: str) -> None:
        """Record that the disc's titles have no thumbnails."""
        Title.update(thumbnail_timestamps=[]).where(Title.disc == disc_id).execute()

    def finish_ripping(self, disc_id: str) -> bool:
        """Mark a disc completed if all its rips are done; returns whether it was marked."""
        left = Job.select(Job.job_id).where(
            Job.disc == disc_id, Job.job_type == JobType.RIP, Job.status.in_(list(OPEN))
        )
        if left.exists():
            return False
        return _move(disc_id, {DiscStatus.RIPPING}, DiscStatus.COMPLETED)

    def repair_ripping(self) -> int:
        """Derive from the jobs whether discs in drives are ripped; returns how many were wrong.

        A disc counts as ripping while one of its rips is open, from the request on.
        """
        open_rips = Job.select(Job.disc).where(
            Job.job_type == JobType.RIP, Job.status.in_(list(OPEN)), Job.disc.is_null(False)
        )
        begun = Disc.update(status=DiscStatus.RIPPING).where(
            Disc.status.in_([DiscStatus.DETECTED, DiscStatus.COMPLETED]),
            Disc.disc_id.in_(open_rips),
        )
        rips = Job.select(peewee.SQL("1")).where(
            Job.disc == Disc.disc_id, Job.job_type == JobType.RIP
        )
        done = Disc.update(
            status=peewee.Case(
                None, [(peewee.fn.EXISTS(rips), DiscStatus.COMPLETED)], DiscStatus.DETECTED
            )
        ).where(Disc.status == DiscStatus.RIPPING, Disc.disc_id.not_in(open_rips))
        return int(begun.execute()) + int(done.execute())

    def begin_ripping(self, disc_id: str) -> None:
        """Mark a disc in its drive as being ripped: it has a rip to do."""
        _move(disc_id, {DiscStatus.DETECTED, DiscStatus.COMPLETED}, DiscStatus.RIPPING)

    def in_its_drive(self, disc_id: str | None) -> bool:
        """Whether a disc has not been ejected; False for an unknown disc."""
        query = Disc.select().where(Disc.disc_id == disc_id, Disc.status != DiscStatus.EJECTED)
        return query.exists()

    def of_film(self, title: str, year: int | None) -> list[Disc]:
        """Return the discs of a film that are not rejected, with their titles."""
        query = Disc.select().where(
            Disc.movie_title == title,
            Disc.movie_year == year,
            Disc.preview_status != PreviewStatus.REJECTED,
        )
        discs = list(query)
        load_titles(discs)
        return discs

    def filenames_beside(self, disc: Disc) -> set[str]:
        """Return the file names on the other discs of a disc's season or film."""
        if disc.tv_season_id is None and disc.movie_title is None:
            return set()
        is_beside = Disc.tv_season == disc.tv_season_id
        if disc.tv_season_id is None:
            is_beside = Disc.movie_title == disc.movie_title
        query: Any = (
            Title.select(Title.proposed_filename)
            .join(Disc)
            .where(
                is_beside,
                Disc.fingerprint != disc.fingerprint,
                Disc.preview_status != PreviewStatus.REJECTED,
                Title.proposed_filename.is_null(False),
            )
        )
        return {name for (name,) in query.tuples()}

    def latest_named(self, title_key: str, without: str) -> Disc | None:
        """Return the latest identified disc whose label has that name; None if there is none.

        Rejected discs don't count, nor do those with the fingerprint `without`.
        """
        found: Disc | None = _latest_named.first(title_key, without)
        return found

    def is_accepted(self, title_key: str, like: Disc) -> bool:
        """Whether a disc whose label has that name was approved as the same show or film."""
        query = Disc.select().where(
            Disc.title_key == title_key,
            Disc.preview_status == PreviewStatus.APPROVED,
            Disc.media_type == like.media_type,
            Disc.tv_show_name == like.tv_show_name,
            Disc.movie_title == like.movie_title,
        )
        return query.exists()

    def latest_shows(self, limit: int) -> list[Disc]:
        """Return the discs of shows among the latest discs, the latest first."""
        return [
            disc
            for disc in _latest(limit)
            if disc.media_type == MediaType.TV_SHOW
            and disc.preview_status != PreviewStatus.REJECTED
        ]

    def undecided(self, limit: int) -> list[Disc]:
        """Return the discs in drives whose names await a decision, oldest first, without titles."""
        query = Disc.select().where(
            Disc.preview_status == PreviewStatus.PENDING, Disc.status == DiscStatus.DETECTED
        )
        return list(query.order_by(Disc.detected_at).limit(limit))

    def approved_in_drives(self) -> list[str]:
        """Return the ids of the approved discs in drives that were never ripped, oldest first."""
        in_drives: Any = (
            Disc.select(Disc.disc_id, Disc.preview_status)
            .where(Disc.status == DiscStatus.DETECTED)
            .order_by(Disc.detected_at)
            .tuples()
        )
        # Filtered here: SQLite would look through every disc that was ever approved.
        return [disc_id for disc_id, status in in_drives if status == PreviewStatus.APPROVED]

    def is_ripped(self, fingerprint: str, agent_id: str, cutoff: datetime) -> bool:
        """Whether a title of any record of the same disc was ripped, or has an open rip job that
        does not wait for the disc, or was to be ripped by the agent by an order after the cutoff.

        Asks the titles too, because jobs are pruned after a while.
        """
        waits_for_disc = Job.status.in_(list(UNSTARTED)) & (Disc.status == DiscStatus.EJECTED)
        ordered_lately = (Disc.agent == agent_id) & (Job.created_at > cutoff)
        rips = (
            Job.select()
            .join(Disc)
            .where(
                Disc.fingerprint == fingerprint,
                Job.job_type == JobType.RIP,
                Job.status.not_in([JobStatus.FAILED, JobStatus.CANCELLED]) | ordered_lately,
                ~waits_for_disc,
            )
        )
        titles = Title.select().join(Disc)
        ripped = titles.where(Disc.fingerprint == fingerprint, Title.ripped_at.is_null(False))
        return ripped.exists() or rips.exists()

    def note_ripped(self, disc_id: str, title_index: int | None, now: datetime) -> None:
        """Record that a rip of a title is complete."""
        Title.update(ripped_at=now).where(
            Title.disc == disc_id, Title.title_index == title_index
        ).execute()

    def pass_on_ripped(self, old_id: str, new_id: str) -> None:
        """Note for the titles of a disc that they were ripped from another record of it."""
        ripped: Any = Title.select(Title.title_index, Title.ripped_at).where(
            Title.disc == old_id, Title.ripped_at.is_null(False)
        )
        for title_index, ripped_at in list(ripped.tuples()):
            Title.update(ripped_at=ripped_at).where(
                Title.disc == new_id, Title.title_index == title_index, Title.ripped_at.is_null()
            ).execute()

    def due_for_lookup(self, limit: int) -> list[str]:
        """Return the ids of discs whose names wait for a provider, oldest first."""
        query: Any = (
            Disc.select(Disc.disc_id)
            .where(
                Disc.lookup_due,
                Disc.preview_status == PreviewStatus.PENDING,
                Disc.status == DiscStatus.DETECTED,
            )
            .order_by(Disc.detected_at)
            .limit(limit)
        )
        return [disc_id for (disc_id,) in query.tuples()]

    def candidates(self, agent_id: str, drive: str, fingerprint: str) -> list[Disc]:
        """Return the disc in a drive, and the records of a disc with that fingerprint, the latest
        detected first, without titles."""
        return list(_candidates(agent_id, drive, fingerprint))


def _with_titles(disc: Disc | None) -> Disc | None:
    if disc is not None:
        load_titles([disc])
    return disc


@statement
def _disc(disc_id: str) -> Any:
    return Disc.select().where(Disc.disc_id == disc_id)


@statement
def _in_drive(agent_id: str, drive: str) -> Any:
    return Disc.select().where(
        Disc.agent == agent_id, Disc.drive == drive, Disc.status != DiscStatus.EJECTED
    )


@statement
def _candidates(agent_id: str, drive: str, fingerprint: str) -> Any:
    in_drive = (
        (Disc.agent == agent_id) & (Disc.drive == drive) & (Disc.status != DiscStatus.EJECTED)
    )
    query = Disc.select().where(in_drive | (Disc.fingerprint == fingerprint))
    return query.order_by(Disc.detected_at.desc())


@statement
def _latest_named(title_key: str, without: str) -> Any:
    query = Disc.select().where(
        Disc.title_key == title_key,
        Disc.fingerprint != without,
        Disc.preview_status != PreviewStatus.REJECTED,
        Disc.media_type != MediaType.UNKNOWN,
    )
    return query.order_by(Disc.detected_at.desc(), Disc.disc_id.desc()).limit(1)


@statement
def _latest(limit: int) -> Any:
    query = Disc.select().order_by(Disc.detected_at.desc(), Disc.disc_id.desc())
    return query.limit(limit)


def _move(disc_id: str, origins: Collection[DiscStatus], target: DiscStatus) -> bool:
    """Change a disc's status if it is one of `origins`; returns whether it was."""
    return bool(_change_status(target, disc_id, origins=tuple(sorted(origins))))


@statement
def _change_status(target: DiscStatus, disc_id: str, *, origins: tuple[DiscStatus, ...]) -> Any:
    return Disc.update(status=target).where(Disc.disc_id == disc_id, Disc.status.in_(list(origins)))


def renew_entries(disc_ids: Sequence[str]) -> None:
    """Bring the entries that the collection is searched by in line with live discs."""
    discs: Any = Disc.select(*[getattr(Disc, name) for name in NAMES]).where(
        Disc.disc_id.in_(disc_ids)
    )
    names = _episode_titles(disc_ids)
    for disc in discs.dicts():
        _enter(disc, names.get(disc["disc_id"], ()))


def _enter(disc: Mapping[str, Any], episode_titles: Sequence[str]) -> None:
    """Write the entry of a disc. disc: the columns in NAMES."""
    columns, values = taken_apart(entry_of(disc, episode_titles))
    _write_entry(*values, columns=columns)


@statement
def _write_entry(*values: Any, columns: Columns) -> Any:
    entry = put_together(columns, iter(values))
    kept = [LibraryEntry._meta.fields[name] for name in entry if name != "disc_id"]
    return LibraryEntry.insert(entry).on_conflict(
        conflict_target=[LibraryEntry.disc_id], preserve=kept
    )


def _episode_titles(disc_ids: Sequence[str]) -> dict[str, list[str]]:
    """Return the episode titles of each disc, in the disc's order."""
    column = getattr(Title, TITLE_NAME)
    query: Any = (
        Title.select(Title.disc, column)
        .where(Title.disc.in_(disc_ids), column.is_null(False))
        .order_by(Title.disc, Title.title_index)
    )
    names: dict[str, list[str]] = {}
    for disc_id, name in query.tuples():
        names.setdefault(disc_id, []).append(name)
    return names


def load_titles(discs: Sequence[Disc], *columns: Any) -> None:
    """Attach the titles of discs with one query.

    columns: those to read, Title.disc among them; none for all.
    """
    if not discs:
        return
    by_disc: dict[str, list[Title]] = {disc.disc_id: [] for disc in discs}
    disc_ids = list(by_disc)
    if columns or len(disc_ids) > KEPT_ROWS:
        query = Title.select(*columns).where(Title.disc.in_(disc_ids))
        titles = query.order_by(Title.disc, Title.title_index)
    else:
        titles = _titles_of(*disc_ids)
    for title in titles:
        by_disc[title.disc_id].append(title)
    for disc in discs:
        disc.titles = by_disc[disc.disc_id]


@statement
def _titles_of(*disc_ids: str) -> Any:
    query = Title.select().where(Title.disc.in_(list(disc_ids)))
    return query.order_by(Title.disc, Title.title_index)


def _is_awaited(cutoff: datetime) -> Any:
    """The discs that are in their drives, or left them after the cutoff."""
    return (Disc.status != DiscStatus.EJECTED) | (Disc.ejected_at > cutoff)


class ThumbnailRepository:
    """Queries on the thumbnails of discs' titles and of jobs; the owner is a disc or a job."""

    def in_use(self, owner_id: str) -> list[Thumbnails]:
        """Return the thumbnails of an undecided disc in its drive, or of an open job; else none."""
        undecided = Title.disc.in_(
            Disc.select(Disc.disc_id).where(
                Disc.disc_id == owner_id,
                Disc.preview_status != PreviewStatus.APPROVED,
                Disc.status != DiscStatus.EJECTED,
            )
        )
        return self.of(owner_id, undecided, Job.status.in_(list(OPEN)))

    def of(self, owner_id: str, of_disc: Any = True, of_job: Any = True) -> list[Thumbnails]:
        """Return all thumbnails that rows name; only of titles and of a job that fulfil these."""
        titles = Title.select(Title.title_index, Title.thumbnail_timestamps).where(
            Title.disc == owner_id, of_disc
        )
        jobs = Job.select(Job.title_index, Job.thumbnail_timestamps).where(
            Job.job_id == owner_id, of_job
        )
        return [
            Thumbnails(owner_id, row.title_index or 0, row.thumbnail_timestamps)
            for query in (titles, jobs)
            for row in query
        ]

    def clear(self, owner_id: str) -> None:
        """Record that a disc's titles, or a job, have no thumbnails."""
        Title.update(thumbnail_timestamps=[]).where(Title.disc == owner_id).execute()
        Job.update(thumbnail_timestamps=[]).where(Job.job_id == owner_id).execute()

    def set_seconds(self, thumbnails: Thumbnails, seconds: list[int]) -> None:
        """Record which thumbnails of a title or job are left."""
        Title.update(thumbnail_timestamps=seconds).where(
            Title.disc == thumbnails.owner_id, Title.title_index == thumbnails.title_index
        ).execute()
        Job.update(thumbnail_timestamps=seconds).where(Job.job_id == thumbnails.owner_id).execute()
