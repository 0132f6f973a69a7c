"""Finds titles that are others again: copies, and versions with another opening.

Blu-rays list each programme twice, as a playlist and as the stream it plays; some list every
episode with and without its opening. Sizes and segments prove it where agents send them. Where
they don't, one length is no proof (sitcoms run 21:39 week after week), but a list of lengths that
starts over is.
"""

from collections.abc import Sequence, Set
from typing import NamedTuple

from boz_server.domain.identification.title_facts import TitleFacts

#: From here on, two titles of one length are one film listed twice.
FILM_SECONDS = 75 * 60
#: Films that differ by no more are one, with titles and credits in other languages.
SAME_FILM_SECONDS = 10
# Lengths of which all lie so near each other prove nothing by recurring.
_MIN_SPREAD_SECONDS = 5
_MIN_BLOCK = 2
_MIN_VERSIONS = 3
# Openings and credits that a version leaves out.
_MAX_OPENING_SECONDS = 150
# Whole seconds of title and opening, each cut off or rounded.
_ROOM_SECONDS = 2
_MAX_TITLES = 400
# Versions are looked for by every opening and at every place: that takes cubic time.
_MAX_FOR_VERSIONS = 100


class Copy(NamedTuple):
    """A title that is another one again, which is `of`; exact, or a version of it."""

    of: int
    exact: bool


def find_copies(titles: Sequence[TitleFacts], least_seconds: int) -> dict[int, Copy]:
    """Return {index: what it repeats} for titles in disc order; the first of each is kept.

    least_seconds: shorter titles count only where sizes or segments prove them.
    """
    copies = _proven(titles)
    unproven = [
        title
        for title in titles
        if title.index not in copies
        and title.duration_seconds >= least_seconds
        and not (title.size_bytes or title.streams)
    ][:_MAX_TITLES]
    copies |= _films_again(unproven)
    rest = [title for title in unproven if title.index not in copies]
    again = _lengths_start_over(rest)
    copies |= again or _versions(rest[:_MAX_FOR_VERSIONS])
    return copies


def _proven(titles: Sequence[TitleFacts]) -> dict[int, Copy]:
    """Copies by equal streams, or by equal length and size; versions by streams in common."""
    copies: dict[int, Copy] = {}
    seen: dict[object, Copy] = {}
    kept: list[tuple[TitleFacts, frozenset[int]]] = []
    # A playlist is the programme as it is meant to be seen, with its chapters.
    for title in sorted(titles, key=lambda each: (not each.is_playlist, each.index)):
        marks: list[object] = []
        if title.streams:
            marks.append(title.streams)
        if title.size_bytes:
            marks.append((title.duration_seconds, title.size_bytes))
        copy = next((seen[mark] for mark in marks if mark in seen), None)
        if copy is None:
            streams = frozenset(title.streams)
            of_version = _version_by_streams(title, streams, kept) if streams else None
            if of_version is not None:
                copy = Copy(of_version, exact=False)
            elif streams:
                kept.append((title, streams))
        if copy is not None:
            copies[title.index] = copy
        for mark in marks:
            seen.setdefault(mark, copy or Copy(title.index, exact=True))
    return copies


def _version_by_streams(
    title: TitleFacts, streams: Set[int], kept: Sequence[tuple[TitleFacts, Set[int]]]
) -> int | None:
    """The kept title that has the same long stream; the rest of either is an opening."""
    for other, others in kept[:_MAX_TITLES]:
        difference = abs(title.duration_seconds - other.duration_seconds)
        if difference <= min(_MAX_OPENING_SECONDS, other.duration_seconds * 0.2) and (
            streams <= others or streams >= others
        ):
            return other.index
    return None


def _films_again(titles: Sequence[TitleFacts]) -> dict[int, Copy]:
    """Titles as long as films, to the second as long as an earlier one."""
    copies = {}
    first: dict[int, TitleFacts] = {}
    for title in titles:
        earlier = first.setdefault(title.duration_seconds, title)
        if (
            earlier is not title
            and title.duration_seconds >= FILM_SECONDS
            and _chapters_agree(title, earlier)
        ):
            copies[title.index] = Copy(earlier.index, exact=True)
    return copies


def _lengths_start_over(titles: Sequence[TitleFacts]) -> dict[int, Copy]:
    """The longest run at the end of the disc that repeats earlier titles in their order."""
    for start in range(1, len(titles) - 1):
        tail, head = titles[start:], iter(titles[:start])
        pairs = []
        for title in tail:
            match = next((each for each in head if _same_length(each, title)), None)
            if match is None:
                break
            pairs.append((title, match))
        lengths = [title.duration_seconds for title in tail]
        if (
            len(pairs) == len(tail) >= _MIN_BLOCK
            and max(lengths) - min(lengths) >= _MIN_SPREAD_SECONDS
        ):
            return {title.index: Copy(of.index, exact=True) for title, of in pairs}
    return {}


def _versions(titles: Sequence[TitleFacts]) -> dict[int, Copy]:
    """The run at the end of the disc that is earlier titles, each longer by one opening."""
    for start in range(_MIN_VERSIONS, len(titles) - _MIN_VERSIONS + 1):
        head, tail = titles[:start], titles[start:]
        if len(tail) * 2 < len(head):
            return {}
        lengths = {title.duration_seconds for title in head}
        for opening in sorted({tail[0].duration_seconds - length for length in lengths}):
            if 0 < abs(opening) <= _MAX_OPENING_SECONDS and all(
                _is_near(title.duration_seconds - opening, lengths)
                or _is_near(title.duration_seconds, lengths)
                for title in tail
            ):
                copies = _shifted(head, tail, opening)
                if copies:
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
    """Whether two titles may have the same chapters; 0 is not known."""
    return not (one.chapters and other.chapters) or one.chapters == other.chapters
