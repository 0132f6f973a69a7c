"""What the titles of a disc are to each other: episodes, extras, the main feature."""

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from boz_server.domain.extras import is_extra_by_duration, is_extra_by_name

# Real labels have 32 characters; composing accents in a hostile one takes quadratic time.
_MAX_LABEL_LENGTH = 1000
# A double-length episode is twice the others, with some room for their advertisement breaks.
_LONGEST_EPISODE = 2.3
_MIN_PARTS = 2
_PLAY_ALL_TOLERANCE = 0.05
# A real play-all is the sum of its parts almost to the byte (0.1 % in the discs we know); a
# pilot beside two episodes, as on Firefly's and Deep Space Nine's first discs, misses it by 2 %.
_PLAY_ALL_SIZE_TOLERANCE = 0.01


@dataclass(frozen=True, slots=True)
class TitleFacts:
    """One title as an agent reports it.

    index: MakeMKV's number. name: often the disc's own name, or "Title 3".
    size_bytes and chapters: 0 when the agent does not know them.
    """

    index: int
    name: str
    duration_seconds: int
    size_bytes: int = 0
    chapters: int = 0


@dataclass(frozen=True, slots=True)
class Layout:
    """How a disc's titles divide, each tuple in disc order.

    episodes: titles of one typical length; on a film's disc a cluster of featurettes, or
    the film itself, which `media_type.classify` tells apart.
    extras: every title that is not an episode.
    main_feature: the longest title that is no extra by name, the first of equals; it may be
    among the episodes or (a play-all, a film) among the extras. None when all are too short.
    """

    episodes: tuple[TitleFacts, ...]
    extras: tuple[TitleFacts, ...]
    main_feature: TitleFacts | None


def analyse(
    titles: Sequence[TitleFacts],
    *,
    min_duration_seconds: int = 600,
    duration_variance: float = 0.4,
) -> Layout:
    """Divide a disc's titles into episodes and extras, and name its main feature.

    duration_variance: the share by which an episode may be shorter than the typical (median)
    one. Longer ones pass up to 2.3 times its length, as double episodes, unless they are a
    play-all.
    """
    ordered = sorted(titles, key=lambda title: title.index)
    disc_name = _disc_name(ordered)
    candidates = [
        title
        for title in ordered
        if (title.name == disc_name or not is_extra_by_name(title.name))
        and not is_extra_by_duration(title.duration_seconds, min_duration_seconds)
    ]
    episodes = _first_round(_cluster(_without_copies(candidates), duration_variance))
    chosen = {title.index for title in episodes}
    return Layout(
        episodes=tuple(episodes),
        extras=tuple(title for title in ordered if title.index not in chosen),
        # max() answers the first of equals.
        main_feature=max(candidates, key=lambda title: title.duration_seconds, default=None),
    )


def fingerprint(label: str, titles: Sequence[TitleFacts]) -> str:
    """Hex SHA-256 that is the same for the same disc in any drive of any agent.

    Made of the label's letters and digits and of each title's index and duration; names,
    sizes and chapters don't count, because agents report them unevenly.
    """
    text = unicodedata.normalize("NFC", label[:_MAX_LABEL_LENGTH]).casefold()
    words = re.findall(r"[^\W_]+", text)
    pairs = sorted((title.index, title.duration_seconds) for title in titles)
    lines = [" ".join(words), *(f"{index}:{seconds}" for index, seconds in pairs)]
    return hashlib.sha256("\n".join(lines).encode("utf-8")).hexdigest()


def _disc_name(titles: Sequence[TitleFacts]) -> str | None:
    """The name several titles share with the longest; None when they have their own.

    MakeMKV calls titles after their disc, so that on "Interview with the Vampire" the name
    says nothing about any one of them.
    """
    names = [title.name for title in titles]
    longest = max(titles, key=lambda title: title.duration_seconds, default=None)
    return longest.name if longest and names.count(longest.name) > 1 else None


def _without_copies(titles: Sequence[TitleFacts]) -> list[TitleFacts]:
    """The titles without later copies of the same recording.

    A copy has the length and, to the byte, the size of an earlier title. Length alone proves
    nothing, nor does a similar size: Bakugan's five episodes are equal to the second, and to
    0.001 % of their size.
    """
    seen: set[tuple[int, int]] = set()
    originals = []
    for title in titles:
        facts = (title.duration_seconds, title.size_bytes)
        if title.size_bytes == 0 or facts not in seen:
            originals.append(title)
        seen.add(facts)
    return originals


def _first_round(titles: list[TitleFacts]) -> list[TitleFacts]:
    """The titles up to where, sizes being unknown, the list of their lengths starts over.

    Blu-rays often hold every episode twice: lengths of 2498, 2314, 2559, 2498, 2314, 2559.
    Equal lengths in themselves are no sign of it, so the lengths must differ.
    """
    if any(title.size_bytes for title in titles):
        return titles
    lengths = [title.duration_seconds for title in titles]
    for start in range(1, len(lengths)):
        again = lengths[start:]
        if again == lengths[: len(again)] and len(set(again)) > 1:
            return titles[:start]
    return titles


def _cluster(titles: Sequence[TitleFacts], variance: float) -> list[TitleFacts]:
    """The titles of about the typical length, without play-alls."""
    singles = [title for title in titles if not _is_play_all(title, titles)]
    if not singles:
        return []
    typical = median(title.duration_seconds for title in singles)
    shortest = typical * (1 - variance)
    longest = typical * max(1 + variance, _LONGEST_EPISODE)
    return [title for title in singles if shortest <= title.duration_seconds <= longest]


def _is_play_all(title: TitleFacts, titles: Sequence[TitleFacts]) -> bool:
    """Whether a title is all the other ones, two or more, in a row.

    A double-length pilot beside two episodes is about as long as both; so two parts need
    proof by size or by chapters, and where these are known they decide for more, too.
    """
    length = sum(other.duration_seconds for other in titles) - title.duration_seconds
    parts = len(titles) - 1
    if parts < _MIN_PARTS or not _near(title.duration_seconds, length, _PLAY_ALL_TOLERANCE):
        return False
    if all(other.size_bytes for other in titles):
        size = sum(other.size_bytes for other in titles) - title.size_bytes
        return _near(title.size_bytes, size, _PLAY_ALL_SIZE_TOLERANCE)
    if all(other.chapters for other in titles):
        return title.chapters * 2 == sum(other.chapters for other in titles)
    return parts > _MIN_PARTS


def _near(value: int, target: int, tolerance: float) -> bool:
    return abs(value - target) <= target * tolerance
