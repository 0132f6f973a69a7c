"""Answers as JSON: what marshmallow's dump gives, without its work for each value.

A schema is the one definition of an answer's shape. `AnswerSchema` works out once how each of its
fields gets from an object to JSON; rows of lists (see database/rows.py) mostly go there as the
database has them. A test holds both to marshmallow's own dump.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property, partial
from operator import itemgetter
from typing import Any, NamedTuple

import marshmallow as ma
import peewee

from boz_server.database.fields import UTCDateTimeField
from boz_server.database.rows import Row, Shape
from boz_server.schemas.fields import Instant

_MISSING: Any = ma.missing
#: "2026-01-31 20:15:00.000000", as SQLite has an instant.
_INSTANT_LENGTH = 26


class _Member(NamedTuple):
    """A member of an answer. convert: of a value that is not None; None where that stays as it is.

    has_value: the value is read from the object by `name`; else it is made of the whole object.
    """

    key: str
    name: str
    field: ma.fields.Field
    convert: Callable[[Any], Any] | None
    has_value: bool

    def of(self, thing: Any) -> Any:
        """Return the member of an object; missing where it is to be left out."""
        if not self.has_value:
            return self.convert(thing) if self.convert else None
        is_mapping = isinstance(thing, Mapping)
        value = thing.get(self.name, _MISSING) if is_mapping else _look(thing, self.name)
        if value is _MISSING:
            default = self.field.dump_default
            value = default() if callable(default) else default
            if value is _MISSING:
                return value
        return value if value is None or self.convert is None else self.convert(value)


class AnswerSchema(ma.Schema):
    """The shape of an answer, without hooks."""

    def dump(self, obj: Any, *, many: bool | None = None) -> Any:
        """Return an object, or a list of them, as JSON has it."""
        if not (self.many if many is None else many):
            return self._one(obj)
        if obj and type(obj[0]) is Row:
            return self._rows(obj)
        return [self._one(each) for each in obj]

    def _one(self, thing: Any) -> dict[str, Any]:
        members = ((member.key, member.of(thing)) for member in self._members)
        return {key: value for key, value in members if value is not _MISSING}

    def _rows(self, rows: Sequence[Row]) -> list[dict[str, Any]]:
        shape = rows[0].shape
        if shape.model not in self._writers:
            self._writers[shape.model] = _RowWriter(self._members, shape)
        return self._writers[shape.model].written(rows)

    @cached_property
    def _members(self) -> Sequence[_Member]:
        found = []
        for attribute, field in self.dump_fields.items():
            name = attribute if field.attribute is None else field.attribute
            key = attribute if field.data_key is None else field.data_key
            found.append(_Member(key, name, field, _convert(field, name), field._CHECK_ATTRIBUTE))
        return found

    @cached_property
    def _writers(self) -> dict[type[peewee.Model], "_RowWriter"]:
        return {}


class _RowWriter:
    """How rows of one model are written."""

    def __init__(self, members: Sequence[_Member], shape: Shape) -> None:
        self.keys = [member.key for member in members]
        columns = [shape.columns.get(member.name) for member in members]
        # What has no column of its own has a place all the same, and is set afterwards.
        self.pick = itemgetter(*(0 if column is None else column.at for column in columns))
        self.made: list[_Member] = []
        self.converted: list[tuple[str, int, Callable[[Any], Any]]] = []
        for member, column in zip(members, columns, strict=True):
            if column is None or not member.has_value:
                self.made.append(member)
            elif (convert := _of_column(member, column.field)) is not None:
                self.converted.append((member.key, column.at, convert))

    def written(self, rows: Sequence[Row]) -> list[dict[str, Any]]:
        """Return the rows as JSON has them."""
        found = []
        for row in rows:
            values = row.values
            members = dict(zip(self.keys, self.pick(values), strict=True))
            for key, at, convert in self.converted:
                if (value := values[at]) is not None:
                    members[key] = convert(value)
            for member in self.made:
                members[member.key] = member.of(row)
            found.append(members)
        return found


def _look(thing: Any, name: str) -> Any:
    return getattr(thing, name, _MISSING)


def _text(value: Any) -> str:
    return value if type(value) is str else str(value)


#: Fields whose values marshmallow dumps by no more than this.
_PLAIN: dict[type[ma.fields.Field[Any]], Callable[[Any], Any] | None] = {
    ma.fields.String: _text,
    ma.fields.Integer: int,
    ma.fields.Float: float,
    ma.fields.Boolean: None,
}


def _convert(field: ma.fields.Field[Any], name: str) -> Callable[[Any], Any] | None:
    """Return how a field's values, but None, get to JSON; None if they stay as they are."""
    if type(field) in _PLAIN:
        return _PLAIN[type(field)]
    if isinstance(field, ma.fields.Function):
        return field.serialize_func
    return lambda value: field._serialize(value, name, None)


def _of_column(member: _Member, column: peewee.Field) -> Callable[[Any], Any] | None:
    """Return how a column's values, but NULL, get to JSON; None if they stay as they are."""
    field = type(member.field)
    if field is ma.fields.Boolean:
        return bool
    if field in _PLAIN:
        return None
    if field is Instant and isinstance(column, UTCDateTimeField):
        return partial(_instant, member.field)
    convert = member.convert or _same

    def written(value: Any) -> Any:
        # A job without thumbnails, as nearly all of a list are.
        return [] if value == "[]" else convert(column.python_value(value))

    return written


def _same(value: Any) -> Any:
    return value


def _instant(field: Any, value: Any) -> str | None:
    """Write an instant; SQLite has it as text, but for a few characters as JSON has it."""
    if type(value) is str and len(value) == _INSTANT_LENGTH:
        return f"{value[:10]}T{value[11:]}Z"
    if type(value) is str:
        value = datetime.fromisoformat(value).replace(tzinfo=UTC)
    written: str | None = field._serialize(value, None, None)
    return written
