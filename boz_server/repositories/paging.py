"""Lists a page at a time, by key and not by offset: page 1,000 costs what page 1 does."""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

import orjson
import peewee

from boz_server.database.fields import UTCDateTimeField
from boz_server.errors import Invalid

#: The greatest value of an INTEGER column on PostgreSQL.
MAX_INTEGER = 2**31 - 1

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which page is asked for: at most `limit` rows, behind the row that `cursor` stands for."""

    limit: int
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Rows in order, and the cursor of the page behind them; None on the last one."""

    items: list[Row]
    next_cursor: str | None


def fetch_page(
    query: Any,
    order: Sequence[tuple[Any, bool]],
    request: PageRequest,
    read: Callable[[Any], list[Any]] = list,
) -> Page[Any]:
    """Run `query` in `order` ([(column, whether descending)], unique as a whole) for one page.

    read: how; by database/rows.py where nobody needs objects of the model. Raises Invalid for a
    cursor that did not come from this list.
    """
    columns = [column for column, _ in order]
    if request.cursor is not None:
        query = query.where(behind(order, _decode(request.cursor, columns)))
    query = query.order_by(*[column.desc() if down else column.asc() for column, down in order])
    rows = read(query.limit(request.limit + 1))
    items = rows[: request.limit]
    more = len(rows) > request.limit
    return Page(items, _encode(items[-1], columns) if more else None)


def behind(order: Sequence[tuple[Any, bool]], values: Sequence[Any]) -> Any:
    """Rows that come after `values`: (a > x) OR (a = x AND (b > y OR …)), or < where descending.

    That a >= x goes without saying, but not for an engine: by that it enters an index at the place.
    """
    (column, down), value = order[-1], values[-1]
    condition = column < value if down else column > value
    for (column, down), value in reversed(list(zip(order[:-1], values[:-1], strict=True))):
        further = column < value if down else column > value
        condition = further | ((column == value) & condition)
    (column, down), value = order[0], values[0]
    return (column <= value if down else column >= value) & condition


def _encode(row: Any, columns: Sequence[Any]) -> str:
    values = [getattr(row, column.name) for column in columns]
    return base64.urlsafe_b64encode(orjson.dumps(values)).decode().rstrip("=")


def _decode(cursor: str, columns: Sequence[Any]) -> list[Any]:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        values = orjson.loads(base64.urlsafe_b64decode(padded))
        return [_typed(column, value) for column, value in zip(columns, values, strict=True)]
    except (binascii.Error, ValueError, TypeError, OverflowError) as error:
        raise Invalid("cursor", "Not a cursor of this list: follow the Link header.") from error


def _typed(column: Any, value: Any) -> Any:
    """Return a cursor's value as its column has it; raises ValueError or TypeError for others."""
    if isinstance(column, UTCDateTimeField):
        instant = datetime.fromisoformat(value)
        if instant.tzinfo is None:
            raise ValueError("no zone")
        return instant.astimezone(UTC)
    if isinstance(column, peewee.IntegerField):
        if type(value) is not int or abs(value) > MAX_INTEGER:
            raise TypeError
    elif type(value) is not str or "\x00" in value:
        raise TypeError
    return value
