"""What is proposed of a disc and of its titles; the fields are named as the columns."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Self

from boz_server.domain.identification.media_type import MediaType
from boz_server.domain.identification.title_kinds import TitleKind


@dataclass(frozen=True, slots=True)
class TitleProposal:
    """What a title is, whether to rip it, and the name of its file (see Title)."""

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
        _put(self, title)


@dataclass(frozen=True, slots=True)
class DiscProposal:
    """What a disc is, and what is proposed of its titles by their index (see Disc)."""

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
        _put(self, disc, but="titles")
        for title in disc.titles:
            self.titles[title.title_index].put_on(title)


def _put(proposal: Any, row: Any, but: str = "") -> None:
    """Set the row's fields that differ, so that a save writes only those."""
    for each in fields(proposal):
        value = getattr(proposal, each.name)
        if each.name != but and getattr(row, each.name) != value:
            setattr(row, each.name, value)
