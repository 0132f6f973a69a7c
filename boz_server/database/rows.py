"""Rows of long lists, without an object of each: a thousand jobs are fifty thousand values, of
which an answer needs most as they are."""

from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

import peewee


class Column(NamedTuple):
    """Where a column's value is in a row, and its field."""

    at: int
    field: peewee.Field


class Shape(NamedTuple):
    """What the rows of a model have: its columns, by their attributes' names."""

    model: type[peewee.Model]
    columns: Mapping[str, Column]


class Row:
    """A row of a model's table, with the model's attributes: a value is converted when it is looked
    at. What is set on it may not be a column's. values: as the driver gives them."""

    def __init__(self, shape: Shape, values: tuple[Any, ...]) -> None:
        self.shape = shape
        self.values = values

    def __getattr__(self, name: str) -> Any:
        column = self.shape.columns.get(name)
        if column is None:
            # What the model's objects have beside their columns.
            return getattr(self.shape.model, name)
        value = self.values[column.at]
        return None if value is None else column.field.python_value(value)


def read(query: Any) -> list[Any]:
    """Run a SELECT of all columns of its model; returns its rows."""
    shape = _shape(query.model)
    cursor = query.model._meta.database.execute(query)
    return [Row(shape, values) for values in cursor.fetchall()]


@cache
def _shape(model: Any) -> Shape:
    columns: dict[str, Column] = {}
    for at, field in enumerate(model._meta.sorted_fields):
        columns[field.name] = Column(at, field)
        if isinstance(field, peewee.ForeignKeyField):
            columns[field.object_id_name] = Column(at, field)
    return Shape(model, columns)
