"""One row of the old database, read column by column; the report learns what was repaired.

SQLite enforces neither types nor lengths, so any column may hold anything. Methods that end in
`_or` read columns that must have a value.
"""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from math import isfinite
from typing import Any, TypeVar

import orjson

from boz_server.database.legacy.report import Report

T = TypeVar("T")
States = TypeVar("States", bound=StrEnum)

#: The greatest whole numbers that our columns hold.
INT32, INT64 = 2**31 - 1, 2**63 - 1
#: Hex digits of the whole id's hash at the end of a shortened id.
_DIGEST_LENGTH = 8


class LegacyRow:
    """Reads the columns of a row; one that this version of the old database lacks is null."""

    def __init__(self, table: str, values: Mapping[str, Any], report: Report) -> None:
        self.table = table
        self.values = values
        self.report = report

    def repair(self, what: str) -> None:
        """Note in the report that the row had to be repaired."""
        self.report.repair(self.table, what)

    def text(self, column: str, max_length: int | None = None) -> str | None:
        """Return a text, without the character NUL, which PostgreSQL does not accept."""
        value = self.values.get(column)
        if value is None:
            return None
        text = self._decoded(column, value) if isinstance(value, bytes) else str(value)
        if "\x00" in text:
            self.repair(f"{column}: the character NUL taken out")
            text = text.replace("\x00", "")
        if max_length is not None and len(text) > max_length:
            self.repair(f"{column}: cut to {max_length} characters")
            text = text[:max_length]
        return text

    def text_or(self, column: str, default: str, max_length: int | None = None) -> str:
        """Return a text, or the default for null."""
        text = self.text(column, max_length)
        if text is None:
            self.repair(f"{column}: was null")
            return default
        return text

    def id(self, column: str, max_length: int = 36) -> str | None:
        """Return an id, None if empty; the same long id is shortened the same way everywhere."""
        text = self.text(column)
        if not text:
            return None
        if len(text) <= max_length:
            return text
        self.repair(f"{column}: too long, shortened")
        digest = hashlib.sha256(text.encode()).hexdigest()[:_DIGEST_LENGTH]
        return f"{text[: max_length - _DIGEST_LENGTH - 1]}~{digest}"

    def number(self, column: str, low: float, high: float) -> float | None:
        """Return a number, moved to the nearest bound if it is outside; None if it is none."""
        value = self.values.get(column)
        if value is None:
            return None
        number = _number(self._decoded(column, value) if isinstance(value, bytes) else value)
        if number is None:
            self.repair(f"{column}: no number")
            return None
        if not low <= number <= high:
            self.repair(f"{column}: out of range, set to the nearest that is allowed")
            return low if number < low else high
        return number

    def number_or_low(self, column: str, low: float, high: float) -> float:
        """Return a number as `number` does, or the lowest one."""
        return float(self._or(column, low, self.number(column, low, high)))

    def whole(self, column: str, low: int = 0, high: int = INT32) -> int | None:
        """Return a whole number within the bounds, as `number` does."""
        number = self.number(column, low, high)
        return None if number is None else int(number)

    def whole_or(self, column: str, default: int = 0, low: int = 0, high: int = INT32) -> int:
        """Return a whole number as `whole` does, or the default."""
        return self._or(column, default, self.whole(column, low, high))

    def flag(self, column: str, *, default: bool) -> bool:
        """Return whether a number is not 0, or the default."""
        return bool(self._or(column, default, self.number(column, -INT64, INT64)))

    def instant(self, column: str) -> datetime | None:
        """Return a time, with or without a fraction or a zone (UTC if it has none)."""
        text = self.text(column)
        if text is None:
            return None
        try:
            time = datetime.fromisoformat(text.strip())
            return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
        except (ValueError, OverflowError):
            self.repair(f"{column}: no time that can be read")
            return None

    def instant_or(self, column: str, *others: datetime | None) -> datetime:
        """Return a time, or the first of the others that is not None."""
        time = self.instant(column)
        if time is not None:
            return time
        self.repair(f"{column}: set from the row's other times")
        return next(each for each in others if each is not None)

    def state(self, column: str, states: type[States]) -> States | None:
        """Return one of the states; None for anything else."""
        text = (self.text(column) or "").strip().lower()
        return states(text) if text in list(states) else None

    def state_or(self, column: str, states: type[States], default: States) -> States:
        """Return one of the states; the default for anything else."""
        return self._or(column, default, self.state(column, states))

    def mapping(self, column: str) -> dict[str, Any]:
        """Return a JSON object; an empty one for anything else."""
        value = self._json(column)
        return self._or(column, {}, value if isinstance(value, dict) else None)

    def listing(self, column: str) -> list[Any]:
        """Return a JSON array; an empty one for anything else."""
        value = self._json(column)
        return self._or(column, [], value if isinstance(value, list) else None)

    def _json(self, column: str) -> Any:
        text = self.text(column)
        try:
            value = orjson.loads(text or "")
            # orjson reads deeper nesting than it writes, and answers add two levels. It writes NUL,
            # which PostgreSQL does not accept, as \u0000.
            return None if b"\\u0000" in orjson.dumps([[value]]) else value
        except (ValueError, TypeError):
            return None

    def _decoded(self, column: str, value: bytes) -> str:
        try:
            return value.decode()
        except UnicodeDecodeError:
            self.repair(f"{column}: letters that can't be read, replaced")
            return value.decode(errors="replace")

    def _or(self, column: str, default: T, value: T | None) -> T:
        if value is not None:
            return value
        self.repair(f"{column}: missing or unreadable, set to {str(default).lower()!r}")
        return default


def _number(value: Any) -> float | None:
    """Read a number; whole ones stay exact."""
    for kind in (float,) if isinstance(value, float) else (int, float):
        try:
            number: float = kind(value)
            return number if isfinite(number) else None
        except (ValueError, OverflowError):
            continue
    return None
