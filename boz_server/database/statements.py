"""Queries that Peewee writes once; from then on they only get their values.

Peewee writes a query's text anew each time, from hundreds of small objects: that took more than
half of a request. A `statement` is a function that builds a query from its parameters:

    @statement
    def _named(name: str, since: datetime) -> Any:
        return Agent.select().where(Agent.name == name, Agent.registered_at >= since)

    agents = _named("Living room", since)

It is called once for each engine, with a hole for every value; the text that Peewee writes is kept,
and each later call fills the holes. So what it does with a value must not depend on the value. What
the text depends on comes by keyword (a flag, the names of columns), and a text is kept for each.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple, Self

import peewee

from boz_server.database.fields import Hole, JSONField
from boz_server.database.models.base import database_proxy

#: Of how many rows, or values in a list, a text is kept: what comes from outside can be longer, and
#: a text for every length would fill the memory.
KEPT_ROWS = 40
#: A statement with more texts than these begins anew.
_MOST_TEXTS = 200


class Computed(NamedTuple):
    """A column's new value that the database works out: what builds its expression, of values."""

    build: Callable[..., Any]
    values: tuple[Any, ...] = ()


#: Columns that change: the name of each, what builds its expression or None for the value itself,
#: and of how many values. It is the part of a change that the text depends on.
Columns = tuple[tuple[str, Callable[..., Any] | None, int], ...]


def taken_apart(changes: Mapping[str, Any]) -> tuple[Columns, list[Any]]:
    """Return changes of columns, {name: value or Computed}, as columns and all of their values."""
    columns: list[tuple[str, Callable[..., Any] | None, int]] = []
    values: list[Any] = []
    for name, value in changes.items():
        if isinstance(value, Computed):
            columns.append((name, value.build, len(value.values)))
            values += value.values
        else:
            columns.append((name, None, 1))
            values.append(value)
    return tuple(columns), values


def put_together(columns: Columns, values: Iterator[Any]) -> dict[str, Any]:
    """Return changes of columns as Peewee takes them. values: from which theirs are taken."""
    return {
        name: next(values) if build is None else build(*islice(values, count))
        for name, build, count in columns
    }


class _Filling(NamedTuple):
    """How a hole gets its value. compared: NULL would not be found by it, as None is by Peewee."""

    place: int
    convert: Callable[[Any], Any] | None
    compared: bool


class QuickContext(peewee.Context):
    """Writes queries as Peewee does, but holes too, and a column's name in one step.

    Peewee needs about ten calls for each name, and a job has forty columns.
    """

    __slots__ = ()

    def sql(self, obj: Any) -> Self:
        """Append the SQL of a part of a query; returns itself, as Peewee's does."""
        # Columns of aliases and of composite keys have their own ways.
        if not isinstance(obj, peewee.Field) or type(obj).__sql__ is not peewee.Field.__sql__:
            written: Self = super().sql(obj)
            return written
        name = obj.column_name.join('""')
        if self.state.scope != peewee.SCOPE_VALUES:
            name = f'"{self.alias_manager[obj.model._meta.table]}".{name}'
        return self.literal(name)

    def value(self, value: Any, converter: Any = None, add_param: bool = True) -> Self:
        """Append a value, or the place of one; returns itself, as Peewee's does."""
        if not isinstance(value, Hole):
            appended: Self = super().value(value, converter, add_param)
            return appended
        convert = self.state.converter if converter is None else converter or None
        field = getattr(convert, "__self__", None)
        if isinstance(field, JSONField):
            return self.sql(field.written(value))
        context: Any = self
        context._values.append(_Filling(value.place, convert, bool(self.state.in_expr)))
        return self.literal(self.state.param or "?")


class _Written:
    """The text of a query for one engine, its values so far, and how its rows are read."""

    def __init__(self, query: Any, database: Any) -> None:
        context = database.get_sql_context()
        self.text, values = context.sql(query).query()
        self.query = query
        self.values = [None if isinstance(each, _Filling) else each for each in values]
        self.fillings = [
            (at, *each) for at, each in enumerate(values) if isinstance(each, _Filling)
        ]
        self.read: Callable[[Any], list[Any]] | None = None

    def filled(self, given: Sequence[Any]) -> list[Any]:
        """Return the values to send. Raises ValueError for None where it would find nothing."""
        values = self.values.copy()
        for at, place, convert, compared in self.fillings:
            value = given[place]
            if value is None and compared:
                raise ValueError("NULL equals nothing: ask with is_null() in another statement.")
            values[at] = value if convert is None else convert(value)
        return values

    def rows(self, cursor: Any) -> list[Any]:
        """Return all rows, as the query says: tuples, or objects of its model."""
        if self.read is None:
            self.read = _reader(self.query, cursor)
        return self.read(cursor)


class Statement:
    """A query with holes; called with their values it runs, on the database of the models."""

    def __init__(self, build: Callable[..., Any]) -> None:
        self.build = build
        self._written: dict[tuple[Any, ...], _Written] = {}

    def __call__(self, *values: Any, **variant: Any) -> Any:
        """Return the rows of a SELECT or a RETURNING as a list, else how many rows were changed."""
        database = database_proxy.obj
        written = self.written(database, len(values), variant)
        cursor = database.execute_sql(written.text, written.filled(values))
        if written.query._returning:
            return written.rows(cursor)
        return database.rows_affected(cursor)

    def first(self, *values: Any, **variant: Any) -> Any:
        """Return the first row; None without one."""
        rows = self(*values, **variant)
        return rows[0] if rows else None

    def written(self, database: Any, count: int, variant: dict[str, Any]) -> _Written:
        """Return the text for a database's engine, a count of values and a variant."""
        key = (type(database), count, *variant.items())
        found = self._written.get(key)
        if found is None:
            if len(self._written) >= _MOST_TEXTS:
                self._written.clear()
            query = self.build(*map(Hole, range(count)), **variant)
            found = self._written[key] = _Written(query, database)
        return found


def statement(build: Callable[..., Any]) -> Statement:
    """Make a statement of a function that builds a query."""
    return Statement(build)


def insert_row(row: Any) -> None:
    """Enter a row that was made as an object of its model; it counts as unchanged then."""
    insert_rows(type(row), [row.__data__])
    row._dirty.clear()


def insert_rows(model: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    """Enter rows of a model with one statement; all have the same columns, by their names."""
    if len(rows) > KEPT_ROWS:
        model.insert_many(rows).execute()
        return
    names = tuple(sorted(rows[0]))
    values = [row[name] for row in rows for name in names]
    _insert_rows(*values, model=model, names=names, count=len(rows))


@statement
def _insert_rows(*values: Any, model: Any, names: tuple[str, ...], count: int) -> Any:
    width = len(names)
    rows = [values[at * width : (at + 1) * width] for at in range(count)]
    return model.insert_many(rows, fields=[model._meta.fields[name] for name in names])


def update_row(row: Any, names: Iterable[str]) -> None:
    """Write columns of a row that was read, as they are now; they count as unchanged then."""
    names = tuple(sorted(names))
    values = [row.__data__[name] for name in names]
    _update_row(row._pk, *values, model=type(row), names=names)
    row._dirty.difference_update(names)


@statement
def _update_row(key: Any, *values: Any, model: Any, names: tuple[str, ...]) -> Any:
    return model.update(dict(zip(names, values, strict=True))).where(model._meta.primary_key == key)


def locked(query: Any) -> Any:
    """Make a SELECT in a statement lock its rows until the transaction ends, where an engine has
    several writers."""
    return query.for_update() if database_proxy.obj.for_update else query


def _reader(query: Any, cursor: Any) -> Callable[[Any], list[Any]]:
    """Return how to read a query's rows. cursor: with the names of its columns."""
    is_joined = len(getattr(query, "_from_list", None) or ()) > 1 or getattr(query, "_joins", None)
    kind = query._row_type or query.default_row_type
    columns = peewee.ModelTupleCursorWrapper(cursor, query.model, query._returning)
    columns.initialize()
    if kind is peewee.ROW.TUPLE:
        return _tuples(columns.converters)
    is_plain = all(field is None or field.model is query.model for field in columns.fields)
    if kind is not peewee.ROW.MODEL or is_joined or not is_plain:
        return lambda found: list(query._get_cursor_wrapper(found))
    named = zip(columns.columns, columns.fields, columns.converters, strict=True)
    return _objects(query.model, list(named))


def _tuples(converters: Sequence[Any]) -> Callable[[Any], list[Any]]:
    if not any(converters):
        return lambda cursor: cursor.fetchall()

    def read(cursor: Any) -> list[Any]:
        return [
            tuple(
                value if convert is None else convert(value)
                for value, convert in zip(row, converters, strict=True)
            )
            for row in cursor.fetchall()
        ]

    return read


def _objects(
    model: type[peewee.Model], columns: Sequence[tuple[str, Any, Any]]
) -> Callable[[Any], list[Any]]:
    """Read rows as objects of a model, unchanged since; what is no column of it is an attribute."""
    data = [
        (at, name, convert)
        for at, (name, field, convert) in enumerate(columns)
        if field is not None and name == field.name
    ]
    places = {at for at, *_ in data}
    extra = [(at, name) for at, (name, *_) in enumerate(columns) if at not in places]

    def read(cursor: Any) -> list[Any]:
        found = []
        for row in cursor.fetchall():
            made: Any = model(__no_default__=1)
            made.__data__ = {
                name: row[at] if convert is None else convert(row[at]) for at, name, convert in data
            }
            for at, name in extra:
                setattr(made, name, row[at])
            found.append(made)
        return found

    return read
