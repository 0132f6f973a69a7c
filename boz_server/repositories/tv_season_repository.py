"""Seasons and their episodes in the database."""

from collections.abc import Sequence
from typing import Any

import peewee

from boz_server.database.models import Disc, Title, TVEpisode, TVSeason
from boz_server.database.statements import insert_row, statement, update_row
from boz_server.domain.discs.disc_states import DiscStatus, PreviewStatus
from boz_server.repositories.disc_repository import load_titles

#: Enough to see the usual length of a season's episodes.
MAX_LENGTHS = 200
#: PostgreSQL takes 65,535 values in a statement, and an episode has 7.
ROWS_A_STATEMENT = 1000


class TVSeasonRepository:
    """Queries on seasons."""

    def get(self, season_id: str) -> TVSeason | None:
        """Return the season with its episodes in order; None when it is not known.

        Runs inside a transaction, as it queries twice.
        """
        season: TVSeason | None = _season.first(season_id)
        if season is not None:
            season.episodes = list(_episodes(season_id))
        return season

    def save(self, season: TVSeason, *, is_new: bool) -> None:
        """Enter a new season, or write those columns that were set since it was read."""
        if is_new:
            insert_row(season)
        elif season.dirty_fields:
            update_row(season, [field.name for field in season.dirty_fields])

    def of_disc(self, fingerprint: str) -> set[str]:
        """Return the ids of the seasons that any record of a disc belongs to."""
        query: Any = Disc.select(Disc.tv_season).where(
            Disc.fingerprint == fingerprint, Disc.tv_season.is_null(False)
        )
        return {season_id for (season_id,) in query.tuples()}

    def discs(self, season_id: str) -> list[Disc]:
        """Return the season's discs with their titles, oldest first.

        Leaves out rejected discs, and records whose disc was accepted when it came again.
        """
        discs = list(_discs(season_id))
        load_titles(discs)
        return discs

    def highest_disc_before(self, show_name: str, season_number: int, without: str) -> int:
        """Return the highest disc number of the show's earlier seasons; 0 if there is none.

        Specials have no order. without: the id of a disc that doesn't count.
        """
        highest = _highest_disc_before.first(show_name, season_number, without)[0]
        return highest or 0

    def rejected_in_drives(self, season_id: str) -> list[Disc]:
        """Return the season's rejected discs that lie in drives, with their titles."""
        query = Disc.select().where(
            Disc.tv_season == season_id,
            Disc.preview_status == PreviewStatus.REJECTED,
            Disc.status == DiscStatus.DETECTED,
        )
        discs = list(query.order_by(Disc.detected_at, Disc.disc_id))
        load_titles(discs)
        return discs

    def accepted_elsewhere(self, season_id: str, fingerprint: str) -> set[int]:
        """Return the episode numbers on the season's other approved discs.

        Other records of the same disc rightly hold the same numbers.
        """
        query: Any = _episodes_elsewhere(
            season_id, fingerprint, Title.episode_number, Title.last_episode_number
        ).where(Disc.preview_status == PreviewStatus.APPROVED, Title.episode_number.is_null(False))
        return {
            number for first, last in query.tuples() for number in range(first, (last or first) + 1)
        }

    def lengths_elsewhere(self, season_id: str, fingerprint: str) -> list[int]:
        """Return the seconds of single episodes on the season's other discs, rejected ones out."""
        return [seconds for (seconds,) in _lengths_elsewhere(season_id, fingerprint)]

    def list_episodes(self, episodes: Sequence[TVEpisode]) -> None:
        """Store what a provider lists of seasons, over what was known before."""
        for batch in peewee.chunked((episode.__data__ for episode in episodes), ROWS_A_STATEMENT):
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

    def record_episode(
        self, season_id: str, season_number: int, number: int, name: str, runtime_minutes: int
    ) -> None:
        """Store an episode's name; its length too, unless a provider lists it."""
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


@statement
def _season(season_id: str) -> Any:
    return TVSeason.select().where(TVSeason.season_id == season_id)


@statement
def _episodes(season_id: str) -> Any:
    query = TVEpisode.select().where(TVEpisode.season == season_id)
    return query.order_by(TVEpisode.episode_number)


@statement
def _discs(season_id: str) -> Any:
    query = Disc.select().where(
        Disc.tv_season == season_id,
        Disc.preview_status != PreviewStatus.REJECTED,
        ~is_outdated(),
    )
    return query.order_by(Disc.detected_at, Disc.disc_id)


@statement
def _highest_disc_before(show_name: str, season_number: int, without: str) -> Any:
    query = Disc.select(peewee.fn.MAX(Disc.disc_number)).join(TVSeason)
    return query.where(
        TVSeason.show_name == show_name,
        TVSeason.season_number > 0,
        TVSeason.season_number < season_number,
        Disc.preview_status != PreviewStatus.REJECTED,
        Disc.disc_id != without,
    ).tuples()


@statement
def _lengths_elsewhere(season_id: str, fingerprint: str) -> Any:
    query = _episodes_elsewhere(season_id, fingerprint, Title.duration_seconds).where(
        Disc.preview_status != PreviewStatus.REJECTED,
        Title.episode_number.is_null(False),
        Title.last_episode_number.is_null(),
    )
    return query.limit(MAX_LENGTHS).tuples()


def is_outdated(record: Any = Disc) -> Any:
    """Match records whose disc came again and was accepted then: that counts instead.

    An undecided disc in a drive is not outdated: it takes over what was accepted. record: Disc or
    ArchivedDisc; the records of one disc are all live or all archived.
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
    """Select the episodes to be ripped from a season's other discs."""
    return (
        Title.select(*columns)
        .join(Disc)
        .where(
            Disc.tv_season == season_id,
            Disc.fingerprint != fingerprint,
            Title.selected,
            ~Title.is_extra,
            ~is_outdated(),
        )
    )
