"""What is proposed of a disc and of its titles: which to rip, and what extras are called."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields
from itertools import count
from typing import Any, Self

from boz_server.domain.identification.identity import MediaType
from boz_server.domain.identification.layout import Layout
from boz_server.domain.identification.title_facts import (
    EPISODES,
    TitleFacts,
    TitleKind,
    common_name,
)
from boz_server.domain.naming import names as naming
from boz_server.domain.seasons.matcher import VERY_LOW


@dataclass(frozen=True)
class TitleProposal:
    """What a title is, whether to rip it, and its file's name; fields as in Title."""

    kind: TitleKind | None
    selected: bool
    is_extra: bool
    confidence_score: float
    note: str | None = None
    episode_number: int | None = None
    last_episode_number: int | None = None
    episode_title: str | None = None
    proposed_filename: str | None = None
    proposed_path: str | None = None

    @classmethod
    def of(cls, title: Any) -> Self:
        """Return what is proposed of a stored title."""
        return cls(**{each.name: getattr(title, each.name) for each in fields(cls)})

    def put_on(self, title: Any) -> None:
        """Change a title to what is proposed of it."""
        change(title, vars(self))


@dataclass(frozen=True)
class DiscProposal:
    """What a disc is, with its titles by their index; fields as in Disc."""

    media_type: MediaType
    title_key: str
    disc_number: int | None = None
    identification: dict[str, Any] = field(default_factory=dict)
    candidates: list[dict[str, Any]] = field(default_factory=list)
    lookup_due: bool = False
    is_told: bool = False
    tv_show_name: str | None = None
    tv_season_number: int | None = None
    tv_season_id: str | None = None
    thetvdb_series_id: int | None = None
    starting_episode_number: int | None = None
    told_first_episode: int | None = None
    movie_title: str | None = None
    movie_year: int | None = None
    movie_confidence: float = 0.0
    omdb_imdb_id: str | None = None
    titles: Mapping[int, TitleProposal] = field(default_factory=dict)

    @classmethod
    def of(cls, disc: Any) -> Self:
        """Return what is proposed of a stored disc, and of its titles."""
        columns = {each.name: getattr(disc, each.name) for each in fields(cls)}
        titles = {title.title_index: TitleProposal.of(title) for title in disc.titles}
        return cls(**columns | {"titles": titles})

    def put_on(self, disc: Any) -> None:
        """Change a disc and its titles to what is proposed of them."""
        columns = dict(vars(self))
        titles = columns.pop("titles")
        change(disc, columns)
        for title in disc.titles:
            titles[title.title_index].put_on(title)


def change(row: Any, columns: Mapping[str, Any]) -> None:
    """Set the columns of a row that differ, so that a save writes only those."""
    for name, value in columns.items():
        if getattr(row, name) != value:
            setattr(row, name, value)


def propose_title(
    kind: TitleKind,
    filename: str | None,
    path: str,
    *,
    note: str | None = None,
    confidence: float = VERY_LOW,
) -> TitleProposal:
    """Propose a title of a kind; episodes and films are selected to be ripped."""
    wanted = kind in EPISODES or kind is TitleKind.FEATURE
    return TitleProposal(
        kind,
        selected=wanted,
        is_extra=not wanted and kind is not TitleKind.OTHER_CUT,
        confidence_score=confidence,
        note=note,
        proposed_filename=filename,
        proposed_path=path,
    )


def with_the_rest(
    layout: Layout, name: str, folder: str, proposals: dict[int, TitleProposal]
) -> dict[int, TitleProposal]:
    """Add proposals for the titles that have none: extras, copies and play-alls."""
    ordinals = count(1)
    shared = common_name(layout.titles)
    for title in layout.titles:
        if title.index not in proposals:
            kind, note = _rest_kind(title, layout)
            filename, path = extra_place(name, next(ordinals), folder, _own_name(title, shared))
            proposals[title.index] = propose_title(kind, filename, path, note=note)
    return proposals


def extra_place(name: str, ordinal: int, folder: str, title_name: str = "") -> tuple[str, str]:
    """Return the file name and folder of an extra. title_name: its own name, if it has one."""
    filename = naming.extra_filename(name, ordinal, title_name or None)
    return filename, naming.extras_folder(folder, title_name)


def free_ordinal(name: str, taken: Collection[str | None]) -> int:
    """Return the lowest number that no extra of these file names has."""
    numbers = {naming.extra_number(name, filename) for filename in taken if filename}
    return next(n for n in count(1) if n not in numbers)


def _own_name(title: TitleFacts, shared: str | None) -> str:
    """Return the title's own name: not the disc's, nor MakeMKV's "Title 3"; "" without one."""
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
