"""Finds the episodes among a disc's titles by their lengths, their order and their chapters."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from boz_server.domain.identification.repeats import are_regular
from boz_server.domain.identification.title_facts import TitleFacts

# Two episodes in one title have twice the length, give or take an opening.
_DOUBLE_FROM, _DOUBLE_TO = 1.8, 2.3
# Most of a season's episodes are this close to the usual length.
_NEAR = 0.2
# A title farther off than this must be an episode by its chapters or its place.
_ODD = 0.05
_SEASON_ROOM = 0.1
_OWN_RUN = 3
#: What is longer is several episodes in one.
LONGEST_EPISODE_SECONDS = 150 * 60
# Cartoons of a few minutes each.
_SHORTEST_EPISODE_SECONDS = 180
_MANY_SHORTS = 5
_LONGEST_BESIDE_SHORTS = 3


@dataclass(frozen=True, slots=True)
class Lengths:
    """What is known of an episode's length from elsewhere.

    variance: the share by which an episode may differ from the disc's usual length. season: the
    seconds of episodes on the season's other discs; empty when there are none.
    """

    variance: float = 0.4
    season: tuple[int, ...] = ()

    def fits_season(self, seconds: int) -> bool:
        """Whether a title is as long as one episode of the season, or two."""
        low, high = min(self.season) * (1 - _SEASON_ROOM), max(self.season) * (1 + _SEASON_ROOM)
        usual = median(self.season)
        return low <= seconds <= high or _is_double(seconds, usual)


def _is_double(seconds: int, usual: float) -> bool:
    """Whether a title is as long as two episodes; never for a usual length of 0."""
    return 0 < usual * _DOUBLE_FROM <= seconds <= usual * _DOUBLE_TO


def find_episodes(
    candidates: Sequence[TitleFacts], lengths: Lengths, *, proven: bool
) -> tuple[list[TitleFacts], frozenset[int]]:
    """Return the episodes in disc order, and the indexes of titles with two episodes.

    proven: all candidates are known to be episodes; only doubles are searched for.
    """
    if not proven:
        candidates = _of_the_season(_beside_a_whole(candidates), lengths)
    if not candidates:
        return [], frozenset()
    if proven:
        return list(candidates), _doubles(candidates, _usual(candidates))
    usual = _usual(candidates, lengths.season)
    near = [t for t in candidates if abs(t.duration_seconds - usual) <= usual * _NEAR]
    block = _block(candidates, near)
    in_block = {title.index for title in block}
    doubles = _doubles(candidates, usual, near)
    episodes = [
        title
        for title in candidates
        if title.index in doubles
        or (
            abs(title.duration_seconds - usual) <= usual * lengths.variance
            and (title.index in in_block or _has_chapters_like(title, near))
        )
        or (title.index in in_block and _is_longer_one(title, block, near, usual))
    ]
    episodes = [title for title in episodes if not _stands_apart(title, candidates, near, usual)]
    return episodes, doubles


def _beside_a_whole(candidates: Sequence[TitleFacts]) -> list[TitleFacts]:
    """Return the titles without those of many hours, which are several episodes in one.

    What is much shorter, even together, is not what such a title plays.
    """
    short = [t for t in candidates if t.duration_seconds <= LONGEST_EPISODE_SECONDS]
    longest = max((title.duration_seconds for title in candidates), default=0)
    total = sum(title.duration_seconds for title in short)
    return [] if longest > LONGEST_EPISODE_SECONDS and total * 2 < longest else short


def _of_the_season(candidates: Sequence[TitleFacts], lengths: Lengths) -> list[TitleFacts]:
    """Return the titles as long as the season's other episodes; all, if none are known.

    A disc without any is a bonus disc, unless it has a run of episodes of its own length.
    """
    if not lengths.season:
        return list(candidates)
    fitting = [t for t in candidates if lengths.fits_season(t.duration_seconds)]
    if not fitting and candidates:
        usual = _usual(candidates)
        near = [t for t in candidates if abs(t.duration_seconds - usual) <= usual * _SEASON_ROOM]
        return list(candidates) if len(near) >= _OWN_RUN else []
    return fitting


def _usual(titles: Sequence[TitleFacts], season: Sequence[int] = ()) -> float:
    """Return the length that most titles are close to; the longer one of equals.

    season: the seconds of episodes on the season's other discs, which tell what is usual if some
    title is as long.
    """
    if season:
        usual = float(median(season))
        if any(abs(title.duration_seconds - usual) <= usual * _NEAR for title in titles):
            return usual
    lengths = [title.duration_seconds for title in titles]

    def neighbours(length: int) -> list[int]:
        return [each for each in lengths if abs(each - length) <= length * _NEAR]

    centre = max(lengths, key=lambda length: (len(neighbours(length)), sum(neighbours(length))))
    return median(neighbours(centre))


def _block(candidates: Sequence[TitleFacts], near: Sequence[TitleFacts]) -> list[TitleFacts]:
    """Return the candidates from the first to the last of the usual length, and the one before.

    Episodes stand together; a pilot may have another length.
    """
    first, last = candidates.index(near[0]), candidates.index(near[-1])
    start = first - 1 if first and _adjacent(candidates[first - 1], near[0]) else first
    return list(candidates[start : last + 1])


def _adjacent(one: TitleFacts, other: TitleFacts) -> bool:
    return abs(one.index - other.index) == 1


def _is_longer_one(
    title: TitleFacts, block: Sequence[TitleFacts], near: Sequence[TitleFacts], usual: float
) -> bool:
    """Whether a title among episodes is a longer episode: a pilot, an extended cut."""
    first = block[0] is title
    most = _DOUBLE_TO if first else _DOUBLE_FROM
    return usual < title.duration_seconds <= usual * most and (
        not first or _has_chapters_like(title, near)
    )


def _has_chapters_like(title: TitleFacts, near: Sequence[TitleFacts]) -> bool:
    """Whether a title has chapters if the episodes do; True if theirs are unknown."""
    known = [each.chapters for each in near if each.chapters and each is not title]
    return not known or title.chapters * 2 >= min(known)


def _stands_apart(
    title: TitleFacts,
    candidates: Sequence[TitleFacts],
    near: Sequence[TitleFacts],
    usual: float,
) -> bool:
    """Whether a title with about an episode's length is an extra after all.

    It has no chapters although the episodes do, its length is not quite theirs, and other titles
    are between it and them.
    """
    others = [each for each in near if each is not title]
    if title.chapters or not any(each.chapters for each in others):
        return False
    if abs(title.duration_seconds - usual) <= usual * _ODD:
        return False
    place = candidates.index(title)
    return not (place and _adjacent(candidates[place - 1], title) and candidates[place - 1] in near)


def _doubles(
    candidates: Sequence[TitleFacts], usual: float, near: Sequence[TitleFacts] | None = None
) -> frozenset[int]:
    """Return the titles of twice the usual length that also have the chapters of two episodes.

    Two episodes share opening and credits: twice 4 chapters make at least 6. The pilot of "Firefly"
    is long, but one episode: it has 21 chapters, the others 13.
    """
    singles = near if near is not None else candidates
    known = [
        each.chapters
        for each in singles
        if each.chapters and each.duration_seconds < usual * _DOUBLE_FROM
    ]
    found = set()
    for title in candidates:
        if not _is_double(title.duration_seconds, usual):
            continue
        if known and title.chapters < 2 * (median(known) - 1):
            continue
        found.add(title.index)
    return frozenset(found)


def find_shorts(
    singles: Sequence[TitleFacts], candidates: Sequence[TitleFacts]
) -> list[TitleFacts]:
    """Return episodes of a few minutes, mostly cartoons; none if the disc has longer episodes.

    candidates: the titles that are long enough for an episode. If only a few are, and not much
    longer than the cartoons, they are doubles or extras.
    """
    shorts = [title for title in singles if title.duration_seconds >= _SHORTEST_EPISODE_SECONDS]
    if len(shorts) < _MANY_SHORTS or not are_regular(shorts):
        return []
    usual = median(title.duration_seconds for title in shorts)
    few = len(candidates) * _MANY_SHORTS <= len(shorts)
    longest = max((title.duration_seconds for title in candidates), default=0)
    return shorts if few and longest <= usual * _LONGEST_BESIDE_SHORTS else []
