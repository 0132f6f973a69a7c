"""Column types that Peewee lacks (aware UTC times, enums, packed JSON), and named constraints."""

import json
import zlib
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from typing import Any

import orjson
import peewee

#: Arguments of a foreign key without an index of its own, whose row Peewee never loads by itself.
PLAIN_KEY: dict[str, Any] = {"index": False, "lazy_load": False}


class Hole:
    """The place of a value in a query that is written before it is known (see statements)."""

    __slots__ = ("place",)

    def __init__(self, place: int) -> None:
        """place: of the value among those of a call, counted from 0."""
        self.place = place


class UTCDateTimeField(peewee.DateTimeField):
    """An aware UTC instant with microseconds.

    SQLite stores `YYYY-MM-DD HH:MM:SS.ffffff`, which sorts by time and is the form in existing
    files; PostgreSQL stores timestamptz.
    """

    def db_value(self, value: datetime | None) -> Any:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{self.name}: a time without a zone is never stored")
        value = value.astimezone(UTC)
        # Looked up each time: a FieldDatabaseHook would hide the column's type from `--auto`.
        database = self.model._meta.database
        as_text = isinstance(getattr(database, "obj", database), peewee.SqliteDatabase)
        return value.isoformat(" ", "microseconds")[:26] if as_text else value

    def python_value(self, value: Any) -> datetime | None:
        if value is None:
            return None
        if isinstance(value, str):
            return datetime.fromisoformat(value).replace(tzinfo=UTC)
        return value.astimezone(UTC)


class JSONField(peewee.JSONField):
    """JSON; a hole for it is written like a value, whose text or adapter fills it."""

    def db_value(self, value: Any) -> Any:
        return self.written(value) if isinstance(value, Hole) else super().db_value(value)

    def python_value(self, value: Any) -> Any:
        # The usual one of a job, in lists of thousands.
        return [] if value == "[]" else super().python_value(value)

    def written(self, hole: Hole) -> peewee.Node:
        """Return how a hole is written: as Peewee writes a value."""
        database = self.model._meta.database
        if isinstance(getattr(database, "obj", database), peewee.SqliteDatabase):
            return peewee.fn.json(peewee.Value(hole, converter=_text))
        return peewee.Value(hole, converter=partial(peewee.JSONField.db_value, self))


def _text(value: Any) -> str | None:
    return None if value is None else json.dumps(value)


class PackedJSONField(peewee.BlobField):
    """JSON that no query looks into, compressed by zlib."""

    def db_value(self, value: Any) -> Any:
        return super().db_value(zlib.compress(orjson.dumps(value)))

    def python_value(self, value: Any) -> Any:
        return orjson.loads(zlib.decompress(value))


class EnumField(peewee.CharField):
    """A StrEnum, stored as its value."""

    def __init__(self, enum: type[StrEnum], **kwargs: Any) -> None:
        super().__init__(max_length=20, **kwargs)
        self.enum = enum
        self.members: dict[Any, StrEnum | None] = {None: None} | {one.value: one for one in enum}

    def python_value(self, value: Any) -> StrEnum | None:
        member = self.members.get(value)
        # An enum is slow to find its members, and raises ValueError for what is none.
        return self.enum(value) if member is None and value is not None else member


class ReferenceWithinTable(peewee.SQL):
    """A REFERENCES clause to a table that is created later.

    agents → jobs → discs → agents is a cycle. SQLite accepts the forward reference in the column's
    declaration; PostgreSQL gets it afterwards (see models.create_tables).
    """

    def __sql__(self, ctx: Any) -> Any:
        return ctx if ctx.state.for_update else super().__sql__(ctx)


def one_of(column: str, values: type[StrEnum], name: str) -> Any:
    """Return a CHECK that a column holds one of an enum's values."""
    listed = ", ".join(f"'{value}'" for value in values)
    return peewee.Check(f"{column} IN ({listed})", name)


def default(value: str | float) -> list[Any]:
    """Return column constraints with a DEFAULT in the database itself."""
    if isinstance(value, bool):
        value = str(value).upper()
    elif isinstance(value, str) and value != "CURRENT_TIMESTAMP":
        value = f"'{value}'"
    return [peewee.Default(value)]


def defaulted(value: str | int) -> dict[str, Any]:
    """Return field arguments for the same default in Python and in the database."""
    return {"default": value, "constraints": default(value)}
