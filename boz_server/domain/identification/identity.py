"""What we take a disc for, how sure we are, and why: weighs the evidence for film or television."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median
from typing import Any, NamedTuple, TypedDict

from boz_server.domain.identification.known_titles import KnownTitles
from boz_server.domain.identification.label import DiscLabel
from boz_server.domain.identification.layout import Evidence, Layout
from boz_server.domain.identification.repeats import FILM_SECONDS, SAME_FILM_SECONDS, are_regular
from boz_server.domain.identification.signs import (
    BY_A_PERSON,
    Judgement,
    Question,
    Sign,
    least,
)
from boz_server.domain.identification.title_facts import TitleFacts
from boz_server.domain.metadata.answers import Film

#: The most that an older version's word counts: its confidence was not counted on real discs.
OLD_WORD = 0.8

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
# Titles of this share of an episode's length beside the episodes are long ones.
_LONG_SHARE = 0.6
# From this length on, an episode has chapters.
_NEEDS_MARKS_SECONDS = 15 * 60
_DECISIVE = 3
# Several such titles may be featurettes, or the episodes' parts.
_LITTLE = 1.5


class MediaType(StrEnum):
    """What a disc holds, in the words of the API."""

    MOVIE = "movie"
    TV_SHOW = "tv_show"
    UNKNOWN = "unknown"


class Clue(NamedTuple):
    """One piece of evidence for television (weight above 0) or for a film (below).

    Decisive evidence (a season in the label, a play-all) weighs 3 and more, and settles it alone.
    """

    weight: float
    reason: str
    sign: Sign


@dataclass(frozen=True, slots=True)
class Verdict:
    """What we take a disc for, how sure that is, and what speaks for it: the sum of weights."""

    media_type: MediaType
    judgement: Judgement
    weight: float = 0.0


@dataclass(frozen=True, slots=True)
class Identity:
    """What a disc is: a film, a part of a season, or unknown.

    name: of the film or the show. kind, named: how sure media type and name are. film_fit: 0–1, how
    well a provider's film, or else the label, fits: Disc.movie_confidence.
    season_number, starting_episode: for shows; None means "as the season goes on".
    season_is_guess: nothing names the season. series_id: TheTVDB's. disc_number: where the label
    doesn't name it as such. year, edition, film: for films. why_no_film: why a film's disc has only
    extras. contents: what a disc database says of its titles. warnings: sentences. from_user: a
    person said so.
    """

    media_type: MediaType
    name: str
    kind: Judgement = BY_A_PERSON
    named: Judgement = BY_A_PERSON
    film_fit: float = 1.0
    season_number: int | None = None
    starting_episode: int | None = None
    season_is_guess: bool = False
    series_id: int | None = None
    disc_number: int | None = None
    year: int | None = None
    edition: str | None = None
    film: Film | None = None
    why_no_film: str | None = None
    contents: KnownTitles | None = None
    warnings: tuple[str, ...] = ()
    candidates: tuple[Mapping[str, Any], ...] = ()
    from_user: bool = False

    def stored(
        self, titles: Judgement | None = None, further_warnings: Sequence[str] = ()
    ) -> dict[str, Any]:
        """Return Disc.identification: the answer to each question, with "numbers" to follow for
        shows; "numbering" has the warnings about episode numbers, and "listed" what a disc
        database says of the episodes, if it says it of all (see `listed_episodes`)."""
        answers = {Question.MEDIA_TYPE: self.kind, Question.NAME: self.named}
        if titles is not None:
            answers[Question.TITLES] = titles
        stored = {str(question): answer.stored() for question, answer in answers.items()} | {
            "warnings": [*self.warnings, *further_warnings],
            "numbering": [],
            "season_is_guess": self.season_is_guess,
        }
        listed = {} if self.contents is None else self.contents.listed_episodes()
        return stored | {"listed": listed} if listed else stored


class AnswerJson(TypedDict):
    """The answer to one question in the API: how sure it is, by which sign, and why."""

    confidence: float
    sign: str | None
    reasons: list[str]


class IdentificationJson(TypedDict):
    """The `identification` of the API. confidence: of the least sure of `questions`."""

    media_type: str
    confidence: float
    reasons: list[str]
    warnings: list[str]
    questions: dict[str, AnswerJson]


def as_json(media_type: str, stored: Mapping[str, Any]) -> IdentificationJson:
    """Return a disc's `identification` in the API.

    stored: see `Identity.stored`; discs of older versions have only a confidence and reasons.
    """
    questions = {str(each): stored[each] for each in Question if each in stored}
    reasons = [reason for answer in questions.values() for reason in answer["reasons"]]
    return IdentificationJson(
        media_type=media_type,
        confidence=how_sure_of(stored),
        reasons=list(dict.fromkeys(reasons)) or list(stored.get("reasons", ())),
        warnings=[*stored.get("warnings", ()), *stored.get("numbering", ())],
        questions=questions,
    )


def how_sure_of(stored: Mapping[str, Any]) -> float:
    """Return 0–1: how sure all that is stored of a disc's identification is."""
    if Question.MEDIA_TYPE in stored:
        return least(stored)
    return min(float(stored.get("confidence", 0.0)), OLD_WORD)


def weigh(
    label: DiscLabel, layout: Layout, further: Sequence[Clue] = (), *, has_episodes: bool = False
) -> Verdict:
    """Weigh the evidence for either; UNKNOWN, with no confidence, if there is none.

    The weightiest clue is the sign, unless others contradict the sum. further: evidence from other
    discs and metadata. has_episodes: the disc speaks of episodes.
    """
    is_numbered = (label.disc_number or label.volume_number) is not None
    clues = [*_of_label(label), *_of_layout(layout, is_numbered=is_numbered), *further]
    if has_episodes:
        clues.append(Clue(7, "The disc speaks of episodes or a series.", Sign.LABEL_SEASON))
    if not clues:
        reason = "No title is long enough for a film or an episode."
        return Verdict(MediaType.UNKNOWN, Judgement(0.0, reasons=(reason,)))
    total = sum(clue.weight for clue in clues)
    ordered = sorted(clues, key=lambda clue: -abs(clue.weight))
    judgement = Judgement.by(_sign(ordered, total), reasons=[clue.reason for clue in ordered])
    return Verdict(MediaType.TV_SHOW if total > 0 else MediaType.MOVIE, judgement, total)


def _sign(ordered: Sequence[Clue], total: float) -> Sign:
    """Return the sign of the weightiest clue, unless others contradict it or all weigh little."""
    against = sum(abs(clue.weight) for clue in ordered if clue.weight * total <= 0)
    if against >= abs(total) or (0 < total <= _LITTLE and ordered[0].weight < _LITTLE):
        return Sign.EITHER
    if against * 2 >= abs(total):
        return Sign.CONTESTED
    # What a disc itself shows is worth more than what was made of another one.
    own = (
        clue.sign
        for clue in ordered
        if clue.sign is not Sign.ANOTHER_DISC
        and abs(clue.weight) >= _DECISIVE
        and clue.weight * total > 0
    )
    return next(own, ordered[0].sign)


def _of_label(label: DiscLabel) -> list[Clue]:
    clues = []
    if label.season_number is not None:
        clues.append(Clue(8, f"The label names season {label.season_number}.", Sign.LABEL_SEASON))
    elif label.book_number is not None and label.disc_number is not None:
        clues.append(
            Clue(1, f"The label names book {label.book_number}, as some seasons.", Sign.LABEL_OTHER)
        )
    if label.disc_number is not None and label.disc_number >= _LATE_DISC:
        clues.append(
            Clue(
                1,
                f"The label says disc {label.disc_number}: few films have so many.",
                Sign.LABEL_OTHER,
            )
        )
    elif label.disc_number is not None:
        clues.append(Clue(0.5, f"The label says disc {label.disc_number}.", Sign.LABEL_OTHER))
    if label.year is not None:
        clues.append(Clue(-0.7, "The label names a year, as films' do.", Sign.LABEL_OTHER))
    if label.is_bonus and label.season_number is None:
        clues.append(Clue(-1, "The label says that it is a disc of extras.", Sign.LABEL_OTHER))
    if label.edition is not None:
        clues.append(Clue(-1, f"The label names an edition: {label.edition}.", Sign.LABEL_OTHER))
    return clues


def _of_layout(layout: Layout, *, is_numbered: bool) -> list[Clue]:
    episodes, feature = layout.episodes, layout.main_feature
    clue = _of_proof(layout) or _of_lengths(layout, feature, is_numbered=is_numbered)
    if clue is not None:
        return [clue, *_of_marks(episodes)]
    if feature is not None:
        return [_of_feature(feature)]
    if layout.play_alls and not episodes:
        return [
            Clue(
                -1.5, "A title plays many others of all lengths: a disc of extras.", Sign.NO_FEATURE
            )
        ]
    return []


def _of_marks(episodes: Sequence[TitleFacts]) -> list[Clue]:
    """Return the evidence of titles without chapter marks: episodes have some, at their opening."""
    known = [title.chapters for title in episodes if title.chapters]
    long = all(title.duration_seconds >= _NEEDS_MARKS_SECONDS for title in episodes)
    if len(known) < _SEASON_RUN or not long or median(known) > 1:
        return []
    reason = "Most titles have no chapter marks, as parts of a documentary."
    return [Clue(-4, reason, Sign.SOME_LENGTHS)]


def _of_proof(layout: Layout) -> Clue | None:
    """Return the evidence of a play-all, or of a list of titles that starts over."""
    count = len(layout.episodes)
    if layout.evidence is Evidence.PLAY_ALL:
        return Clue(
            4 if count >= _SEASON_RUN else 2,
            f"One title plays {count} others in a row.",
            Sign.LIKE_EPISODES,
        )
    if layout.evidence is Evidence.COPIES and not _has_film(layout):
        return Clue(3, f"{count} titles of one kind are each there twice.", Sign.LIKE_EPISODES)
    return None


def _of_lengths(layout: Layout, feature: TitleFacts | None, *, is_numbered: bool) -> Clue | None:
    """Return the evidence of titles of one length; None if there is only one title.

    is_numbered: the label has the disc's number, as shows' do.
    """
    episodes = layout.episodes
    if len(episodes) < 2 or (feature is not None and _dwarfs(feature, episodes)):  # noqa: PLR2004
        return None
    lengths = sorted(title.duration_seconds for title in episodes)
    if lengths[0] >= FILM_SECONDS:
        return _of_film_lengths(layout, lengths, is_numbered=is_numbered)
    if not are_regular(episodes):
        reason = f"{len(lengths)} titles are as long as episodes."
        return Clue(0.5, reason, Sign.SOME_LENGTHS)
    if len(lengths) >= _SEASON_RUN and not is_numbered and _has_long_others(layout):
        reason = f"{len(lengths)} titles are of about one length, and others nearly as long."
        return Clue(1, reason, Sign.SOME_LENGTHS)
    return _of_regular_lengths(lengths)


def _has_long_others(layout: Layout) -> bool:
    """Whether titles beside the episodes are nearly as long as they are."""
    usual = median(title.duration_seconds for title in layout.episodes)
    return any(
        title.duration_seconds >= usual * _LONG_SHARE
        for title in layout.singles
        if title not in layout.episodes
    )


def _of_regular_lengths(lengths: Sequence[int]) -> Clue:
    """Return the evidence of titles of about one length. lengths: the shortest first."""
    count = len(lengths)
    if count == _SEASON_RUN and lengths[-1] >= max(FILM_SECONDS, lengths[0] * _DOUBLE):
        reason = "Two titles and one of double length: episodes, or a film's extras."
        return Clue(1.5, reason, Sign.SOME_LENGTHS)
    if count >= _SEASON_RUN:
        return Clue(
            3, f"{count} titles are of about one length, as episodes are.", Sign.LIKE_EPISODES
        )
    if sum(lengths) < _LEAST_SEASON_SECONDS:
        reason = "Two short titles do not make a part of a season."
        return Clue(-1, reason, Sign.SHORT_FEATURE)
    return Clue(1.5, "Two titles are of about one length, as episodes are.", Sign.SOME_LENGTHS)


def _of_film_lengths(layout: Layout, lengths: Sequence[int], *, is_numbered: bool) -> Clue:
    """Return the evidence of titles as long as films."""
    languages = lengths[-1] - lengths[0] <= SAME_FILM_SECONDS
    alone = len(layout.singles) == len(lengths)
    if alone and not languages and (is_numbered or lengths[-1] <= lengths[0] * _ONE_LENGTH):
        reason = f"{len(lengths)} titles of one length and nothing else: episodes."
        return Clue(1.5, reason, Sign.FILM_LENGTHS)
    reason = f"{len(lengths)} titles are as long as a film: it, or its cuts."
    return Clue(-2, reason, Sign.FILM_LENGTHS)


def _of_feature(feature: TitleFacts) -> Clue:
    minutes = feature.duration_seconds // 60
    if feature.duration_seconds >= FILM_SECONDS:
        return Clue(
            -3,
            f"One title of {minutes} minutes outweighs the others, as a film does.",
            Sign.FEATURE,
        )
    reason = f"One title of {minutes} minutes outweighs the others."
    return Clue(-1, reason, Sign.SHORT_FEATURE)


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
