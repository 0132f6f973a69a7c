"""Finds a reported disc among those that a disc database lists.

A content hash settles it, unless the lengths contradict. Without one the lengths of all titles must
agree to the second, and it must not be chance that they do. How likely chance is follows from the
discs that were compared, without other pressings of the same disc: the share p of their titles that
are as long as one of ours. Sitcoms run 21:39 week after week, so there p is a third and six equal
lengths prove little; where episodes of 42 minutes vary by a minute, p is about 1/100, and three are
enough. Each title of the same number multiplies the probability by its p; one that has another
number multiplies it by p and by the number of places where it may stand. All of it times the number
of discs that were compared is the probability that some other disc agrees by chance: `MAX_CHANCE`
at most. Two single films of one name agree to the second once in 3600 times.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from boz_server.domain.identification.candidates import SAME_NAME, same_name
from boz_server.domain.identification.title_facts import TitleFacts
from boz_server.domain.metadata.answers import ListedDisc, ListedKind, ListedTitle

#: The most that we let chance decide; with it, 99 of 100 matches are right.
MAX_CHANCE = 0.005
#: Titles of this length are never left out of a list.
_LONG_SECONDS = 600
# A title may be missing on either side: programs leave out others by their own settings.
_LEAST_SHARE = 0.8
# Equal bytes, and equal segments.
_SIZE_CHANCE, _SEGMENTS_CHANCE = 1e-5, 1e-2
_SIZE_TOLERANCE = 0.02
# Without other titles of about this length to count: anywhere within an hour.
_SPREAD_SECONDS, _NEAR_SECONDS = 3600, (0, 2, 30)
# Another pressing has other logos; of two lengths it would be chance.
_PRESSING_SECONDS, _FEW_LENGTHS = 5, 3
# Only an answer that makes no sense has more discs that agree in everything.
_MOST_WHOLE = 50
_WANTED = frozenset({ListedKind.EPISODE, ListedKind.MAIN_MOVIE})


Mark = Callable[[TitleFacts | ListedTitle], object]


@dataclass(frozen=True, slots=True)
class KnownDisc:
    """The entry of a disc database that a reported disc is.

    titles: {index: the entry's title}, without the titles that the entry doesn't list. doubtful:
    indexes of titles that may be another of the entry's, as equal lengths are all that is known of
    them. is_disputed: another entry, as good as this one, says something else of a title.
    """

    disc: ListedDisc
    titles: Mapping[int, ListedTitle]
    by_hash: bool = False
    doubtful: frozenset[int] = frozenset()
    is_disputed: bool = False


@dataclass(slots=True)
class _Pairs:
    """Titles of ours, by index, with those of an entry; the doubtful as in KnownDisc."""

    titles: dict[int, ListedTitle] = field(default_factory=dict)
    doubtful: set[int] = field(default_factory=set)


def find(
    titles: Sequence[TitleFacts],
    discs: Sequence[ListedDisc],
    *,
    content_hash: str = "",
    name: str = "",
    repeats: Collection[int] = (),
    compared: int = 0,
) -> KnownDisc | None:
    """Return the disc of a database that a reported disc is; None if none is proven to be.

    name: what the label says. repeats: indexes of titles that repeat or play others, and so prove
    nothing more. compared: among how many discs the database itself has found these, if it compared
    lengths.
    """
    told = [disc for disc in discs if any(title.kind for title in disc.titles)]
    if content_hash:
        same = [disc for disc in told if disc.content_hash == content_hash]
        paired = [(disc, _paired(titles, disc)) for disc in same]
        agreeing = [(d, p) for d, p in paired if len(p.titles) >= len(titles) * _LEAST_SHARE]
        if agreeing:
            return _best(titles, agreeing, name, by_hash=True)
    others = _Compared(told, compared)
    long = {title.duration_seconds for title in titles if title.duration_seconds >= _LONG_SECONDS}
    likely = (disc for disc in told if long <= {title.seconds for title in disc.titles})
    pairs_of = ((disc, _paired(titles, disc)) for disc in likely)
    whole = (each for each in pairs_of if _is_whole(titles, *each))
    proven = [
        (disc, pairs)
        for disc, pairs in islice(whole, _MOST_WHOLE)
        if others.chance(titles, disc, pairs, repeats, name) <= MAX_CHANCE
    ]
    return _best(titles, proven, name, by_hash=False) if proven else None


def _best(
    titles: Sequence[TitleFacts],
    found: Sequence[tuple[ListedDisc, _Pairs]],
    name: str,
    *,
    by_hash: bool,
) -> KnownDisc:
    """Return the entry that agrees best; of equals the one whose name is the label's."""

    def quality(each: tuple[ListedDisc, _Pairs]) -> tuple[int, ...]:
        return _quality(titles, *each)

    most = max(quality(each) for each in found)
    equals = [each for each in found if quality(each) == most]
    equals.sort(key=lambda each: -same_name(name, each[0].name))
    disc, pairs = equals[0]
    return KnownDisc(
        disc,
        pairs.titles,
        by_hash,
        frozenset(pairs.doubtful),
        is_disputed=any(_disagree(equals[0], other) for other in equals[1:]),
    )


def _quality(titles: Sequence[TitleFacts], disc: ListedDisc, pairs: _Pairs) -> tuple[int, ...]:
    """Return by how much an entry agrees, the weightiest first."""
    sizes = sum(
        title.size_bytes == pairs.titles[title.index].size_bytes > 0
        for title in titles
        if title.index in pairs.titles
    )
    numbers = sum(index == title.index for index, title in pairs.titles.items())
    said = sum(title.kind is not None for title in pairs.titles.values())
    return sizes, len(pairs.titles), numbers, -len(pairs.doubtful), said


def _disagree(one: tuple[ListedDisc, _Pairs], other: tuple[ListedDisc, _Pairs]) -> bool:
    """Whether two entries say different things of the same titles."""
    if one[0].is_show != other[0].is_show or same_name(one[0].name, other[0].name) < SAME_NAME:
        return True
    return any(
        _said(title) != _said(other[1].titles[index])
        for index, title in one[1].titles.items()
        if index in other[1].titles and title.kind and other[1].titles[index].kind
    )


def _said(title: ListedTitle) -> tuple[object, ...]:
    """Return what an entry says of a title, as far as it decides where a file goes."""
    if title.kind is ListedKind.EPISODE:
        return title.kind, title.season, title.first, title.last
    return (title.kind == ListedKind.MAIN_MOVIE,)


def _paired(titles: Sequence[TitleFacts], disc: ListedDisc) -> _Pairs:
    """Pair by number, where all numbers agree; else in order, where all lengths follow each other
    in the same order; else by size, by segments, and by length."""
    pairs = _Pairs()
    by_index = {title.index: title for title in disc.titles}
    same = {
        title.index: by_index[title.index]
        for title in titles
        if title.index in by_index and _is_same(title, by_index[title.index])
    }
    shortest = min((title.duration_seconds for title in titles), default=0)
    listed = [title for title in disc.titles if title.seconds >= shortest]
    ordered = sorted(titles, key=lambda title: title.index)
    if len(same) >= len(titles) * _LEAST_SHARE:
        pairs.titles = same
    elif len(listed) == len(ordered) and all(map(_is_same, ordered, listed)):
        pairs.titles = {one.index: other for one, other in zip(ordered, listed, strict=True)}
    _pair_the_rest(ordered, disc.titles, pairs)
    return pairs


def _pair_the_rest(
    titles: Sequence[TitleFacts], listed: Sequence[ListedTitle], pairs: _Pairs
) -> None:
    """Pair by size, by segments, then by length alone, which may leave it open which is which."""
    taken = {title.index for title in pairs.titles.values()}
    for mark in (_size_mark, _segments_mark):
        marked = _grouped((each for each in listed if each.index not in taken), mark)
        for title in titles:
            found = marked.get(mark(title), [])
            if title.index not in pairs.titles and found and mark(title) is not None:
                pairs.titles[title.index] = found.pop()
                taken.add(pairs.titles[title.index].index)
    free: dict[int, list[ListedTitle]] = {}
    for each in reversed(listed):
        if each.index not in taken:
            free.setdefault(each.seconds, []).append(each)
    rest: dict[int, list[TitleFacts]] = {}
    for title in titles:
        if title.index not in pairs.titles:
            rest.setdefault(title.duration_seconds, []).append(title)
    for seconds, ours in rest.items():
        theirs = free.get(seconds, [])
        if len({_said(each) for each in theirs}) > 1:
            pairs.doubtful.update(title.index for title in ours)
        for title in ours:
            if theirs and _may_be(title, theirs[-1]):
                pairs.titles[title.index] = theirs.pop()


def _is_same(title: TitleFacts, listed: ListedTitle) -> bool:
    """Whether two titles are of one length and, where both are known, of one size."""
    sizes = title.size_bytes, listed.size_bytes
    return title.duration_seconds == listed.seconds and (not all(sizes) or sizes[0] == sizes[1])


def _may_be(title: TitleFacts, listed: ListedTitle) -> bool:
    """Whether two titles of one length may be one: some agents round sizes."""
    sizes = title.size_bytes, listed.size_bytes
    return not all(sizes) or abs(sizes[0] - sizes[1]) <= _SIZE_TOLERANCE * max(sizes)


def _grouped(listed: Iterable[ListedTitle], mark: Mark) -> dict[object, list[ListedTitle]]:
    """Group titles by a mark, without groups of which the entry says different things."""
    groups: dict[object, list[ListedTitle]] = {}
    for each in listed:
        groups.setdefault(mark(each), []).append(each)
    return {key: same for key, same in groups.items() if len({_said(each) for each in same}) == 1}


def _size_mark(title: TitleFacts | ListedTitle) -> object:
    """Return length and size; None if the size is unknown."""
    return (_seconds(title), title.size_bytes) if title.size_bytes else None


def _segments_mark(title: TitleFacts | ListedTitle) -> object:
    """Return length, source and segments; None if those are unknown."""
    if not title.segment_map:
        return None
    return _seconds(title), title.source_file, title.segment_map


def _seconds(title: TitleFacts | ListedTitle) -> int:
    return title.seconds if isinstance(title, ListedTitle) else title.duration_seconds


def _share_mark(title: TitleFacts, listed: ListedTitle, mark: Mark) -> bool:
    return mark(title) is not None and mark(title) == mark(listed)


def _is_whole(titles: Sequence[TitleFacts], disc: ListedDisc, pairs: _Pairs) -> bool:
    """Whether all titles that count are on both sides, and most of the others."""
    if not pairs.titles:
        return False
    shortest = min(title.duration_seconds for title in titles)
    ours = [title for title in titles if title.index not in pairs.titles]
    paired = {title.index for title in pairs.titles.values()}
    reported = [title for title in disc.titles if title.seconds >= shortest]
    theirs = [title for title in reported if title.index not in paired]
    if any(title.duration_seconds >= _LONG_SECONDS for title in ours) or any(
        title.seconds >= _LONG_SECONDS or title.kind in _WANTED for title in theirs
    ):
        return False
    most = max(len(titles), len(reported))
    return len(pairs.titles) >= most * _LEAST_SHARE


class _Compared:
    """The discs that were compared, each layout once. least: among how many they were found."""

    def __init__(self, discs: Iterable[ListedDisc], least: int) -> None:
        self.least = least
        self.layouts = list({_layout(disc): disc for disc in discs}.values())
        self.places = [
            {title.index: title.seconds for title in disc.titles} for disc in self.layouts
        ]

    def chance(
        self,
        titles: Sequence[TitleFacts],
        disc: ListedDisc,
        pairs: _Pairs,
        repeats: Collection[int],
        name: str,
    ) -> float:
        """Return how likely it is that some other disc agrees by chance as this one does.

        Where the entry has the label's name, only discs of that name count as others.
        """
        is_named = bool(name) and same_name(name, disc.name) >= SAME_NAME
        others = [each for each in self.layouts if not is_named or each.name == disc.name]
        chance = float(len(others) if is_named else max(self.least, len(others)))
        lengths = self._lengths(disc, pairs)
        for title in titles:
            listed = pairs.titles.get(title.index)
            if listed is not None and title.index not in repeats:
                places = 1 if listed.index == title.index else len(disc.titles)
                chance *= min(1.0, places * _share(listed.seconds, lengths))
                if _share_mark(title, listed, _size_mark):
                    chance *= _SIZE_CHANCE
                elif _share_mark(title, listed, _segments_mark):
                    chance *= _SEGMENTS_CHANCE
        return chance

    def _lengths(self, disc: ListedDisc, pairs: _Pairs) -> Counter[int]:
        """Count the lengths on an entry and on the others, but for pressings of the same disc.

        Most lengths of those are the same, or nearly so, in the same places, or in others.
        """
        paired = pairs.titles.values()
        distinct = len({title.seconds for title in paired})
        own = Counter(title.seconds for title in disc.titles)
        lengths = own.copy()
        for other, places in zip(self.layouts, self.places, strict=True):
            near = {
                title.seconds
                for title in paired
                if abs(places.get(title.index, 0) - title.seconds) <= _PRESSING_SECONDS
            }
            theirs = Counter(places.values())
            is_near = len(near) * 2 > distinct or theirs == own
            if not (is_near and distinct >= _FEW_LENGTHS) and _layout(other) != _layout(disc):
                lengths.update(theirs)
        return lengths


def _share(seconds: int, lengths: Counter[int]) -> float:
    """Return the share of the other titles that are just as long, smoothed by those near."""
    others = max(1, lengths.total() - 1)
    shares = [1 / _SPREAD_SECONDS]
    for reach in _NEAR_SECONDS:
        span = range(seconds - reach, seconds + reach + 1)
        near = sum(lengths[each] for each in span) - 1
        shares.append(near / others / len(span))
    return max(shares)


def _layout(disc: ListedDisc) -> tuple[object, ...]:
    """Return what is the same for two releases of one disc."""
    return disc.name, tuple(title.seconds for title in disc.titles)
