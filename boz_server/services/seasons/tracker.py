"""Seasons over many discs: which numbers a disc's episodes get, and what is remembered."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from boz_server.clock import Clock
from boz_server.database.models import Disc, TVSeason
from boz_server.domain.collection.related import LinkKind
from boz_server.domain.discs.disc_states import PreviewStatus
from boz_server.domain.metadata.answers import Episode
from boz_server.domain.seasons.plan import Numbering, plan
from boz_server.errors import Conflict, SeasonNotFound
from boz_server.repositories.archive_repository import ArchiveRepository
from boz_server.repositories.disc_repository import DiscRepository
from boz_server.repositories.tv_season_repository import TVSeasonRepository
from boz_server.services.seasons.records import (
    TITLE_COLUMNS,
    best_record,
    by_disc,
    episodes_of,
    is_guess,
    key_of,
    numbers_of,
    season_disc,
    title_columns,
)

SECONDS_A_MINUTE = 60


class SeasonTracker:
    """Numbers episodes over the discs of a season; all but the reads run in the caller's
    transaction."""

    def __init__(
        self,
        clock: Clock,
        seasons: TVSeasonRepository,
        discs: DiscRepository,
        archive: ArchiveRepository,
    ) -> None:
        self.clock = clock
        self.seasons = seasons
        self.discs = discs
        self.archive = archive

    def get(self, season_id: str) -> TVSeason:
        """Return a season with its episodes; raises SeasonNotFound."""
        season = self.seasons.get(season_id)
        if season is None:
            raise SeasonNotFound(season_id)
        return season

    def open(self, show_name: str, season_number: int, series_id: int | None = None) -> str:
        """Enter a season if it is new; returns its id. Until the transaction ends, no one else
        can number discs of it. The show's discs come back from the archive: they all count."""
        season_id = f"{show_name}:s{season_number}"
        self.archive.bring_back([(LinkKind.SHOW_NAME, show_name)])
        self.seasons.open(season_id, show_name, season_number, self.clock.now())
        if series_id is not None:
            self.seasons.name_series(season_id, series_id)
        return season_id

    def hold(self, season_id: str | None) -> None:
        """Keep others from numbering discs of a season until the transaction ends."""
        if season_id is not None:
            self.seasons.lock(season_id)

    def learn(self, season_id: str, episodes: Sequence[Episode]) -> None:
        """Keep what a provider knows of a season's episodes."""
        self.seasons.list_episodes(
            season_id,
            [
                {
                    "season_number": episode.season_number,
                    "episode_number": episode.number,
                    "episode_name": episode.name or _stand_in(episode.number),
                    "runtime": episode.runtime_minutes,
                    "overview": episode.overview,
                }
                for episode in episodes
            ],
        )

    def lengths_elsewhere(self, season_id: str, fingerprint: str) -> list[int]:
        """Return the seconds of the episodes on the other discs of a season."""
        return self.seasons.lengths_elsewhere(season_id, fingerprint)

    def is_full(self, season_id: str, fingerprint: str, *, but_guesses: bool = False) -> bool:
        """Whether other discs have all episodes that a provider lists of a season; False where
        none lists any.

        but_guesses: discs whose season is a guess don't count, as they may be of another.
        """
        listed = self.seasons.runtimes(season_id)
        if not listed:
            return False
        others = [
            disc
            for disc in self.seasons.discs(season_id)
            if disc.fingerprint != fingerprint and not (but_guesses and is_guess(disc))
        ]
        return listed.keys() <= numbers_of(others)

    def is_complete(
        self, season_id: str, fingerprint: str, disc_number: int | None, *, is_guess: bool
    ) -> bool:
        """Whether the season is full, and the discs before this one have all been seen: their
        numbers would be a guess otherwise. is_guess: the disc's own season is."""
        if not self.is_full(season_id, fingerprint, but_guesses=not is_guess):
            return False
        before = self.seasons.highest_disc_before(season_id) if is_guess else 0
        seen = {disc.disc_number for disc in self.seasons.discs(season_id)}
        return set(range(before + 1, disc_number or 1)) <= seen

    def require_free_numbers(self, disc: Disc) -> None:
        """Raise Conflict when other approved discs hold numbers of a disc's episodes.

        A rejected disc gave its numbers back: discs that were proposed them since count too.
        """
        if disc.tv_season_id is None:
            return
        holders = {PreviewStatus.APPROVED}
        if disc.preview_status == PreviewStatus.REJECTED:
            holders.add(PreviewStatus.PENDING)
        others = self.seasons.numbers_elsewhere(disc.tv_season_id, disc.fingerprint, holders)
        taken = others & numbers_of([disc])
        if taken:
            raise Conflict(
                f"Episode {min(taken)} of this season is on another disc: number this one anew"
                " with update-season."
            )

    def accept(self, disc: Disc, now: datetime) -> None:
        """Bring the seasons in line with a disc whose names were accepted.

        It may have been of another season when it was here before.
        """
        self._remember(disc)
        self.refresh(self.seasons.of_disc(disc.fingerprint), now)

    def give_back(self, disc: Disc, now: datetime) -> None:
        """Bring the seasons in line with a disc whose names were refused.

        What was accepted of it before counts again.
        """
        self.refresh(self.seasons.of_disc(disc.fingerprint), now)

    def _remember(self, disc: Disc) -> None:
        """Keep the names and lengths of an approved disc's episodes; None is no name."""
        if disc.tv_season_id is None or disc.tv_season_number is None:
            return
        known = self._names(disc.tv_season_id)
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
        """Number the discs of seasons anew where no person has accepted their numbers, and bring
        the seasons in line with what their discs then say."""
        for season_id in sorted({season_id for season_id in season_ids if season_id}):
            self.hold(season_id)
            self._renumber(season_id)
            self.seasons.refresh(season_id, now)

    def _renumber(self, season_id: str) -> None:
        discs = self.seasons.discs(season_id)
        pending = [disc for disc in discs if disc.preview_status == PreviewStatus.PENDING]
        if not pending:
            return
        records = by_disc(discs)
        before = self.seasons.highest_disc_before(season_id)
        numberings = plan(
            [season_disc(key, same, discs, before) for key, same in records.items()],
            self.seasons.runtimes(season_id),
            self.seasons.gone(season_id),
        )
        names = self._names(season_id)
        for disc in pending:
            key = key_of(disc, discs)
            best = best_record(records[key])
            self._agree(disc, best)
            if best.preview_status == PreviewStatus.PENDING:
                self._apply(disc, numberings[key], names)

    def _agree(self, disc: Disc, best: Disc) -> None:
        """Take over what was accepted of the same disc, or else what the record takes for
        episodes that knows most of it: how long the season's others are, or a person's word."""
        compared = TITLE_COLUMNS if best.preview_status == PreviewStatus.APPROVED else ("kind",)
        if disc is best or _said(disc, compared) == _said(best, compared):
            return
        for title, other in zip(disc.titles, best.titles, strict=True):
            columns = {name: getattr(other, name) for name in TITLE_COLUMNS}
            self.discs.update_title(disc.disc_id, title.title_index, **columns)
            for name, value in columns.items():
                setattr(title, name, value)
        if best.preview_status == PreviewStatus.APPROVED:
            first = best.starting_episode_number
            self.discs.update(disc.disc_id, starting_episode_number=first)

    def _apply(self, disc: Disc, numbering: Numbering, names: Mapping[int, str]) -> None:
        if not numbering.matches:
            return
        for title, match in zip(episodes_of(disc), numbering.matches, strict=True):
            columns = title_columns(disc, match, names)
            if any(getattr(title, key) != value for key, value in columns.items()):
                self.discs.update_title(disc.disc_id, title.title_index, **columns)
        first = min(match.first for match in numbering.matches)
        identification = disc.identification | {"numbering": list(numbering.warnings)}
        if (disc.starting_episode_number, disc.identification) != (first, identification):
            self.discs.update(
                disc.disc_id, starting_episode_number=first, identification=identification
            )

    def _names(self, season_id: str) -> dict[int, str]:
        """What is known of a season: {episode number: name}."""
        names = self.seasons.episode_names(season_id)
        return {number: name for number, name in names.items() if name != _stand_in(number)}


def _said(disc: Disc, columns: Sequence[str]) -> list[list[Any]]:
    return [[getattr(title, name) for name in columns] for title in disc.titles]


def _stand_in(number: int) -> str:
    """What a season shows for an episode without a name; no file is called so."""
    return f"Episode {number}"
