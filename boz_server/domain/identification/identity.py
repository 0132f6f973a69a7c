"""What we take a disc for, how sure we are, and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

from boz_server.domain.identification.media_type import MediaType
from boz_server.domain.metadata.answers import Film

#: A person said so.
CERTAIN = 1.0
#: The most that we are sure of a disc whose episode numbers, or whose name, are a guess.
GUESSED_NUMBERS = 0.8
GUESSED_NAME = 0.5
#: Of several cuts, a person has to choose one.
GUESSED_CUT = 0.8
UNCERTAIN_FILM = 0.6
#: The most while a provider has not answered.
NOT_LOOKED_UP = 0.85


@dataclass(frozen=True, slots=True)
class Identity:
    """What a disc is: a film, a part of a season, or unknown.

    name: of the film or the show. confidence: 0–1, in all of it. name_confidence: in the name.
    season_number, starting_episode: for shows; None means "as the season goes on".
    season_is_guess: nothing names the season. series_id: TheTVDB's. year, edition, film: for films.
    is_bonus: a film's disc without the film. reasons, warnings: sentences. from_user: a person
    said so.
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
    from_user: bool = False

    def stored(self, further_warnings: Sequence[str] = ()) -> dict[str, Any]:
        """Return Disc.identification; "numbering" has the warnings about episode numbers."""
        return {
            "confidence": self.confidence,
            "reasons": list(self.reasons),
            "warnings": [*self.warnings, *further_warnings],
            "numbering": [],
            "season_is_guess": self.season_is_guess,
        }


class IdentificationJson(TypedDict):
    """The `identification` of the API."""

    media_type: str
    confidence: float
    reasons: list[str]
    warnings: list[str]


def as_json(media_type: str, stored: Mapping[str, Any]) -> IdentificationJson:
    """Return a disc's `identification` in the API; doubtful numbers lower its confidence.

    stored: see `Identity.stored`; empty for discs of older versions.
    """
    numbering = list(stored.get("numbering", ()))
    confidence = float(stored.get("confidence", 0.0))
    return IdentificationJson(
        media_type=media_type,
        confidence=min(confidence, GUESSED_NUMBERS) if numbering else confidence,
        reasons=list(stored.get("reasons", ())),
        warnings=[*stored.get("warnings", ()), *numbering],
    )
