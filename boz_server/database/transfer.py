"""Copies a database into an empty one of either engine, all rows or none.

It copies the rows of the models. What an engine derives from them by triggers arises again.
"""

import hashlib
import json
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import peewee

from boz_server.database.connection import Database, in_a_sentence, root_words, second_database
from boz_server.database.dialects import ENGINE_ERRORS
from boz_server.database.fields import ReferenceWithinTable
from boz_server.database.migrations import HISTORY_TABLE, Migrations
from boz_server.database.models import MODELS
from boz_server.database.models.base import BaseModel, database_proxy
from boz_server.errors import BozError

#: The option that names the database to copy into.
OPTION = "--to"
_MOST_ROWS = 1000
#: Per statement: SQLite accepts 32,766 (https://www.sqlite.org/limits.html), PostgreSQL 65,535.
_MOST_VALUES = 32_766

#: Errors while a row is read or written; some are the models' own.
_REFUSALS: tuple[type[Exception], ...] = (*ENGINE_ERRORS, ValueError, zlib.error)

Row = tuple[Any, ...]


class TransferError(BozError):
    """A database can't be copied, or not into that one; no row was written."""


@dataclass(frozen=True, slots=True)
class TableCopy:
    """A copied table. checksum: of its rows in any order, equal on both sides."""

    table: str
    rows: int
    checksum: str


def copy(source: Database, url: str) -> list[TableCopy]:
    """Copy a snapshot of all rows into the empty database at a URL, and compare each table.

    Others can go on reading and writing the source. A target without tables gets our schema first.
    Raises TransferError, StartError if the source is not at this server's version, and
    SettingsError; then no row was written.
    """
    source.require_file()
    Migrations(source).require_current()
    with second_database(url, named=OPTION) as target:
        with _target_in_a_sentence():
            _make_ready(target, source)
        with (
            source.read(),
            _target_in_a_sentence(),
            # One transaction, which also keeps starting servers waiting.
            target.dialect.migration(target.peewee),
        ):
            _require_empty(target)
            return _copy_rows(source, target)


def _make_ready(target: Database, source: Database) -> None:
    """Create our schema in the target. Raises TransferError if it has other tables."""
    target.require_folder()
    there = target.tables()
    if target.dialect.identity(target.peewee) == source.dialect.identity(source.peewee):
        raise TransferError(f"{OPTION} names the database that is to be copied: name another.")
    if not there:
        Migrations(target).upgrade()
        return
    ours = {model._meta.table_name for model in MODELS} | {HISTORY_TABLE}
    if not ours <= there or Migrations(target).applied() != Migrations(source).applied():
        raise TransferError(
            f"The database that {OPTION} names has tables that are not this version's"
            f" ({min(there - ours, default=HISTORY_TABLE)}): name an empty one."
        )


def _require_empty(target: Database) -> None:
    with _on(target):
        for model in MODELS:
            if model.select().exists():
                raise TransferError(
                    f"The database that {OPTION} names has rows already, in"
                    f" {model._meta.table_name}: name an empty one."
                )


def _copy_rows(source: Database, target: Database) -> list[TableCopy]:
    read = [_copy_table(source, target, model) for model in MODELS]
    for model in MODELS:
        for field in _forward(model):
            _refer(source, target, model, field)
    for model, expected in zip(MODELS, read, strict=True):
        found = _sum_up(model, _pages(target, model))
        if found != expected:
            raise TransferError(
                f"Table {expected.table} did not come out as it went in ({expected.rows} rows"
                f" before, {found.rows} after, with other values): nothing was copied."
            )
    return read


def _copy_table(source: Database, target: Database, model: type[BaseModel]) -> TableCopy:
    """Copy the rows of a table, without their references to rows that are copied later."""
    fields = model._meta.sorted_fields
    blank = [_place(model, field) for field in _forward(model)]

    def written() -> Iterator[list[Row]]:
        for page in _pages(source, model):
            rows = [_without(row, blank) for row in page] if blank else page
            with _on(target), _naming(model, "written"):
                model.insert_many(rows, fields=fields).as_rowcount().execute()
            yield page

    copied = _sum_up(model, written())
    key = model._meta.primary_key
    if isinstance(key, peewee.AutoField):
        target.dialect.continue_ids(target.peewee, copied.table, key.column_name)
    return copied


def _forward(model: type[BaseModel]) -> list[Any]:
    """Return the columns that refer to tables copied later, or to the table itself."""
    later = MODELS[MODELS.index(model) :]
    return [
        field
        for field in model._meta.sorted_fields
        if getattr(field, "rel_model", None) in later
        or any(isinstance(one, ReferenceWithinTable) for one in field.constraints or ())
    ]


def _without(row: Row, blank: Sequence[int]) -> Row:
    return tuple(None if place in blank else value for place, value in enumerate(row))


def _refer(source: Database, target: Database, model: type[BaseModel], field: Any) -> None:
    """Fill in a column of references, once the rows they refer to are there."""
    place = _place(model, field)
    for page in _pages(source, model):
        with _on(target), _naming(model, "written"):
            for row in page:
                if row[place] is not None:
                    own = _key(model) == peewee.Tuple(*_key_of(model, row))
                    model.update({field: row[place]}).where(own).execute()


def _pages(database: Database, model: type[BaseModel]) -> Iterator[list[Row]]:
    """Read all rows in pages, in the order of their keys."""
    size = min(_MOST_ROWS, _MOST_VALUES // len(model._meta.sorted_fields))
    page: list[Row] = []
    while not page or len(page) == size:
        with _on(database), _naming(model, "read"):
            query: Any = model.select().order_by(*model._meta.get_primary_keys()).limit(size)
            if page:
                query = query.where(_key(model) > peewee.Tuple(*_key_of(model, page[-1])))
            page = list(query.tuples())
        if not page:
            return
        yield page


def _key(model: type[BaseModel]) -> Any:
    return peewee.Tuple(*model._meta.get_primary_keys())


def _key_of(model: type[BaseModel], row: Row) -> Row:
    return tuple(row[_place(model, field)] for field in model._meta.get_primary_keys())


def _place(model: type[BaseModel], field: Any) -> int:
    # By name, because == of two fields builds a condition.
    return list(model._meta.sorted_field_names).index(field.name)


def _sum_up(model: type[BaseModel], pages: Iterator[list[Row]]) -> TableCopy:
    """Count the rows and add up their hashes, because engines order text differently."""
    rows, total = 0, 0
    for page in pages:
        rows += len(page)
        for row in page:
            words = json.dumps(_plain(row), sort_keys=True).encode()
            total += int.from_bytes(hashlib.sha256(words).digest(), "big")
    return TableCopy(model._meta.table_name, rows, f"{total % 2**256:064x}")


def _plain(value: Any) -> Any:
    """Return a value in a form that does not depend on the engine."""
    if isinstance(value, datetime):
        return value.isoformat(" ", "microseconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return int(value)  # PostgreSQL's JSON stores 1e3 as 1000
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    return value


@contextmanager
def _on(database: Database) -> Iterator[None]:
    """Let the models use a database."""
    before = database_proxy.obj
    database_proxy.initialize(database.peewee)
    try:
        yield
    finally:
        database_proxy.initialize(before)


@contextmanager
def _naming(model: type[BaseModel], act: str) -> Iterator[None]:
    """Turn an error into one that names the table."""
    try:
        yield
    except _REFUSALS as error:
        raise TransferError(
            f"Table {model._meta.table_name} can't be {act}: {root_words(error)}; nothing was"
            " copied."
        ) from error


@contextmanager
def _target_in_a_sentence() -> Iterator[None]:
    try:
        yield
    except ENGINE_ERRORS as error:
        raise TransferError(in_a_sentence(error, OPTION)) from error
