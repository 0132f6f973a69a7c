"""Seasons and their episodes in the database."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import peewee

from boz_server.database.connection import Database
from boz_server.database.models import Disc, Title, TVEpisode, TVSeason
from boz_server.domain.discs.disc_states import DiscStatus, PreviewStatus
from boz_server.domain.identification.search_words import key
from boz_server.domain.seasons.plan import NOTHING_GONE, Gone
from boz_server.repositories.disc_repository import load_titles

#: A season's usual lengths show in so many.
MAX_LENGTHS = 200
#: PostgreSQL takes 65,535 values in a statement, and an episode has 7.
ROWS_A_STATEMENT = 1000


class TVSeasonRepository:
    """Queries on seasons."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def get(self, season_id: str) -> TVSeason | None:
        """Return the season with its episodes in order, or None when it is not known."""
        with self.database.read():
            season = TVSeason.get_or_none(TVSeason.season_id == season_id)
            if season is not None:
                query = TVEpisode.select().where(TVEpisode.season == season_id)
                season.episodes = list(query.order_by(TVEpisode.episode_number))
        return season

    def open(self, season_id: str, show_name: str, season_number: int, now: datetime) -> None:
        """Enter the season if it is new; other writers keep off it until the transaction ends."""
        (
            TVSeason.insert(
                season_id=season_id,
                show_name=show_name,
                show_key=key(show_name),
                season_number=season_number,
                disc_ids=[],
                created_at=now,
                updated_at=now,
            )
            # No target: on PostgreSQL, whoever enters it at the same moment may be met at either
            # of its two unique indexes.
            .on_conflict("NOTHING")
            .execute()
        )
        self.lock(season_id)

    def lock(self, season_id: str) -> None:
        """Keep other writers off the season until the transaction ends."""
        self.database.keep_row(TVSeason, season_id)

    def name_series(self, season_id: str, series_id: int) -> None:
        """Note which of TheTVDB's shows the season belongs to."""
        TVSeason.update(thetvdb_series_id=series_id).where(
            TVSeason.season_id == season_id
        ).execute()

    def of_disc(self, fingerprint: str) -> set[str]:
        """Return the ids of the seasons that any record of a disc belongs to."""
        query: Any = Disc.select(Disc.tv_season).where(
            Disc.fingerprint == fingerprint, Disc.tv_season.is_null(False)
        )
        return {season_id for (season_id,) in query.tuples()}

    def discs(self, season_id: str) -> list[Disc]:
        """Return the season's discs with their titles, oldest first.

        Refused ones are left out, and records of a disc that was accepted when it came again.
        """
        query = _discs_of(season_id).order_by(Disc.detected_at, Disc.disc_id)
        discs = list(query)
        load_titles(discs)
        return discs

    def highest_disc_before(self, season_id: str) -> int:
        """Return the highest number of a disc of the show's earlier seasons; 0 without any."""
        this = TVSeason.alias()
        query: Any = (
            Disc.select(peewee.fn.MAX(Disc.disc_number))
            .join(TVSeason)
            .join(this, on=(this.show_name == TVSeason.show_name))
            .where(
                this.season_id == season_id,
                TVSeason.season_number > 0,  # specials are of no order
                TVSeason.season_number < this.season_number,
                Disc.preview_status != PreviewStatus.REJECTED,
            )
        )
        return query.scalar() or 0

    def numbers_elsewhere(
        self, season_id: str, fingerprint: str, statuses: Collection[PreviewStatus]
    ) -> set[int]:
        """Return the episode numbers that other discs of the season, so decided, hold.

        Other records of the same disc hold the same numbers by right.
        """
        query: Any = _episodes_elsewhere(season_id, fingerprint).where(
            Disc.preview_status.in_(list(statuses)), Title.episode_number.is_null(False)
        )
        return {
            number for first, last in query.tuples() for number in range(first, (last or first) + 1)
        }

    def lengths_elsewhere(self, season_id: str, fingerprint: str) -> list[int]:
        """Return the seconds of single episodes on other discs of the season, refused ones out."""
        query: Any = (
            _episodes_elsewhere(season_id, fingerprint, Title.duration_seconds)
            .where(
                Disc.preview_status != PreviewStatus.REJECTED,
                Title.episode_number.is_null(False),
                Title.last_episode_number.is_null(),
            )
            .limit(MAX_LENGTHS)
        )
        return [seconds for (seconds,) in query.tuples()]

    def gone(self, season_id: str) -> Gone:
        """Return what is remembered of the season's discs that are not here."""
        columns = (TVSeason.gone_last_episode, TVSeason.gone_last_disc)
        query: Any = TVSeason.select(*columns).where(TVSeason.season_id == season_id)
        return Gone(*next(iter(query.tuples()), NOTHING_GONE))

    def refresh(self, season_id: str, now: datetime) -> None:
        """Set what the season says of its discs from the discs themselves.

        The lock comes first: of two discs that change at once, the later sees both.
        """
        self.lock(season_id)
        query = _discs_of(season_id, Disc.disc_id, Disc.disc_name)
        discs = list(query.order_by(Disc.detected_at, Disc.disc_id).tuples())
        last = peewee.fn.COALESCE(Title.last_episode_number, Title.episode_number)
        # An empty fingerprint is no disc's.
        highest = _episodes_elsewhere(season_id, "", peewee.fn.MAX(last)).where(
            Disc.preview_status != PreviewStatus.REJECTED
        )
        TVSeason.update(
            last_episode_assigned=max(highest.scalar() or 0, self.gone(season_id).last_episode),
            disc_ids=[disc_id for disc_id, _ in discs],
            last_disc_name=discs[-1][1] if discs else None,
            updated_at=now,
        ).where(TVSeason.season_id == season_id).execute()

    def runtimes(self, season_id: str) -> dict[int, int | None]:
        """Return the minutes of the episodes that a provider lists; None where not known."""
        query: Any = TVEpisode.select(TVEpisode.episode_number, TVEpisode.runtime).where(
            TVEpisode.season == season_id, TVEpisode.is_listed
        )
        return dict(query.tuples())

    def list_episodes(self, season_id: str, rows: Sequence[dict[str, Any]]) -> None:
        """Keep what a provider lists of a season, over what was known of it before."""
        for batch in peewee.chunked(
            ({"season": season_id, "is_listed": True, **row} for row in rows), ROWS_A_STATEMENT
        ):
            (
                TVEpisode.insert_many(batch)
                .on_conflict(
                    conflict_target=[TVEpisode.season, TVEpisode.episode_number],
                    preserve=[
                        TVEpisode.episode_name,
                        TVEpisode.runtime,
                        TVEpisode.overview,
                        TVEpisode.is_listed,
                    ],
                )
                .execute()
            )

    def episode_names(self, season_id: str) -> dict[int, str]:
        """Return what is known of the season: {episode number: name}."""
        query = TVEpisode.select().where(TVEpisode.season == season_id)
        return {episode.episode_number: episode.episode_name for episode in query}

    def record_episode(
        self, season_id: str, season_number: int, number: int, name: str, runtime_minutes: int
    ) -> None:
        """Remember an episode's name, over what was known of it before; its length where no
        provider lists it."""
        (
            TVEpisode.insert(
                season=season_id,
                season_number=season_number,
                episode_number=number,
                episode_name=name,
                runtime=runtime_minutes,
            )
            .on_conflict(
                conflict_target=[TVEpisode.season, TVEpisode.episode_number],
                update={
                    TVEpisode.episode_name: name,
                    TVEpisode.runtime: peewee.Case(
                        None, [(TVEpisode.is_listed, TVEpisode.runtime)], runtime_minutes
                    ),
                },
            )
            .execute()
        )


def _discs_of(season_id: str, *columns: Any) -> Any:
    return Disc.select(*columns).where(
        Disc.tv_season == season_id,
        Disc.preview_status != PreviewStatus.REJECTED,
        ~is_outdated(),
    )


def is_outdated(record: Any = Disc) -> Any:
    """Whether the same disc came again, and what was then accepted of it counts instead.

    One that lies in a drive and is not decided takes over what was accepted. record: Disc, or
    ArchivedDisc: all records of a disc are live, or all in the archive.
    """
    later = record.alias("later")
    is_past = (record.preview_status == PreviewStatus.APPROVED) | (
        record.status == DiscStatus.EJECTED
    )
    return is_past & peewee.fn.EXISTS(
        later.select(peewee.SQL("1")).where(
            later.fingerprint == record.fingerprint,
            later.preview_status == PreviewStatus.APPROVED,
            later.detected_at > record.detected_at,
        )
    )


def _episodes_elsewhere(season_id: str, fingerprint: str, *columns: Any) -> Any:
    """Episodes to be ripped that are on other discs of a season."""
    chosen = columns or (Title.episode_number, Title.last_episode_number)
    return (
        Title.select(*chosen)
        .join(Disc)
        .where(
            Disc.tv_season == season_id,
            Disc.fingerprint != fingerprint,
            Title.selected,
            ~Title.is_extra,
            ~is_outdated(),
        )
    )
