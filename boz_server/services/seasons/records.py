"""The discs of a season as the database has them, and as the plan of its numbers needs them."""

from collections.abc import Mapping, Sequence
from typing import Any

from boz_server.database.models import ArchivedDisc, Disc, Title
from boz_server.domain.discs.disc_states import PreviewStatus
from boz_server.domain.identification.label import parse_label
from boz_server.domain.identification.title_kinds import EPISODES, TitleKind
from boz_server.domain.naming import names as naming
from boz_server.domain.seasons.matcher import Match, Part
from boz_server.domain.seasons.plan import SeasonDisc

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


def name_episode(
    show: str, season: int, numbers: tuple[int, int], names: Mapping[int, str]
) -> tuple[str | None, str]:
    """Return an episode's title, None if not known, and its file name; two in one have both's."""
    first, last = numbers
    known = [names[number] for number in range(first, last + 1) if number in names]
    title = " & ".join(dict.fromkeys(known)) or None
    return title, naming.episode_filename(show, season, first, title, last=last)


def by_disc(discs: Sequence[Disc]) -> dict[str, list[Disc]]:
    """All records of each disc, oldest first, by `key_of`."""
    records: dict[str, list[Disc]] = {}
    for disc in discs:
        records.setdefault(key_of(disc, discs), []).append(disc)
    return records


def key_of(disc: Disc, discs: Sequence[Disc]) -> str:
    """The same for all records of a disc: its fingerprint.

    A record that a person spoke of after another was accepted is numbered by itself.
    """
    if disc.is_told and disc.preview_status == PreviewStatus.PENDING and _accepted(disc, discs):
        return f"{disc.fingerprint} {disc.disc_id}"
    return str(disc.fingerprint)


def _accepted(disc: Disc, discs: Sequence[Disc]) -> list[Disc]:
    """The records of a disc whose names were accepted."""
    return [
        each
        for each in discs
        if each.fingerprint == disc.fingerprint and each.preview_status == PreviewStatus.APPROVED
    ]


def best_record(records: Sequence[Disc]) -> Disc:
    """The record of a disc that counts: what was accepted, else what a person spoke of, else the
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


def season_disc(
    key: str, records: Sequence[Disc], discs: Sequence[Disc], before: int
) -> SeasonDisc:
    """One disc to be numbered for all records of it; what was accepted of any counts.

    discs: all of the season. before: the highest number of a disc of the seasons before.
    """
    first, best = records[0], best_record(records)
    approved = [disc for disc in records if disc.preview_status == PreviewStatus.APPROVED]
    told = [disc.told_first_episode for disc in records if disc.told_first_episode is not None]
    # A person who names it anew, and no number, keeps the one that it had.
    told = told or [
        min(numbers_of([each])) for each in _accepted(first, discs) if numbers_of([each])
    ]
    fixed = numbers_of(approved)
    return SeasonDisc(
        key=key,
        detected_at=first.detected_at,
        disc_number=_number_in_season(first, before),
        parts=tuple(
            Part(title.duration_seconds, title.kind == TitleKind.DOUBLE_EPISODE)
            for title in episodes_of(best)
        ),
        fixed=frozenset(fixed) if approved else None,
        chosen_first=told[-1] if told and not approved else None,
        season_is_guess=is_guess(best),
    )


def numbers_of(discs: Sequence[Disc | ArchivedDisc]) -> set[int]:
    """The numbers that discs hold."""
    return {number for disc in discs for title in disc.titles for number in held_numbers(title)}


def _number_in_season(disc: Disc, before: int) -> int | None:
    """A disc's number within its season: a label without a season counts through the box."""
    number = disc.disc_number
    if number is None or number <= before or parse_label(disc.disc_name).season_number is not None:
        return number
    return number - before


def episodes_of(disc: Disc) -> list[Title]:
    """A disc's episodes, in disc order."""
    return [title for title in disc.titles if title.kind in EPISODES]


def is_guess(disc: Disc) -> bool:
    """Whether nothing names the disc's season."""
    return bool(disc.identification.get("season_is_guess"))


def held_numbers(title: Title) -> range:
    """The numbers that a title holds: those of an episode that is to be ripped."""
    if title.episode_number is None or title.is_extra or not title.selected:
        return range(0)
    return range(title.episode_number, (title.last_episode_number or title.episode_number) + 1)


def title_columns(disc: Disc, match: Match, names: Mapping[int, str]) -> dict[str, Any]:
    """What follows for a title from its numbers; names: {episode number: name}."""
    show, season = disc.tv_show_name or "", disc.tv_season_number or 0
    title, filename = name_episode(show, season, (match.first, match.last), names)
    return {
        "episode_number": match.first,
        "last_episode_number": match.last if match.last > match.first else None,
        "episode_title": title,
        "proposed_filename": filename,
        "confidence_score": match.confidence,
    }
