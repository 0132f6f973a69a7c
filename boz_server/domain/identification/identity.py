"""What we take a disc for, how sure we are, and why: weighs the evidence for film or television."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import exp
from statistics import median
from typing import Any, NamedTuple, TypedDict

from boz_server.domain.identification.label import DiscLabel
from boz_server.domain.identification.layout import Evidence, Layout
from boz_server.domain.identification.repeats import FILM_SECONDS, SAME_FILM_SECONDS, are_regular
from boz_server.domain.identification.title_facts import TitleFacts
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

# An episode of double length is not a film.
_LONGEST_EPISODE = 2.3
# Nor does an episode have this many times the chapters of others.
_FILM_CHAPTERS = 2.5
_LEAST_FILM_CHAPTERS = 10
_ONE_LENGTH = 1.03
_SEASON_RUN = 3
_DOUBLE = 1.6
# Two titles of less than an hour together are a short film and its extra.
_LEAST_SEASON_SECONDS = 60 * 60
_LATE_DISC = 3


class MediaType(StrEnum):
    """What a disc holds, in the words of the API."""

    MOVIE = "movie"
    TV_SHOW = "tv_show"
    UNKNOWN = "unknown"


class Clue(NamedTuple):
    """One piece of evidence for television (weight above 0) or for a film (below), in log-odds.

    On the discs we know, decisive evidence (a season in the label, a play-all) settles it alone,
    with 0.95 and more; weaker evidence does so only together.
    """

    weight: float
    reason: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What we take a disc for. confidence: 0–1. reasons: sentences, the weightiest first."""

    media_type: MediaType
    confidence: float
    reasons: tuple[str, ...]


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


def weigh(label: DiscLabel, layout: Layout, further: Sequence[Clue] = ()) -> Verdict:
    """Weigh the evidence for either; UNKNOWN, with no confidence, if there is none.

    further: evidence from other discs and metadata.
    """
    clues = [*_of_label(label), *_of_layout(layout), *further]
    if not clues:
        return Verdict(
            MediaType.UNKNOWN, 0.0, ("No title is long enough for a film or an episode.",)
        )
    total = sum(clue.weight for clue in clues)
    confidence = 1 / (1 + exp(-abs(total)))
    ordered = sorted(clues, key=lambda clue: -abs(clue.weight))
    return Verdict(
        MediaType.TV_SHOW if total > 0 else MediaType.MOVIE,
        round(confidence, 3),
        tuple(clue.reason for clue in ordered),
    )


def _of_label(label: DiscLabel) -> list[Clue]:
    clues = []
    if label.season_number is not None:
        clues.append(Clue(4, f"The label names season {label.season_number}."))
    elif label.book_number is not None and label.disc_number is not None:
        clues.append(Clue(1, f"The label names book {label.book_number}, as some seasons."))
    if label.disc_number is not None and label.disc_number >= _LATE_DISC:
        clues.append(Clue(1, f"The label says disc {label.disc_number}: few films have so many."))
    elif label.disc_number is not None:
        clues.append(Clue(0.5, f"The label says disc {label.disc_number}."))
    if label.year is not None:
        clues.append(Clue(-0.7, "The label names a year, as films' do."))
    if label.is_bonus and label.season_number is None:
        clues.append(Clue(-1, "The label says that it is a disc of extras."))
    if label.edition is not None:
        clues.append(Clue(-1, f"The label names an edition: {label.edition}."))
    return clues


def _of_layout(layout: Layout) -> list[Clue]:
    episodes, feature = layout.episodes, layout.main_feature
    clue = _of_proof(layout) or _of_lengths(episodes, feature, layout.singles)
    if clue is not None:
        return [clue]
    if feature is not None:
        return [_of_feature(feature)]
    if layout.play_alls:
        return [Clue(-1.5, "A title plays many others of all lengths: a disc of extras.")]
    return []


def _of_proof(layout: Layout) -> Clue | None:
    """Return the evidence of a play-all, or of a list of titles that starts over."""
    count = len(layout.episodes)
    if layout.evidence is Evidence.PLAY_ALL:
        return Clue(4 if count >= _SEASON_RUN else 2, f"One title plays {count} others in a row.")
    if layout.evidence is Evidence.COPIES and not _has_film(layout):
        return Clue(3, f"{count} titles of one kind are each there twice.")
    return None


def _of_lengths(
    episodes: Sequence[TitleFacts], feature: TitleFacts | None, singles: Sequence[TitleFacts]
) -> Clue | None:
    """Return the evidence of titles of one length; None if there is only one title."""
    if len(episodes) < 2 or (feature is not None and _dwarfs(feature, episodes)):  # noqa: PLR2004
        return None
    lengths = sorted(title.duration_seconds for title in episodes)
    count = len(lengths)
    if lengths[0] >= FILM_SECONDS:
        return _of_film_lengths(lengths, alone=len(singles) == count)
    if not are_regular(episodes):
        return Clue(0.5, f"{count} titles are as long as episodes.")
    return _of_regular_lengths(lengths)


def _of_regular_lengths(lengths: Sequence[int]) -> Clue:
    """Return the evidence of titles of about one length. lengths: the shortest first."""
    count = len(lengths)
    if count == _SEASON_RUN and lengths[-1] >= max(FILM_SECONDS, lengths[0] * _DOUBLE):
        return Clue(1, "Two titles and one of double length: episodes, or a film's extras.")
    if count >= _SEASON_RUN:
        return Clue(3, f"{count} titles are of about one length, as episodes are.")
    if sum(lengths) < _LEAST_SEASON_SECONDS:
        return Clue(-1, "Two short titles do not make a part of a season.")
    return Clue(1.5, "Two titles are of about one length, as episodes are.")


def _of_film_lengths(lengths: Sequence[int], *, alone: bool) -> Clue:
    """Return the evidence of titles as long as films. alone: the disc has no others."""
    languages = lengths[-1] - lengths[0] <= SAME_FILM_SECONDS
    if alone and not languages and lengths[-1] <= lengths[0] * _ONE_LENGTH:
        return Clue(1, f"{len(lengths)} titles of one length and nothing else: episodes.")
    return Clue(-2, f"{len(lengths)} titles are as long as a film: it, or its cuts.")


def _of_feature(feature: TitleFacts) -> Clue:
    minutes = feature.duration_seconds // 60
    if feature.duration_seconds >= FILM_SECONDS:
        return Clue(-3, f"One title of {minutes} minutes outweighs the others, as a film does.")
    return Clue(-1, f"One title of {minutes} minutes outweighs the others.")


def _dwarfs(feature: TitleFacts, episodes: Sequence[TitleFacts]) -> bool:
    """Whether a title is a film among featurettes, not an episode longer than the others.

    Its length shows it, or it has many times their chapters.
    """
    usual = median(title.duration_seconds for title in episodes)
    if feature.duration_seconds > usual * _LONGEST_EPISODE:
        return True
    if feature.duration_seconds < FILM_SECONDS:
        return False
    if feature not in episodes:
        return True
    others = [title.chapters for title in episodes if title is not feature]
    if any(others):
        return feature.chapters > median(filter(None, others)) * _FILM_CHAPTERS
    # Films and episodes have chapters; extras often don't.
    return feature.chapters >= _LEAST_FILM_CHAPTERS


def _has_film(layout: Layout) -> bool:
    """Whether the disc has a film beside the titles that are there twice."""
    feature = layout.main_feature
    return feature is not None and _dwarfs(feature, layout.episodes)
