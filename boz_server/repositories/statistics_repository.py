"""The daily statistics in the database."""

from datetime import date
from typing import Any

import peewee

from boz_server.database.connection import Database
from boz_server.database.models import DailyStats
from boz_server.database.statements import Columns, put_together, statement, taken_apart
from boz_server.domain.statistics.runs import KEY, SUMS, Grouping, Outcome, Row, Sums


class StatisticsRepository:
    """Queries on the statistics of each day."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._columns = [getattr(DailyStats, name) for name in SUMS]

    def add(self, row: Row) -> None:
        """Add a row to its day."""
        columns, given = taken_apart(row)
        _add(*given, columns=columns, sums=tuple(name for name in SUMS if row[name]))

    def sums(self, first: date | None, last: date | None, grouping: Grouping) -> list[Sums]:
        """Add up days by group, outcome and duration.

        first, last: both included; None: without a limit.
        """
        sums = [peewee.fn.SUM(column) for column in self._columns]
        query: Any = DailyStats.select(
            self._key(grouping), DailyStats.outcome, DailyStats.duration_bucket, *sums
        )
        # By position: PostgreSQL never sees two expressions with parameters as the same one.
        query = query.group_by(*(peewee.SQL(place) for place in ("1", "2", "3")))
        if first is not None:
            query = query.where(DailyStats.day >= first)
        if last is not None:
            query = query.where(DailyStats.day <= last)
        return [_sums(*row) for row in query.tuples()]

    def _key(self, grouping: Grouping) -> Any:
        match grouping:
            case Grouping.WEEK:
                return self.database.dialect.week_of(DailyStats.day)
            case Grouping.MONTH:
                return self.database.dialect.month_of(DailyStats.day)
            case Grouping.TYPE:
                return DailyStats.job_type
            case Grouping.WORKER:
                return DailyStats.worker_id
            case Grouping.PRESET:
                return DailyStats.preset
        return DailyStats.day


@statement
def _add(*values: Any, columns: Columns, sums: tuple[str, ...]) -> Any:
    """sums: which columns are added to those of the day's row, where there is one."""
    return DailyStats.insert(put_together(columns, iter(values))).on_conflict(
        conflict_target=[getattr(DailyStats, name) for name in KEY],
        update={
            getattr(DailyStats, name): getattr(DailyStats, name) + getattr(peewee.EXCLUDED, name)
            for name in sums
        },
    )


def _sums(key: Any, outcome: Outcome, bucket: int, *sums: Any) -> Sums:
    """Build one from a row; PostgreSQL adds 64-bit integers up to decimals."""
    runs, busy, sized, *sizes = sums
    return Sums(str(key) or None, outcome, bucket, int(runs), busy, sized, *map(int, sizes))
