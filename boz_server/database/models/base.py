"""What all models share: their database, and named indexes."""

from typing import Any

import peewee

#: Set by Database; all models of the process use it.
database_proxy = peewee.DatabaseProxy()


class BaseModel(peewee.Model):
    """A table of the server's database."""

    class Meta:
        database = database_proxy


def index(
    name: str, model: type[BaseModel], *columns: Any, unique: bool = False, where: Any = None
) -> None:
    """Add an index to a model, under a name that migrations can refer to."""
    made = model.index(*columns, unique=unique, name=name)
    model.add_index(made.where(where) if where is not None else made)
