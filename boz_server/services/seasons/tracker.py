"""Seasons over many discs: reads them, numbers their discs, and writes what follows."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import count

from boz_server.context import Context
from boz_server.database.models import ArchivedDisc, Disc, Title, TVEpisode, TVSeason
from boz_server.domain.collection.search import key
from boz_server.domain.discs.disc_states import PreviewStatus
from boz_server.domain.discs.extras import number_extras
from boz_server.domain.discs.proposals import TitleProposal, change
from boz_server.domain.identification.label import parse_label
from boz_server.domain.identification.order import Ordered, in_order
from boz_server.domain.identification.signs import Question, least
from boz_server.domain.identification.title_facts import EPISODES, TitleFacts, TitleKind
from boz_server.domain.metadata.answers import Episode
from boz_server.domain.naming import names as naming
from boz_server.domain.seasons.matcher import SECONDS_A_MINUTE, Match, Part, number_from
from boz_server.domain.seasons.plan import Gone, Numbering, SeasonDisc, plan
from boz_server.errors import Conflict, SeasonNotFound
from boz_server.services.collection import archive


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

    def learn(self, episodes: Sequence[Episode]) -> None:
        """Take over what a provider lists of the season's episodes."""
        self.learned = [
            TVEpisode(
                season=self.row.season_id,
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


def get(context: Context, season_id: str) -> TVSeason:
    """Return a season with its episodes; raises SeasonNotFound."""
    with context.database.read():
        season = context.stores.seasons.get(season_id)
    if season is None:
        raise SeasonNotFound(season_id)
    return season


def read(context: Context, season_id: str, without: str = "") -> Season | None:
    """Read a season and its discs; None when it is not known.

    without: the id of a disc that is about to change, and counts as if it were not there.
    """
    seasons = context.stores.seasons
    row = seasons.get(season_id)
    if row is None:
        return None
    before = seasons.highest_disc_before(row.show_name, row.season_number, without)
    discs = [disc for disc in seasons.discs(season_id) if disc.disc_id != without]
    return Season(row, discs, before)


def read_or_new(
    context: Context, show_name: str, season_number: int, now: datetime, without: str = ""
) -> Season:
    """Read a season of a show, or make a new one in memory.

    Restores the show's discs from the archive first: they all count.
    """
    context.database.require_queue()
    archive.restore_show(context, show_name)
    season_id = season_id_of(show_name, season_number)
    season = read(context, season_id, without)
    if season is not None:
        return season
    row = TVSeason(
        season_id=season_id,
        show_name=show_name,
        show_key=key(show_name),
        season_number=season_number,
        created_at=now,
        updated_at=now,
    )
    row.episodes = []
    before = context.stores.seasons.highest_disc_before(show_name, season_number, without)
    return Season(row, [], before, is_new=True)


def save(context: Context, season: Season, now: datetime) -> None:
    """Write a season after its discs have changed in memory: which they are, how far they go."""
    context.database.require_queue()
    row, discs = season.row, season.discs
    highest = max(numbers_of(discs), default=0)
    row.last_episode_assigned = max(highest, row.gone_last_episode)
    row.disc_ids = [disc.disc_id for disc in discs]
    row.last_disc_name = discs[-1].disc_name if discs else None
    row.updated_at = now
    write(context, season)


def write(context: Context, season: Season) -> None:
    """Write a season, and what a provider lists of it."""
    context.stores.seasons.save(season.row, is_new=season.is_new)
    context.stores.seasons.list_episodes(season.learned)


def refresh(context: Context, season_ids: Iterable[str], now: datetime) -> None:
    """Number the undecided discs of seasons anew, and update what the seasons say of them."""
    context.database.require_queue()
    for season_id in sorted(season_ids):
        season = read(context, season_id)
        if season is None:
            continue
        for disc in [*number(season), *_number_rejected(context, season)]:
            context.stores.discs.save(disc)
        save(context, season, now)


def require_free_numbers(context: Context, disc: Disc) -> None:
    """Raise Conflict when other approved discs hold numbers of a disc's episodes.

    Only a person's edits lead there: no proposal has such numbers.
    """
    _require_free(context, disc, numbers_of([disc]))


def require_free_from(context: Context, disc: Disc, first: int) -> None:
    """Raise Conflict when other approved discs hold numbers that a disc has if it begins there."""
    matches = number_from(_parts(disc, _ordered(disc, disc.titles)), first, {})
    _require_free(context, disc, {n for each in matches for n in range(each.first, each.last + 1)})


def first_free(context: Context, disc: Disc, season_number: int) -> int:
    """Return the first number of a season of a disc's show that no other approved disc has."""
    show_name = disc.tv_show_name or ""
    archive.restore_show(context, show_name)
    season_id = season_id_of(show_name, season_number)
    taken = context.stores.seasons.accepted_elsewhere(season_id, disc.fingerprint)
    return next(number for number in count(1) if number not in taken)


def season_id_of(show_name: str, season_number: int) -> str:
    """Return the id of a season."""
    return f"{show_name}:s{season_number}"


def _require_free(context: Context, disc: Disc, numbers: set[int]) -> None:
    if disc.tv_season_id is None:
        return
    seasons = context.stores.seasons
    taken = numbers & seasons.accepted_elsewhere(disc.tv_season_id, disc.fingerprint)
    if taken:
        raise Conflict(
            f"Episode {min(taken)} of this season is on another disc: number this one anew"
            " with update-season, or that one first."
        )


def accept(context: Context, disc: Disc, now: datetime) -> None:
    """Bring the seasons in line with a disc whose names were accepted.

    The disc may have been of another season when it was here before.
    """
    _remember(context, disc)
    refresh(context, context.stores.seasons.of_disc(disc.fingerprint), now)


def give_back(context: Context, disc: Disc, now: datetime) -> None:
    """Bring the seasons in line with a disc whose names were rejected.

    What was accepted of it before counts again.
    """
    refresh(context, context.stores.seasons.of_disc(disc.fingerprint), now)


def _remember(context: Context, disc: Disc) -> None:
    """Store the names and lengths of an approved disc's episodes."""
    if disc.tv_season_id is None or disc.tv_season_number is None:
        return
    seasons = context.stores.seasons
    season = seasons.get(disc.tv_season_id)
    known = {} if season is None else known_names(season)
    for title in disc.titles:
        at = title.episode_number
        if at is not None and title.selected and not title.is_extra:
            name = known.get(at) if title.episode_title is None else title.episode_title
            seasons.record_episode(
                disc.tv_season_id,
                disc.tv_season_number,
                at,
                name or stand_in(at),
                round(title.duration_seconds / SECONDS_A_MINUTE),
            )


def number(season: Season) -> list[Disc]:
    """Number a season's discs whose names no person has decided on, in memory; returns them."""
    discs = season.discs
    pending = [disc for disc in discs if disc.preview_status == PreviewStatus.PENDING]
    if not pending:
        return []
    records: dict[str, list[Disc]] = {}
    for disc in discs:
        records.setdefault(_key_of(disc, discs), []).append(disc)
    numberings = plan(
        [_season_disc(key, same, season) for key, same in records.items()],
        season.runtimes(),
        Gone(season.row.gone_last_episode, season.row.gone_last_disc),
    )
    names = known_names(season.row)
    for disc in pending:
        key = _key_of(disc, discs)
        _put_numbers(disc, _best_record(records[key]), numberings[key], names)
    # In the order in which they were numbered.
    number_extras(season.row.show_name, [disc for key in numberings for disc in records[key]])
    return pending


def _number_rejected(context: Context, season: Season) -> list[Disc]:
    """Number rejected discs in drives anew, in memory, whose numbers another disc was approved
    with: they may still be approved. Returns those."""
    changed = []
    for disc in context.stores.seasons.rejected_in_drives(season.row.season_id):
        held = numbers_of([disc])
        if held & _accepted_elsewhere(disc, season.discs):
            others = [each for each in season.discs if each.fingerprint != disc.fingerprint]
            taken = numbers_of(others)
            matches = number_from(
                _parts(disc, _ordered(disc, disc.titles)), min(held), season.runtimes(), taken
            )
            _put_numbers(disc, disc, Numbering(tuple(matches)), known_names(season.row))
            changed.append(disc)
    return changed


def _put_numbers(disc: Disc, best: Disc, numbering: Numbering, names: Mapping[int, str]) -> None:
    """Change a disc to what its season's numbering says. best: see `_best_record`."""
    titles = [TitleProposal.of(title) for title in disc.titles]
    others = [TitleProposal.of(title) for title in best.titles]
    first, identification = disc.starting_episode_number, disc.identification
    if best.preview_status == PreviewStatus.APPROVED:
        if titles != others:
            titles, first = others, best.starting_episode_number
    else:
        if [title.kind for title in titles] != [other.kind for other in others]:
            # The record that knows most knows a person's word, or how long the others are.
            titles = others
        if numbering.matches:
            places = {title.title_index: at for at, title in enumerate(disc.titles)}
            episodes = _ordered(disc, titles).episodes
            for episode, match in zip(episodes, numbering.matches, strict=True):
                at = places[episode.index]
                name = _listed_name(best, episode.index, match)
                titles[at] = _named(titles[at], disc, match, name or _name_of(match, names))
            first = min(match.first for match in numbering.matches)
            identification = identification | {
                Question.NUMBERS.value: numbering.judgement.stored(),
                "numbering": list(numbering.warnings),
            }
    for title, proposal in zip(disc.titles, titles, strict=True):
        proposal.put_on(title)
    change(disc, {"starting_episode_number": first, "identification": identification})


def _name_of(match: Match, names: Mapping[int, str]) -> str | None:
    """Return the name of an episode by its numbers; two episodes in one title have both names."""
    known = [names[number] for number in range(match.first, match.last + 1) if number in names]
    return " & ".join(dict.fromkeys(known)) or None


def _listed_name(disc: Disc, index: int, match: Match) -> str | None:
    """Return an episode's name by a disc database; None if it has other numbers there, or none."""
    first, last, name = disc.identification.get("listed", {}).get(str(index), (None, None, None))
    return name if (first, last) == (match.first, match.last) else None


def _named(title: TitleProposal, disc: Disc, match: Match, name: str | None) -> TitleProposal:
    """Give an episode its numbers, and the name of its file that follows from them."""
    show, season = disc.tv_show_name or "", disc.tv_season_number or 0
    return replace(
        title,
        episode_number=match.first,
        last_episode_number=match.last if match.last > match.first else None,
        episode_title=name,
        proposed_filename=naming.episode_filename(show, season, match.first, name, last=match.last),
        confidence_score=match.confidence,
    )


def _key_of(disc: Disc, discs: Sequence[Disc]) -> str:
    """Return the fingerprint: the same for all records of a disc.

    A record that a person corrected after another was accepted is numbered by itself, and so is one
    whose accepted numbers were accepted for another disc as well.
    """
    accepted = _accepted(disc, discs)
    if disc.preview_status == PreviewStatus.PENDING and accepted:
        is_taken = not _accepted_elsewhere(disc, discs).isdisjoint(numbers_of(accepted))
        if disc.is_told or is_taken:
            return f"{disc.fingerprint} {disc.disc_id}"
    return str(disc.fingerprint)


def _accepted_elsewhere(disc: Disc, discs: Sequence[Disc]) -> set[int]:
    """Return the numbers that were accepted for other discs."""
    return numbers_of(
        [
            each
            for each in discs
            if each.fingerprint != disc.fingerprint
            and each.preview_status == PreviewStatus.APPROVED
        ]
    )


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
    ordered, label = _ordered(best, best.titles), parse_label(best.disc_name)
    return SeasonDisc(
        key=key,
        detected_at=first.detected_at,
        disc_number=_number_in_season(first, season.last_disc_before),
        parts=_parts(best, ordered),
        order=ordered.sign,
        order_reason=ordered.reason,
        sure=least(best.identification, Question.MEDIA_TYPE, Question.TITLES),
        fixed=frozenset(numbers_of(approved)) if approved else None,
        chosen_first=chosen[-1] if chosen and not approved else None,
        accepted_elsewhere=frozenset(_accepted_elsewhere(first, season.discs)),
        season_is_guess=is_guess(best),
        season_on_label=label.season_number is not None or label.book_number is not None,
        listed=_listed_numbers(best),
    )


def _listed_numbers(disc: Disc) -> tuple[tuple[int, int], ...] | None:
    """Return the numbers of a disc's episodes, in their order, by a disc database; None if it
    doesn't say all."""
    listed = disc.identification.get("listed", {})
    indexes = [str(each.index) for each in _ordered(disc, disc.titles).episodes]
    if not indexes or any(index not in listed for index in indexes):
        return None
    return tuple((listed[index][0], listed[index][1]) for index in indexes)


def _ordered(disc: Disc, titles: Sequence[Title | TitleProposal]) -> Ordered:
    """Return a disc's episodes in their order. titles: what its titles are, in MakeMKV's order."""
    facts = [TitleFacts.of(title) for title in disc.titles]
    episodes = [each for each, title in zip(facts, titles, strict=True) if title.kind in EPISODES]
    return in_order(episodes, facts, disc.disc_type)


def _parts(disc: Disc, ordered: Ordered) -> tuple[Part, ...]:
    """Return a disc's episodes, to be numbered in their order."""
    doubles = {each.title_index for each in disc.titles if each.kind == TitleKind.DOUBLE_EPISODE}
    return tuple(Part(each.duration_seconds, each.index in doubles) for each in ordered.episodes)


def _number_in_season(disc: Disc, before: int) -> int | None:
    """Return a disc's number within its season: without a season, labels count through the box."""
    number = disc.disc_number
    if number is None or not 0 < before < number:
        return number
    return number if parse_label(disc.disc_name).season_number is not None else number - before


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
