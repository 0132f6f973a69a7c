"""Seasons with what all of their discs hold, those in the archive included."""

from collections.abc import Sequence
from typing import Any

from boz_server.database.models import ArchivedDisc, Disc, TVEpisode, TVSeason
from boz_server.domain.discs.disc_states import PreviewStatus
from boz_server.repositories.disc_library_repository import HOLDING, with_titles
from boz_server.repositories.disc_repository import load_titles
from boz_server.repositories.paging import Page, PageRequest, fetch_page
from boz_server.repositories.tv_season_repository import is_outdated

ORDER = [
    (TVSeason.show_key, False),
    (TVSeason.season_number, False),
    (TVSeason.season_id, False),
]


class SeasonOverviewRepository:
    """Queries on pages of seasons, each for all seasons of the page."""

    def page(self, show_key: str | None, request: PageRequest) -> Page[TVSeason]:
        """Return seasons by show and number, but for those that no disc is of any more; show_key:
        of one show only, by its folded name."""
        query = TVSeason.select().where(
            TVSeason.last_disc_name.is_null(False) | (TVSeason.gone_last_episode > 0)
        )
        if show_key is not None:
            query = query.where(TVSeason.show_key == show_key)
        return fetch_page(query, ORDER, request)

    def listed(self, season_ids: Sequence[str]) -> dict[str, set[int]]:
        """Return the numbers of the episodes that a provider lists, by their season."""
        query: Any = TVEpisode.select(TVEpisode.season, TVEpisode.episode_number).where(
            TVEpisode.season.in_(season_ids), TVEpisode.is_listed
        )
        numbers: dict[str, set[int]] = {}
        for season_id, number in query.tuples():
            numbers.setdefault(season_id, set()).add(number)
        return numbers

    def discs(self, season_ids: Sequence[str]) -> dict[str, list[Disc | ArchivedDisc]]:
        """Return the records of discs, refused ones left out, with what their titles hold, by
        their season; `is_outdated` says of each whether what was accepted later counts instead."""
        live = list(_records(Disc, season_ids, Disc.disc_id, Disc.fingerprint, Disc.tv_season))
        load_titles(live, *HOLDING)
        found: dict[str, list[Disc | ArchivedDisc]] = {}
        for disc in (*live, *with_titles(_records(ArchivedDisc, season_ids, ArchivedDisc))):
            found.setdefault(str(disc.tv_season_id), []).append(disc)
        return found


def _records(model: Any, season_ids: Sequence[str], *columns: Any) -> Any:
    return model.select(*columns, is_outdated(model).alias("is_outdated")).where(
        model.tv_season.in_(season_ids), model.preview_status != PreviewStatus.REJECTED
    )
