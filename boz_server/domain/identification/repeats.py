"""Finds titles that repeat others: copies, versions with another opening, and play-alls.

Blu-rays list each programme twice, as a playlist and as the stream it plays; some list every
episode with and without its opening. Sizes and segments prove it if agents send them. Without
them one length is no proof (sitcoms run 21:39 week after week), but a list of lengths that starts
over is one. A play-all plays other titles one after another: its length is the sum of theirs.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence, Set
from itertools import accumulate
from statistics import median
from typing import NamedTuple

from boz_server.domain.identification.chance import UNLIKELY, Chance
from boz_server.domain.identification.title_facts import TitleFacts

#: Two titles of one length, and at least this long, are one film listed twice.
FILM_SECONDS = 75 * 60
#: Films that differ by no more than this are one, with credits in other languages.
SAME_FILM_SECONDS = 10
# More episodes than a disc has: false playlists of one, against copying.
_FALSE_LISTS = 60
# Lengths this close to each other prove nothing by recurring.
_MIN_SPREAD_SECONDS = 5
_MIN_BLOCK = 2
_DVD_TITLE = re.compile(r"[0-9]{1,3}")
_MIN_INNER_BLOCK = 3
_MIN_PAIRS = 3
# A length that the disc may well repeat by itself.
_COMMON = 0.5
# A disc lists its titles up to three times: as they are, with openings, and as streams.
_MAX_RUNS = 3
_MIN_VERSIONS = 3
# The longest opening, or credits, that a version leaves out.
_MAX_OPENING_SECONDS = 150
# Title and opening are whole seconds, each cut off or rounded.
_ROOM_SECONDS = 2
# Title by title, with the opening or without it.
_WINDOW = 2 * _ROOM_SECONDS + 1 + 3
_MAX_TITLES = 400
# The search for versions tries every opening at every place: that takes cubic time.
_MAX_FOR_VERSIONS = 100

# Play-alls.
_MIN_PARTS = 2
# Two parts prove little: a pilot of double length is as long as the two episodes after it.
_MIN_SURE_PARTS = 3
# A film with several endings ("Clue" has four) is two streams, one of them most of it.
_GREATEST_SHARE = 0.7
_LEAST_COVER = 0.8
# Most episodes are of about one length.
_REGULARITY = 0.2
_REGULAR_SHARE = 2 / 3
# A real play-all is the sum of its parts almost to the byte (0.1 % in the discs we know); a
# pilot beside two episodes, as on Firefly's and Deep Space Nine's first discs, misses it by 2 %.
_SIZE_TOLERANCE = 0.01
# For all long titles of a disc together: the play-all may have an opening of its own.
_LOOSE_TOLERANCE = 0.05


class Copy(NamedTuple):
    """A title that repeats the title `of`; exact, or a version of it."""

    of: int
    exact: bool


def find_copies(titles: Sequence[TitleFacts], least_seconds: int) -> dict[int, Copy]:
    """Return {index: what it repeats} for titles in disc order; the first of each is the original.

    least_seconds: shorter titles count only if sizes or segments prove them, or if every title is
    there twice.
    """
    copies = _proven(titles)
    unproven = [t for t in titles if t.index not in copies and not (t.size_bytes or t.streams)]
    unproven = unproven[:_MAX_TITLES]
    long = [title for title in unproven if title.duration_seconds >= least_seconds]
    copies |= _each_twice(unproven) or _films_again(long)
    rest = [title for title in long if title.index not in copies]
    copies |= _runs_again(rest) or _versions(rest[:_MAX_FOR_VERSIONS])
    return {index: _first_of(copy, copies) for index, copy in copies.items()}


def _first_of(copy: Copy, copies: Mapping[int, Copy]) -> Copy:
    """Return what a copy of a copy repeats."""
    exact = copy.exact
    while copy.of in copies:
        copy = copies[copy.of]
        exact = exact and copy.exact
    return Copy(copy.of, exact)


def _proven(titles: Sequence[TitleFacts]) -> dict[int, Copy]:
    """Find copies by equal streams, or equal length and size or DVD title; versions by common
    streams."""
    copies: dict[int, Copy] = {}
    seen: dict[object, Copy] = {}
    originals: list[tuple[TitleFacts, frozenset[int]]] = []
    # Playlists first: a playlist is the programme with its chapters.
    for title in sorted(titles, key=lambda each: (not each.is_playlist, each.index)):
        marks: list[object] = []
        if title.streams:
            marks.append(title.streams)
        if title.size_bytes:
            marks.append((title.duration_seconds, title.size_bytes))
        if _DVD_TITLE.fullmatch(title.source_file):
            # The angles of one title of a DVD.
            marks.append((title.duration_seconds, title.source_file))
        copy = next((seen[mark] for mark in marks if mark in seen), None)
        if copy is None:
            streams = frozenset(title.streams)
            of_version = _version_by_streams(title, streams, originals) if streams else None
            if of_version is not None:
                copy = Copy(of_version, exact=False)
            elif streams:
                originals.append((title, streams))
        if copy is not None:
            copies[title.index] = copy
        for mark in marks:
            seen.setdefault(mark, copy or Copy(title.index, exact=True))
    return copies


def _version_by_streams(
    title: TitleFacts, streams: Set[int], originals: Sequence[tuple[TitleFacts, Set[int]]]
) -> int | None:
    """Return the original with the same long stream; the rest of either is an opening."""
    for other, others in originals[:_MAX_TITLES]:
        difference = abs(title.duration_seconds - other.duration_seconds)
        if difference <= min(_MAX_OPENING_SECONDS, other.duration_seconds * 0.2) and (
            streams <= others or streams >= others
        ):
            return other.index
    return None


def _films_again(titles: Sequence[TitleFacts]) -> dict[int, Copy]:
    """Find titles as long as films, or listed hundreds of times, and exactly as long as an earlier
    one."""
    copies = {}
    first: dict[int, TitleFacts] = {}
    times = Counter(title.duration_seconds for title in titles)
    for title in titles:
        seconds = title.duration_seconds
        earlier = first.setdefault(seconds, title)
        is_film = seconds >= FILM_SECONDS or times[seconds] >= _FALSE_LISTS
        if earlier is not title and is_film and _chapters_agree(title, earlier):
            copies[title.index] = Copy(earlier.index, exact=True)
    return copies


def _runs_again(titles: Sequence[TitleFacts]) -> dict[int, Copy]:
    """Find the runs of titles that repeat earlier ones in their order.

    Only what chance cannot do, given how close to each other the lengths are.
    """
    copies: dict[int, Copy] = {}
    rest = list(titles)
    for _ in range(_MAX_RUNS):
        found = _repeated_run(rest)
        if not found:
            break
        copies |= found
        rest = [title for title in rest if title.index not in found]
    return copies


def _repeated_run(titles: Sequence[TitleFacts]) -> dict[int, Copy]:
    """Find the longest run that repeats earlier titles in their order, best at the disc's end."""
    best: list[tuple[TitleFacts, TitleFacts]] = []
    chance: Chance | None = None
    for start in range(1, len(titles) - 1):
        pairs = _matched(titles[:start], titles[start:])
        at_the_end = start + len(pairs) == len(titles)
        least = _MIN_BLOCK if at_the_end else _MIN_INNER_BLOCK
        if len(pairs) < max(least, len(best) + 1) or _spread(pairs) < _MIN_SPREAD_SECONDS:
            continue
        head, run = titles[:start], [title for title, _ in pairs]
        chance = chance or Chance(titles)
        if len(run) < start and chance.of_title(head, run[0]) >= _COMMON:
            # It may be the last of the titles themselves: the repeats begin behind it.
            continue
        # A run in the middle might have begun anywhere.
        if chance.of_lists(head, run) * (1 if at_the_end else len(titles)) < UNLIKELY:
            best = pairs
    return {title.index: Copy(of.index, exact=True) for title, of in best}


def _matched(
    head: Sequence[TitleFacts], tail: Sequence[TitleFacts]
) -> list[tuple[TitleFacts, TitleFacts]]:
    """Return the titles from the tail's first on that repeat the head's in their order."""
    pairs = []
    left = iter(head)
    for title in tail:
        match = next((each for each in left if _same_length(each, title)), None)
        if match is None:
            break
        pairs.append((title, match))
    return pairs


def _spread(pairs: Sequence[tuple[TitleFacts, TitleFacts]]) -> int:
    lengths = [title.duration_seconds for title, _ in pairs]
    return max(lengths) - min(lengths)


def _each_twice(titles: Sequence[TitleFacts]) -> dict[int, Copy]:
    """Find the longest run in which every title is followed by its copy."""
    runs: list[list[TitleFacts]] = [[]]
    place = 0
    while place < len(titles) - 1:
        if _same_length(titles[place], titles[place + 1]):
            runs[-1] += titles[place : place + 2]
            place += 2
        else:
            runs.append([])
            place += 1
    run = max(runs, key=len)
    seconds = run[1::2]
    lengths = [title.duration_seconds for title in seconds]
    if len(seconds) < _MIN_PAIRS or max(lengths) - min(lengths) < _MIN_SPREAD_SECONDS:
        return {}
    if Chance(titles).of_pairs(seconds) * len(titles) >= UNLIKELY:
        return {}
    pairs = zip(run[::2], seconds, strict=True)
    return {second.index: Copy(first.index, exact=True) for first, second in pairs}


def _versions(titles: Sequence[TitleFacts]) -> dict[int, Copy]:
    """Find the run at the end of the disc with earlier titles, each longer by one opening."""
    chance = Chance(titles)
    for start in range(_MIN_VERSIONS, len(titles) - _MIN_VERSIONS + 1):
        head, tail = titles[:start], titles[start:]
        if len(tail) * 2 < len(head):
            return {}
        lengths = {title.duration_seconds for title in head}
        # Each opening at each start is a chance to fit.
        tries = len(lengths) * len(titles)
        for opening in sorted({tail[0].duration_seconds - length for length in lengths}):
            if 0 < abs(opening) <= _MAX_OPENING_SECONDS and all(
                _is_near(title.duration_seconds - opening, lengths)
                or _is_near(title.duration_seconds, lengths)
                for title in tail
            ):
                copies = _shifted(head, tail, opening)
                if not copies:
                    continue
                by_chance = chance.of_windows(tail, start, _WINDOW) * chance.of_order(
                    [copy.of for copy in copies.values()]
                )
                if by_chance * tries < UNLIKELY:
                    return copies
    return {}


def _is_near(seconds: int, lengths: Set[int]) -> bool:
    return any(seconds + off in lengths for off in range(-_ROOM_SECONDS, _ROOM_SECONDS + 1))


def _shifted(
    head: Sequence[TitleFacts], tail: Sequence[TitleFacts], opening: int
) -> dict[int, Copy]:
    """Match every title of the tail with one of the head, by the opening's length or none."""
    free = list(head)
    copies: dict[int, Copy] = {}
    shifted = []
    for title in tail:
        for shift, room in ((opening, _ROOM_SECONDS), (0, 1)):
            near = [
                each
                for each in free
                if abs(title.duration_seconds - each.duration_seconds - shift) <= room
            ]
            if near:
                break
        else:
            return {}
        if shift:
            shifted.append(title.duration_seconds)
        free.remove(near[0])
        copies[title.index] = Copy(near[0].index, exact=False)
    distinct = len(shifted) >= _MIN_VERSIONS and max(shifted) - min(shifted) > _MIN_SPREAD_SECONDS
    return copies if distinct else {}


def _same_length(one: TitleFacts, other: TitleFacts) -> bool:
    return one.duration_seconds == other.duration_seconds and _chapters_agree(one, other)


def _chapters_agree(one: TitleFacts, other: TitleFacts) -> bool:
    """Whether two titles may have the same chapters; 0 means unknown."""
    return not (one.chapters and other.chapters) or one.chapters == other.chapters


def find_play_alls(titles: Sequence[TitleFacts], least_seconds: int) -> dict[int, tuple[int, ...]]:
    """Return {index: the titles it plays, in disc order}, for titles in disc order.

    least_seconds: the length of a title that a play-all of episodes would not leave out.
    Known streams prove it; else a run of titles whose lengths add up to the second, with or
    without short ones; else all long titles of the disc together.
    """
    titles = titles[:_MAX_TITLES]
    streams = {title.index: frozenset(title.streams) for title in titles}
    found: dict[int, tuple[int, ...]] = {}
    # The longest first: a title that it plays is not a play-all itself (on disc 4 of "Frasier"
    # season 8, a double episode is as long as two others).
    for title in sorted(titles, key=lambda each: -each.duration_seconds):
        if any(title.index in parts for parts in found.values()):
            continue
        others = [each for each in titles if each is not title and each.index not in found]
        others = [each for each in others if each.duration_seconds < title.duration_seconds]
        if streams[title.index]:
            parts = [each for each in others if set() < streams[each.index] <= streams[title.index]]
            parts = parts if _is_play_all(title, parts, titles) else []
        else:
            parts = _by_sum(title, others, least_seconds)
        if parts:
            found[title.index] = tuple(part.index for part in parts)
    return found


def _is_play_all(
    title: TitleFacts, parts: Sequence[TitleFacts], titles: Sequence[TitleFacts]
) -> bool:
    """Whether a title plays the titles that are made of its streams."""
    length = sum(part.duration_seconds for part in parts)
    whole = len(parts) >= _MIN_PARTS and length >= title.duration_seconds * _LEAST_COVER
    if not whole or not _balanced(title, parts):
        return False
    # A branching film is a playlist of streams too, and nothing on the disc is longer.
    raw = not any(part.is_playlist for part in parts)
    return not raw or any(each.duration_seconds > title.duration_seconds for each in titles)


def _by_sum(
    title: TitleFacts, others: Sequence[TitleFacts], least_seconds: int
) -> list[TitleFacts]:
    long = [each for each in others if each.duration_seconds >= least_seconds]
    for least in (0, 60, least_seconds):
        some = [each for each in others if each.duration_seconds >= least]
        for parts in _runs(some, title.duration_seconds):
            if _balanced(title, parts) and _proves(title, parts, long):
                return parts
    length = sum(part.duration_seconds for part in long)
    if (
        len(long) >= _MIN_SURE_PARTS
        and abs(title.duration_seconds - length) <= length * _LOOSE_TOLERANCE
        and _balanced(title, long)
        and are_regular(long)
        and _sizes_agree(title, long) is not False
    ):
        return long
    return []


def _runs(titles: Sequence[TitleFacts], seconds: int) -> list[list[TitleFacts]]:
    """Return the runs of titles whose lengths add up to a number of seconds.

    Lengths are whole seconds: each part may have lost up to one.
    """
    sums = [0, *accumulate(title.duration_seconds for title in titles)]
    found = []
    start = 0
    for stop in range(1, len(sums)):
        while start < stop and sums[stop] - sums[start] > seconds + (stop - start):
            start += 1
        parts = stop - start
        if parts >= _MIN_PARTS and abs(sums[stop] - sums[start] - seconds) <= parts:
            found.append(list(titles[start:stop]))
    return found


def are_regular(titles: Sequence[TitleFacts]) -> bool:
    """Whether most titles are of about one length, as episodes are; False without titles."""
    if not titles:
        return False
    typical = median(title.duration_seconds for title in titles)
    regular = sum(
        abs(title.duration_seconds - typical) <= typical * _REGULARITY for title in titles
    )
    return regular >= len(titles) * _REGULAR_SHARE


def _balanced(title: TitleFacts, parts: Sequence[TitleFacts]) -> bool:
    longest = max(part.duration_seconds for part in parts)
    return longest <= title.duration_seconds * _GREATEST_SHARE


def _proves(title: TitleFacts, parts: Sequence[TitleFacts], long: Sequence[TitleFacts]) -> bool:
    """Whether a sum of lengths proves a play-all.

    long: the disc's other long titles. Two parts must be all of those, and their sizes or chapters
    must add up too: an episode of double length is as long as some two others.
    """
    by_size = _sizes_agree(title, parts)
    if len(parts) < _MIN_SURE_PARTS:
        known = title.chapters and all(part.chapters for part in parts)
        by_chapters = known and title.chapters == sum(part.chapters for part in parts)
        return bool(by_size or (by_size is None and by_chapters)) and not set(long) - set(parts)
    # Among many featurettes some run is about as long as the film: require the exact length.
    exact = title.duration_seconds == sum(part.duration_seconds for part in parts)
    return by_size if by_size is not None else exact or are_regular(parts)


def _sizes_agree(title: TitleFacts, parts: Sequence[TitleFacts]) -> bool | None:
    """Whether the sizes add up too; None if they are not all known."""
    if not title.size_bytes or not all(part.size_bytes for part in parts):
        return None
    size = sum(part.size_bytes for part in parts)
    return abs(title.size_bytes - size) <= size * _SIZE_TOLERANCE
