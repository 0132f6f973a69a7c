"""A season as the database has it, and the plan that numbers its discs; nothing here queries."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from boz_server.database.models import ArchivedDisc, Disc, Title, TVEpisode, TVSeason
from boz_server.domain.discs.disc_states import PreviewStatus
from boz_server.domain.discs.proposals import TitleProposal
from boz_server.domain.identification.label import parse_label
from boz_server.domain.identification.title_kinds import EPISODES, TitleKind
from boz_server.domain.metadata.answers import Episode
from boz_server.domain.naming import names as naming
from boz_server.domain.seasons.matcher import Match, Part
from boz_server.domain.seasons.plan import Gone, Numbering, SeasonDisc, plan


@dataclass(slots=True)
class Season:
    """A season with all that numbers its discs.

    row: with its episodes. discs: those that count, oldest first. last_disc_before: the highest
    disc number of the show's earlier seasons; 0 without any. learned: episodes that a provider
    listed just now; they are in `row` already, but not in the database.
    """

    row: TVSeason
    discs: Sequence[Disc]
    last_disc_before: int
    is_new: bool = False
    learned: Sequence[TVEpisode] = ()

    @property
    def season_id(self) -> str:
        """The season's id."""
        return self.row.season_id

    def learn(self, episodes: Sequence[Episode]) -> None:
        """Take over what a provider lists of the season's episodes."""
        self.learned = [
            TVEpisode(
                season=self.season_id,
                season_number=episode.season_number,
                episode_number=episode.number,
                episode_name=episode.name or stand_in(episode.number),
                runtime=episode.runtime_minutes,
                overview=episode.overview,
                is_listed=True,
            )
            for episode in episodes
        ]
        known = {episode.episode_number: episode for episode in self.row.episodes}
        known |= {episode.episode_number: episode for episode in self.learned}
        self.row.episodes = [known[number] for number in sorted(known)]

    def include(self, disc: Disc) -> None:
        """Count a disc of this season as it is in memory, instead of its record."""
        others = [each for each in self.discs if each.disc_id != disc.disc_id]
        self.discs = sorted([*others, disc], key=lambda each: (each.detected_at, each.disc_id))

    def runtimes(self) -> dict[int, int | None]:
        """Return the minutes of the episodes that a provider lists; None where unknown."""
        return {each.episode_number: each.runtime for each in self.row.episodes if each.is_listed}

    def is_full(self, fingerprint: str, *, but_guesses: bool = False) -> bool:
        """Whether other discs hold all episodes that a provider lists; False if it lists none.

        but_guesses: leave out discs whose season is a guess, as they may be of another.
        """
        listed = self.runtimes()
        if not listed:
            return False
        others = [
            disc
            for disc in self.discs
            if disc.fingerprint != fingerprint and not (but_guesses and is_guess(disc))
        ]
        return listed.keys() <= numbers_of(others)

    def is_complete(self, fingerprint: str, disc_number: int | None, *, is_guess: bool) -> bool:
        """Whether the season is full, and all discs before this one have been seen.

        Without those, the numbers would be a guess. is_guess: the disc's own season is one.
        """
        if not self.is_full(fingerprint, but_guesses=not is_guess):
            return False
        before = self.last_disc_before if is_guess else 0
        seen = {disc.disc_number for disc in self.discs}
        return set(range(before + 1, disc_number or 1)) <= seen


@dataclass(frozen=True, slots=True)
class NumberedDisc:
    """What an undecided disc is to be once its season is numbered; titles by their index."""

    disc: Disc
    titles: Mapping[int, TitleProposal]
    starting_episode_number: int | None
    identification: dict[str, Any]

    def put_on_disc(self) -> None:
        """Change the disc in memory; only what differs counts as set."""
        disc = self.disc
        for title in disc.titles:
            self.titles[title.title_index].put_on(title)
        if disc.starting_episode_number != self.starting_episode_number:
            disc.starting_episode_number = self.starting_episode_number
        if disc.identification != self.identification:
            disc.identification = self.identification


def number(season: Season) -> list[NumberedDisc]:
    """Number the discs of a season whose names no person has decided on."""
    discs = season.discs
    pending = [disc for disc in discs if disc.preview_status == PreviewStatus.PENDING]
    if not pending:
        return []
    records = _by_disc(discs)
    numberings = plan(
        [_season_disc(key, same, season) for key, same in records.items()],
        season.runtimes(),
        Gone(season.row.gone_last_episode, season.row.gone_last_disc),
    )
    names = known_names(season.row)
    keys = [_key_of(disc, discs) for disc in pending]
    return [
        _numbered(disc, _best_record(records[key]), numberings[key], names)
        for disc, key in zip(pending, keys, strict=True)
    ]


def _numbered(
    disc: Disc, best: Disc, numbering: Numbering, names: Mapping[int, str]
) -> NumberedDisc:
    titles = {title.title_index: TitleProposal.of(title) for title in disc.titles}
    first, identification = disc.starting_episode_number, disc.identification
    is_accepted = best.preview_status == PreviewStatus.APPROVED
    others = [TitleProposal.of(title) for title in best.titles]
    if _differ(list(titles.values()), others, only_kinds=not is_accepted):
        # Take over what was accepted of the same disc, or else what the record that knows most
        # takes for episodes: it knows a person's word, or how long the season's others are.
        titles = dict(zip(titles, others, strict=True))
        first = best.starting_episode_number if is_accepted else first
    if not is_accepted and numbering.matches:
        episodes = [index for index, title in titles.items() if title.kind in EPISODES]
        for index, match in zip(episodes, numbering.matches, strict=True):
            titles[index] = _named(titles[index], disc, match, names)
        first = min(match.first for match in numbering.matches)
        identification = identification | {"numbering": list(numbering.warnings)}
    return NumberedDisc(disc, titles, first, identification)


def _differ(
    ones: Sequence[TitleProposal], others: Sequence[TitleProposal], *, only_kinds: bool
) -> bool:
    if only_kinds:
        return [one.kind for one in ones] != [other.kind for other in others]
    return ones != others


def _named(
    title: TitleProposal, disc: Disc, match: Match, names: Mapping[int, str]
) -> TitleProposal:
    """Give an episode its numbers, and the names that follow from them."""
    show, season = disc.tv_show_name or "", disc.tv_season_number or 0
    known = [names[number] for number in range(match.first, match.last + 1) if number in names]
    # Two episodes in one title have both names.
    name = " & ".join(dict.fromkeys(known)) or None
    return replace(
        title,
        episode_number=match.first,
        last_episode_number=match.last if match.last > match.first else None,
        episode_title=name,
        proposed_filename=naming.episode_filename(show, season, match.first, name, last=match.last),
        confidence_score=match.confidence,
    )


def _by_disc(discs: Sequence[Disc]) -> dict[str, list[Disc]]:
    """Group records by the disc they are of, oldest first."""
    records: dict[str, list[Disc]] = {}
    for disc in discs:
        records.setdefault(_key_of(disc, discs), []).append(disc)
    return records


def _key_of(disc: Disc, discs: Sequence[Disc]) -> str:
    """Return the fingerprint: the same for all records of a disc.

    A record that a person corrected after another was accepted is numbered by itself.
    """
    if disc.is_told and disc.preview_status == PreviewStatus.PENDING and _accepted(disc, discs):
        return f"{disc.fingerprint} {disc.disc_id}"
    return str(disc.fingerprint)


def _accepted(disc: Disc, discs: Sequence[Disc]) -> list[Disc]:
    """Return the records of a disc whose names were accepted."""
    return [
        each
        for each in discs
        if each.fingerprint == disc.fingerprint and each.preview_status == PreviewStatus.APPROVED
    ]


def _best_record(records: Sequence[Disc]) -> Disc:
    """Return the record that counts: the accepted one, else the one a person corrected, else the
    latest, which knows most."""
    return max(
        records,
        key=lambda disc: (
            disc.preview_status == PreviewStatus.APPROVED,
            disc.is_told,
            disc.detected_at,
            disc.disc_id,
        ),
    )


def _season_disc(key: str, records: Sequence[Disc], season: Season) -> SeasonDisc:
    """Return one disc to be numbered for all its records; what was accepted of any counts."""
    first, best = records[0], _best_record(records)
    approved = [disc for disc in records if disc.preview_status == PreviewStatus.APPROVED]
    chosen = [disc.told_first_episode for disc in records if disc.told_first_episode is not None]
    # If a person renames a disc without giving a number, it keeps the one that it had.
    chosen = chosen or [
        min(numbers_of([each])) for each in _accepted(first, season.discs) if numbers_of([each])
    ]
    return SeasonDisc(
        key=key,
        detected_at=first.detected_at,
        disc_number=_number_in_season(first, season.last_disc_before),
        parts=tuple(
            Part(title.duration_seconds, title.kind == TitleKind.DOUBLE_EPISODE)
            for title in best.titles
            if title.kind in EPISODES
        ),
        fixed=frozenset(numbers_of(approved)) if approved else None,
        chosen_first=chosen[-1] if chosen and not approved else None,
        season_is_guess=is_guess(best),
    )


def _number_in_season(disc: Disc, before: int) -> int | None:
    """Return a disc's number within its season: without a season, labels count through the box."""
    number = disc.disc_number
    if number is None or number <= before or parse_label(disc.disc_name).season_number is not None:
        return number
    return number - before


def is_guess(disc: Disc) -> bool:
    """Whether nothing names the disc's season."""
    return bool(disc.identification.get("season_is_guess"))


def numbers_of(discs: Collection[Disc | ArchivedDisc]) -> set[int]:
    """Return the episode numbers that discs hold."""
    return {number for disc in discs for title in disc.titles for number in held_numbers(title)}


def held_numbers(title: Title) -> range:
    """Return the numbers that a title holds: those of an episode that is to be ripped."""
    if title.episode_number is None or title.is_extra or not title.selected:
        return range(0)
    return range(title.episode_number, (title.last_episode_number or title.episode_number) + 1)


def known_names(season: TVSeason) -> dict[int, str]:
    """Return the names of a season's episodes by their number, where they are known."""
    return {
        each.episode_number: each.episode_name
        for each in season.episodes
        if each.episode_name != stand_in(each.episode_number)
    }


def stand_in(number: int) -> str:
    """Return what a season shows for an episode without a name; no file is named so."""
    return f"Episode {number}"
