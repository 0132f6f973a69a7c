"""Writes the same queries as Peewee, in a fraction of its time."""

from typing import Any, Self

import peewee


class QuickContext(peewee.Context):
    """Writes a column's name in one step.

    Peewee needs about ten calls for each, and a job has forty columns: that was a sixth of the cost
    of a request.
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
