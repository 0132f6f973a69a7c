"""The signs by which a disc is identified, and how often each was right.

Four questions are answered apart: film or TV, its name, which titles, which episode numbers. Each
answer rests on signs, and is as sure as those signs were often right on real discs (`counts`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

from boz_server.domain.identification.counts import COUNTS


class Question(StrEnum):
    """What has to be known of a disc before its files can be named."""

    MEDIA_TYPE = "media_type"
    NAME = "name"
    TITLES = "titles"
    NUMBERS = "numbers"


class Sign(StrEnum):
    """A situation in which an answer is given."""

    # Any question. A disc database lists the disc, or leaves open what is asked.
    PERSON = "person"
    KNOWN_DISC = "known_disc"
    LISTED_IN_PART = "listed_in_part"

    # Film or TV: the weightiest clue, unless others contradict it.
    LABEL_SEASON = "label_season"
    LABEL_OTHER = "label_other"
    LIKE_EPISODES = "like_episodes"
    SOME_LENGTHS = "some_lengths"
    FILM_LENGTHS = "film_lengths"
    FEATURE = "feature"
    SHORT_FEATURE = "short_feature"
    NO_FEATURE = "no_feature"
    ANOTHER_DISC = "another_disc"
    PROVIDER_LENGTHS = "provider_lengths"
    PROVIDER_NAME = "provider_name"
    CONTESTED = "contested"
    EITHER = "either"

    # The name.
    NAME_OF_LABEL = "name_of_label"
    NAME_NUMBERED = "name_numbered"
    NAME_IS_CODE = "name_is_code"
    NAME_OF_PROVIDER = "name_of_provider"
    NAME_OF_SEVERAL = "name_of_several"
    NAME_UNKNOWN = "name_unknown"
    NAME_NOT_ASKED = "name_not_asked"
    NAME_OF_DISC = "name_of_disc"

    # Which titles, of shows and of films.
    EPISODES_LISTED = "episodes_listed"
    EPISODES_REGULAR = "episodes_regular"
    EPISODES_FEW = "episodes_few"
    EPISODES_AMONG_OTHERS = "episodes_among_others"
    EPISODES_OF_OTHER_LENGTH = "episodes_of_other_length"
    NO_EPISODES = "no_episodes"
    FILM_ALONE = "film_alone"
    FILM_AMONG_OTHERS = "film_among_others"
    FILM_OR_DOCUMENTARY = "film_or_documentary"
    FILM_CUTS = "film_cuts"
    FILM_HIDDEN = "film_hidden"
    FILM_PART = "film_part"
    FILM_ELSEWHERE = "film_elsewhere"
    NO_FILM = "no_film"
    LONG_EXTRAS = "long_extras"

    # Which numbers: by their order on the disc where it is known with which one they begin, ...
    ORDER_WITNESSED = "order_witnessed"
    ORDER_DISPUTED = "order_disputed"
    ORDER_OF_DVD = "order_of_dvd"
    ORDER_OF_TITLES = "order_of_titles"
    # ... and else by what is not known.
    NUMBERS_BY_LENGTHS = "numbers_by_lengths"
    NUMBERS_ALIGNED = "numbers_aligned"
    SEASON_ASSUMED = "season_assumed"
    SEASON_GUESSED = "season_guessed"
    DISC_MISSING = "disc_missing"
    NO_DISC_NUMBER = "no_disc_number"
    NUMBERS_DOUBTFUL = "numbers_doubtful"


#: Signs that no corpus can count. A label's name counts as sure enough where nobody can be asked,
#: and so does that of the disc before, which is no surer than it was there. A disc is known only
#: where chance would agree in 1 of 200 cases at most (see known_discs). Where the evidence for film
#: and television is even, the answer counts as not given.
_ASSUMED = {
    Sign.PERSON: 1.0,
    Sign.NAME_OF_LABEL: 0.95,
    Sign.NAME_OF_DISC: 0.95,
    Sign.KNOWN_DISC: 0.99,
    Sign.EITHER: 0.4,
}

#: Why, by signs whose answers need no other reason.
_REASONS = {
    Sign.PERSON: "A person said so.",
    Sign.NAME_OF_LABEL: "The label names it, and there is no provider that could confirm that.",
    Sign.NAME_NUMBERED: "The number behind the name may be the disc's or the name's.",
    Sign.NAME_IS_CODE: "The label hardly says what the disc is called.",
    Sign.NAME_OF_PROVIDER: "A provider knows it by this name.",
    Sign.NAME_OF_SEVERAL: "Several have this name, and nothing says which of them it is.",
    Sign.NAME_UNKNOWN: "The providers know nothing of this name.",
    Sign.NAME_NOT_ASKED: "A provider could not be asked for the name.",
    Sign.NAME_OF_DISC: "Another disc of this name is called so.",
    Sign.LONG_EXTRAS: "Only extras, it seems, but one is as long as a film.",
    Sign.NUMBERS_BY_LENGTHS: "Each title is as long as one episode of the season only.",
    Sign.NUMBERS_ALIGNED: "The titles are as long as this run of episodes, and as no other.",
    Sign.SEASON_ASSUMED: "No label names a season: the first one is taken.",
    Sign.SEASON_GUESSED: "No label names a season, and little says which episodes come first.",
    Sign.DISC_MISSING: "A disc before this one has not been seen.",
    Sign.NO_DISC_NUMBER: "The label does not say which of the season's discs it is.",
    Sign.NUMBERS_DOUBTFUL: "The titles do not look like the season's next episodes.",
}


def how_sure(sign: Sign) -> float:
    """Return 0–1: how often an answer that rests on a sign was right, with Jeffreys' prior.

    A sign that stands behind few discs is not sure, and one that was never seen gives 0.5. Tried on
    sets that had been left out, this was nearer to the truth than the rule of succession.
    """
    if sign in _ASSUMED:
        return _ASSUMED[sign]
    right, of = COUNTS.get(sign, (0, 0))
    return (right + 0.5) / (of + 1)


@dataclass(frozen=True, slots=True)
class Judgement:
    """How sure the answer to one question is: 0–1, by which sign, and why in sentences."""

    confidence: float
    sign: Sign | None = None
    reasons: tuple[str, ...] = ()

    @classmethod
    def by(cls, sign: Sign, reasons: Sequence[str] = ()) -> Self:
        """Judge by a sign. reasons: sentences, where the sign alone doesn't say it."""
        usual = [_REASONS[sign]] if sign in _REASONS else []
        return cls(round(how_sure(sign), 3), sign, tuple(reasons or usual))

    def at_most(self, confidence: float, reason: str) -> "Judgement":
        """Return it, no surer than something else that it rests on; the reason says what."""
        if confidence >= self.confidence:
            return self
        return Judgement(confidence, self.sign, (*self.reasons, reason))

    def stored(self) -> dict[str, Any]:
        """Return it as Disc.identification and the API have it."""
        return {
            "confidence": self.confidence,
            "sign": self.sign,
            "reasons": list(self.reasons),
        }


BY_A_PERSON = Judgement.by(Sign.PERSON)


def least(stored: Mapping[str, Any], *questions: Question) -> float:
    """Return how sure the answers to some questions, else all, are together: as the least sure.

    stored: Disc.identification; 0 if it has none of them.
    """
    answers = [stored[question] for question in questions or Question if question in stored]
    return min((float(answer["confidence"]) for answer in answers), default=0.0)
