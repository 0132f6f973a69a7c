"""Reports what became of every row of an adopted database."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple


class Lost(NamedTuple):
    """A row that has no row of its own in the new database.

    key: its key in the old database. into: key of the row that it was merged into; None if it was
    dropped. why: the reason in words.
    """

    table: str
    key: str
    into: str | None
    why: str


@dataclass
class Report:
    """Counts the rows that were found and adopted, and notes what had to be repaired."""

    #: {table: number of rows in the old database}.
    found: dict[str, int] = field(default_factory=dict)
    #: {table: number of rows in the new one}.
    adopted: Counter[str] = field(default_factory=Counter)
    #: {table: number of adopted rows that the old database only referred to}.
    added: Counter[str] = field(default_factory=Counter)
    #: {(table, what was repaired): in how many rows}.
    repairs: Counter[tuple[str, str]] = field(default_factory=Counter)
    lost: list[Lost] = field(default_factory=list)
    #: Tables and columns of the old database without a counterpart here.
    ignored: list[str] = field(default_factory=list)

    def repair(self, table: str, what: str) -> None:
        """Note that a row had to be repaired."""
        self.repairs[table, what] += 1

    def add(self, table: str, why: str) -> None:
        """Note that a row is added that the old database only referred to."""
        self.added[table] += 1
        self.repair(table, why)

    def merge(self, table: str, key: object, into: object, why: str) -> None:
        """Note that a row became part of another one."""
        self.lost.append(Lost(table, str(key), str(into), why))

    def drop(self, table: str, key: object, why: str) -> None:
        """Note that a row was dropped."""
        self.lost.append(Lost(table, str(key), None, why))

    def unaccounted(self) -> dict[str, int]:
        """Return {table: number of rows} for rows that were neither adopted, merged nor dropped.

        Empty unless something is wrong.
        """
        gone = Counter(lost.table for lost in self.lost)
        missing = {
            table: count + self.added[table] - self.adopted[table] - gone[table]
            for table, count in self.found.items()
        }
        return {table: count for table, count in missing.items() if count}

    def lines(self) -> Iterator[str]:
        """Yield the report for people: a line a table, then one a kind of repair and of loss."""
        for table, count in self.found.items():
            added = f", {self.added[table]} of them added" if self.added[table] else ""
            yield f"{table}: {self.adopted[table]} adopted{added}, of {count}."
        for (table, what), count in sorted(self.repairs.items()):
            yield f"{table}: {what} ({_rows(count)})."
        fates = Counter((lost.table, lost.into is None, lost.why) for lost in self.lost)
        for (table, is_dropped, why), count in sorted(fates.items()):
            yield f"{table}: {'dropped' if is_dropped else 'merged'}, {why} ({_rows(count)})."
        for name in self.ignored:
            yield f"{name}: not taken over, as nothing here is like it."

    def as_json(self) -> dict[str, Any]:
        """Return the report for scripts, with the key of every lost row."""
        return {
            "tables": {
                table: {
                    "found": count,
                    "adopted": self.adopted[table],
                    "added": self.added[table],
                    "merged": sum(
                        lost.table == table and lost.into is not None for lost in self.lost
                    ),
                    "dropped": sum(lost.table == table and lost.into is None for lost in self.lost),
                }
                for table, count in self.found.items()
            },
            "repairs": [
                {"table": table, "what": what, "rows": count}
                for (table, what), count in sorted(self.repairs.items())
            ],
            "lost": [lost._asdict() for lost in self.lost],
            "ignored": self.ignored,
        }


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count} rows"
