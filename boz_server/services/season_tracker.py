"""Seasons over many discs: which numbers a disc's episodes get, and what is remembered."""

from collections.abc import Iterable
from datetime import datetime

from boz_server.clock import Clock
from boz_server.database.models import Disc, TVSeason
from boz_server.domain.disc_states import PreviewStatus
from boz_server.errors import SeasonNotFound
from boz_server.repositories.disc_repository import DiscRepository
from boz_server.repositories.tv_season_repository import TVSeasonRepository

SECONDS_A_MINUTE = 60


class SeasonTracker:
    """Numbers episodes on from disc to disc; all but the reads run in the caller's transaction."""

    def __init__(self, clock: Clock, seasons: TVSeasonRepository, discs: DiscRepository) -> None:
        self.clock = clock
        self.seasons = seasons
        self.discs = discs

    def get(self, season_id: str) -> TVSeason:
        """Return a season with its episodes; raises SeasonNotFound."""
        season = self.seasons.get(season_id)
        if season is None:
            raise SeasonNotFound(season_id)
        return season

    def open(self, show_name: str, season_number: int) -> str:
        """Enter a season if it is new; returns its id. Until the transaction ends, no one else
        can number discs of it."""
        season_id = f"{show_name}:s{season_number}"
        self.seasons.open(season_id, show_name, season_number, self.clock.now())
        return season_id

    def hold(self, season_id: str | None) -> None:
        """Keep others from numbering discs of a season until the transaction ends."""
        if season_id is not None:
            self.seasons.lock(season_id)

    def first_episode_for(self, season_id: str, disc_id: str, fingerprint: str) -> int:
        """Return the number that a disc's first episode gets.

        The same disc again gets the numbers it had; any other goes on behind the highest.
        """
        twin = self.discs.twin_in_season(season_id, fingerprint, disc_id)
        if twin is not None and twin.starting_episode_number is not None:
            return int(twin.starting_episode_number)
        return self.seasons.last_episode(season_id, without_disc=disc_id) + 1

    def episode_names(self, season_id: str) -> dict[int, str]:
        """Return what is known of a season: {episode number: name}."""
        names = self.seasons.episode_names(season_id)
        return {number: name for number, name in names.items() if name != _stand_in(number)}

    def taken_elsewhere(self, disc: Disc) -> set[int]:
        """Return those of a disc's episode numbers that other approved discs hold.

        A rejected disc gave its numbers back: discs that were proposed them since count too.
        """
        if disc.tv_season_id is None:
            return set()
        holders = {PreviewStatus.APPROVED}
        if disc.preview_status == PreviewStatus.REJECTED:
            holders.add(PreviewStatus.PENDING)
        others = self.seasons.numbers_elsewhere(disc.tv_season_id, disc, holders)
        return others & {title.episode_number for title in disc.titles if title.selected}

    def remember(self, disc: Disc) -> None:
        """Keep the names and lengths of an approved disc's episodes; None is no name."""
        if disc.tv_season_id is None or disc.tv_season_number is None:
            return
        known = self.episode_names(disc.tv_season_id)
        for title in disc.titles:
            number = title.episode_number
            if number is not None and title.selected and not title.is_extra:
                name = title.episode_title
                self.seasons.record_episode(
                    disc.tv_season_id,
                    disc.tv_season_number,
                    number,
                    (known.get(number) if name is None else name) or _stand_in(number),
                    round(title.duration_seconds / SECONDS_A_MINUTE),
                )

    def refresh(self, season_ids: Iterable[str | None], now: datetime) -> None:
        """Bring seasons in line with what their discs now say."""
        for season_id in sorted({season_id for season_id in season_ids if season_id}):
            self.seasons.refresh(season_id, now)


def _stand_in(number: int) -> str:
    """What a season shows for an episode without a name; no file is called so."""
    return f"Episode {number}"
