"""One row of the old database, read column by column; what has to be mended is noted.

SQLite enforces neither types nor lengths: any column may hold anything.
"""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from math import isfinite
from typing import Any, TypeVar

import orjson

from boz_server.database.legacy.report import Report

States = TypeVar("States", bound=StrEnum)

#: The greatest whole numbers that the columns take.
INT32, INT64 = 2**31 - 1, 2**63 - 1
#: What a shortened id keeps of the digest of the whole one.
_DIGEST_LENGTH = 8


class LegacyRow:
    """Reads a row's columns; those that the file's form does not have read as null."""

    def __init__(self, table: str, values: Mapping[str, Any], report: Report) -> None:
        self.table = table
        self.values = values
        self.report = report

    def repair(self, what: str) -> None:
        """Note that the row had to be mended."""
        self.report.repair(self.table, what)

    def text(self, column: str, max_length: int | None = None) -> str | None:
        """Return a text without the character NUL, which PostgreSQL does not take."""
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

    def words(self, column: str, default: str, max_length: int | None = None) -> str:
        """Return a text of a column that has to have one."""
        text = self.text(column, max_length)
        if text is None:
            self.repair(f"{column}: was null")
            return default
        return text

    def id(self, column: str, max_length: int = 36) -> str | None:
        """Return an id; one that is too long is shortened, everywhere to the same; None without."""
        text = self.text(column)
        if not text:
            return None
        if len(text) <= max_length:
            return text
        self.repair(f"{column}: too long, shortened")
        digest = hashlib.sha256(text.encode()).hexdigest()[:_DIGEST_LENGTH]
        return f"{text[: max_length - _DIGEST_LENGTH - 1]}~{digest}"

    def whole(self, column: str, low: int = 0, high: int = INT32) -> int | None:
        """Return a whole number, or the nearest within the bounds; None where it is none."""
        number = self.fraction(column, low, high)
        return None if number is None else int(number)

    def count(self, column: str, default: int = 0, low: int = 0, high: int = INT32) -> int:
        """Return a whole number of a column that has to have one."""
        number = self.whole(column, low, high)
        return self._default(column, default) if number is None else number

    def fraction(self, column: str, low: float, high: float) -> float | None:
        """Return a number, or the nearest within the bounds; None where it is none."""
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

    def measure(self, column: str, low: float, high: float) -> float:
        """Return a number of a column that has to have one; the lowest where it has none."""
        number = self.fraction(column, low, high)
        return self._default(column, low) if number is None else float(number)

    def flag(self, column: str, *, default: bool) -> bool:
        """Return whether something holds."""
        number = self.fraction(column, -INT64, INT64)
        return self._default(column, default) if number is None else bool(number)

    def instant(self, column: str) -> datetime | None:
        """Return a time, with or without a fraction or a zone; without one it is in UTC."""
        text = self.text(column)
        if text is None:
            return None
        try:
            time = datetime.fromisoformat(text.strip())
            return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
        except (ValueError, OverflowError):
            self.repair(f"{column}: no time that can be read")
            return None

    def time(self, column: str, *others: datetime | None) -> datetime:
        """Return a time of a column that has to have one; else the first of others that is one."""
        time = self.instant(column)
        if time is not None:
            return time
        self.repair(f"{column}: set from the row's other times")
        return next(each for each in others if each is not None)

    def state(self, column: str, states: type[States], default: States) -> States:
        """Return one of the states; the default for what is none."""
        found = self.known_state(column, states)
        return self._default(column, default) if found is None else found

    def known_state(self, column: str, states: type[States]) -> States | None:
        """Return one of the states; None for what is none."""
        text = (self.text(column) or "").strip().lower()
        return states(text) if text in list(states) else None

    def mapping(self, column: str) -> dict[str, Any]:
        """Return a JSON object; an empty one for what is none."""
        value = self._json(column)
        return value if isinstance(value, dict) else self._default(column, {})

    def listing(self, column: str) -> list[Any]:
        """Return a JSON array; an empty one for what is none."""
        value = self._json(column)
        return value if isinstance(value, list) else self._default(column, [])

    def _json(self, column: str) -> Any:
        text = self.text(column)
        try:
            value = orjson.loads(text or "")
            # It reads deeper nesting than it writes; answers show a value two levels deeper.
            # PostgreSQL takes no NUL, which is written so.
            return None if b"\\u0000" in orjson.dumps([[value]]) else value
        except (ValueError, TypeError):
            return None

    def _decoded(self, column: str, value: bytes) -> str:
        try:
            return value.decode()
        except UnicodeDecodeError:
            self.repair(f"{column}: letters that can't be read, replaced")
            return value.decode(errors="replace")

    def _default(self, column: str, default: Any) -> Any:
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
