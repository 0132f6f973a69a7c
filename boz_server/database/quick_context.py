"""Writes queries as Peewee does, in a fraction of its time."""

from typing import Any, Self

import peewee


class QuickContext(peewee.Context):
    """Writes the name of a column in one step.

    Peewee takes about ten calls for each, and a job has forty columns: that was a sixth of what
    a request cost.
    """

    __slots__ = ()

    def sql(self, obj: Any) -> Self:
        """Append what stands for a part of a query; returns itself, as Peewee's does."""
        # Columns of an alias, and of a key of several, know better how they are written.
        if not isinstance(obj, peewee.Field) or type(obj).__sql__ is not peewee.Field.__sql__:
            written: Self = super().sql(obj)
            return written
        name = obj.column_name.join('""')
        if self.state.scope != peewee.SCOPE_VALUES:
            name = f'"{self.alias_manager[obj.model._meta.table]}".{name}'
        return self.literal(name)
