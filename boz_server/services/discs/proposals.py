"""What is proposed of single titles: whether to rip them, and what extras are called."""

from collections.abc import Collection, Sequence
from itertools import count
from typing import Any

from boz_server.domain.identification.identity import CERTAIN, GUESSED_CUT, UNCERTAIN_FILM
from boz_server.domain.identification.layout import Layout
from boz_server.domain.identification.title_facts import TitleFacts, common_name
from boz_server.domain.identification.title_kinds import EPISODES, TitleKind
from boz_server.domain.naming import names as naming
from boz_server.domain.seasons.matcher import VERY_LOW
from boz_server.services.seasons.records import TITLE_COLUMNS

#: More cuts than any film has: false titles against copying.
MANY_CUTS = 8


def with_the_rest(
    layout: Layout, name: str, folder: str, proposals: dict[int, dict[str, Any]]
) -> dict[int, dict[str, Any]]:
    """Add proposals for all titles that have none: extras, copies and play-alls."""
    ordinals = count(1)
    shared = common_name(layout.titles)
    for title in layout.titles:
        if title.index not in proposals:
            kind, note = _rest_kind(title, layout)
            proposals[title.index] = proposal(
                kind,
                note=note,
                **extra_names(name, next(ordinals), folder, _own_name(title, shared)),
            )
    return proposals


def doubts_of(features: Sequence[TitleFacts]) -> tuple[list[str], float]:
    """What is doubtful about a film's titles, in sentences, and how sure it can be at most.

    features: the film, and what is as long as it.
    """
    if not features:
        return ["No title is a film: a disc of extras."], CERTAIN
    if len(features) == 1:
        return [], CERTAIN
    if len(features) > MANY_CUTS:
        warning = (
            f"{len(features)} titles are as long as the film, as on discs that hide it among false"
            " ones: find the one that plays right, and select it."
        )
        return [warning], UNCERTAIN_FILM
    indexes = ", ".join(str(title.index) for title in features[1:])
    return [f"As long as the film: title {indexes}. Choose what you want."], GUESSED_CUT


def _own_name(title: TitleFacts, shared: str | None) -> str:
    """The title's name where it is its own: not the disc's, nor MakeMKV's "Title 3"."""
    is_number = title.name.startswith("Title ") and title.name[6:].isdigit()
    return "" if title.name == shared or is_number else title.name


def _rest_kind(title: TitleFacts, layout: Layout) -> tuple[TitleKind, str | None]:
    copy = layout.copies.get(title.index)
    if copy is not None:
        if copy.exact:
            return TitleKind.COPY, f"Title {copy.of} again."
        return TitleKind.VERSION, f"Title {copy.of} with another opening or ending."
    parts = layout.play_alls.get(title.index)
    if parts is not None:
        listed = ", ".join(map(str, parts))
        return TitleKind.PLAY_ALL, f"Plays other titles one after another: {listed}."
    return TitleKind.EXTRA, None


def proposal(kind: TitleKind, **columns: Any) -> dict[str, Any]:
    """Columns of a title of such a kind: episodes and films are to be ripped."""
    wanted = kind in EPISODES or kind is TitleKind.FEATURE
    return (
        dict.fromkeys(TITLE_COLUMNS)
        | {
            "kind": kind,
            "selected": wanted,
            "is_extra": not wanted and kind is not TitleKind.OTHER_CUT,
            "confidence_score": VERY_LOW,
        }
        | columns
    )


def extra_names(name: str, ordinal: int, folder: str, title_name: str = "") -> dict[str, Any]:
    """What an extra is called; title_name: its own name, if it has one."""
    return {
        "proposed_filename": naming.extra_filename(name, ordinal, title_name or None),
        "proposed_path": naming.extras_folder(folder, title_name),
    }


def free_ordinal(name: str, taken: Collection[str | None]) -> int:
    """The least number that no other extra of the disc has."""
    return next(n for n in count(1) if naming.extra_filename(name, n) not in taken)
