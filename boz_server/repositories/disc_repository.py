"""Discs and their titles in the database."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import peewee

from boz_server.database.connection import Database
from boz_server.database.models import Disc, Job, LibraryEntry, Title
from boz_server.domain.collection.search import NAMES, TITLE_NAME, entry_of
from boz_server.domain.discs.disc_states import DiscStatus, PreviewStatus
from boz_server.domain.identification.media_type import MediaType
from boz_server.domain.queue.job_states import OPEN, JobType
from boz_server.repositories.paging import Page, PageRequest, fetch_page

#: PostgreSQL takes 65,535 values in a statement, and a title has 20.
ROWS_A_STATEMENT = 1000


class DiscRepository:
    """Queries on discs; a disc comes with its titles, in MakeMKV's order."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def get(self, disc_id: str) -> Disc | None:
        """Return the disc, or None when none of that id was ever reported."""
        return self._with_titles(Disc.select().where(Disc.disc_id == disc_id))

    def type_of(self, disc_id: str) -> str | None:
        """Return MakeMKV's word for a kind of disc; None when the disc is not known."""
        disc = Disc.select(Disc.disc_type).where(Disc.disc_id == disc_id).first()
        return None if disc is None else str(disc.disc_type)

    def exists(self, disc_id: str) -> bool:
        """Whether a disc of that id was ever reported."""
        return Disc.select().where(Disc.disc_id == disc_id).exists()

    def is_approved(self, disc_id: str) -> bool:
        """Whether a disc's names are accepted; False for one that is not known."""
        query = Disc.select().where(
            Disc.disc_id == disc_id, Disc.preview_status == PreviewStatus.APPROVED
        )
        return query.exists()

    def lock(self, disc_id: str) -> Disc | None:
        """Return the disc and keep other writers off it until the transaction ends."""
        return self.get(disc_id) if self.database.lock_row(Disc, disc_id) else None

    def in_drive(self, agent_id: str, drive: str) -> Disc | None:
        """Return the disc that lies in a drive, without its titles; None when it is empty."""
        return Disc.get_or_none(
            Disc.agent == agent_id, Disc.drive == drive, Disc.status != DiscStatus.EJECTED
        )

    def page(self, request: PageRequest) -> Page[Disc]:
        """Return discs, the latest detected first."""
        order = ((Disc.detected_at, True), (Disc.disc_id, True))
        with self.database.read():
            page = fetch_page(Disc.select(), order, request)
            load_titles(page.items)
        return page

    def insert(self, titles: Iterable[dict[str, Any]], **fields: Any) -> None:
        """Enter a new disc with its titles."""
        disc = Disc.create(**fields)
        rows = [{"disc": disc.disc_id, **title} for title in titles]
        for batch in peewee.chunked(rows, ROWS_A_STATEMENT):
            Title.insert_many(batch).execute()
        self._renamed(disc.disc_id)

    def update(
        self, disc_id: str, origins: Collection[DiscStatus] = frozenset(DiscStatus), **changes: Any
    ) -> bool:
        """Change a disc if it is in one of `origins`. False when it is not."""
        query = Disc.update(**changes).where(
            Disc.disc_id == disc_id, Disc.status.in_(list(origins))
        )
        is_changed = bool(query.execute())
        if is_changed and not changes.keys().isdisjoint(NAMES):
            self._renamed(disc_id)
        return is_changed

    def update_title(self, disc_id: str, title_index: int, **changes: Any) -> None:
        """Change one title of a disc."""
        Title.update(**changes).where(
            Title.disc == disc_id, Title.title_index == title_index
        ).execute()
        if TITLE_NAME in changes:
            self._renamed(disc_id)

    def put_preview(
        self, disc_id: str, columns: Mapping[str, Any], titles: Mapping[int, Mapping[str, Any]]
    ) -> None:
        """Change what is proposed of a disc, and of its titles by their index."""
        self.update(disc_id, **columns)
        for index, proposal in titles.items():
            self.update_title(disc_id, index, **proposal)

    def title(self, disc_id: str, title_index: int) -> Title | None:
        """Return one title of a disc, or None when there is no such."""
        return Title.get_or_none(Title.disc == disc_id, Title.title_index == title_index)

    def drop_thumbnails(self, disc_id: str) -> None:
        """Note that no thumbnails are kept of the disc's titles any more."""
        Title.update(thumbnail_timestamps=[]).where(Title.disc == disc_id).execute()

    def finish_ripping(self, disc_id: str) -> bool:
        """Mark a disc completed once none of its rip jobs is left to do. False when some are."""
        left = Job.select(Job.job_id).where(
            Job.disc == disc_id, Job.job_type == JobType.RIP, Job.status.in_(list(OPEN))
        )
        # The lock comes first: of two last jobs that end at once, the later sees both ended.
        self.database.keep_row(Disc, disc_id)
        if left.exists():
            return False
        return self.update(disc_id, {DiscStatus.RIPPING}, status=DiscStatus.COMPLETED)

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
        """Mark a disc in its drive as being ripped, as there is a rip of it to do."""
        self.update(disc_id, {DiscStatus.DETECTED, DiscStatus.COMPLETED}, status=DiscStatus.RIPPING)

    def in_its_drive(self, disc_id: str | None) -> bool:
        """Whether a disc has not been ejected; False for one that is not known."""
        query = Disc.select().where(Disc.disc_id == disc_id, Disc.status != DiscStatus.EJECTED)
        return query.exists()

    def latest_named(self, title_key: str, without: str) -> Disc | None:
        """Return the latest disc whose label has that name, a record of the same disc left out
        (by its fingerprint), and refused ones; None when there is none."""
        query = Disc.select().where(
            Disc.title_key == title_key,
            Disc.fingerprint != without,
            Disc.preview_status != PreviewStatus.REJECTED,
            Disc.media_type != MediaType.UNKNOWN,
        )
        return query.order_by(Disc.detected_at.desc(), Disc.disc_id.desc()).first()

    def latest_shows(self, limit: int) -> list[Disc]:
        """Return the discs of shows among the latest so many discs, the latest first."""
        latest = list(
            Disc.select().order_by(Disc.detected_at.desc(), Disc.disc_id.desc()).limit(limit)
        )
        return [
            disc
            for disc in latest
            if disc.media_type == MediaType.TV_SHOW
            and disc.preview_status != PreviewStatus.REJECTED
        ]

    def undecided(self, limit: int) -> list[Disc]:
        """Return the discs in their drives whose names no one has decided on, without their
        titles, the oldest first."""
        query = Disc.select().where(
            Disc.preview_status == PreviewStatus.PENDING, Disc.status == DiscStatus.DETECTED
        )
        return list(query.order_by(Disc.detected_at).limit(limit))

    def approved_in_drives(self) -> list[str]:
        """Return the ids of the discs in their drives that are approved and were never ripped, the
        oldest first."""
        lying: Any = (
            Disc.select(Disc.disc_id, Disc.preview_status)
            .where(Disc.status == DiscStatus.DETECTED)
            .order_by(Disc.detected_at)
            .tuples()
        )
        # Not asked of the database: SQLite would look through all that were ever approved.
        return [disc_id for disc_id, status in lying if status == PreviewStatus.APPROVED]

    def records_of(self, fingerprint: str) -> list[str]:
        """Return the ids under which the same disc was ever reported."""
        query: Any = Disc.select(Disc.disc_id).where(Disc.fingerprint == fingerprint).tuples()
        return [disc_id for (disc_id,) in query]

    def was_ripped(self, fingerprint: str) -> bool:
        """Whether a title of the same disc has been ripped, whenever it was reported."""
        query = Title.select().join(Disc)
        return query.where(Disc.fingerprint == fingerprint, Title.ripped_at.is_null(False)).exists()

    def note_ripped(self, disc_id: str, title_index: int | None, now: datetime) -> None:
        """Note that a rip of a title is complete."""
        Title.update(ripped_at=now).where(
            Title.disc == disc_id, Title.title_index == title_index
        ).execute()

    def due_for_lookup(self, limit: int) -> list[str]:
        """Return the ids of discs whose names wait for a provider, the oldest first."""
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

    def approved_before(self, fingerprint: str) -> Disc | None:
        """Return the latest record of the same disc whose names a person accepted, or None."""
        query = Disc.select().where(
            Disc.fingerprint == fingerprint, Disc.preview_status == PreviewStatus.APPROVED
        )
        return self._with_titles(query.order_by(Disc.detected_at.desc()))

    def _renamed(self, disc_id: str) -> None:
        """Once for the transaction: one change of a disc goes through all of its titles."""
        self.database.before_commit(renew_entries, disc_id)

    @staticmethod
    def _with_titles(query: Any) -> Disc | None:
        disc = query.first()
        if disc is not None:
            load_titles([disc])
        return disc


def renew_entries(disc_ids: Sequence[str]) -> None:
    """Bring the entries that the collection is searched by in line with live discs."""
    discs: Any = Disc.select(*[getattr(Disc, name) for name in NAMES]).where(
        Disc.disc_id.in_(disc_ids)
    )
    names = _episode_titles(disc_ids)
    for disc in discs.dicts():
        entry = entry_of(disc, names.get(disc["disc_id"], ()))
        columns = [LibraryEntry._meta.fields[name] for name in entry if name != "disc_id"]
        (
            LibraryEntry.insert(entry)
            .on_conflict(conflict_target=[LibraryEntry.disc_id], preserve=columns)
            .execute()
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
    """Hang the titles onto their discs, with one query for all of them; columns: of them, the
    disc and those that are needed, where not all are."""
    if not discs:
        return
    by_disc: dict[str, list[Title]] = {disc.disc_id: [] for disc in discs}
    query = Title.select(*columns).where(Title.disc.in_(list(by_disc)))
    for title in query.order_by(Title.disc, Title.title_index):
        by_disc[title.disc_id].append(title)
    for disc in discs:
        disc.titles = by_disc[disc.disc_id]
