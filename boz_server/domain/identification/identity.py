"""What a disc is taken for, how sure that is, and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

from boz_server.domain.identification.label import DiscLabel, better_name, parse_label
from boz_server.domain.identification.media_type import MediaType
from boz_server.domain.identification.title_facts import TitleFacts, common_name
from boz_server.domain.metadata.answers import Film

#: A person said so.
CERTAIN = 1.0
#: No more than so sure is a disc whose episode numbers, or whose name, are a guess.
GUESSED_NUMBERS = 0.8
GUESSED_NAME = 0.5
#: Of several cuts, a person says which is wanted.
GUESSED_CUT = 0.8
UNCERTAIN_FILM = 0.6
#: While a provider that was to be asked has not answered.
NOT_LOOKED_UP = 0.85


@dataclass(frozen=True, slots=True)
class Identity:
    """What a disc is: a film, a part of a season, or not known.

    name: of the film or the show. confidence: 0–1, in all of it; name_confidence: in the name.
    season_number, starting_episode: for shows; None there means "as the season goes on".
    season_is_guess: nothing names the season. series_id: TheTVDB's. year, edition, film: for films.
    is_bonus: a film's disc without the film. reasons, warnings: sentences. is_told: a person said
    so.
    """

    media_type: MediaType
    name: str
    confidence: float = 0.0
    name_confidence: float = 0.0
    season_number: int | None = None
    starting_episode: int | None = None
    season_is_guess: bool = False
    series_id: int | None = None
    year: int | None = None
    edition: str | None = None
    film: Film | None = None
    is_bonus: bool = False
    reasons: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    candidates: tuple[Mapping[str, Any], ...] = ()
    is_told: bool = False

    def kept(self, further_warnings: Sequence[str] = ()) -> dict[str, Any]:
        """What the database keeps of it; "numbering" has warnings about episode numbers."""
        return {
            "confidence": self.confidence,
            "reasons": list(self.reasons),
            "warnings": [*self.warnings, *further_warnings],
            "numbering": [],
            "season_is_guess": self.season_is_guess,
        }


class Shown(TypedDict):
    """The `identification` of the API."""

    media_type: str
    confidence: float
    reasons: list[str]
    warnings: list[str]


def shown(media_type: str, kept: Mapping[str, Any]) -> Shown:
    """What the API says of a disc; doubtful numbers make the whole doubtful.

    kept: as `Identity.kept` has it; empty for discs of older versions.
    """
    numbering = list(kept.get("numbering", ()))
    confidence = float(kept.get("confidence", 0.0))
    return Shown(
        media_type=media_type,
        confidence=min(confidence, GUESSED_NUMBERS) if numbering else confidence,
        reasons=list(kept.get("reasons", ())),
        warnings=[*kept.get("warnings", ()), *numbering],
    )


def read_label(label: str, titles: Sequence[TitleFacts]) -> DiscLabel:
    """Read a disc's label, and the name that it gives its titles where they share one."""
    read = parse_label(label)
    name = common_name(titles)
    if name is None or name.startswith("Title "):
        return read
    return better_name(read, parse_label(name))
