"""What all models share: the database they live in, and named indexes."""

from typing import Any

import peewee

#: Filled in by Database; all models of the process share it.
database_proxy = peewee.DatabaseProxy()


class BaseModel(peewee.Model):
    """A table of the server's database."""

    class Meta:
        database = database_proxy


def index(
    name: str, model: type[BaseModel], *columns: Any, unique: bool = False, where: Any = None
) -> None:
    """Give a model an index under a name of our own, so that migrations can speak of it."""
    made = model.index(*columns, unique=unique, name=name)
    model.add_index(made.where(where) if where is not None else made)
