"""What an agent reports of a disc, and how its titles divide into episodes, extras and the film."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from statistics import median

from boz_server.domain.identification.disc_words import says_bonus, says_episodes
from boz_server.domain.identification.episodes import Lengths, find_episodes, find_shorts
from boz_server.domain.identification.label import DiscLabel, parse_label, read_label
from boz_server.domain.identification.repeats import (
    FILM_SECONDS,
    SAME_FILM_SECONDS,
    Copy,
    are_regular,
    find_copies,
    find_play_alls,
)
from boz_server.domain.identification.title_facts import (
    TitleFacts,
    common_name,
    fingerprint,
    is_extra_by_name,
)

#: More cuts than any film has: false titles against copying.
MANY_CUTS = 8
# A title shorter than this share of the film is not another cut of it.
_OTHER_CUT_SHARE = 0.75
# A documentary may be longer than its film, but a film has many chapters and most of the bytes.
_RIVAL_SHARE = 0.6
_MANY_MORE_CHAPTERS = 2
_ANOTHER_LENGTH = 0.12
_FILM_QUALITY = 0.6
_FILM_CHAPTERS = 10
# A bonus disc: one title, longer than every earlier episode, among more than this many others.
_MANY_EXTRAS = 6
_LONGER_THAN_ALL = 1.02
# Titles within this share of the usual length are of one kind.
_ALIKE = 0.2
_NEARLY_ALL = 0.75
# On real discs, no episode has less than half of the others' bytes a second.
_POOR_QUALITY = 0.5


class Evidence(StrEnum):
    """The evidence for which titles are the episodes."""

    PLAY_ALL = "play_all"
    COPIES = "copies"
    LENGTHS = "lengths"


@dataclass(frozen=True, slots=True)
class Layout:
    """How a disc's titles divide; each tuple is in disc order.

    episodes: if the disc is a show's, the titles of one typical length. On a film's disc these are
    featurettes, or the film itself: `media_type` tells them apart. evidence: for the episodes.
    doubles: indexes of titles with two episodes.
    features: if the disc is a film's, the main feature, then other cuts or films; empty when no
    title is long enough, or all are play-alls. further_films: indexes of features that are separate
    films.
    copies, play_alls: titles that repeat others, and what they repeat or play.
    """

    titles: tuple[TitleFacts, ...] = ()
    episodes: tuple[TitleFacts, ...] = ()
    evidence: Evidence = Evidence.LENGTHS
    doubles: frozenset[int] = frozenset()
    features: tuple[TitleFacts, ...] = ()
    further_films: frozenset[int] = frozenset()
    copies: Mapping[int, Copy] = field(default_factory=dict)
    play_alls: Mapping[int, tuple[int, ...]] = field(default_factory=dict)

    @property
    def main_feature(self) -> TitleFacts | None:
        """The film, if the disc is a film's; None when no title can be one."""
        return self.features[0] if self.features else None

    @property
    def singles(self) -> tuple[TitleFacts, ...]:
        """The titles that don't repeat or play others."""
        return tuple(
            title
            for title in self.titles
            if title.index not in self.copies and title.index not in self.play_alls
        )


@dataclass(frozen=True, slots=True)
class LayoutRules:
    """The settings by which titles are divided (see `analyse`)."""

    min_duration_seconds: int
    duration_variance: float


class DiscFacts:
    """A disc's label and titles; whatever follows from them is worked out once.

    content_hash: see Disc; "" if the agent doesn't send it.
    """

    def __init__(
        self,
        label: str,
        titles: Sequence[TitleFacts],
        rules: LayoutRules,
        content_hash: str = "",
    ) -> None:
        self.label = label
        self.titles = tuple(titles)
        self.content_hash = content_hash
        self.rules = rules
        self._layouts: dict[tuple[int, ...], Layout] = {}

    @cached_property
    def fingerprint(self) -> str:
        """The same for the same disc in any drive."""
        return fingerprint(self.label, self.titles)

    @cached_property
    def read(self) -> DiscLabel:
        """What the label says, with the name that the disc gives its titles."""
        return read_label(self.label, self.titles)

    @cached_property
    def title_key(self) -> str:
        """The label's own name, as Disc.title_key has it."""
        return parse_label(self.label).key

    @cached_property
    def is_bonus(self) -> bool:
        """Whether the disc says of itself that it has only extras."""
        return self.read.is_bonus or says_bonus(self.label, common_name(self.titles) or "")

    @cached_property
    def has_episodes(self) -> bool:
        """Whether the disc speaks of episodes or of a whole series."""
        return says_episodes(self.label, common_name(self.titles) or "")

    def layout(self, season_lengths: Sequence[int] = ()) -> Layout:
        """Divide the titles. season_lengths: of the season's other episodes, in seconds."""
        lengths = tuple(season_lengths)
        if lengths not in self._layouts:
            self._layouts[lengths] = analyse(
                self.titles,
                min_duration_seconds=self.rules.min_duration_seconds,
                duration_variance=self.rules.duration_variance,
                season_lengths=lengths,
            )
        return self._layouts[lengths]


def analyse(
    titles: Sequence[TitleFacts],
    *,
    min_duration_seconds: int = 600,
    duration_variance: float = 0.4,
    season_lengths: Sequence[int] = (),
) -> Layout:
    """Divide a disc's titles into episodes and extras, and name its main feature.

    duration_variance: the share by which an episode may be shorter or longer than usual before it
    needs more evidence than its length. season_lengths: the seconds of episodes on the season's
    other discs; if they are known, an episode must have such a length.
    """
    ordered = tuple(sorted(titles, key=lambda title: title.index))
    copies, play_alls = _repeats(ordered, min_duration_seconds)
    singles = [t for t in ordered if t.index not in copies and t.index not in play_alls]
    disc_name = common_name(ordered)
    candidates = [
        title
        for title in singles
        if title.duration_seconds >= min_duration_seconds
        and (title.name == disc_name or not is_extra_by_name(title.name))
    ]
    candidates = find_shorts(singles, candidates) or _of_one_quality(candidates)
    evidence, chosen = _proven_episodes(singles, candidates, copies, play_alls)
    if chosen is None:
        lengths = Lengths(duration_variance, tuple(season_lengths))
        episodes, doubles = find_episodes(_not_played(candidates, play_alls), lengths, proven=False)
        if season_lengths and _is_bonus(episodes, singles, season_lengths):
            episodes = []
    else:
        episodes, doubles = find_episodes(chosen, Lengths(), proven=True)
    features = _features(candidates, play_alls)
    return Layout(
        titles=ordered,
        episodes=tuple(episodes),
        evidence=evidence,
        doubles=doubles,
        features=features,
        further_films=frozenset(
            title.index
            for title in features[1:]
            if len(features) <= MANY_CUTS and _is_another_film(title, features[0])
        ),
        copies=copies,
        play_alls=play_alls,
    )


def _repeats(
    titles: Sequence[TitleFacts], least_seconds: int
) -> tuple[dict[int, Copy], dict[int, tuple[int, ...]]]:
    """Return the titles that repeat others, and those that play others."""
    copies = find_copies(titles, least_seconds)
    originals = [title for title in titles if title.index not in copies]
    play_alls = find_play_alls(originals, least_seconds)
    # If all parts are needed for the sum to hold, they are not copies of each other.
    if not play_alls and copies:
        sums = find_play_alls(titles, least_seconds)
        if any(set(parts) & copies.keys() for parts in sums.values()):
            return {}, sums
    return copies, play_alls


def _proven_episodes(
    singles: Sequence[TitleFacts],
    candidates: Sequence[TitleFacts],
    copies: Mapping[int, Copy],
    play_alls: Mapping[int, tuple[int, ...]],
) -> tuple[Evidence, list[TitleFacts] | None]:
    """Return the titles that a play-all plays, or that are there twice; None without proof."""
    longest = max((title.duration_seconds for title in singles), default=0)
    for parts in play_alls.values():
        played = [title for title in singles if title.index in parts]
        # A play-all of short extras says nothing about the episodes.
        if are_regular(played) and max(p.duration_seconds for p in played) * 2 >= longest:
            return Evidence.PLAY_ALL, played
    repeated = {copy.of for copy in copies.values()}
    twice = [title for title in candidates if title.index in repeated]
    if len(twice) >= 2 and are_regular(twice) and _are_all_of_a_kind(twice, candidates):  # noqa: PLR2004
        return Evidence.COPIES, twice
    return Evidence.LENGTHS, None


def _are_all_of_a_kind(twice: Sequence[TitleFacts], candidates: Sequence[TitleFacts]) -> bool:
    """Whether nearly every title that is as long as those that are there twice is one of them.

    Some discs list each episode twice; others only those with a commentary, which says nothing
    about the rest.
    """
    usual = median(title.duration_seconds for title in twice)
    alike = [t for t in candidates if abs(t.duration_seconds - usual) <= usual * _ALIKE]
    return len(twice) >= len(alike) * _NEARLY_ALL


def _of_one_quality(titles: Sequence[TitleFacts]) -> list[TitleFacts]:
    """Return the titles without those that have far fewer bytes a second than the long ones.

    Featurettes in standard definition stand beside episodes in high definition. If most titles are
    like that, nothing follows.
    """
    if not titles or not all(title.size_bytes and title.duration_seconds for title in titles):
        return list(titles)
    longest = max(title.duration_seconds for title in titles)
    long = [title for title in titles if title.duration_seconds * 2 >= longest]
    best = max(title.size_bytes / title.duration_seconds for title in long)
    good = [t for t in titles if t.size_bytes / t.duration_seconds >= best * _POOR_QUALITY]
    return good if len(good) * 2 > len(titles) else list(titles)


def _not_played(
    titles: Sequence[TitleFacts], play_alls: Mapping[int, tuple[int, ...]]
) -> list[TitleFacts]:
    """Return the titles that no play-all plays."""
    played = {index for parts in play_alls.values() for index in parts}
    return [title for title in titles if title.index not in played]


def _is_bonus(
    episodes: Sequence[TitleFacts], singles: Sequence[TitleFacts], season_lengths: Sequence[int]
) -> bool:
    """Whether a season's last disc has only a long documentary among many extras."""
    if len(episodes) != 1 or len(singles) <= _MANY_EXTRAS:
        return False
    return episodes[0].duration_seconds > max(season_lengths) * _LONGER_THAN_ALL


def _features(
    titles: Sequence[TitleFacts], play_alls: Mapping[int, tuple[int, ...]]
) -> tuple[TitleFacts, ...]:
    """Return the film, then the titles that may be another cut of it, or another film.

    A title that a play-all plays is one of several programmes, not a film.
    """
    candidates = _not_played(titles, play_alls)
    if not candidates:
        return ()
    longest = max(title.duration_seconds for title in candidates)
    rivals = [t for t in candidates if t.duration_seconds >= longest * _RIVAL_SHARE]
    if all(title.size_bytes for title in rivals):
        main = max(rivals, key=lambda title: title.size_bytes)
    else:
        # max() returns the first of equals.
        main = max(rivals, key=lambda title: title.duration_seconds)
        film_like = [
            title
            for title in rivals
            if title.chapters >= main.chapters * _MANY_MORE_CHAPTERS > 0
            and title.duration_seconds >= FILM_SECONDS
        ]
        main = max(film_like, key=lambda title: title.chapters, default=main)
    # If one film is there in several languages, the first is the disc's own.
    main = next(title for title in rivals if _is_same_film(title, main))
    others = [
        title
        for title in rivals
        if title is not main
        and title.duration_seconds >= max(FILM_SECONDS, main.duration_seconds * _OTHER_CUT_SHARE)
    ]
    return (main, *others)


def _is_same_film(title: TitleFacts, main: TitleFacts) -> bool:
    """Whether a title is the film itself, or the film in another language."""
    apart = abs(title.duration_seconds - main.duration_seconds)
    return title is main or (
        apart <= SAME_FILM_SECONDS
        and title.chapters == main.chapters
        and main.duration_seconds >= FILM_SECONDS
    )


def _is_another_film(title: TitleFacts, main: TitleFacts) -> bool:
    """Whether a title as long as the film is another film, not a cut or a documentary.

    A cut shares streams with the film, or is nearly as long; a documentary has fewer bytes a
    second, and few chapters.
    """
    if set(title.streams) & set(main.streams):
        return False
    if (
        abs(title.duration_seconds - main.duration_seconds)
        < main.duration_seconds * _ANOTHER_LENGTH
    ):
        return False
    if title.size_bytes and main.size_bytes:
        rate, usual = (t.size_bytes / t.duration_seconds for t in (title, main))
        return rate >= usual * _FILM_QUALITY
    return title.chapters >= max(_FILM_CHAPTERS, main.chapters * _FILM_QUALITY)
