"""Finds titles that play others one after another."""

from collections.abc import Sequence
from itertools import accumulate
from statistics import median

from boz_server.domain.identification.title_facts import TitleFacts

_MIN_PARTS = 2
# Two parts prove little: a double-length pilot is as long as the two episodes after it.
_MIN_SURE_PARTS = 3
# A film with an ending of its own ("Clue" has four) is two streams, one of them most of it.
_GREATEST_SHARE = 0.7
_LEAST_COVER = 0.8
# Episodes are of about one length, most of them.
_REGULARITY = 0.2
_REGULAR_SHARE = 2 / 3
# A real play-all is the sum of its parts almost to the byte (0.1 % in the discs we know); a
# pilot beside two episodes, as on Firefly's and Deep Space Nine's first discs, misses it by 2 %.
_SIZE_TOLERANCE = 0.01
# Of all the long titles of a disc together: for play-alls with openings or credits of their own.
_LOOSE_TOLERANCE = 0.05
_MAX_TITLES = 400


def find_play_alls(titles: Sequence[TitleFacts], least_seconds: int) -> dict[int, tuple[int, ...]]:
    """Return {index: the titles it plays, in disc order}, for titles in disc order.

    least_seconds: the length of a title that a play-all of episodes would not leave out.
    Streams prove it where they are known; else a run of titles whose lengths add up to the
    second, short ones left out or not; else all long titles of the disc together.
    """
    titles = titles[:_MAX_TITLES]
    found: dict[int, tuple[int, ...]] = {}
    # The longest first: what it plays is no play-all itself ("Frasier" 8.4: a double episode that
    # is as long as two others).
    for title in sorted(titles, key=lambda each: -each.duration_seconds):
        if any(title.index in parts for parts in found.values()):
            continue
        others = [each for each in titles if each is not title and each.index not in found]
        others = [each for each in others if each.duration_seconds < title.duration_seconds]
        parts = _by_streams(title, others, titles)
        if parts is None:
            parts = _by_sum(title, others, least_seconds)
        if parts:
            found[title.index] = tuple(part.index for part in parts)
    return found


def _by_streams(
    title: TitleFacts, others: Sequence[TitleFacts], titles: Sequence[TitleFacts]
) -> list[TitleFacts] | None:
    """The titles whose streams make up this one's; [] when they don't, None where unknown."""
    if not title.streams:
        return None
    wanted = set(title.streams)
    parts = [each for each in others if each.streams and set(each.streams) <= wanted]
    length = sum(part.duration_seconds for part in parts)
    whole = len(parts) >= _MIN_PARTS and length >= title.duration_seconds * _LEAST_COVER
    if not whole or not _balanced(title, parts):
        return []
    # A film that branches is a playlist of streams, too: nothing on the disc is longer.
    raw = not any(part.is_playlist for part in parts)
    longer = any(each.duration_seconds > title.duration_seconds for each in titles)
    return parts if longer or not raw else []


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
    """The runs of titles whose lengths add up to so many seconds.

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
    """Whether most titles are of about one length, as episodes are; False for none."""
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
    """Whether a sum of lengths is proof.

    long: the disc's other long titles. Two parts must be all of those, and their sizes or
    chapters must add up too: a double-length episode is as long as some two others.
    """
    by_size = _sizes_agree(title, parts)
    if len(parts) < _MIN_SURE_PARTS:
        known = title.chapters and all(part.chapters for part in parts)
        by_chapters = known and title.chapters == sum(part.chapters for part in parts)
        return bool(by_size or (by_size is None and by_chapters)) and not set(long) - set(parts)
    # Among many featurettes some run is about as long as the film: it must be so exactly.
    exact = title.duration_seconds == sum(part.duration_seconds for part in parts)
    return by_size if by_size is not None else exact or are_regular(parts)


def _sizes_agree(title: TitleFacts, parts: Sequence[TitleFacts]) -> bool | None:
    """Whether the sizes add up too; None where they are not all known."""
    if not title.size_bytes or not all(part.size_bytes for part in parts):
        return None
    size = sum(part.size_bytes for part in parts)
    return abs(title.size_bytes - size) <= size * _SIZE_TOLERANCE
