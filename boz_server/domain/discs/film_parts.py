"""Names the parts of a film that is on several discs, or on both sides of one.

Extended editions and roadshow versions are longer than a disc. Plex ("Naming and organizing your
movie media files", support.plex.tv) and Jellyfin (jellyfin.org/docs/general/server/media/movies,
"Multiple Parts") play "Film - pt1" and "Film - pt2" as one.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from boz_server.domain.discs.disc_states import PreviewStatus
from boz_server.domain.discs.proposals import change
from boz_server.domain.identification.label import parse_label
from boz_server.domain.identification.signs import Judgement, Question, Sign
from boz_server.domain.identification.title_facts import TitleKind
from boz_server.domain.naming.names import movie_filename

_MOST_PARTS = 4
_SIDE = re.compile(r"(?<![^\W_])(?:side|seite|face|lato)[ _]?([ab])(?![^\W_])", re.IGNORECASE)
_SHORTEST_SECONDS = 30 * 60
# Films of this length are one, in two formats: cut off differently, or with the speed of PAL.
_SAME_LENGTH = 0.015
_PAL = 25 / 24
# A part of a film has this share of its running time.
_LEAST_SHARE, _MOST_SHARE = 0.3, 0.75
#: In Disc.identification: which part of the film a disc database says that it is.
LISTED_PART = "listed_part"
#: In Disc.identification: what a disc's answer was before it was known to be a part.
_PART = "part"


class _Half(NamedTuple):
    """A disc with the only film-length title on it.

    number: of the disc or side, from its label, unless it is_listed: a disc database says which
    part of the film it is. edition: of the film, from the label.
    """

    disc: Any
    title: Any
    number: int
    edition: str | None
    is_listed: bool


def name_parts(discs: Sequence[Any]) -> None:
    """Name the parts of a film on several discs, in memory; approved names stay.

    discs: all records of a film's discs, with their titles.
    """
    groups: dict[tuple[str | None, str | None], list[_Half]] = defaultdict(list)
    for disc in discs:
        _forget(disc)
        half = None if disc.preview_status == PreviewStatus.REJECTED else _half(disc)
        if half is not None:
            groups[half.edition, disc.disc_type].append(half)
    for halves in groups.values():
        parts = _parts(halves)
        for half in halves:
            _name(half, parts, halves)


def _half(disc: Any) -> _Half | None:
    """Return the disc with its film, if a disc database says which part it has, or its label has a
    number or a side; None otherwise."""
    label = parse_label(disc.disc_name)
    listed = (disc.identification or {}).get(LISTED_PART)
    number = label.disc_number
    if side := _SIDE.search(disc.disc_name):
        # Both sides have the disc's number.
        number = (number or 1) * 2 - (side[1].casefold() == "a")
    films = [title for title in disc.titles if title.kind == TitleKind.FEATURE]
    number = listed or number
    if number is None or len(films) != 1 or films[0].duration_seconds < _SHORTEST_SECONDS:
        return None
    return _Half(disc, films[0], number, label.edition, listed is not None)


def _parts(halves: Sequence[_Half]) -> int:
    """Return in how many parts the film is; 0 if it is whole on each disc.

    All parts from the first on must be there, or a provider's running time must say that one of
    them is missing much.
    """
    lengths = {half.number: half.title.duration_seconds for half in halves}
    if len({half.disc.fingerprint for half in halves}) != len(lengths):
        return 0
    shares = [_share(half) for half in halves]
    if any(share is not None and share > _MOST_SHARE for share in shares):
        return 0
    ordered = [lengths[number] for number in sorted(lengths)]
    if any(_is_same_film(*pair) for pair in pairwise(ordered)):
        return 0
    if 1 < len(lengths) <= _MOST_PARTS and max(lengths) == len(lengths):
        return len(lengths)
    is_missing = all(share is not None and share >= _LEAST_SHARE for share in shares)
    return max(2, *lengths) if is_missing and max(lengths) <= _MOST_PARTS else 0


def _share(half: _Half) -> float | None:
    """Return the share of the film's running time that a title has; None if that is unknown."""
    candidates = half.disc.candidates
    minutes = candidates[0].get("runtime_minutes") if candidates else None
    return half.title.duration_seconds / (minutes * 60) if minutes else None


def _is_same_film(one: int, other: int) -> bool:
    ratio = max(one, other) / min(one, other)
    return ratio <= 1 + _SAME_LENGTH or abs(ratio - _PAL) <= _SAME_LENGTH


def _name(half: _Half, parts: int, halves: Sequence[_Half]) -> None:
    """Give a film its name as a part, or as a whole."""
    disc, title = half.disc, half.title
    if disc.preview_status != PreviewStatus.PENDING:
        return
    names = {part: _filename(half, part) for part in (None, *range(1, _MOST_PARTS + 1))}
    if title.proposed_filename not in names.values():
        # A person has named it, or a disc database.
        return
    is_part = parts > 0 or half.is_listed
    change(title, {"proposed_filename": names[half.number if is_part else None]})
    if half.is_listed or not is_part:
        return
    warnings = [f"Taken for part {half.number} of {parts} of the film, by its label and length."]
    if any(_is_approved_whole(each) for each in halves):
        warnings.append("Another part was approved as if it were the whole film: rename it.")
    _remember(disc, Judgement.by(Sign.FILM_PART, reasons=warnings[:1]), warnings)


def _is_approved_whole(half: _Half) -> bool:
    if half.disc.preview_status != PreviewStatus.APPROVED:
        return False
    return bool(half.title.proposed_filename == _filename(half, None))


def _filename(half: _Half, part: int | None) -> str:
    disc = half.disc
    return movie_filename(disc.movie_title or "", disc.movie_year, edition=half.edition, part=part)


def _remember(disc: Any, judgement: Judgement, warnings: Sequence[str]) -> None:
    """Say of a disc that it has a part of the film, and keep what was said before."""
    said = dict(disc.identification)
    before = {"titles": said.get(Question.TITLES), "warnings": said.get("warnings", [])}
    said |= {
        str(Question.TITLES): judgement.stored(),
        "warnings": [*before["warnings"], *warnings],
        _PART: before,
    }
    change(disc, {"identification": said})


def _forget(disc: Any) -> None:
    """Say of an undecided disc again what was said before it was taken for a part."""
    said = dict(disc.identification or {})
    before = said.pop(_PART, None)
    if before is not None and disc.preview_status == PreviewStatus.PENDING:
        change(disc, {"identification": said | before})
