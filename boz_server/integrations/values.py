"""Reads single values from other servers' answers; one that makes no sense counts as unknown."""

import re
from typing import Any

from boz_server.domain.text import one_line

#: Longer names and overviews are cut.
NAME_LENGTH, OVERVIEW_LENGTH = 300, 2000
#: Film began in the 1870s; nobody announces anything later than this.
FIRST_YEAR, LAST_YEAR = 1870, 2200
#: A day.
LONGEST_MINUTES = 24 * 60

_MINUTES = re.compile(r"(?:(\d{1,2})\s*h(?:\s*|$))?(?:(\d[\d,]{0,5})\s*(?:min|m|$).*)?", re.I)


def text(value: Any, length: int = NAME_LENGTH) -> str | None:
    """A text on one line, without control characters; None when it is empty or no text."""
    return one_line(value, length) or None if isinstance(value, str) else None


def number(value: Any, low: int, high: int) -> int | None:
    """A whole number within the bounds, sent as a number or as text; None for anything else."""
    if isinstance(value, str) and re.fullmatch(r"\s*[0-9]{1,18}\s*", value):
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    # bool is a subclass of int.
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if low <= value <= high else None


def year(value: Any) -> int | None:
    """A year: 2008, "2008", "2008–2013", "2008-01-20"."""
    if isinstance(value, str):
        begin = re.match(r"\s*([0-9]{4})(?![0-9])", value)
        value = begin[1] if begin else None
    return number(value, FIRST_YEAR, LAST_YEAR)


def minutes(value: Any) -> int | None:
    """A running time: 118, "118", "118 min", "1,118 min", "2 h 10 min"."""
    if isinstance(value, str):
        read = _MINUTES.fullmatch(value.strip())
        if read is None or read[1] is read[2] is None:
            return None
        value = 60 * int(read[1] or 0) + int((read[2] or "0").replace(",", ""))
    return number(value, 1, LONGEST_MINUTES)


def objects(value: Any) -> list[dict[str, Any]]:
    """The objects in a list, without its other items; empty when the value is no list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def strings(value: Any) -> list[str]:
    """The strings of a list; anything else in it is skipped, and no list is an empty one."""
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
