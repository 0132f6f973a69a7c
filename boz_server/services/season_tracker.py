"""Seasons over many discs: which numbers a disc's episodes get, and what is remembered."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from boz_server.clock import Clock
from boz_server.database.models import Disc, Title, TVSeason
from boz_server.domain import naming
from boz_server.domain.disc_states import PreviewStatus
from boz_server.domain.episode_matcher import Match, Part
from boz_server.domain.metadata import Episode
from boz_server.domain.season_plan import Numbering, SeasonDisc, plan
from boz_server.domain.title_kinds import EPISODES, TitleKind
from boz_server.errors import Conflict, SeasonNotFound
from boz_server.repositories.disc_repository import DiscRepository
from boz_server.repositories.tv_season_repository import TVSeasonRepository

SECONDS_A_MINUTE = 60
#: What is proposed of a title.
TITLE_COLUMNS = (
    "selected",
    "is_extra",
    "kind",
    "note",
    "episode_number",
    "last_episode_number",
    "episode_title",
    "proposed_filename",
    "proposed_path",
    "confidence_score",
)


class SeasonTracker:
    """Numbers episodes over the discs of a season; all but the reads run in the caller's
    transaction."""

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

    def open(self, show_name: str, season_number: int, series_id: int | None = None) -> str:
        """Enter a season if it is new; returns its id. Until the transaction ends, no one else
        can number discs of it."""
        season_id = f"{show_name}:s{season_number}"
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
        taken = {
            number
            for disc in self.seasons.discs(season_id)
            if disc.fingerprint != fingerprint and not (but_guesses and _is_guess(disc))
            for title in disc.titles
            for number in _held(title)
        }
        return listed.keys() <= taken

    def is_complete(
        self, season_id: str, fingerprint: str, disc_number: int | None, *, is_guess: bool
    ) -> bool:
        """Whether the season is full, and the discs before this one have all been seen: their
        numbers would be a guess otherwise. is_guess: the disc's own season is."""
        if not self.is_full(season_id, fingerprint, but_guesses=not is_guess):
            return False
        seen = {disc.disc_number for disc in self.seasons.discs(season_id)}
        return set(range(1, disc_number or 1)) <= seen

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
        taken = others & {number for title in disc.titles for number in _held(title)}
        if taken:
            raise Conflict(
                f"Episode {min(taken)} of this season is on another disc: number this one anew"
                " with update-season."
            )

    def remember(self, disc: Disc) -> None:
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
        records = _by_fingerprint(discs)
        numberings = plan(
            [_season_disc(key, same) for key, same in records.items()],
            self.seasons.runtimes(season_id),
        )
        names = self._names(season_id)
        for disc in pending:
            self._agree(disc, _latest(records[disc.fingerprint]))
            self._apply(disc, numberings[disc.fingerprint], names)

    def _agree(self, disc: Disc, latest: Disc) -> None:
        """Take for episodes what the latest record of the same disc does, which may know more:
        how long the season's other episodes are, or a person's word."""
        if [title.kind for title in disc.titles] == [title.kind for title in latest.titles]:
            return
        for title, other in zip(disc.titles, latest.titles, strict=True):
            columns = {name: getattr(other, name) for name in TITLE_COLUMNS}
            self.discs.update_title(disc.disc_id, title.title_index, **columns)
            for name, value in columns.items():
                setattr(title, name, value)

    def _apply(self, disc: Disc, numbering: Numbering, names: Mapping[int, str]) -> None:
        if not numbering.matches:
            return
        for title, match in zip(_episodes(disc), numbering.matches, strict=True):
            columns = _columns(disc, match, names)
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


def name_episode(
    show: str, season: int, numbers: tuple[int, int], names: Mapping[int, str]
) -> tuple[str | None, str]:
    """Return an episode's title, None if not known, and its file name; two in one have both's."""
    first, last = numbers
    known = [names[number] for number in range(first, last + 1) if number in names]
    title = " & ".join(dict.fromkeys(known)) or None
    return title, naming.episode_filename(show, season, first, title, last=last)


def _by_fingerprint(discs: Sequence[Disc]) -> dict[str, list[Disc]]:
    """All records of each disc, oldest first."""
    records: dict[str, list[Disc]] = {}
    for disc in discs:
        records.setdefault(disc.fingerprint, []).append(disc)
    return records


def _latest(records: Sequence[Disc]) -> Disc:
    """The record of a disc that knows most: one that a person spoke of, else the latest."""
    return max(records, key=lambda disc: (disc.is_told, disc.detected_at, disc.disc_id))


def _season_disc(key: str, records: Sequence[Disc]) -> SeasonDisc:
    """One disc to be numbered for all records of it; what was accepted of any counts."""
    first, latest = records[0], _latest(records)
    approved = [disc for disc in records if disc.preview_status == PreviewStatus.APPROVED]
    told = [disc.told_first_episode for disc in records if disc.told_first_episode is not None]
    fixed = {number for disc in approved for title in disc.titles for number in _held(title)}
    return SeasonDisc(
        key=key,
        detected_at=first.detected_at,
        disc_number=first.disc_number,
        parts=tuple(
            Part(title.duration_seconds, title.kind == TitleKind.DOUBLE_EPISODE)
            for title in _episodes(latest)
        ),
        fixed=frozenset(fixed) if approved else None,
        chosen_first=told[-1] if told and not approved else None,
        season_is_guess=_is_guess(latest),
    )


def _episodes(disc: Disc) -> list[Title]:
    return [title for title in disc.titles if title.kind in EPISODES]


def _is_guess(disc: Disc) -> bool:
    """Whether nothing names the disc's season."""
    return bool(disc.identification.get("season_is_guess"))


def _held(title: Title) -> range:
    """The numbers that a title holds: those of an episode that is to be ripped."""
    if title.episode_number is None or title.is_extra or not title.selected:
        return range(0)
    return range(title.episode_number, (title.last_episode_number or title.episode_number) + 1)


def _columns(disc: Disc, match: Match, names: Mapping[int, str]) -> dict[str, Any]:
    show, season = disc.tv_show_name or "", disc.tv_season_number or 0
    title, filename = name_episode(show, season, (match.first, match.last), names)
    return {
        "episode_number": match.first,
        "last_episode_number": match.last if match.last > match.first else None,
        "episode_title": title,
        "proposed_filename": filename,
        "confidence_score": match.confidence,
    }


def _stand_in(number: int) -> str:
    """What a season shows for an episode without a name; no file is called so."""
    return f"Episode {number}"
