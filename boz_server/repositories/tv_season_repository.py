"""Seasons and their episodes in the database."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

import peewee

from boz_server.database.connection import Database
from boz_server.database.models import Disc, Title, TVEpisode, TVSeason
from boz_server.domain.disc_states import PreviewStatus


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
        self.database.lock_row(TVSeason, season_id)

    def last_episode(self, season_id: str, *, without_disc: str | None = None) -> int:
        """Return the highest episode number on the season's discs; 0 when there is none.

        Rejected discs don't count, nor do extras and titles that are not to be ripped.
        """
        query = (
            Title.select(peewee.fn.MAX(Title.episode_number))
            .join(Disc)
            .where(
                Disc.tv_season == season_id,
                Disc.preview_status != PreviewStatus.REJECTED,
                Title.selected,
                ~Title.is_extra,
            )
        )
        if without_disc is not None:
            query = query.where(Disc.disc_id != without_disc)
        return query.scalar() or 0

    def numbers_elsewhere(
        self, season_id: str, disc: Disc, statuses: Collection[PreviewStatus]
    ) -> set[int]:
        """Return the episode numbers that other discs of the season, so decided, hold.

        Other records of the same disc hold the same numbers by right.
        """
        query: Any = (
            Title.select(Title.episode_number)
            .join(Disc)
            .where(
                Disc.tv_season == season_id,
                Disc.fingerprint != disc.fingerprint,
                Disc.preview_status.in_(list(statuses)),
                Title.selected,
                ~Title.is_extra,
                Title.episode_number.is_null(False),
            )
        )
        return {number for (number,) in query.tuples()}

    def refresh(self, season_id: str, now: datetime) -> None:
        """Set what the season says of its discs from the discs themselves.

        The lock comes first: of two discs that change at once, the later sees both.
        """
        self.lock(season_id)
        discs = list(
            Disc.select(Disc.disc_id, Disc.disc_name)
            .where(Disc.tv_season == season_id, Disc.preview_status != PreviewStatus.REJECTED)
            .order_by(Disc.detected_at, Disc.disc_id)
        )
        TVSeason.update(
            last_episode_assigned=self.last_episode(season_id),
            disc_ids=[disc.disc_id for disc in discs],
            last_disc_name=discs[-1].disc_name if discs else None,
            updated_at=now,
        ).where(TVSeason.season_id == season_id).execute()

    def episode_names(self, season_id: str) -> dict[int, str]:
        """Return what is known of the season: {episode number: name}."""
        query = TVEpisode.select().where(TVEpisode.season == season_id)
        return {episode.episode_number: episode.episode_name for episode in query}

    def record_episode(
        self, season_id: str, season_number: int, number: int, name: str, runtime_minutes: int
    ) -> None:
        """Remember an episode's name and length, over what was known of it before."""
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
                preserve=[TVEpisode.episode_name, TVEpisode.runtime],
            )
            .execute()
        )
